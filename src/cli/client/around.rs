//! What a person wants around all downloads: a limit, which may follow a timetable, a program at the end of each, a bell.

use jiff::Zoned;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::prompt::{Extra, Prompt};
use crate::{
    cli::{
        args::Habits,
        at_end::AtEnd,
        console::page_columns,
        limits::{Limits, Now},
        output,
        text::{
            self,
            limits::Limited,
            line::{Line, Tone, complaint},
            t,
        },
        timetable::{Held, Timetable},
    },
    node::client::{ClientEvent, ClientHandle, DownloadEvent},
};

/// Changes of the limit that may wait to be told. There is one a minute at most, or a timetable has many.
const CHANGES: usize = 16;

/// See the module.
pub(in crate::cli) struct Around {
    pub(in crate::cli) at_end: AtEnd,
    limits: Limits<ClientHandle>,
    bell: bool,
    /// A download has ended, and the bell has not rung for it.
    is_due: bool,
}

/// The limit has changed by itself, as a line.
pub(in crate::cli) fn changed(held: &Held) -> String {
    text::limits::changed(Limited::Download, held, &Zoned::now())
}

impl Around {
    /// Sets the limit of a client; what time changes of it is told.
    pub(in crate::cli) async fn start(
        client: &ClientHandle,
        habits: Habits,
        tell: impl Fn(&Held) + Send + 'static,
    ) -> Self {
        Self {
            at_end: AtEnd::new(habits.at_end),
            limits: Limits::start(client.clone(), habits.limit, tell).await,
            bell: habits.bell,
            is_due: false,
        }
    }

    /// The same for a script, which tells the changes when it is its time.
    pub(in crate::cli) async fn for_script(
        client: &ClientHandle,
        habits: Habits,
    ) -> (Self, mpsc::Receiver<String>) {
        let (sender, changes) = mpsc::channel(CHANGES);
        let tell = move |held: &Held| {
            // Those that find no place are old by the time that they would be told.
            let _ = sender.try_send(changed(held));
        };
        (Self::start(client, habits, tell).await, changes)
    }

    /// Something happened.
    pub(in crate::cli) fn event(&mut self, event: &ClientEvent) {
        self.at_end.event(event);
        let is_end = matches!(
            event,
            ClientEvent::Download {
                what: DownloadEvent::Complete(_)
                    | DownloadEvent::AlreadyComplete { .. }
                    | DownloadEvent::Failed { .. },
                ..
            }
        );
        self.is_due |= self.bell && is_end;
    }

    /// True once for all downloads that have ended since the last time, where somebody wants to hear of it.
    pub(in crate::cli) fn is_bell_due(&mut self) -> bool {
        std::mem::take(&mut self.is_due)
    }

    /// Waits for the programs that are left, unless it is to stop. Gives what is told of each.
    pub(in crate::cli) async fn programs_end(
        &mut self,
        stop: &CancellationToken,
        mut tell: impl FnMut(String),
    ) {
        while self.at_end.left() > 0 {
            tokio::select! {
                () = stop.cancelled() => return,
                failed = self.at_end.ended() => failed.into_iter().for_each(&mut tell),
            }
        }
    }
}

impl<E: Extra> Prompt<E> {
    /// `LIMITE_BAJADA`.
    pub(super) async fn limit(&mut self, timetable: Option<Timetable>) {
        let now = match timetable {
            Some(timetable) => self.around.limits.set(timetable).await,
            None => self.around.limits.now().await,
        };
        self.printer.line(limit_line(&now));
    }

    pub(super) async fn status(&mut self) {
        let views = self.handle.downloads().await.unwrap_or_default();
        self.printer
            .lines(text::client::downloads(&views, page_columns()));
        let limit = self.around.limits.now().await;
        if limit.held.limit.is_some() || limit.timetable.is_some() {
            self.printer.line(limit_line(&limit));
        }
        match self.handle.status().await {
            Ok(status) => self
                .printer
                .lines(text::status::cluster(&status, page_columns())),
            Err(error) => self.fails(&error),
        }
    }

    /// Rings for what has ended, once.
    pub(super) fn ring(&mut self) {
        if self.around.is_bell_due() && self.has_person {
            output::bell(std::io::stdout());
        }
    }

    /// What is told of a program that has ended. It changes nothing of how this one ends.
    pub(super) fn program_ended(&self, failed: Option<String>) {
        self.printer.lines(failed.map(complaint));
    }

    /// The programs that are left, before the end.
    pub(super) async fn last_programs(&mut self) {
        let left = self.around.at_end.left();
        if left == 0 {
            return;
        }
        // To a person the next Ctrl-C is the end, as it is now.
        let stop = match self.has_person {
            true => CancellationToken::new(),
            false => self.stop.clone(),
        };
        if self.has_person {
            let text = t!("at-end-waiting", count = left);
            self.printer.line(Line::new(Tone::Warning, text));
        }
        let printer = self.printer.clone();
        let tell = |failed| printer.line(complaint(failed));
        self.around.programs_end(&stop, tell).await;
    }
}

fn limit_line(now: &Now) -> String {
    let timetable = now.timetable.as_deref();
    text::limits::line(Limited::Download, &now.held, timetable, &Zoned::now())
}
