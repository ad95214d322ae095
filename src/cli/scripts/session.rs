//! A script's connection to the cluster.

use std::{path::PathBuf, time::Duration};

use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{ended::Ended, report::Report};
use crate::{
    model::{ClientName, ListedFile},
    node::client::{ClientError, ClientEvent, ClientHandle},
};

/// How often a central that is not ready is asked again.
pub(super) const ASK_EVERY: Duration = Duration::from_millis(300);

/// A script's connection to the cluster.
pub(super) struct Session {
    pub(super) client: ClientHandle,
    pub(super) events: mpsc::Receiver<ClientEvent>,
    pub(super) report: Report,
    pub(super) stop: CancellationToken,
    /// How long it retries while the central is not ready.
    pub(super) patience: Duration,
    /// The folder of downloads.
    pub(super) target: PathBuf,
}

impl Session {
    /// The catalogue, as soon as the central is ready to give it.
    pub(super) async fn listed(&self) -> Result<Vec<ListedFile>, Ended> {
        let began = Instant::now();
        loop {
            match cancelled(&self.stop, self.client.list()).await {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    tokio::time::sleep(ASK_EVERY).await;
                }
                answer => return Ok(answer?),
            }
        }
    }

    pub(super) fn is_worth_asking_again(&self, error: &ClientError, began: Instant) -> bool {
        let is_waiting = matches!(error, ClientError::NotReady);
        is_waiting && began.elapsed() < self.patience && !self.stop.is_cancelled()
    }

    /// A script without a name uses the host name and its process id.
    pub(super) async fn enrol(&self, name: Option<ClientName>) -> Result<(), Ended> {
        let name = name.unwrap_or_else(own_name);
        Ok(cancelled(&self.stop, self.client.enrol(name)).await?)
    }

    /// Tells the events that are still there.
    pub(super) fn tell_rest(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.report.event(&event);
        }
    }
}

fn own_name() -> ClientName {
    let process = std::process::id();
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let host: String = host.chars().take(32).collect();
    ClientName::try_from(format!("{host}-{process}").as_str())
        .or_else(|_| ClientName::try_from(format!("videocliente-{process}").as_str()))
        .unwrap_or_else(|_| unreachable!("letters, a hyphen and digits"))
}

/// The answer to a question, unless the program is to end first.
pub(super) async fn cancelled<T>(
    stop: &CancellationToken,
    question: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::select! {
        () = stop.cancelled() => Err(ClientError::Stopped),
        answer = question => answer,
    }
}
