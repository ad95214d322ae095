//! Messages to bytes and back. No sockets. What comes from outside becomes a value of the model here or
//! is refused here: this is the one door.
//!
//! One JSON object per line, tagged by `type`; see [`control`] for what passes between a node and the
//! central, [`data`] for what passes between a receiver and a secondary, [`handshake`] for how both begin,
//! [`legacy`] for the protocol of 2017. PROTOCOL.md shows an example of each.

pub mod account;
pub mod announcement;
mod codec;
pub mod control;
pub mod data;
mod error_code;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod handshake;
pub mod legacy;
pub mod links;
mod nested;
mod nonce;
mod password;
pub mod said;
pub mod ticket;
mod wanted;
pub mod wire;

pub use codec::{LineError, Lines, encode_line};
pub use error_code::ErrorCode;
pub use password::Password;
pub use said::Said;
pub use wanted::Wanted;
pub use wire::{CentralState, Hello, PeerRole, Reign, WireError};
