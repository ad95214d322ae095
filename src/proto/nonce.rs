//! What makes each proof of the secret another one.

use serde::{Deserialize, Serialize};

use crate::model::Digest;

/// 32 random bytes that are used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(Digest);

impl Nonce {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// Wraps bytes that nobody can foresee.
    pub fn new(random: [u8; Self::BYTES]) -> Self {
        Self(Digest::new(random))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
