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
    model::limits::{
        CLIENT_HEARTBEAT, CLIENT_LEASE, EXPELLED_FOR, HEARTBEAT, HELLO_TIMEOUT, LEASE, MAX_OUTBOX,
    },
    net::{LineReader, Network, Socket, Stream, Traffic, connect, resolve},
    node::{
        Denied, Lost, Security, Stranger, clock,
        conversation::{next, write_all},
        greeting::{GreetError, Reader, Writer, introduce, secure},
    },
    proto::{
        ErrorCode, Hello, PeerRole, WireError,
        control::{FromCentral, ToCentral},
        handshake::ServerRole,
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
/// How long the central may take nothing of what is sent to it.
const WRITE_STALL: Duration = Duration::from_secs(5);
/// How long the last messages of a stop may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Who connects, and where to.
#[derive(Clone, Debug)]
pub(super) struct LinkConfig {
    pub(super) network: Network,
    pub(super) central: (String, u16),
    pub(super) role: PeerRole,
    pub(super) security: Arc<Security>,
}

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

/// Why there is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LinkDown {
    /// Trying again may help.
    Lost(Lost),
    /// Somebody has to start one of the two otherwise.
    Denied(Denied),
}

impl<E: Into<Lost>> From<E> for LinkDown {
    fn from(error: E) -> Self {
        Self::Lost(error.into())
    }
}

impl LinkDown {
    /// A central answered, and its answer is no.
    fn is_an_answer(&self) -> bool {
        match self {
            Self::Denied(denied) => !matches!(denied, Denied::Tls(_)),
            Self::Lost(lost) => {
                matches!(lost, Lost::Refused { .. } | Lost::OtherProtocol { .. })
            }
        }
    }

    /// The administrator of the cluster has sent this client away.
    pub(super) fn is_expelled(&self) -> bool {
        matches!(self, Self::Lost(lost) if lost.is_expelled())
    }
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
        let task = Task {
            config,
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
    config: LinkConfig,
    events: mpsc::Sender<LinkEvent>,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Task {
    async fn run(self) {
        let mut backoff = Backoff::new(fastrand::u64(..), RETRY_FIRST, RETRY_CAP);
        loop {
            let began = clock::now();
            let attempt = tokio::select! {
                attempt = self.attempt() => attempt,
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

    async fn attempt(&self) -> Result<Connection, LinkDown> {
        let (host, port) = &self.config.central;
        self.attempt_each(resolve(host, *port).await?).await
    }

    async fn attempt_each(&self, mut addresses: Vec<SocketAddr>) -> Result<Connection, LinkDown> {
        let mut first = None;
        // What answers at one address of a name need not be what was meant: the others are tried as well.
        while !addresses.is_empty() {
            let (socket, address) = match connect(&self.config.network, &addresses).await {
                Ok(connected) => connected,
                Err(error) => return Err(first.unwrap_or_else(|| error.into())),
            };
            match self.greet_at(socket).await {
                Ok(connection) => return Ok(connection),
                Err(down) if down.is_an_answer() => return Err(down),
                Err(down) => first = first.or(Some(down)),
            }
            addresses.retain(|other| *other != address);
        }
        Err(first.unwrap_or(LinkDown::Lost(Lost::Closed)))
    }

    async fn greet_at(&self, socket: Socket) -> Result<Connection, LinkDown> {
        let host = &self.config.central.0;
        let secured = secure(socket, host, Traffic::Lines, &self.config.security);
        let stream = secured.await.map_err(|error| self.down(error))?;
        let hello = self.greet(stream);
        let no_hello = |_| {
            let (host, port) = self.config.central.clone();
            LinkDown::Lost(Lost::NoHello { host, port })
        };
        timeout(HELLO_TIMEOUT, hello).await.map_err(no_hello)?
    }

    async fn greet(&self, stream: Stream) -> Result<Connection, LinkDown> {
        let (local, central) = stream.addresses()?;
        let hello = Hello::from_role(&self.announced(local));
        let security = &self.config.security;
        let introduced = introduce(
            stream,
            WRITE_STALL,
            security,
            hello,
            ServerRole::Central,
            |_| {},
        )
        .await;
        let (reader, writer, hello) = introduced.map_err(|error| self.down(error))?;
        match hello.into_role() {
            Ok(PeerRole::Central) => Ok(Connection {
                central,
                reader,
                writer,
            }),
            Ok(role @ (PeerRole::Client { .. } | PeerRole::Secondary { .. })) => {
                Err(self.stranger(role.into()))
            }
            Err(WireError::WrongProtocol { theirs }) => {
                Err(LinkDown::Lost(Lost::OtherProtocol { theirs }))
            }
            Err(error @ WireError::Missing { .. }) => {
                Err(self.stranger(Stranger::Other(error.to_string())))
            }
        }
    }

    /// Why an attempt came to nothing.
    fn down(&self, error: GreetError) -> LinkDown {
        match error {
            GreetError::Connect(error) => error.into(),
            GreetError::Denied(denied) => LinkDown::Denied(denied),
            // A central asks nobody for a name before it says hello; a secondary does.
            GreetError::Refused(ErrorCode::NotEnrolled, message) => {
                self.stranger(Stranger::Other(message.message))
            }
            GreetError::Refused(code, message) => LinkDown::Lost(Lost::Refused { code, message }),
            GreetError::Read(error) => error.into(),
            GreetError::Write(error) => error.into(),
            GreetError::Closed => {
                let (host, port) = self.config.central.clone();
                LinkDown::Lost(Lost::ClosedEarly { host, port })
            }
            GreetError::Stranger(who) => self.stranger(who),
            GreetError::NoRandomness => LinkDown::Lost(Lost::NoRandomness),
        }
    }

    fn stranger(&self, who: Stranger) -> LinkDown {
        let (host, port) = self.config.central.clone();
        LinkDown::Lost(Lost::Stranger { host, port, who })
    }

    /// A secondary that was not told its address announces the one by which it reaches the central.
    fn announced(&self, local: SocketAddr) -> PeerRole {
        match &self.config.role {
            PeerRole::Secondary {
                number,
                listens: Some((None, port)),
                incarnation,
            } => PeerRole::Secondary {
                number: *number,
                listens: Some((Some(local.ip().to_canonical()), *port)),
                incarnation: *incarnation,
            },
            other => other.clone(),
        }
    }

    async fn converse(&self, connection: Connection) -> LinkDown {
        let Connection {
            central,
            reader,
            writer,
        } = connection;
        let (heartbeat, lease) = match self.config.role {
            PeerRole::Secondary { .. } => (HEARTBEAT, LEASE),
            PeerRole::Client { .. } | PeerRole::Central => (CLIENT_HEARTBEAT, CLIENT_LEASE),
        };
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
        let write = write_all(writer, messages, (heartbeat, ToCentral::Ping));
        let read = read_all(reader, lease, &self.events);
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

struct Connection {
    central: SocketAddr,
    reader: Reader,
    writer: Writer,
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
