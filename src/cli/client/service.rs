//! Requests that wait for service: how long, and what people hear of it, once.

use std::{cell::Cell, time::Duration};

use tokio::time::Instant;

use crate::{
    cli::text::{self, t},
    node::client::{ClientError, ClientHandle},
};

/// How often a central that is not ready is asked again where no person is.
pub(in crate::cli) const ASK_EVERY: Duration = Duration::from_millis(300);

/// See the module.
#[derive(Debug)]
pub(in crate::cli) struct Service {
    /// How long it is waited for where no person is.
    patience: Duration,
    /// People know that there is none.
    told: Cell<bool>,
}

impl Service {
    pub(in crate::cli) fn new(patience: Duration) -> Self {
        Self {
            patience,
            told: Cell::new(false),
        }
    }

    /// True when a request of somebody who cannot repeat it is to be repeated.
    pub(in crate::cli) fn is_worth_waiting(&self, error: &ClientError, began: Instant) -> bool {
        *error == ClientError::NotReady && began.elapsed() < self.patience
    }

    /// There is service: its next end is news.
    pub(in crate::cli) fn is_there(&self) {
        self.told.set(false);
    }

    /// What to say of requests that wait, unless it was said.
    pub(in crate::cli) async fn none(
        &self,
        client: &ClientHandle,
        why: &ClientError,
    ) -> Option<String> {
        if self.told.replace(true) {
            return None;
        }
        self.said_again(client, why).await
    }

    /// The same for whoever wants to hear it each time; nothing where there is service by now.
    pub(in crate::cli) async fn said_again(
        &self,
        client: &ClientHandle,
        why: &ClientError,
    ) -> Option<String> {
        self.told.set(true);
        if *why != ClientError::NotReady {
            let why = text::sentence(&text::errors::client(why));
            return Some(t!("no-central-waits", why = why));
        }
        let status = client.status().await.ok().filter(|status| !status.ready)?;
        let up = status.secondaries.iter().filter(|one| one.alive).count();
        Some(t!("no-service-waits", up = up, all = status.required))
    }
}
