//! The other end of a connection, played by a test on a network in memory.

use std::{net::SocketAddr, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    model::Term,
    net::{
        LineReader, LineWriter, Listener, Network, ReadSide, Socket, WriteSide, connect,
        memory::{MemoryNetwork, ip},
        split,
    },
    proto::{Hello, Lines, PeerRole, control::FromCentral},
};

const STALL: Duration = Duration::from_secs(3600);

/// Where servers listen.
pub(super) const SERVER: u8 = 1;
/// Where whoever connects is.
pub(super) const PEER: u8 = 2;

pub(super) fn server_address() -> SocketAddr {
    (ip(SERVER), 50_000).into()
}

/// A network without delays on which somebody listens.
pub(super) fn listening() -> (MemoryNetwork, Listener) {
    let network = MemoryNetwork::default();
    let listener = network.host(SERVER).listen(server_address()).unwrap();
    (network, listener)
}

/// See the module.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) reader: LineReader<ReadSide>,
    pub(super) writer: LineWriter<WriteSide>,
}

impl Played {
    /// The server's side of the next connection.
    pub(super) async fn accept(listener: &mut Listener) -> Self {
        let (socket, _) = listener.accept().await.unwrap();
        Self::over(socket)
    }

    /// The side of somebody who connects.
    pub(super) async fn connect(network: &Network) -> Self {
        let (socket, _) = connect(network, &[server_address()]).await.unwrap();
        Self::over(socket)
    }

    fn over(socket: Socket) -> Self {
        let (reader, writer) = split(socket, STALL);
        Self { reader, writer }
    }

    /// The next line that the other end says; `None` at the end.
    pub(super) async fn hear_line(&mut self) -> Option<String> {
        let line = self.reader.next_line().await.ok()??;
        Some(String::from_utf8(line.to_vec()).unwrap())
    }

    /// The next message.
    pub(super) async fn hear<M: DeserializeOwned>(&mut self) -> M {
        let line = self.hear_line().await.expect("an end");
        let message = Lines::parse(line.as_bytes());
        message.unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    pub(super) async fn say<M: Serialize>(&mut self, message: &M) {
        self.writer.send(message).await.unwrap();
    }

    pub(super) async fn say_raw(&mut self, bytes: &[u8]) {
        self.writer.send_encoded(bytes).await.unwrap();
    }

    /// As a central: lets the next one in.
    pub(super) async fn accept_as_central(listener: &mut Listener) -> Self {
        let mut central = Self::accept(listener).await;
        let hello = central.hear_line().await.unwrap();
        assert!(hello.contains("\"hello\""), "{hello}");
        let hello = Hello::from_role(&PeerRole::Central(Term(1).into()));
        central.say(&FromCentral::Hello(hello)).await;
        central
    }
}
