//! The owner's part of figures: orders come in by the doors and from operators, wait in one queue, are obeyed in batches,
//! and answered once what they change is durable.

use std::time::Instant;

use tokio::sync::mpsc;

use super::{
    api::{FigureAsked, FigureReply, NotDelivered, PrivateMessage},
    effects::Effect,
    inputs::Outgoing,
    place::Standing,
    state::Central,
};
use crate::{
    engine::{cluster::ConnectionId, figures::Source},
    model::{
        ClientName, FigureDoor, FigureError, FigureName, FigureRequest, FigureValue, FileName,
        limits::MAX_PRIVATE_BYTES,
        messages::{Counted, Counting, ForClient},
    },
    node::clock,
    proto::control::FromCentral,
    store::sha256,
};

/// Orders that the doors may have on their way to the owner.
pub(super) const ON_THEIR_WAY: usize = 1024;
/// Orders that are taken in before something else is looked at.
const AT_ONCE: usize = 256;
/// Figures of a page.
const PAGE: usize = 256;

impl Central {
    /// Orders come in by the doors.
    pub(super) fn take_figures(
        &mut self,
        first: FigureAsked,
        more: &mut mpsc::Receiver<FigureAsked>,
    ) {
        let mut next = Some(first);
        for _ in 0..AT_ONCE {
            let Some(asked) = next else { break };
            let door = asked.request.door;
            self.queue_figure(Source::Door(door), asked);
            next = more.try_recv().ok();
        }
        if let Some(asked) = next {
            self.queue_figure(Source::Door(asked.request.door), asked);
        }
    }

    /// An order waits for its turn, unless too many do.
    pub(super) fn queue_figure(&mut self, source: Source, asked: FigureAsked) {
        let refused = match self.place.standing {
            Standing::Active => match self.figures.queue.push(source, asked) {
                Ok(()) => return,
                Err(asked) => (asked, FigureError::Busy),
            },
            Standing::Limited | Standing::Standby(_) => (asked, FigureError::Elsewhere),
        };
        let (FigureAsked { request, reply }, error) = refused;
        self.figures.note(clock::now(), request.door, true);
        reply(Err(error));
    }

    /// Does what those ask whose turn has come.
    pub(super) fn serve_figures(&mut self) {
        let now = clock::now();
        if self.figures.due(now).is_none_or(|due| due > now) {
            return;
        }
        let taken = self.figures.queue.take(now);
        let doors: Vec<FigureDoor> = taken.iter().map(|asked| asked.request.door).collect();
        let (asked, replies): (Vec<FigureRequest>, Vec<FigureReply>) = taken
            .into_iter()
            .map(|FigureAsked { request, reply }| (request, reply))
            .unzip();
        let answers = match self.place.standing {
            Standing::Active => self.cluster.change_figures(now, asked),
            Standing::Limited | Standing::Standby(_) => {
                vec![Err(FigureError::Elsewhere); asked.len()]
            }
        };
        for (door, answer) in doors.into_iter().zip(&answers) {
            self.figures.note(now, door, answer.is_err());
        }
        self.act();
        let tell = move || {
            for (reply, answer) in replies.into_iter().zip(answers) {
                reply(answer);
            }
        };
        self.effect(Effect::Answer(Box::new(tell)));
    }

    /// A client counts.
    pub(super) fn counting(&mut self, now: Instant, connection: ConnectionId, said: Counting) {
        let name = self.cluster.name_at(connection).cloned();
        match said {
            Counting::Count {
                request,
                name: figure,
                order,
            } => {
                let Some(peer) = self.peers.get(&connection) else {
                    return;
                };
                let (outbox, ended) = (peer.outbox.clone(), peer.ended.clone());
                let reply: FigureReply = Box::new(move |answer| {
                    let answer = match answer {
                        Ok(figure) => Counted::CountValue { request, figure },
                        Err(error) => Counted::CountRefused { request, error },
                    };
                    let answer = Outgoing::Message(Box::new(answer.into()));
                    if outbox.try_send(answer).is_err() {
                        ended.cancel();
                    }
                });
                let request = FigureRequest {
                    name: figure,
                    order,
                    door: FigureDoor::Client,
                    who: name.map_or_else(String::new, |name| name.as_str().to_owned()),
                    request: None,
                    may_reset: false,
                };
                let source = Source::Door(FigureDoor::Client);
                self.queue_figure(source, FigureAsked { request, reply });
            }
            Counting::CountList { request, after } => {
                let (figures, more) = self.figures_page(after.as_ref());
                let page = Counted::CountFigures {
                    request,
                    figures,
                    more,
                };
                self.send(connection, page);
            }
            Counting::Played { name: file } => {
                if let Some(reader) = name {
                    self.played(now, &file, reader.as_str());
                }
            }
        }
    }

    fn figures_page(&self, after: Option<&FigureName>) -> (Vec<FigureValue>, bool) {
        let all = self.cluster.figures();
        let begin = all.partition_point(|figure| after.is_some_and(|after| figure.name <= *after));
        let page: Vec<FigureValue> = all.iter().skip(begin).take(PAGE).cloned().collect();
        let more = begin + page.len() < all.len();
        (page, more)
    }

    /// A reader plays a file: that counts once.
    pub(super) fn played(&mut self, now: Instant, file: &FileName, reader: &str) {
        if self.place.standing != Standing::Active {
            return;
        }
        let told_apart = sha256(format!("{reader}\0{file}").as_bytes());
        let bytes: [u8; 8] = std::array::from_fn(|at| told_apart.as_bytes()[at]);
        self.cluster.played(now, file, u64::from_be_bytes(bytes));
    }

    /// Says something to all connections of a client.
    pub(super) fn say(&mut self, message: &PrivateMessage) -> Result<(), NotDelivered> {
        if self.place.standing != Standing::Active {
            return Err(NotDelivered::Elsewhere);
        }
        let PrivateMessage { from, to, text } = message;
        let from_name = ClientName::try_from(from.as_str());
        let to_name = ClientName::try_from(to.as_str());
        let is_text = (1..=MAX_PRIVATE_BYTES).contains(&text.len());
        let (Ok(from), Ok(to), true) = (from_name, to_name, is_text) else {
            return Err(NotDelivered::BadMessage);
        };
        let connections = self.cluster.connections_of(&to);
        let here = connections.into_iter();
        let here: Vec<_> = here.filter(|at| self.peers.contains_key(at)).collect();
        if here.is_empty() {
            return Err(NotDelivered::NotHere(to.as_str().to_owned()));
        }
        for connection in here {
            let said = ForClient::Private {
                from: from.as_str().to_owned(),
                text: text.clone(),
            };
            self.send(connection, FromCentral::Client(said));
        }
        Ok(())
    }
}
