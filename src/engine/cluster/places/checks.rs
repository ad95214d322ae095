//! Which requests a client may make.

use super::{Places, Request, RequestKey, TOO_MANY_REQUESTS};
use crate::{engine::cluster::Refusal, model::TransferId};

impl Places {
    /// # Errors
    /// When a client may not make this request.
    pub(in crate::engine::cluster) fn check(
        &self,
        (connection, request): RequestKey,
    ) -> Result<(), Refusal> {
        let client = self.clients.get(&connection).ok_or(Refusal::WrongRole)?;
        if client.name.is_none() {
            return Err(Refusal::NotEnrolled);
        }
        if client.is_full() || client.requests.contains_key(&request) {
            return Err(TOO_MANY_REQUESTS);
        }
        Ok(())
    }

    /// # Errors
    /// When a client may not resume a transfer under this number.
    pub(in crate::engine::cluster) fn check_resume(
        &self,
        (connection, request): RequestKey,
        transfer: TransferId,
    ) -> Result<(), Refusal> {
        let client = self.clients.get(&connection).ok_or(Refusal::WrongRole)?;
        if client.name.is_none() {
            return Err(Refusal::NotEnrolled);
        }
        let is_taken = match client.requests.get(&request) {
            Some(Request::Running(other)) => *other != transfer,
            Some(Request::Waiting { .. }) => true,
            None => false,
        };
        if client.is_full() || is_taken {
            return Err(TOO_MANY_REQUESTS);
        }
        Ok(())
    }
}
