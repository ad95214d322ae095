//! Finds the central: which of several, at which of the addresses of its name, and whether it is one that is obeyed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::time::timeout;

use crate::{
    model::{Term, limits::HELLO_TIMEOUT},
    net::{Network, Socket, Stream, Traffic, connect, resolve},
    node::{
        Lost, Security, Stranger, clock,
        greeting::{GreetError, Reader, Writer, introduce, secure},
        lost::LinkDown,
        rules::terms::LatestTerm,
    },
    proto::{ErrorCode, Hello, PeerRole, WireError, handshake::ServerRole},
};

/// How long the central may take nothing of what is sent to it.
pub(super) const WRITE_STALL: Duration = Duration::from_secs(5);

/// A central's host name or address, and its port.
type Place = (String, u16);

/// Who connects, and where to.
#[derive(Clone, Debug)]
pub(super) struct LinkConfig {
    pub(super) network: Network,
    /// Tried in this order.
    pub(super) centrals: Vec<Place>,
    pub(super) role: PeerRole,
    pub(super) security: Arc<Security>,
}

/// A connection to a central that has said hello.
pub(super) struct Connection {
    pub(super) central: SocketAddr,
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Finder {
    config: LinkConfig,
    latest_term: LatestTerm,
}

impl Finder {
    pub(super) fn new(config: LinkConfig) -> Self {
        Self {
            config,
            latest_term: LatestTerm::default(),
        }
    }

    /// Connects to the first central, in their order, that takes this node.
    ///
    /// # Errors
    /// The first central's no, or else the first trouble.
    pub(super) async fn find(&mut self) -> Result<Connection, LinkDown> {
        let mut first: Option<LinkDown> = None;
        for place in self.config.centrals.clone() {
            let down = match self.find_at(&place).await {
                Ok(connection) => return Ok(connection),
                Err(down) => down,
            };
            match &first {
                Some(before) if before.is_an_answer() || !down.is_an_answer() => {}
                Some(_) | None => first = Some(down),
            }
        }
        Err(first.unwrap_or(LinkDown::Lost(Lost::Closed)))
    }

    async fn find_at(&mut self, place: &Place) -> Result<Connection, LinkDown> {
        let (host, port) = place;
        let addresses = resolve(host, *port).await?;
        self.find_among(place, addresses).await
    }

    async fn find_among(
        &mut self,
        place: &Place,
        mut addresses: Vec<SocketAddr>,
    ) -> Result<Connection, LinkDown> {
        let mut first = None;
        // What answers at one address of a name need not be what was meant: the others are tried as well.
        while !addresses.is_empty() {
            let (socket, address) = match connect(&self.config.network, &addresses).await {
                Ok(connected) => connected,
                Err(error) => return Err(first.unwrap_or_else(|| error.into())),
            };
            let greeted = self.greet_at(place, socket).await;
            match greeted
                .and_then(|(connection, term)| self.check_term(place, term).map(|()| connection))
            {
                Ok(connection) => return Ok(connection),
                Err(down) if down.is_an_answer() => return Err(down),
                Err(down) => first = first.or(Some(down)),
            }
            addresses.retain(|other| *other != address);
        }
        Err(first.unwrap_or(LinkDown::Lost(Lost::Closed)))
    }

    fn check_term(&mut self, place: &Place, term: Term) -> Result<(), LinkDown> {
        let greeted = self.latest_term.greeted(clock::now(), term);
        greeted.map_err(|outdated| {
            let (host, port) = place.clone();
            LinkDown::Lost(Lost::Outdated {
                host,
                port,
                outdated,
            })
        })
    }

    async fn greet_at(
        &self,
        place: &Place,
        socket: Socket,
    ) -> Result<(Connection, Term), LinkDown> {
        let secured = secure(socket, &place.0, Traffic::Lines, &self.config.security);
        let stream = secured.await.map_err(|error| down(place, error))?;
        let hello = self.greet(place, stream);
        let no_hello = |_| {
            let (host, port) = place.clone();
            LinkDown::Lost(Lost::NoHello { host, port })
        };
        timeout(HELLO_TIMEOUT, hello).await.map_err(no_hello)?
    }

    async fn greet(&self, place: &Place, stream: Stream) -> Result<(Connection, Term), LinkDown> {
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
        let (reader, writer, hello) = introduced.map_err(|error| down(place, error))?;
        match hello.into_role() {
            Ok(PeerRole::Central { term }) => {
                let connection = Connection {
                    central,
                    reader,
                    writer,
                };
                Ok((connection, term))
            }
            Ok(role @ (PeerRole::Client { .. } | PeerRole::Secondary { .. })) => {
                Err(stranger(place, role.into()))
            }
            Err(WireError::WrongProtocol { theirs }) => {
                Err(LinkDown::Lost(Lost::OtherProtocol { theirs }))
            }
            Err(error @ WireError::Missing { .. }) => {
                Err(stranger(place, Stranger::Other(error.to_string())))
            }
        }
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
}

/// Why an attempt came to nothing.
fn down(place: &Place, error: GreetError) -> LinkDown {
    match error {
        GreetError::Connect(error) => error.into(),
        GreetError::Denied(denied) => LinkDown::Denied(denied),
        // A central asks nobody for a name before it says hello; a secondary does.
        GreetError::Refused(ErrorCode::NotEnrolled, _) => stranger(place, Stranger::SomeSecondary),
        GreetError::Refused(code, message) => LinkDown::Lost(Lost::Refused { code, message }),
        GreetError::Read(error) => error.into(),
        GreetError::Write(error) => error.into(),
        GreetError::Closed => {
            let (host, port) = place.clone();
            LinkDown::Lost(Lost::ClosedEarly { host, port })
        }
        GreetError::Stranger(who) => stranger(place, who),
        GreetError::NoRandomness => LinkDown::Lost(Lost::NoRandomness),
    }
}

fn stranger(place: &Place, who: Stranger) -> LinkDown {
    let (host, port) = place.clone();
    LinkDown::Lost(Lost::Stranger { host, port, who })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        net::memory::{MemoryNetwork, ip},
        node::testing::{PEER, Played},
        proto::{Said, control::FromCentral, encode_line},
    };

    const PORT: u16 = 50_000;

    /// Says this to whoever connects and says something, and hangs up.
    fn answers(network: &MemoryNetwork, host: u8, said: &[u8]) -> SocketAddr {
        let at: SocketAddr = (ip(host), PORT).into();
        let mut listener = network.host(host).listen(at).unwrap();
        let said = said.to_vec();
        tokio::spawn(async move {
            loop {
                let mut played = Played::accept(&mut listener).await;
                played.hear_line().await;
                let _ = played.writer.send_encoded(&said).await;
            }
        });
        at
    }

    fn line(message: &FromCentral) -> Vec<u8> {
        let mut line = Vec::new();
        encode_line(message, &mut line);
        line
    }

    fn central_of(term: u32) -> Vec<u8> {
        let role = PeerRole::Central { term: Term(term) };
        line(&FromCentral::Hello(Hello::from_role(&role)))
    }

    fn full() -> Vec<u8> {
        line(&FromCentral::Error {
            code: ErrorCode::LimitExceeded,
            message: Said::default(),
        })
    }

    const WEB: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

    fn place_of(address: SocketAddr) -> Place {
        (address.ip().to_string(), address.port())
    }

    fn finder(network: &MemoryNetwork, centrals: &[SocketAddr]) -> Finder {
        Finder::new(LinkConfig {
            network: network.host(PEER),
            centrals: centrals.iter().copied().map(place_of).collect(),
            role: PeerRole::Client {
                name: None,
                session: None,
            },
            security: Arc::default(),
        })
    }

    async fn found(finder: &mut Finder) -> Result<SocketAddr, LinkDown> {
        finder.find().await.map(|connection| connection.central)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_central_at_one_address_does_not_hide_the_central_at_another() {
        let network = MemoryNetwork::default();
        let closes = answers(&network, 10, b"");
        let web = answers(&network, 11, WEB);
        let central = answers(&network, 12, &central_of(1));
        let full = answers(&network, 13, &full());
        let mut finder = finder(&network, &[]);
        let at = ("central.lan".to_owned(), PORT);
        let found = finder.find_among(&at, vec![closes, web, central]).await;
        assert_eq!(found.map(|c| c.central), Ok(central));
        // The first trouble is told, and an answer of a central is the last word.
        let Err(LinkDown::Lost(lost)) = finder.find_among(&at, vec![closes, web]).await else {
            panic!("nobody is there");
        };
        assert!(matches!(lost, Lost::ClosedEarly { .. }), "{lost}");
        let found = finder.find_among(&at, vec![closes, full, central]).await;
        let Err(LinkDown::Lost(lost)) = found else {
            panic!("it is full");
        };
        assert!(matches!(lost, Lost::Refused { .. }), "{lost}");
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_centrals_the_first_that_takes_this_node_is_obeyed() {
        let network = MemoryNetwork::default();
        let nobody = (ip(10), PORT).into();
        let web = answers(&network, 11, WEB);
        let full = answers(&network, 12, &full());
        let [one, other] = [13, 14].map(|host| answers(&network, host, &central_of(1)));
        let mut all = finder(&network, &[nobody, web, full, one, other]);
        assert_eq!(found(&mut all).await, Ok(one));
        // A central's no is told, wherever it came; of other troubles the first.
        for (places, is_no) in [
            (vec![web, full, nobody], true),
            (vec![full, web], true),
            (vec![web, nobody], false),
        ] {
            let down = found(&mut finder(&network, &places)).await.unwrap_err();
            assert_eq!(down.is_an_answer(), is_no, "{down:?}");
            let is_stranger = matches!(down, LinkDown::Lost(Lost::Stranger { .. }));
            assert!(is_no || is_stranger, "{down:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_central_of_an_earlier_term_is_passed_over() {
        let network = MemoryNetwork::default();
        let old = answers(&network, 10, &central_of(4));
        let new = answers(&network, 11, &central_of(5));
        let mut finder = finder(&network, &[old]);
        assert_eq!(found(&mut finder).await, Ok(old));
        finder.config.centrals.insert(0, place_of(new));
        assert_eq!(found(&mut finder).await, Ok(new));
        finder.config.centrals.reverse();
        assert_eq!(found(&mut finder).await, Ok(new));
        finder.config.centrals.pop();
        let Err(LinkDown::Lost(lost)) = found(&mut finder).await else {
            panic!("it is outdated");
        };
        let expected = format!("{old}: a central of term 4, after one of term 5");
        assert_eq!(lost.to_string(), expected);
        // The later one does not come back.
        tokio::time::sleep(Duration::from_secs(15)).await;
        assert_eq!(found(&mut finder).await, Ok(old));
    }
}
