//! Between a client and its central: what is said on a link, and what the central's answers mean.

use std::time::{Duration, Instant};

use super::{
    ClientError, ClientEvent, DownloadAnswer, DownloadEvent, DownloadNumber, Patience,
    api::Asker,
    questions::{ContentPage, Page},
    state::Client,
    statistics::Booked,
};
use crate::{
    model::{
        ClientName, SentBytes, TransferId,
        messages::{Answer, ForClient, ForReceiver},
    },
    node::{Failure, Lost, clock, link::LinkEvent, lost::LinkDown, rules::downloads::Answers},
    proto::{ErrorCode, Said, control::FromCentral},
};

/// Within this time another central takes over, if there is one that can.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);

impl Client {
    pub(super) fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up {
                central,
                place,
                reign,
                cluster,
                channel,
                outbox,
            } => {
                let before = self.state.central.replace(central);
                self.state.place = Some(place);
                self.state.outbox = Some(outbox);
                self.state.lost = None;
                let was_lost = std::mem::take(&mut self.state.told_lost);
                if !std::mem::replace(&mut self.state.was_up, true) {
                    self.tell(ClientEvent::Connected { central });
                } else if before != Some(central) {
                    self.tell(ClientEvent::CentralMoved { central });
                } else if was_lost {
                    self.tell(ClientEvent::CentralBack);
                }
                self.meet(&reign);
                self.account_up(cluster, channel);
                self.rooms_up();
                self.say_all_again();
            }
            LinkEvent::Message(message) => self.message(message),
            LinkEvent::Down(down) => self.link_down(&down),
        }
    }

    /// Repeats on a new link what the central may have forgotten.
    fn say_all_again(&mut self) {
        // Nobody knows whether the central before has obeyed.
        let lost = ClientError::Unreachable(Lost::Stops);
        self.state.counts.fail(&lost);
        for question in self.state.questions.unanswered() {
            self.send(question);
        }
        for message in self.state.downloads.first_messages(clock::now()) {
            self.send(message);
        }
    }

    fn link_down(&mut self, down: &LinkDown) {
        self.state.outbox = None;
        if down.is_move() {
            // What was asked is asked again there.
            self.account_down(None);
            return;
        }
        if self.may_move(down) {
            let until = clock::now() + TAKEN_OVER_WITHIN;
            self.state.lost.get_or_insert_with(|| (until, down.clone()));
            return;
        }
        self.lost(down);
    }

    /// True while another central may be about to take over: it is asked what was asked, and nobody has to hear of it.
    fn may_move(&self, down: &LinkDown) -> bool {
        let state = &self.state;
        let is_over = state
            .lost
            .as_ref()
            .is_some_and(|(until, _)| *until <= clock::now());
        matches!(down, LinkDown::Lost(_))
            && !down.is_expelled()
            && state.was_up
            && !state.told_lost
            && !is_over
            && self.link.has_others()
    }

    /// No other central has taken over in time.
    pub(super) fn tell_lost(&mut self) {
        let is_due = |(until, _): &mut (Instant, LinkDown)| *until <= clock::now();
        if let Some((_, down)) = self.state.lost.take_if(is_due) {
            self.lost(&down);
        }
    }

    fn lost(&mut self, down: &LinkDown) {
        let unreachable = match down {
            LinkDown::Denied(denied) => ClientError::Denied(denied.clone()),
            LinkDown::Lost(Lost::Refused { code, message }) if down.is_expelled() => {
                ClientError::Refused {
                    code: *code,
                    message: message.clone(),
                }
            }
            LinkDown::Lost(lost) => ClientError::Unreachable(lost.clone()),
        };
        let mut is_answered = self.state.questions.fail(&unreachable);
        self.orders_fail(&unreachable);
        is_answered |= self.account_down(Some(&unreachable));
        is_answered |= self.state.counts.fail(&unreachable);
        let can_wait = matches!(down, LinkDown::Lost(_)) && !down.is_expelled();
        if !can_wait || self.config.patience == Patience::None {
            is_answered |= self.rooms_fail(&unreachable);
        }
        if can_wait && self.config.patience == Patience::Waits {
            for (number, answer) in self.state.downloads.postpone_all(clock::now()) {
                self.postponed(number, answer, unreachable.clone());
                is_answered = true;
            }
        }
        for answer in self.state.downloads.take_asked() {
            is_answered |= answer.send(Err(unreachable.clone())).is_ok();
        }
        if down.is_expelled() {
            self.give_all_up();
        }
        let was_up = self.state.was_up;
        let was_told = std::mem::replace(&mut self.state.told_lost, true);
        // If the central was never there, an answer says so, if anybody waits for one.
        if was_told || (!was_up && is_answered) {
            return;
        }
        self.tell(match down {
            LinkDown::Denied(denied) => ClientEvent::Denied(denied.clone()),
            LinkDown::Lost(_) if down.is_expelled() => ClientEvent::Expelled,
            LinkDown::Lost(lost) if was_up => ClientEvent::CentralLost {
                reason: lost.clone(),
                are_running: self.state.downloads.is_any_on_its_way(),
            },
            LinkDown::Lost(lost) => ClientEvent::CentralAway {
                reason: lost.clone(),
            },
        });
    }

    fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Client(message) => self.for_client(message),
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                self.state.downloads.set_sources(transfer, sources);
            }
            FromCentral::Answer(Answer::Listing { ready, files, more }) => {
                let page = Page { ready, files, more };
                if let Some(next) = self.state.questions.listing(page) {
                    self.ask(next);
                }
            }
            FromCentral::Answer(Answer::Content {
                account,
                known,
                files,
                more,
            }) => {
                let page = ContentPage { known, files, more };
                if let Some(next) = self.state.questions.content_page(account, page) {
                    self.ask(next);
                }
            }
            FromCentral::Answer(Answer::Status(status)) => {
                self.state.questions.answer_status(&status);
            }
            FromCentral::Answer(Answer::Users { users, more }) => self.users_page(users, more),
            FromCentral::Rooms(message) => self.for_rooms(message),
            FromCentral::RoomRefused {
                request,
                code,
                message,
            } => self.room_refused(request, code, message),
            FromCentral::AccountRefused { code, message } => self.account_refused(code, message),
            FromCentral::Counted(counted) => {
                if let Some(next) = self.state.counts.answered(counted) {
                    self.send(next);
                }
            }
            FromCentral::Refused {
                request,
                code,
                message,
            } => {
                if let Some(message) = self.order_refused(request, code, message) {
                    self.refused(request.into(), code, message);
                }
            }
            FromCentral::Hello(_)
            | FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Moved { .. }
            | FromCentral::Error { .. }
            | FromCentral::Answer(Answer::Audit { .. })
            | FromCentral::Secondary(_) => tracing::warn!(?message, "not for a client"),
        }
    }

    fn for_client(&mut self, message: ForClient) {
        match message {
            ForClient::Enrolled { name } => self.enrolled(name),
            ForClient::SignedIn { name, .. } => self.signed_in(&name),
            ForClient::SignedOut { name } => self.signed_out(name),
            ForClient::Granted { request, grant } => self.granted(request.into(), grant),
            ForClient::Queued { request, position } => self.queued(request.into(), position),
            ForClient::Superseded { transfer, file } => {
                if let Some(number) = self.state.downloads.superseded(transfer) {
                    self.tell_of(number, &file.name, DownloadEvent::Superseded);
                }
            }
            ForClient::Private { from, text } => self.tell(ClientEvent::Private { from, text }),
            ForClient::Booked { transfer, sent } => self.booked(transfer, &sent),
            ForClient::YouAre { peer, key } => self.numbered(peer, key),
            ForClient::Peers {
                transfer,
                add,
                drop,
                swarm: false,
            } => self.introduced(transfer, add, &drop),
            ForClient::Peers {
                transfer,
                add,
                drop,
                swarm: true,
            } => self.in_swarm(transfer, add, drop),
            ForClient::Published { request, .. } => self.is_published(request),
            ForClient::Withdrawn { request, name } => self.is_withdrawn(request, &name),
            // This client connects to nobody to serve there.
            ForClient::ServeTo { .. } => {}
        }
    }

    /// The central gives a name: the one that was asked for, unless another client has it. Its next connections ask for the
    /// same.
    fn enrolled(&mut self, name: ClientName) {
        self.heard_as_guest();
        let asked = self.state.name.replace(name.clone());
        let is_heard = self.state.questions.enrolled(&name);
        if let Some(wanted) = asked.filter(|asked| *asked != name && !is_heard) {
            self.tell(ClientEvent::OtherName { wanted, name });
        }
    }

    fn queued(&mut self, number: DownloadNumber, place: u32) {
        let file = self.state.downloads.file(number).cloned();
        match self.state.downloads.queued(number, place) {
            Answers::Asker(answer) => {
                let _ = answer.send(Ok(DownloadAnswer::Waits(number, place)));
            }
            Answers::Waiting(_) => {}
            Answers::Nothing => return,
        }
        if let Some(file) = file {
            self.tell_of(number, &file, DownloadEvent::Queued { place });
        }
    }

    fn refused(&mut self, number: DownloadNumber, code: ErrorCode, message: Said) {
        tracing::info!(number = number.0, ?code, %message, "refused");
        let error = match code {
            ErrorCode::NotEnrolled => ClientError::NotEnrolled,
            ErrorCode::NotReady => ClientError::NotReady,
            ErrorCode::NotFound => ClientError::NotFound,
            _ => ClientError::Refused {
                code,
                message: message.clone(),
            },
        };
        if code == ErrorCode::NotReady
            && self.config.patience == Patience::Waits
            && let Some(answer) = self.state.downloads.postpone(clock::now(), number)
        {
            return self.postponed(number, answer, error);
        }
        let reason = Failure::Refused { code, message };
        match self.state.downloads.refused(clock::now(), number, &reason) {
            Answers::Asker(answer) => {
                let _ = answer.send(Err(error));
            }
            Answers::Waiting(file) => {
                self.tell_of(number, &file, DownloadEvent::Failed { reason });
            }
            Answers::Nothing => {}
        }
        if self.state.downloads.get(number).is_none() {
            self.state.purposes.remove(&number);
        } else {
            self.end_reading(number);
        }
    }

    /// A request waits until there is service.
    fn postponed(&mut self, number: DownloadNumber, answer: Asker, why: ClientError) {
        self.memory.may_change();
        let _ = answer.send(Ok(DownloadAnswer::Postponed(number, why)));
    }

    /// The secondaries have reported what they sent; `sent` is empty if the central cannot say.
    fn booked(&mut self, transfer: TransferId, sent: &[SentBytes]) {
        if let Some(unbooked) = self.state.downloads.endings.booked(transfer) {
            self.statistics.book(&Booked {
                file: &unbooked.file,
                outcome: unbooked.outcome,
                took: unbooked.took,
                received: &unbooked.received,
                sent: (!sent.is_empty()).then_some(sent),
            });
        }
    }
}
