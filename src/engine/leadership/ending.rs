//! How far the end of a central is.

use std::time::{Duration, Instant};

use super::types::AskId;

/// For no longer is a key store waited for.
const WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Stopping {
    pub(super) until: Instant,
    /// Handing over has been tried.
    pub(super) tried: bool,
    /// The key is being given back.
    pub(super) releasing: Option<AskId>,
    /// The lease is being given back.
    pub(super) revoking: Option<AskId>,
    pub(super) next_at: Instant,
}

impl Stopping {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            until: now + WITHIN,
            tried: false,
            releasing: None,
            revoking: None,
            next_at: now,
        }
    }
}
