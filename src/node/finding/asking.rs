//! How a central is asked at one address: TLS, hello, proofs.

use std::{net::SocketAddr, time::Duration};

use tokio::time::timeout;

use super::config::{Connection, LinkConfig};
use crate::{
    net::{Socket, Stream, Traffic},
    node::{
        Lost, Stranger,
        dialling::secure,
        greeting::{GreetError, Introduced, introduce_on},
        lost::LinkDown,
        rules::finding::Place,
    },
    proto::{ErrorCode, Hello, PeerRole, WireError, handshake::ServerRole},
};

/// How long the central may take nothing of what is sent to it.
pub(in crate::node) const WRITE_STALL: Duration = Duration::from_secs(5);

/// Asks whatever answers at an address whether it takes this node.
///
/// # Errors
/// Why it does not, or is no central, or says nothing in time.
pub(super) async fn ask(
    config: &LinkConfig,
    place: &Place,
    socket: Socket,
    patience: Duration,
) -> Result<Connection, LinkDown> {
    let asked = async {
        let secured = secure(socket, &place.0, Traffic::Lines, &config.security);
        let stream = secured.await.map_err(|error| down(place, error))?;
        greet(config, place, stream).await
    };
    let no_hello = |_| {
        let (host, port) = place.clone();
        LinkDown::Lost(Lost::NoHello { host, port })
    };
    timeout(patience, asked).await.map_err(no_hello)?
}

async fn greet(config: &LinkConfig, place: &Place, stream: Stream) -> Result<Connection, LinkDown> {
    let (local, central) = stream.addresses()?;
    let hello = Hello::from_role(&announced(&config.role, local));
    let introduced = introduce_on(
        stream,
        WRITE_STALL,
        &config.security,
        hello,
        ServerRole::Central,
        |_| {},
    )
    .await;
    let Introduced {
        reader,
        writer,
        hello,
        channel,
    } = introduced.map_err(|error| down(place, error))?;
    match hello.into_role() {
        Ok(PeerRole::Central(reign)) => Ok(Connection {
            central,
            place: place.clone(),
            reign,
            reader,
            writer,
            channel,
        }),
        Ok(
            role @ (PeerRole::Client { .. } | PeerRole::Secondary { .. } | PeerRole::Peer { .. }),
        ) => Err(stranger(place, role.into())),
        Err(WireError::WrongProtocol { theirs }) => {
            Err(LinkDown::Lost(Lost::OtherProtocol { theirs }))
        }
        Err(error @ WireError::Missing { .. }) => {
            Err(stranger(place, Stranger::Other(error.to_string())))
        }
    }
}

/// A secondary that was not told its address announces the one by which it reaches the central.
fn announced(role: &PeerRole, local: SocketAddr) -> PeerRole {
    match role {
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
