//! Connections that a server refuses or ends for what they did: counted by code, and told to people, but not
//! one by one when there are many.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::{refused::Refused, security::Security};
use crate::{
    net::Socket,
    proto::{ErrorCode, encode_line, handshake::FromServer},
};

/// What is told one by one between two calls of [`Refusals::forget_told`].
const TOLD: u64 = 20;

/// How many there were of each code, from run to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Refusals {
    codes: BTreeMap<ErrorCode, u64>,
    #[serde(skip)]
    lately: u64,
}

impl Refusals {
    /// One more; true when people should hear of it.
    pub(super) fn count(&mut self, code: ErrorCode) -> bool {
        let count = self.codes.entry(code).or_default();
        *count = count.saturating_add(1);
        self.lately += 1;
        self.lately <= TOLD
    }

    /// All of them.
    pub(super) fn by_code(&self) -> &BTreeMap<ErrorCode, u64> {
        &self.codes
    }

    /// Counts one; gives those of which people should hear.
    pub(super) fn note(
        &mut self,
        address: Option<SocketAddr>,
        reason: Refused,
    ) -> Option<(SocketAddr, Refused)> {
        let code = reason.code();
        if !self.count(code) {
            return None;
        }
        // Where there is nobody to name, only the log is told.
        let Some(address) = address else {
            tracing::warn!(?code, %reason, "refused");
            return None;
        };
        tracing::info!(%address, ?code, %reason, "refused");
        Some((address, reason))
    }

    /// Starts anew to tell them one by one.
    pub(super) fn forget_told(&mut self) {
        let lately = std::mem::take(&mut self.lately);
        if let Some(more @ 1..) = lately.checked_sub(TOLD) {
            tracing::warn!(connections = more, "more were refused");
        }
    }
}

/// Tells somebody for whom there is no permit, as far as that goes without waiting, and closes. A peer that speaks
/// TLS is only closed: what it could read would take a handshake.
pub(super) fn tell_no_permit(socket: &Socket, most: usize, security: &Security) -> Refused {
    let refused = Refused::NoPermit { most };
    if !security.has_tls() {
        let mut line = Vec::new();
        let (code, message) = (refused.code(), refused.said());
        encode_line(&FromServer::Error { code, message }, &mut line);
        let _ = socket.try_write(&line);
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_a_few_are_told() {
        let mut refusals = Refusals::default();
        let told = (0..100).filter(|_| refusals.count(ErrorCode::TimedOut));
        assert_eq!(told.count() as u64, TOLD);
        refusals.forget_told();
        assert!(refusals.count(ErrorCode::BadMessage));
        let json = serde_json::to_value(&refusals).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"bad-message": 1, "timed-out": 100})
        );
    }
}
