//! A script's connection to the cluster.

use std::{path::PathBuf, sync::Arc};

use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{ended::Ended, report::Report};
use crate::{
    cli::{
        client::{ASK_EVERY, Around, Service},
        text,
    },
    model::{ClientName, ListedFile},
    node::{
        Security,
        client::{ClientError, ClientEvent, ClientHandle},
    },
};

/// A script's connection to the cluster.
pub(super) struct Session {
    pub(super) client: ClientHandle,
    pub(super) events: mpsc::Receiver<ClientEvent>,
    /// What is wanted at the ends of downloads.
    pub(super) around: Around,
    /// The limit has changed.
    pub(super) changes: mpsc::Receiver<String>,
    pub(super) report: Report,
    pub(super) stop: CancellationToken,
    /// How long it waits for a central that is not ready.
    pub(super) service: Service,
    /// The folder of downloads.
    pub(super) target: PathBuf,
    pub(super) security: Arc<Security>,
}

impl Session {
    /// The catalogue, as soon as the central is ready to give it.
    pub(super) async fn listed(&mut self) -> Result<Vec<ListedFile>, Ended> {
        let began = Instant::now();
        loop {
            match cancelled(&self.stop, self.client.list()).await {
                Err(error) if self.is_worth_asking_again(&error, began) => {
                    self.wait_for_service(&error).await;
                }
                answer => return Ok(answer?),
            }
        }
    }

    pub(super) fn is_worth_asking_again(&self, error: &ClientError, began: Instant) -> bool {
        self.service.is_worth_waiting(error, began) && !self.stop.is_cancelled()
    }

    /// Waits a little before the central is asked again. People hear once why.
    pub(super) async fn wait_for_service(&mut self, error: &ClientError) {
        if let Some(line) = self.service.none(&self.client, error).await
            && !self.report.is_quiet
        {
            self.report.note(&line);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }

    /// A script without a name uses the host name and its process id.
    pub(super) async fn enrol(&mut self, name: Option<ClientName>) -> Result<(), Ended> {
        let is_typed = name.is_some();
        let name = name.unwrap_or_else(own_name);
        let given = match is_typed {
            true => cancelled(&self.stop, self.client.enrol_as(name.clone())).await?,
            false => cancelled(&self.stop, self.client.enrol(name.clone())).await?,
        };
        let is_account = self.client.signed_in().await.ok().flatten().is_some();
        if given != name && !is_account && !self.report.is_quiet {
            self.report.note(&text::client::other_name(&name, &given));
        }
        Ok(())
    }

    /// Tells the events that are still there.
    pub(super) fn tell_rest(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.event(&event);
        }
    }

    pub(super) fn event(&mut self, event: &ClientEvent) {
        self.around.event(event);
        self.report.event(event);
    }

    /// The limit has changed with the time of day.
    pub(super) fn tell_changes(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            if !self.report.is_quiet {
                self.report.note(&change);
            }
        }
    }

    /// Waits for the programs that are run at the ends of downloads.
    pub(super) async fn programs_end(&mut self) {
        let report = &mut self.report;
        let tell = |failed: String| report.note(&failed);
        self.around.programs_end(&self.stop, tell).await;
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
