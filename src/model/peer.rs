//! Clients that give each other chunks: their numbers, what they say of themselves, and what lets one ask another.

use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::{
    Digest, SourceId,
    digest::{hex, write_hex},
    limits::MAX_PEER_NUMBER,
};

/// A client's number among its peers, 1 to [`MAX_PEER_NUMBER`]. Given by the central for one session; says nothing of who
/// it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerNumber(u32);

/// A number that no peer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("peer number {0}: must be 1 to {most}", most = MAX_PEER_NUMBER)]
pub struct PeerNumberError(pub u64);

impl PeerNumber {
    /// The number as an integer.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for PeerNumber {
    type Error = PeerNumberError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        match u32::try_from(number) {
            Ok(small) if (1..=MAX_PEER_NUMBER).contains(&small) => Ok(Self(small)),
            _ => Err(PeerNumberError(number)),
        }
    }
}

impl fmt::Display for PeerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SourceId {
    /// The id of a peer, in every transfer: the central gives secondaries none of these.
    pub fn of_peer(peer: PeerNumber) -> Self {
        Self((MAX_PEER_NUMBER + 1) | peer.0)
    }

    /// The peer of this id, if it is one's.
    pub fn peer(self) -> Option<PeerNumber> {
        let is_peers = self.0 > MAX_PEER_NUMBER;
        let number = u64::from(self.0 & MAX_PEER_NUMBER);
        PeerNumber::try_from(number).ok().filter(|_| is_peers)
    }
}

/// How a client is connected to its network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// By cable.
    Wired,
    /// By radio.
    Wireless,
    /// It does not know, or is of a newer version.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What a client says of what it gives to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing {
    /// It gives others chunks of what it receives.
    pub on: bool,
    /// The port at which peers reach it, if it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listens: Option<u16>,
    /// How it is connected.
    #[serde(default)]
    pub link: LinkKind,
    /// What it can send, in bytes per second: its limit or the speed of its link; 0 when it does not know.
    #[serde(default)]
    pub uplink: u64,
    /// The digest of its certificate's public key, where connections are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
}

/// How much a receiver got from all its sources in the last seconds, in hundredths of a chunk: what came fades away with
/// [`LATELY_FADES`](super::limits::LATELY_FADES), and what is coming counts half. Who got least is sent to next.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Lately(pub u32);

/// The key of a central by which its tickets are checked: an Ed25519 public key, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyKey(pub [u8; 32]);

/// Lets one client ask another for chunks of one content, until a time; signed by the central. What is signed, and how it
/// is checked, is in `proto::ticket`. Written as 152 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Who asks.
    pub receiver: PeerNumber,
    /// Until when a connection may begin with it, in seconds since 1970.
    pub until_s: u64,
    /// Ed25519.
    pub signature: [u8; 64],
}

/// A text that is no ticket, or no key for tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketTextError {
    /// Not the hexadecimal digits of one.
    #[error("not a ticket: 152 hexadecimal digits are")]
    Ticket,
    /// Not the hexadecimal digits of a key.
    #[error("not a key: 64 hexadecimal digits are")]
    Key,
}

impl TryFrom<&str> for VerifyKey {
    type Error = TicketTextError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        hex(text).map(Self).ok_or(TicketTextError::Key)
    }
}

impl fmt::Display for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyKey({self})")
    }
}

impl TryFrom<&str> for Ticket {
    type Error = TicketTextError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let bytes: [u8; 76] = hex(text).ok_or(TicketTextError::Ticket)?;
        let (receiver, rest) = bytes.split_first_chunk().ok_or(TicketTextError::Ticket)?;
        let (until_s, signature) = rest.split_first_chunk().ok_or(TicketTextError::Ticket)?;
        let receiver = u64::from(u32::from_be_bytes(*receiver));
        Ok(Self {
            receiver: PeerNumber::try_from(receiver).map_err(|_| TicketTextError::Ticket)?,
            until_s: u64::from_be_bytes(*until_s),
            signature: signature.try_into().map_err(|_| TicketTextError::Ticket)?,
        })
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.receiver.0.to_be_bytes())?;
        write_hex(f, &self.until_s.to_be_bytes())?;
        write_hex(f, &self.signature)
    }
}

/// Whoever reads a log could use it.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ticket(of peer {} until {})",
            self.receiver, self.until_s
        )
    }
}

/// A peer that a client may ask for chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerInfo {
    /// Its number.
    pub peer: PeerNumber,
    /// Where it listens.
    #[serde(flatten, with = "super::serde::address")]
    pub address: SocketAddr,
    /// The digest of its certificate's public key, where connections are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
    /// To be shown to it.
    pub ticket: Ticket,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u64) -> PeerNumber {
        PeerNumber::try_from(number).unwrap()
    }

    #[test]
    fn peers_have_ids_that_no_secondary_gets() {
        for number in [1, 17, u64::from(MAX_PEER_NUMBER)] {
            assert_eq!(SourceId::of_peer(peer(number)).peer(), Some(peer(number)));
        }
        for id in [0, 1, MAX_PEER_NUMBER, MAX_PEER_NUMBER + 1] {
            assert_eq!(SourceId(id).peer(), None, "{id}");
        }
        for number in [0, u64::from(MAX_PEER_NUMBER) + 1, u64::MAX] {
            assert_eq!(PeerNumber::try_from(number), Err(PeerNumberError(number)));
        }
    }

    #[test]
    fn tickets_are_written_in_one_way_only() {
        let ticket = Ticket {
            receiver: peer(9),
            until_s: 1_800_000_000,
            signature: std::array::from_fn(|at| at as u8 * 3),
        };
        let text = ticket.to_string();
        assert_eq!(text.len(), 152);
        assert_eq!(Ticket::try_from(&*text), Ok(ticket));
        for bad in ["", &text[1..], &text[..150], &text.replace('0', "g")] {
            assert_eq!(Ticket::try_from(bad), Err(TicketTextError::Ticket));
        }
        // Nobody has number 0.
        let nobody = format!("00000000{}", &text[8..]);
        assert!(Ticket::try_from(&*nobody).is_err());
        let key = VerifyKey([7; 32]);
        assert_eq!(VerifyKey::try_from(&*key.to_string()), Ok(key));
        assert_eq!(VerifyKey::try_from("07"), Err(TicketTextError::Key));
        assert!(!format!("{ticket:?}").contains(&text[24..60]));
    }
}
