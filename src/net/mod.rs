//! Sockets. Knows bytes, lines and time limits; no roles, no files.

mod beginning;
mod certificate;
mod connect;
mod datagrams;
mod descriptors;
#[cfg(feature = "etcd")]
pub mod etcd;
mod lines;
mod listen;
mod local;
mod mdns;
#[cfg(test)]
pub mod memory;
mod network;
#[cfg(feature = "object-store")]
pub mod objects;
mod permits;
mod pinned;
mod ports;
mod refusal;
mod send_file;
mod socket;
mod stall;
mod stream;
mod tls;
mod zones;

pub use beginning::{Beginning, beginning};
pub use certificate::{CertificateTrouble, PemTrouble};
pub use connect::{ConnectError, connect, resolve};
pub use datagrams::datagrams;
pub use descriptors::connection_permits;
pub use lines::{LineReader, LineWriter, ReadError, split};
pub use listen::{Accepted, Arrival, Door};
pub use local::{LocalListener, connect_here, is_listened_to, read_all};
pub use mdns::{Announcement, Browser};
pub use network::{Listener, Network, listen};
pub use permits::{Permit, PermitCount, Permits, Use};
pub use pinned::{PEER_NAME, connect_pinned, pin};
pub use ports::{free_ports, has_listener};
pub use refusal::TlsRefusal;
pub use send_file::{
    PlainSocket, UNSENT_BYTES, UNSENT_HTTP_BYTES, keep_alive, limit_unsent, lower_effort,
};
pub use socket::Socket;
pub use stream::{ReadSide, Stream, WriteSide};
pub use tls::{Authority, ClientTls, Identity, ServerTls, TlsError, Traffic};
pub use zones::reachable;
