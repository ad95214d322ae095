//! What lets one client ask another for chunks: the central signs it, the one who is asked checks it without asking
//! anybody. No clock and no randomness: the time and the seed of the key are arguments.
//!
//! A ticket is Ed25519 (RFC 8032, by ring) over the cluster, the content, who may ask whom, and until when. So one that
//! was seen on its way is worth nothing for another content, to another peer, in another cluster or later.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::model::{ClusterId, Digest, PeerNumber, Ticket, VerifyKey, limits::TICKET_LASTS};

const LABEL: &[u8] = b"trozos 1 ticket\n";
/// Clocks of nodes may differ by so much, in seconds.
const CLOCKS_DIFFER_S: u64 = 300;

/// What a ticket is about, beside who asks and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The cluster.
    pub cluster: ClusterId,
    /// The content.
    pub id: Digest,
    /// Who is asked.
    pub sender: PeerNumber,
}

/// What a central signs tickets with.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key of 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        Self(pair.expect("a seed of the right length makes a key"))
    }

    /// What its tickets are checked with.
    pub fn verify_key(&self) -> VerifyKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        VerifyKey(bytes)
    }

    /// Lets `receiver` ask until a second since 1970.
    pub fn sign(&self, about: &About, receiver: PeerNumber, until_s: u64) -> Ticket {
        let mut signature = [0; 64];
        let signed = self.0.sign(&message(about, receiver, until_s));
        signature.copy_from_slice(signed.as_ref());
        Ticket {
            receiver,
            until_s,
            signature,
        }
    }
}

/// Why a ticket lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Its time is over.
    #[error("the ticket of peer {} was good until {until_s} s; it is {now_s} s", receiver.get())]
    Expired {
        /// Whose it is.
        receiver: PeerNumber,
        /// Until when it was good, in seconds since 1970.
        until_s: u64,
        /// Now, in seconds since 1970.
        now_s: u64,
    },
    /// It is good for longer than any central lets it be.
    #[error("the ticket of peer {} is good until {until_s} s, which is too long", receiver.get())]
    TooLong {
        /// Whose it is.
        receiver: PeerNumber,
        /// Until when it says it is good, in seconds since 1970.
        until_s: u64,
    },
    /// It is for another content, another peer or another cluster, or of another central.
    #[error("the ticket of peer {} is not for this", receiver.get())]
    Wrong {
        /// Whose it says it is.
        receiver: PeerNumber,
    },
}

/// Who may ask with a ticket.
///
/// # Errors
/// When it is not good here and now.
pub fn check(
    ticket: &Ticket,
    about: &About,
    key: &VerifyKey,
    now_s: u64,
) -> Result<PeerNumber, TicketError> {
    let Ticket {
        receiver,
        until_s,
        signature,
    } = *ticket;
    UnparsedPublicKey::new(&ED25519, key.0)
        .verify(&message(about, receiver, until_s), &signature)
        .map_err(|_| TicketError::Wrong { receiver })?;
    if until_s.saturating_add(CLOCKS_DIFFER_S) < now_s {
        return Err(TicketError::Expired {
            receiver,
            until_s,
            now_s,
        });
    }
    let longest = TICKET_LASTS.as_secs() + CLOCKS_DIFFER_S;
    if until_s > now_s.saturating_add(longest) {
        return Err(TicketError::TooLong { receiver, until_s });
    }
    Ok(receiver)
}

/// All parts have one length each, so no two lists of them look the same.
fn message(about: &About, receiver: PeerNumber, until_s: u64) -> Vec<u8> {
    let About {
        cluster,
        id,
        sender,
    } = about;
    [
        LABEL,
        &cluster.0.to_be_bytes(),
        id.as_bytes(),
        &receiver.get().to_be_bytes(),
        &sender.get().to_be_bytes(),
        &until_s.to_be_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn peer(number: u64) -> PeerNumber {
        PeerNumber::try_from(number).unwrap()
    }

    fn about(cluster: u64, id: u8, sender: u64) -> About {
        About {
            cluster: ClusterId(cluster),
            id: Digest::new([id; 32]),
            sender: peer(sender),
        }
    }

    #[test]
    fn a_ticket_is_good_for_what_was_signed() {
        let signer = SigningKey::from_seed(&[1; 32]);
        let key = signer.verify_key();
        let good = signer.sign(&about(1, 2, 3), peer(4), NOW + 600);
        let again = Ticket::try_from(&*good.to_string()).unwrap();
        assert_eq!(check(&again, &about(1, 2, 3), &key, NOW), Ok(peer(4)));
        for elsewhere in [about(9, 2, 3), about(1, 9, 3), about(1, 2, 9)] {
            let wrong = TicketError::Wrong { receiver: peer(4) };
            assert_eq!(check(&good, &elsewhere, &key, NOW), Err(wrong));
        }
        let of_another = SigningKey::from_seed(&[2; 32]).verify_key();
        assert!(check(&good, &about(1, 2, 3), &of_another, NOW).is_err());
        for changed in [
            Ticket {
                receiver: peer(5),
                ..good
            },
            Ticket {
                until_s: NOW + 601,
                ..good
            },
        ] {
            assert!(check(&changed, &about(1, 2, 3), &key, NOW).is_err());
        }
    }

    #[test]
    fn a_ticket_ends() {
        let signer = SigningKey::from_seed(&[1; 32]);
        let key = signer.verify_key();
        let at = |until_s, now_s| {
            let ticket = signer.sign(&about(1, 2, 3), peer(4), until_s);
            check(&ticket, &about(1, 2, 3), &key, now_s)
        };
        assert!(at(NOW, NOW + CLOCKS_DIFFER_S).is_ok());
        let late = at(NOW, NOW + CLOCKS_DIFFER_S + 1);
        assert!(matches!(late, Err(TicketError::Expired { .. })));
        let longest = NOW + TICKET_LASTS.as_secs() + CLOCKS_DIFFER_S;
        assert!(at(longest, NOW).is_ok());
        for too_long in [longest + 1, u64::MAX] {
            assert!(matches!(
                at(too_long, NOW),
                Err(TicketError::TooLong { .. })
            ));
        }
    }
}
