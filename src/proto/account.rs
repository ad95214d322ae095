//! How the holder of an account's key proves it: an Ed25519 signature over a connection and over what is wanted on it. No
//! randomness, no clock: keys are made of a seed that nobody else knows.
//!
//! A connection is what both sides know of its beginning: the connector's whole first line as it was sent, who the server
//! is, a nonce of the server's, and what names the TLS session, if there is one. The nonce is in the server's hello, which
//! in a closed cluster comes after both proofs of the secret. So a signature is worth nothing on another connection.

use ring::{
    digest::{SHA256, digest},
    hmac, pbkdf2,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use super::{
    handshake::{Opening, STRETCH_ROUNDS, Transcript},
    nonce::Nonce,
    password::plain_text,
};
use crate::model::{
    AccountKey, ClientName, Digest, Signature, Wish,
    messages::{Claim, Signed},
};

const LABEL: &[u8] = b"trozos 1 account\n";
const ADMIN_LABEL: &[u8] = b"trozos 1 administrator\n";
const CODE_LABEL: &[u8] = b"trozos 1 code\n";

/// What names one connection for both of its sides.
#[derive(Clone, Debug)]
pub struct Channel(Transcript);

impl Channel {
    /// Of how a connection began, and the nonce in its server's hello.
    pub fn new(opening: &Opening<'_>, nonce: Nonce) -> Self {
        Self(Transcript::new(opening, nonce))
    }

    /// A text of its parts, each after its length, so that no two lists of parts look the same.
    fn text(&self, label: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut text = label.to_vec();
        for part in parts.iter().copied().chain([self.0.as_bytes()]) {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part);
        }
        text
    }

    fn claim(&self, wish: Wish, claim: &Claim) -> Vec<u8> {
        let code = claim.code.map(|code| *code.as_bytes());
        let parts: [&[u8]; 4] = [
            wish.as_str().as_bytes(),
            claim.name.as_str().as_bytes(),
            claim.key.as_bytes(),
            code.as_ref().map_or(&[], |code| code),
        ];
        self.text(LABEL, &parts)
    }

    /// Checks that what is wanted on this connection is signed with the key that it names.
    ///
    /// # Errors
    /// When it is not: it was signed elsewhere, or with another key, or says something else.
    pub fn check(&self, signed: &Signed) -> Result<(), NotSigned> {
        let (wish, claim) = signed.parts();
        let key = UnparsedPublicKey::new(&ED25519, claim.key.as_bytes());
        let text = self.claim(wish, claim);
        key.verify(&text, &claim.signature.0).map_err(|_| NotSigned)
    }

    /// That somebody knows a recovery code, of which this is the hash, for a key on this connection. The code itself is
    /// never sent.
    fn code_proof(&self, hash: Digest, key: AccountKey) -> Digest {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, hash.as_bytes());
        let tag = hmac::sign(&secret, &self.text(CODE_LABEL, &[key.as_bytes()]));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest::new(bytes)
    }

    /// True when a claim proves the code of which this is the hash. In constant time.
    pub fn proves_code(&self, claim: &Claim, hash: Digest) -> bool {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, hash.as_bytes());
        let text = self.text(CODE_LABEL, &[claim.key.as_bytes()]);
        let said = claim.code.as_ref();
        said.is_some_and(|code| hmac::verify(&secret, &text, code.as_bytes()).is_ok())
    }
}

/// What an administrator's password becomes: known on both sides of a connection, and never sent.
#[derive(Clone)]
pub struct AdminKey(hmac::Key);

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminKey(..)")
    }
}

impl AdminKey {
    /// Of a password as it was written; white space around it, and a byte order mark, are no part of it. Takes some 50 ms.
    pub fn from_text(text: &[u8]) -> Self {
        let mut key = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            STRETCH_ROUNDS,
            b"trozos 1 administrator",
            plain_text(text),
            &mut key,
        );
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }
}

impl Channel {
    /// That this side knows the administrator's password, for this connection.
    pub fn prove(&self, key: &AdminKey) -> Digest {
        let tag = hmac::sign(&key.0, &self.text(ADMIN_LABEL, &[]));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest::new(bytes)
    }

    /// True when the other side does. In constant time.
    pub fn proves(&self, key: &AdminKey, proof: Digest) -> bool {
        hmac::verify(&key.0, &self.text(ADMIN_LABEL, &[]), proof.as_bytes()).is_ok()
    }
}

/// What is wanted is not signed with the key that it names, or not for this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not signed with the key, or not for this connection")]
pub struct NotSigned;

/// The key of one device for one account. Never shown.
pub struct DeviceKey {
    pair: Ed25519KeyPair,
    seed: [u8; 32],
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({}, ..)", self.public().short())
    }
}

impl Clone for DeviceKey {
    fn clone(&self) -> Self {
        Self::from_seed(self.seed)
    }
}

impl DeviceKey {
    /// Of 32 bytes that nobody else knows.
    ///
    /// # Panics
    /// Never: every seed of this length makes a key.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        let pair = pair.expect("a seed of 32 bytes makes a key");
        Self { pair, seed }
    }

    /// What it was made of: to be kept where nobody else reads it.
    pub fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// The half that others know.
    pub fn public(&self) -> AccountKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        AccountKey(Digest::new(bytes))
    }

    /// Signs what is wanted on a connection; `code` is the hash of a recovery code.
    pub fn sign(
        &self,
        channel: &Channel,
        wish: Wish,
        name: ClientName,
        code: Option<Digest>,
    ) -> Signed {
        let key = self.public();
        let mut claim = Claim {
            name,
            key,
            signature: Signature([0; 64]),
            code: code.map(|hash| channel.code_proof(hash, key)),
        };
        let signature = self.pair.sign(&channel.claim(wish, &claim));
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        claim.signature = Signature(bytes);
        Signed::of(wish, claim)
    }
}

/// Letters and digits of recovery codes: none that is easily taken for another.
const CODE_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A recovery code of 20 letters, made of bytes that nobody can foresee: 100 bits.
pub fn recovery_code(random: [u8; 20]) -> String {
    let letters = random.map(|byte| char::from(CODE_LETTERS[usize::from(byte % 32)]));
    let groups = letters.chunks(5).map(|group| group.iter().collect());
    groups.collect::<Vec<String>>().join("-")
}

/// The hash of a recovery code, however it was typed.
pub fn code_hash(code: &str) -> Digest {
    let letters = code.chars().filter(|c| c.is_ascii_alphanumeric());
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, plain.as_bytes()).as_ref());
    Digest::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::samples::{client, number},
        proto::handshake::ServerRole,
    };

    fn nonce(n: u8) -> Nonce {
        Nonce::new([n; Nonce::BYTES])
    }

    fn opening<'a>(hello: &'a [u8], tls_session: &'a [u8]) -> Opening<'a> {
        Opening {
            hello,
            server: ServerRole::Central,
            tls_session,
        }
    }

    #[test]
    fn a_signature_is_worth_nothing_elsewhere() {
        let key = DeviceKey::from_seed([7; 32]);
        let own = Channel::new(&opening(b"hello", b"tls"), nonce(1));
        let signed = key.sign(&own, Wish::SignIn, client("ana"), None);
        assert_eq!(own.check(&signed), Ok(()));
        let secondary = Opening {
            server: ServerRole::Secondary(number(1)),
            ..opening(b"hello", b"tls")
        };
        for (why, other) in [
            (
                "replayed",
                Channel::new(&opening(b"hello", b"tls"), nonce(2)),
            ),
            (
                "another hello",
                Channel::new(&opening(b"hell0", b"tls"), nonce(1)),
            ),
            (
                "in the middle",
                Channel::new(&opening(b"hello", b"tl5"), nonce(1)),
            ),
            (
                "without TLS",
                Channel::new(&opening(b"hello", b""), nonce(1)),
            ),
            ("passed on", Channel::new(&secondary, nonce(1))),
        ] {
            assert_eq!(other.check(&signed), Err(NotSigned), "{why}");
        }
        let (_, claim) = signed.parts();
        for (why, other) in [
            ("another wish", Signed::Unregister(claim.clone())),
            (
                "another name",
                Signed::SignIn(Claim {
                    name: client("eva"),
                    ..claim.clone()
                }),
            ),
            (
                "another key",
                Signed::SignIn(Claim {
                    key: DeviceKey::from_seed([8; 32]).public(),
                    ..claim.clone()
                }),
            ),
            (
                "a code",
                Signed::SignIn(Claim {
                    code: Some(Digest::new([0; 32])),
                    ..claim.clone()
                }),
            ),
            (
                "nothing",
                Signed::SignIn(Claim {
                    signature: Signature([0; 64]),
                    ..claim.clone()
                }),
            ),
        ] {
            assert_eq!(own.check(&other), Err(NotSigned), "{why}");
        }
    }

    #[test]
    fn a_code_is_proven_for_one_key_on_one_connection() {
        let channel = Channel::new(&opening(b"hello", b""), nonce(1));
        let code = recovery_code([9; 20]);
        assert_eq!(code, "jjjjj-jjjjj-jjjjj-jjjjj");
        let hash = code_hash(&code);
        assert_eq!(code_hash("JJJJJ jjjjjjjjjj-jjjjj\n"), hash);
        let signed =
            DeviceKey::from_seed([7; 32]).sign(&channel, Wish::SignIn, client("ana"), Some(hash));
        assert_eq!(channel.check(&signed), Ok(()));
        let (_, claim) = signed.parts();
        assert!(channel.proves_code(claim, hash));
        assert!(!channel.proves_code(claim, code_hash("jjjjj-jjjjj-jjjjj-jjjjk")));
        let other = Channel::new(&opening(b"hello", b""), nonce(2));
        assert!(!other.proves_code(claim, hash));
        let without =
            DeviceKey::from_seed([7; 32]).sign(&channel, Wish::SignIn, client("ana"), None);
        assert!(!channel.proves_code(without.parts().1, hash));
        // Nobody else can use it for a key of its own.
        let stolen = Claim {
            key: DeviceKey::from_seed([8; 32]).public(),
            ..claim.clone()
        };
        assert!(!channel.proves_code(&stolen, hash));
    }

    #[test]
    fn an_administrator_proves_the_password_for_one_connection() {
        let [one, other] = [1, 2].map(|n| Channel::new(&opening(b"hello", b""), nonce(n)));
        let key = AdminKey::from_text(b" una clave de prueba\n");
        let proof = one.prove(&AdminKey::from_text(b"una clave de prueba"));
        assert!(one.proves(&key, proof));
        assert!(!other.proves(&key, proof));
        assert!(!one.proves(&AdminKey::from_text(b"otra clave de prueba"), proof));
        assert_eq!(format!("{key:?}"), "AdminKey(..)");
    }

    #[test]
    fn keys_are_not_shown() {
        let key = DeviceKey::from_seed([7; 32]);
        assert_eq!(key.clone().public(), key.public());
        assert!(!format!("{key:?}").contains("0707"));
    }
}
