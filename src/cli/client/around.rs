//! What a person wants around all downloads: a limit, which may follow a timetable, a program at the end of each, a bell.

use std::sync::Arc;

use jiff::Zoned;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{
        args::Habits,
        at_end::AtEnd,
        limits::{Limits, Uploads},
        text::{self, limits::Limited},
        timetable::Held,
    },
    node::client::{ClientEvent, ClientHandle, DownloadEvent},
};

/// Changes of the limit that may wait to be told. There is one a minute at most, or a timetable has many.
const CHANGES: usize = 16;

/// See the module.
pub(in crate::cli) struct Around {
    pub(in crate::cli) at_end: AtEnd,
    pub(super) limits: Arc<Limits<ClientHandle>>,
    /// Of what other clients are sent.
    pub(super) uploads: Arc<Limits<Uploads>>,
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
        let uploads = Uploads(client.clone());
        Self {
            at_end: AtEnd::new(habits.at_end),
            limits: Arc::new(Limits::start(client.clone(), habits.limit, tell).await),
            uploads: Arc::new(Limits::start(uploads, habits.upload, |_: &Held| {}).await),
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
