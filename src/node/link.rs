//! The connection of a client or a secondary to its central: kept up for ever, with backoff. Knows the
//! wire; decides nothing.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::AsyncRead,
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::backoff::Backoff,
    model::{
        ClusterId, Term,
        limits::{CLIENT_HEARTBEAT, CLIENT_LEASE, EXPELLED_FOR, HEARTBEAT, LEASE, MAX_OUTBOX},
    },
    net::LineReader,
    node::{
        Lost, clock,
        conversation::{next, write_all},
        finding::{Connection, Finder, LinkConfig, seen_from_here},
        lost::LinkDown,
        rules::{finding::Place, terms::is_order},
    },
    proto::{
        CentralState, PeerRole, Reign,
        account::Channel,
        control::{FromCentral, ToCentral},
        wire::usable,
    },
};

/// First delay before the central is tried again.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// Longest delay between tries: a secondary is back within seconds of its central.
const RETRY_CAP: Duration = Duration::from_secs(2);
/// Share of a delay that jitter may take off: those who lost one central must not all be at the next one at once.
const JITTER: f64 = 0.75;
/// Within which time a secondary goes to a central again once its link is lost, and a client does, of which there are many.
const SECONDARY_SPREAD: Duration = Duration::from_millis(100);
const CLIENT_SPREAD: Duration = Duration::from_secs(1);
/// How often others are asked while the central does not know whether it reigns.
const ASK_OTHERS_EVERY: Duration = Duration::from_secs(1);
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
        /// Its host name or address as it was dialled, and its port.
        place: Place,
        /// What it says of itself.
        reign: Reign,
        /// Which cluster it is of, if it says so.
        cluster: Option<ClusterId>,
        /// What names this connection for whoever signs something on it; an old central takes no such thing.
        channel: Option<Channel>,
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
        let (heartbeat, lease, spread) = match config.role {
            PeerRole::Secondary { .. } => (HEARTBEAT, LEASE, SECONDARY_SPREAD),
            PeerRole::Client { .. } | PeerRole::Central(_) | PeerRole::Peer { .. } => {
                (CLIENT_HEARTBEAT, CLIENT_LEASE, CLIENT_SPREAD)
            }
        };
        let task = Task {
            finder: Finder::new(config),
            heartbeat,
            lease,
            spread,
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
    spread: Duration,
    events: mpsc::Sender<LinkEvent>,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Task {
    async fn run(mut self) {
        let backoff = Backoff::new(fastrand::u64(..), RETRY_FIRST, RETRY_CAP);
        let mut backoff = backoff.with_jitter(JITTER);
        let mut found = None;
        loop {
            let began = clock::now();
            let attempt = match found.take() {
                Some(connection) => Ok(connection),
                None => tokio::select! {
                    attempt = self.finder.find() => attempt,
                    () = self.stop.cancelled() => return,
                },
            };
            let was_up = attempt.is_ok();
            let down = match attempt {
                Ok(connection) => {
                    let (down, next) = self.converse(connection).await;
                    found = next;
                    down
                }
                Err(down) => down,
            };
            tracing::info!(?down, "no connection to the central");
            let (is_denied, is_move) = (matches!(down, LinkDown::Denied(_)), down.is_move());
            let expelled = down.is_expelled().then(|| down.clone());
            if self.stop.is_cancelled() || self.events.send(LinkEvent::Down(down)).await.is_err() {
                return;
            }
            let was_good = was_up && clock::now() - began >= GOOD;
            if was_good || is_move {
                backoff.reset();
            }
            if found.is_some() {
                continue;
            }
            if let Some(down) = expelled {
                self.stay_away(down).await;
                continue;
            }
            let delay = match is_denied {
                true => DENIED_DELAY,
                false if was_good || is_move => self.spread.mul_f64(fastrand::f64()),
                false => backoff.next_delay(),
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

    /// Speaks with a central until the connection ends; gives the one to another central for which it was left.
    async fn converse(&mut self, connection: Connection) -> (LinkDown, Option<Connection>) {
        let Connection {
            central,
            place,
            reign,
            reader,
            writer,
            channel,
        } = connection;
        let (outbox, messages) = mpsc::channel(MAX_OUTBOX);
        let up = LinkEvent::Up {
            central,
            place,
            reign: reign.clone(),
            cluster: reign.cluster,
            channel,
            outbox,
        };
        if self.events.send(up).await.is_err() {
            return (LinkDown::Lost(Lost::Stopped), None);
        }
        let (said, says) = watch::channel(reign.clone());
        let latest = AtomicU32::new(self.finder.latest_term().0);
        let heard = Hearing {
            central,
            term: reign.term,
            lease: self.lease,
            said,
            latest: &latest,
            events: &self.events,
        };
        // Ends with the owner's end of the outbox, after all that is in it was sent.
        let write = write_all(writer, messages, (self.heartbeat, ToCentral::Ping));
        let read = heard.read_all(reader);
        let later = find_later(
            &mut self.finder,
            (central, reign.term),
            says.clone(),
            &latest,
        );
        tokio::pin!(write);
        let down = tokio::select! {
            lost = read => LinkDown::Lost(lost),
            written = &mut write => match written {
                Ok(()) => LinkDown::Lost(Lost::Stopped),
                Err(error) => error.into(),
            },
            found = later => {
                let down = LinkDown::Lost(Lost::Moved(found.central));
                return (down, Some(found));
            }
        };
        self.finder.told(&says.borrow(), central);
        if let LinkDown::Lost(Lost::Moved(to)) = &down {
            self.finder.moved(*to);
        }
        (down, None)
    }
}

/// Waits until the central does not know whether it reigns, and another one says that it does, with a later term.
async fn find_later(
    finder: &mut Finder,
    (central, term): (SocketAddr, Term),
    mut says: watch::Receiver<Reign>,
    latest: &AtomicU32,
) -> Connection {
    let is_limited = |reign: &Reign| reign.state == CentralState::Limited;
    loop {
        if says.wait_for(is_limited).await.is_err() {
            // The reader has ended, and tells why.
            return std::future::pending().await;
        }
        sleep(ASK_OTHERS_EVERY.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
        let reign = says.borrow().clone();
        if !is_limited(&reign) {
            continue;
        }
        finder.told(&reign, central);
        if let Some(found) = finder.find_later(term).await {
            return found;
        }
        latest.store(finder.latest_term().0, Ordering::Relaxed);
    }
}

/// What comes on a connection to a central.
struct Hearing<'a> {
    central: SocketAddr,
    term: Term,
    lease: Duration,
    said: watch::Sender<Reign>,
    /// The latest term of which this node has heard, from others as well.
    latest: &'a AtomicU32,
    events: &'a mpsc::Sender<LinkEvent>,
}

impl Hearing<'_> {
    /// Hands on what the central says until it has nothing more to say.
    async fn read_all<R: AsyncRead + Unpin>(self, mut reader: LineReader<R>) -> Lost {
        loop {
            let message = match next(&mut reader, self.lease, || ()).await {
                Ok(message) => message,
                Err(over) => return over.into(),
            };
            match message {
                FromCentral::Ping => {}
                FromCentral::Bye => return Lost::Stops,
                FromCentral::Error { code, message } => return Lost::Refused { code, message },
                FromCentral::Moved { ip, port, term } => {
                    let named = usable(&[(ip, port)]);
                    match seen_from_here(&named, Some(self.central)).first() {
                        Some(to) if term >= self.term => return Lost::Moved(*to),
                        Some(_) | None => tracing::warn!(%ip, port, %term, "not a move"),
                    }
                }
                FromCentral::Hello(hello) => match hello.into_role() {
                    Ok(PeerRole::Central(reign)) => {
                        self.said.send_replace(reign);
                    }
                    Ok(_) | Err(_) => return Lost::NotAMessage("a hello of nobody's".to_owned()),
                },
                FromCentral::Secondary(order)
                    if is_order(&order) && self.term.0 < self.latest.load(Ordering::Relaxed) =>
                {
                    tracing::warn!(?order, term = %self.term, "an order of an earlier term");
                }
                message => {
                    if self.events.send(LinkEvent::Message(message)).await.is_err() {
                        return Lost::Stopped;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
