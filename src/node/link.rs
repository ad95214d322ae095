//! The connection of a client or a secondary to its central: kept up for ever, with backoff. Knows the
//! wire; decides nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::AsyncRead,
    sync::{Notify, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::backoff::Backoff,
    model::limits::{CLIENT_HEARTBEAT, CLIENT_LEASE, EXPELLED_FOR, HEARTBEAT, LEASE, MAX_OUTBOX},
    net::LineReader,
    node::{
        Lost, clock,
        conversation::{next, write_all},
        finding::{Connection, Finder, LinkConfig},
        lost::LinkDown,
    },
    proto::{
        PeerRole,
        control::{FromCentral, ToCentral},
    },
};

/// First delay before the central is tried again.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// Longest delay between tries: a secondary is back within seconds of its central.
const RETRY_CAP: Duration = Duration::from_secs(2);
/// Delay after the two sides turned out not to be started alike: somebody has to mend it, and each attempt is
/// a line in the central's log.
const DENIED_DELAY: Duration = Duration::from_secs(30);
/// A connection that held this long was a good one: the next try is soon again.
const GOOD: Duration = Duration::from_secs(10);
/// How long the last messages of a stop may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What happens on the link.
#[derive(Debug)]
pub(super) enum LinkEvent {
    /// The central said hello. Messages for it go to `outbox` until the next [`LinkEvent::Down`].
    Up {
        central: SocketAddr,
        outbox: mpsc::Sender<ToCentral>,
    },
    /// A message, heartbeats left out.
    Message(FromCentral),
    /// An attempt failed, or the connection ended; said each time. Another attempt follows.
    Down(LinkDown),
}

/// The owner's side of a link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) events: mpsc::Receiver<LinkEvent>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Link {
    /// Starts to connect.
    pub(super) fn start(config: LinkConfig) -> Self {
        let (sender, events) = mpsc::channel(64);
        let wake = Arc::new(Notify::new());
        let stop = CancellationToken::new();
        let (heartbeat, lease) = match config.role {
            PeerRole::Secondary { .. } => (HEARTBEAT, LEASE),
            PeerRole::Client { .. } | PeerRole::Central { .. } => (CLIENT_HEARTBEAT, CLIENT_LEASE),
        };
        let task = Task {
            finder: Finder::new(config),
            heartbeat,
            lease,
            events: sender,
            wake: Arc::clone(&wake),
            stop: stop.clone(),
        };
        Self {
            events,
            wake,
            stop,
            task: tokio::spawn(task.run()),
        }
    }

    /// Tries now instead of after the rest of a delay.
    pub(super) fn try_now(&self) {
        self.wake.notify_one();
    }

    /// Sends what is in the outbox, which the owner has dropped, and ends.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        // Unread events must not hold the task up.
        self.events.close();
        if timeout(LAST_WORDS, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

struct Task {
    finder: Finder,
    heartbeat: Duration,
    lease: Duration,
    events: mpsc::Sender<LinkEvent>,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Task {
    async fn run(mut self) {
        let mut backoff = Backoff::new(fastrand::u64(..), RETRY_FIRST, RETRY_CAP);
        loop {
            let began = clock::now();
            let attempt = tokio::select! {
                attempt = self.finder.find() => attempt,
                () = self.stop.cancelled() => return,
            };
            let down = match attempt {
                Ok(connection) => self.converse(connection).await,
                Err(down) => down,
            };
            tracing::info!(?down, "no connection to the central");
            let is_denied = matches!(down, LinkDown::Denied(_));
            let expelled = down.is_expelled().then(|| down.clone());
            if self.stop.is_cancelled() || self.events.send(LinkEvent::Down(down)).await.is_err() {
                return;
            }
            if clock::now() - began >= GOOD {
                backoff.reset();
            }
            if let Some(down) = expelled {
                self.stay_away(down).await;
                continue;
            }
            let delay = if is_denied {
                DENIED_DELAY
            } else {
                backoff.next_delay()
            };
            tokio::select! {
                () = sleep(delay) => {}
                () = self.wake.notified() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Expelled: nothing is tried, and whoever wants something is told so each time.
    async fn stay_away(&self, down: LinkDown) {
        let over = sleep(EXPELLED_FOR);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = self.wake.notified() => {
                    if self.events.send(LinkEvent::Down(down.clone())).await.is_err() {
                        return;
                    }
                }
                // The loop that called sees it too.
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn converse(&self, connection: Connection) -> LinkDown {
        let Connection {
            central,
            reader,
            writer,
        } = connection;
        let (outbox, messages) = mpsc::channel(MAX_OUTBOX);
        if self
            .events
            .send(LinkEvent::Up { central, outbox })
            .await
            .is_err()
        {
            return LinkDown::Lost(Lost::Stopped);
        }
        // Ends with the owner's end of the outbox, after all that is in it was sent.
        let write = write_all(writer, messages, (self.heartbeat, ToCentral::Ping));
        let read = read_all(reader, self.lease, &self.events);
        tokio::pin!(write);
        tokio::select! {
            lost = read => LinkDown::Lost(lost),
            written = &mut write => match written {
                Ok(()) => LinkDown::Lost(Lost::Stopped),
                Err(error) => error.into(),
            },
        }
    }
}

/// Hands on what the central says until it has nothing more to say.
async fn read_all<R: AsyncRead + Unpin>(
    mut reader: LineReader<R>,
    lease: Duration,
    events: &mpsc::Sender<LinkEvent>,
) -> Lost {
    loop {
        let message = match next(&mut reader, lease, || ()).await {
            Ok(message) => message,
            Err(over) => return over.into(),
        };
        match message {
            FromCentral::Ping => {}
            FromCentral::Bye => return Lost::Stops,
            FromCentral::Error { code, message } => return Lost::Refused { code, message },
            message => {
                if events.send(LinkEvent::Message(message)).await.is_err() {
                    return Lost::Stopped;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
