//! Work that is not done: what goes on after a pause, a failure or a restart, what waits for service, and what a person who
//! leaves is told of it.

use std::time::{Duration, Instant};

use super::{
    choosing::{self, can_be_resumed, none_to_resume},
    own_name,
    prompt::{Extra, Prompt},
    question::Question,
    service::ASK_EVERY,
};
use crate::{
    cli::{
        commands::Wanted,
        text::{self, errors, t},
    },
    model::{ClientName, ListedFile},
    node::client::{ClientError, DownloadAnswer, DownloadState, DownloadView},
};

/// A second Ctrl-C within this time ends a program with downloads under way.
const AGAIN_WITHIN: Duration = Duration::from_secs(2);
/// Lines that wait for service.
const MOST_POSTPONED: usize = 100;

impl<E: Extra> Prompt<E> {
    /// Enrols with the name that was given, or with one of its own, which it holds while it runs.
    pub(super) async fn name_itself(&self, name: Option<ClientName>) {
        if let Some(name) = name {
            return self.enrol(name).await;
        }
        let (name, claim) = own_name::claimed(self.config.memory.as_deref());
        *self.claim.borrow_mut() = claim;
        let enrolled = self.handle.enrol(name.clone()).await;
        let account = self.handle.signed_in().await.ok().flatten();
        // In a pipe the answers to its commands are all that is read.
        if self.has_person {
            self.printer.line(match (account, enrolled) {
                (Some(account), Ok(_)) => t!("account-signed-in", name = account),
                (None, Ok(given)) if given == name => t!("named-itself", name = name),
                (None, Ok(given)) => text::client::other_name(&name, &given),
                (_, Err(error)) => t!("name-but", name = name, why = errors::client(&error)),
            });
        }
    }

    pub(super) async fn resume(&self, wanted: &Wanted) {
        let views = self.handle.downloads().await.unwrap_or_default();
        let last_of_all: Vec<DownloadView> = choosing::last_of_each(&views);
        let fits = |state: &DownloadState| can_be_resumed(state, wanted);
        let views = if wanted.whole == "*" {
            last_of_all
        } else {
            views
        };
        let meant = match choosing::downloads(&views, wanted, fits) {
            Ok(meant) => meant,
            Err(word) => return self.complain(none_to_resume(&word)),
        };
        if meant.is_empty() {
            return self.complain(none_to_resume("*"));
        }
        let are_many = self.are_many(&meant);
        let mut resumed = 0;
        for (number, file) in meant {
            match self.handle.resume(number).await {
                Ok(answer) if are_many => {
                    self.tell_why_it_waits(&answer).await;
                    self.counted(&answer);
                    resumed += 1;
                }
                Ok(answer) => self.told(&file, &answer).await,
                Err(error) => self.fails(&error),
            }
        }
        if resumed > 0 {
            self.printer.line(t!("resumed-many", count = resumed));
        }
    }

    /// A request that waits for service says so once.
    pub(super) async fn tell_why_it_waits(&self, answer: &DownloadAnswer) {
        match answer {
            DownloadAnswer::Found(_) | DownloadAnswer::Waits(..) => self.waiting.is_there(),
            DownloadAnswer::Postponed(_, why) => self.tell_service(why).await,
        }
    }

    /// There is no service: people hear so once.
    pub(super) async fn tell_service(&self, why: &ClientError) {
        if let Some(line) = self.waiting.none(&self.handle, why).await {
            self.printer.line(line);
        }
    }

    /// The catalogue. Where no person is there to ask again, it is asked for until there is service.
    pub(super) async fn listed(&self) -> Result<Vec<ListedFile>, ClientError> {
        let began = tokio::time::Instant::now();
        loop {
            match self.handle.list().await {
                Err(error)
                    if !self.has_person
                        && !self.stop.is_cancelled()
                        && self.waiting.is_worth_waiting(&error, began) =>
                {
                    self.tell_service(&error).await;
                    tokio::time::sleep(ASK_EVERY).await;
                }
                listed => return listed,
            }
        }
    }

    /// There is no service for a line: it is asked once there is, where that is the same as asking now.
    pub(super) async fn postpone(&self, question: Question, why: &ClientError) {
        self.wants_service.set(true);
        if !self.is_kept(question) {
            return self.complain(errors::client(why));
        }
        if let Some(line) = self.waiting.said_again(&self.handle, why).await {
            self.printer.line(line);
        }
    }

    fn is_kept(&self, question: Question) -> bool {
        let mut postponed = self.postponed.borrow_mut();
        let has_room = question.waits().is_some() && postponed.len() < MOST_POSTPONED;
        if has_room {
            postponed.push(question);
        }
        has_room
    }

    /// Ctrl-C. With downloads under way it takes a second one to end the program.
    pub(super) async fn is_to_end(&self) -> bool {
        let views = self.handle.downloads().await.unwrap_or_default();
        let under_way = views
            .iter()
            .filter(|view| is_under_way(&view.state))
            .count();
        let now = Instant::now();
        let is_second = |first: Instant| now.duration_since(first) <= AGAIN_WITHIN;
        if under_way == 0 || self.interrupted.get().is_some_and(is_second) {
            return true;
        }
        self.interrupted.set(Some(now));
        self.printer.line(t!("interrupt-again", count = under_way));
        false
    }

    /// Tells a person who leaves what the next run goes on with. True if that is remembered.
    pub(super) async fn tells_what_is_left(&self) -> bool {
        if self.config.memory.is_none() || !self.has_person {
            return false;
        }
        let views = self.handle.downloads().await.unwrap_or_default();
        let left = choosing::last_of_each(&views);
        let left = left.iter().filter(|view| is_left(&view.state)).count();
        if left > 0 {
            self.printer.line(t!("left-for-later", count = left));
        }
        true
    }
}

fn is_under_way(state: &DownloadState) -> bool {
    match state {
        DownloadState::Asked
        | DownloadState::Queued(_)
        | DownloadState::Running(_)
        | DownloadState::Held => true,
        DownloadState::Paused
        | DownloadState::Complete
        | DownloadState::Failed(_)
        | DownloadState::Cancelled => false,
    }
}

/// True when the next run goes on with it.
fn is_left(state: &DownloadState) -> bool {
    is_under_way(state) || matches!(state, DownloadState::Paused | DownloadState::Failed(_))
}
