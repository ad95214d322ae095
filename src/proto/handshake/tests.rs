//! No proof is worth anything but to the one it was made for, on the connection it was made for.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static SECRET: LazyLock<Secret> = LazyLock::new(|| secret("sixteen bytes or more"));
static OTHER: LazyLock<Secret> = LazyLock::new(|| secret("sixteen bytes or mor"));

fn secret(text: &str) -> Secret {
    Secret::from_text(text.as_bytes()).unwrap()
}

/// A connection as one side sees it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    hello: Vec<u8>,
    server: u64,
    tls_session: Vec<u8>,
    nonce: [u8; 32],
}

impl Seen {
    fn opening(&self) -> Opening<'_> {
        let server = SecondaryNumber::try_from(self.server);
        Opening {
            hello: &self.hello,
            server: server.map_or(ServerRole::Central, ServerRole::Secondary),
            tls_session: &self.tls_session,
        }
    }

    fn nonce(&self) -> Nonce {
        Nonce::new(self.nonce)
    }

    fn answer(&self, secret: &Secret) -> (Connector, Proof) {
        Connector::answer(secret, &self.opening(), self.nonce())
    }

    fn challenge(&self, secret: &Secret) -> Server {
        Server::challenge(secret, &self.opening(), self.nonce())
    }
}

fn seen() -> impl Strategy<Value = Seen> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    // Number 0 is none: it stands for the central.
    (bytes(80), 0..4u64, bytes(33), any::<[u8; 32]>()).prop_map(
        |(hello, server, tls_session, nonce)| Seen {
            hello,
            server,
            tls_session,
            nonce,
        },
    )
}

/// Like [`seen`], with one thing changed or shifted from one part to the next.
fn two_that_differ() -> impl Strategy<Value = (Seen, Seen)> {
    (seen(), seen(), 0..6u8, any::<prop::sample::Index>()).prop_filter_map(
        "they are the same",
        |(one, fresh, what, at)| {
            let mut other = one.clone();
            match what {
                0 => other.hello = fresh.hello,
                1 => other.server = fresh.server,
                2 => other.tls_session = fresh.tls_session,
                3 => other.nonce = fresh.nonce,
                4 => other.nonce[at.index(32)] ^= 1,
                _ => other.hello.append(&mut other.tls_session),
            }
            (one != other).then_some((one, other))
        },
    )
}

proptest! {
    #[test]
    fn those_who_know_the_secret_and_see_the_same_agree(seen in seen()) {
        let (connector, proof) = seen.answer(&SECRET);
        let theirs = seen.challenge(&SECRET).check(proof).unwrap();
        prop_assert_eq!(connector.check(theirs), Ok(()));
    }

    #[test]
    fn a_proof_is_worth_nothing_on_another_connection((one, other) in two_that_differ()) {
        let (connector, proof) = one.answer(&SECRET);
        prop_assert!(other.challenge(&SECRET).check(proof).is_err());
        // A server's proof that was made for somebody else.
        let (_, honest) = other.answer(&SECRET);
        let theirs = other.challenge(&SECRET).check(honest).unwrap();
        prop_assert!(connector.check(theirs).is_err());
    }

    #[test]
    fn a_proof_that_is_sent_back_is_not_one(seen in seen()) {
        let (connector, proof) = seen.answer(&SECRET);
        prop_assert!(connector.check(proof).is_err());
        let (connector, proof) = seen.answer(&SECRET);
        let theirs = seen.challenge(&SECRET).check(proof).unwrap();
        prop_assert!(seen.challenge(&SECRET).check(theirs).is_err());
        prop_assert_eq!(connector.check(theirs), Ok(()));
    }

    #[test]
    fn another_secret_proves_nothing(seen in seen()) {
        let (connector, proof) = seen.answer(&OTHER);
        prop_assert!(seen.challenge(&SECRET).check(proof).is_err());
        let (_, honest) = seen.answer(&SECRET);
        let theirs = seen.challenge(&SECRET).check(honest).unwrap();
        prop_assert!(connector.check(theirs).is_err());
    }

    #[test]
    fn a_proof_with_one_bit_changed_is_not_one(seen in seen(), bit in 0..256usize) {
        let (_, Proof(digest)) = seen.answer(&SECRET);
        let mut bytes = *digest.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = Proof(Digest::new(bytes));
        prop_assert!(seen.challenge(&SECRET).check(changed).is_err());
    }

    #[test]
    fn a_cut_message_is_no_message(seen in seen(), cut in any::<prop::sample::Index>()) {
        let (_, proof) = seen.answer(&SECRET);
        let mut hello = Hello::from_role(&crate::proto::PeerRole::Central(crate::model::Term(1).into()));
        hello.nonce = Some(seen.nonce());
        for line in [
            serde_json::to_string(&ToServer::Proof { proof }).unwrap(),
            serde_json::to_string(&ToServer::Hello(hello)).unwrap(),
        ] {
            prop_assert!(serde_json::from_str::<ToServer>(&line).is_ok());
            let cut = &line[..cut.index(line.len())];
            prop_assert!(serde_json::from_str::<ToServer>(cut).is_err());
        }
        let challenge = serde_json::to_string(&FromServer::Challenge { nonce: seen.nonce() }).unwrap();
        let cut = &challenge[..cut.index(challenge.len())];
        prop_assert!(serde_json::from_str::<FromServer>(cut).is_err());
    }
}

#[test]
fn one_line_end_is_no_part_of_a_secret() {
    let seen = Seen {
        hello: b"{}".to_vec(),
        server: 0,
        tls_session: Vec::new(),
        nonce: [7; 32],
    };
    for text in [
        "sixteen bytes or more\n",
        "sixteen bytes or more\r\n",
        " sixteen bytes or more \n\n",
        "\u{feff}sixteen bytes or more\r\n",
    ] {
        let (_, proof) = seen.answer(&secret(text));
        assert!(seen.challenge(&SECRET).check(proof).is_ok(), "{text:?}");
    }
    let (_, proof) = seen.answer(&secret("sixteen  bytes or more"));
    assert!(seen.challenge(&SECRET).check(proof).is_err());
}

#[test]
fn secrets_that_would_be_guessed_are_refused_and_none_is_shown() {
    for (text, bytes) in [("", 0), ("\n", 0), ("fifteen bytes..\n", 15)] {
        let error = Secret::from_text(text.as_bytes()).unwrap_err();
        assert_eq!(error, SecretError::TooShort { bytes });
    }
    let error = Secret::from_text(b"\xff\xfes\0i\0x\0t\0e\0e\0n\0").unwrap_err();
    assert_eq!(error, SecretError::Utf16);
    let endless = vec![b'x'; limits::MAX_SECRET_BYTES + 1];
    assert!(Secret::from_text(&endless).is_err());
    assert_eq!(format!("{:?}", *SECRET), "Secret(..)");
}

/// The proof of PROTOCOL.md's example, for those who write another implementation; computed with Python's
/// `hashlib.pbkdf2_hmac` and `hmac`.
#[test]
fn the_examples_proof_is_the_documents() {
    let hello = concat!(
        r#"{"type":"hello","protocol":1,"role":"client","#,
        r#""nonce":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}"#
    );
    let seen = Seen {
        hello: hello.as_bytes().to_vec(),
        server: 0,
        tls_session: Vec::new(),
        nonce: [0xaa; 32],
    };
    let (_, proof) = seen.answer(&secret("una clave de ejemplo"));
    assert_eq!(proof.0.to_string(), CONNECTOR_EXAMPLE);
    let theirs = seen.challenge(&secret("una clave de ejemplo")).check(proof);
    assert_eq!(theirs.unwrap().0.to_string(), SERVER_EXAMPLE);
}

const CONNECTOR_EXAMPLE: &str = "03017921d932efcf3533baf8e442f6396170907ee02d5b99cd0f9a76f9d7239f";

const SERVER_EXAMPLE: &str = "1f3f854d0e1299705d95d6b8d0a0ce3e506fb2005930fa41cd2f50fa8448de12";
