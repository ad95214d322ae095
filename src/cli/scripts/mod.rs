//! What `videocliente` does without a prompt: `listar`, `descargar`, `verificar`, `estado`. Results go to standard
//! output, all else to standard error.

mod download;
mod output;
mod report;

use std::{path::Path, process::ExitCode, time::Duration};

use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{output::Output, report::Report};
use super::{
    args::{Common, Script},
    client::stop_client,
    exit::Exit,
    logging::Log,
    program, runtime,
    signals::{self, Hangup, Requests},
    text::{errors, links, security, t},
    wanted,
};
use crate::{
    model::{ClientName, ListedFile},
    node::client::{self, ClientConfig, ClientError, ClientEvent, ClientHandle},
};

/// How often a central that is not ready is asked again.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// A script's connection to the cluster.
struct Session {
    client: ClientHandle,
    events: mpsc::Receiver<ClientEvent>,
    report: Report,
    stop: CancellationToken,
    /// How long it goes on asking a central that is not ready.
    patience: Duration,
}

/// Why a script ends before its end.
#[derive(Debug)]
struct Ended {
    exit: Exit,
    why: String,
}

impl From<ClientError> for Ended {
    fn from(error: ClientError) -> Self {
        let (exit, why) = match &error {
            // There is nobody here to whom it could be said that it is tried again.
            ClientError::Unreachable(lost) => (
                Exit::Unreachable,
                t!("script-unreachable", why = links::lost(lost)),
            ),
            ClientError::Denied(denied) => (Exit::Unreachable, security::denied(denied)),
            ClientError::NotFound | ClientError::NoLocalFile(_) => {
                (Exit::NotFound, errors::client(&error))
            }
            _ => (Exit::Failed, errors::client(&error)),
        };
        Self { exit, why }
    }
}

impl From<wanted::NoFiles> for Ended {
    fn from(none: wanted::NoFiles) -> Self {
        match none {
            wanted::NoFiles::Client(error) => error.into(),
            wanted::NoFiles::NotFound(why) => Self {
                exit: Exit::NotFound,
                why,
            },
            wanted::NoFiles::Bad(why) => Self {
                exit: Exit::Usage,
                why,
            },
        }
    }
}

/// Runs a script and ends the program.
pub(super) fn main(
    script: Script,
    config: ClientConfig,
    name: Option<ClientName>,
    common: &Common,
) -> ExitCode {
    let started = || -> anyhow::Result<_> {
        let log = Log::open_or_warn(common.registro_archivo.as_deref());
        let Requests { stop, .. } = signals::listen(Hangup::Stop, log.clone())?;
        log.start(&common.registro, common.registro_formato, None)?;
        let runtime = runtime::start()?;
        Ok((stop, runtime))
    };
    match started() {
        Ok((stop, runtime)) => {
            let exit = runtime.block_on(run(script, config, name, stop));
            runtime.shutdown_timeout(program::LAST_WORK);
            exit.into()
        }
        Err(error) => {
            program::report(&t!("error", why = errors::chain(&error)));
            Exit::Failed.into()
        }
    }
}

async fn run(
    script: Script,
    config: ClientConfig,
    name: Option<ClientName>,
    stop: CancellationToken,
) -> Exit {
    let mut report = Report::new(script.output());
    let output = match download::destination(&script, &config) {
        Ok(output) => output,
        Err(ended) => return report.end(&Err(ended)),
    };
    let takes_stdout = |output: &Output| matches!(output, Output::Stream(sink) if sink.is_stdout());
    report.keep_stdout(output.as_ref().is_some_and(takes_stdout));
    let patience = config.source_wait;
    let (sender, events) = mpsc::channel(program::EVENTS);
    let client = client::start(config, sender).await;
    let mut session = Session {
        client: client.clone(),
        events,
        report,
        stop: stop.clone(),
        patience,
    };
    let done = session.run(script, output, name).await;
    let done = if stop.is_cancelled() {
        let why = t!("interrupted");
        Err(Ended {
            exit: Exit::Interrupted,
            why,
        })
    } else {
        done
    };
    let Session {
        mut events,
        mut report,
        ..
    } = session;
    let (exit, warning) = stop_client(&client, &mut events, |event| report.event(event)).await;
    report.stopped(exit, warning);
    report.end(&done)
}

impl Session {
    async fn run(
        &mut self,
        script: Script,
        output: Option<Output>,
        name: Option<ClientName>,
    ) -> Result<Exit, Ended> {
        match script {
            Script::Listar { patrones, .. } => {
                let mut listed = self.listed().await?;
                if !patrones.is_empty() {
                    let files = wanted::of_words(&listed, &patrones)?;
                    listed.retain(|listed| files.contains(&listed.file.name));
                }
                self.report.listing(&listed);
                Ok(Exit::Well)
            }
            Script::Estado { .. } => {
                let status = self.client.status();
                let status = cancelled(&self.stop, status).await?;
                self.report.status(&status);
                Ok(if status.ready {
                    Exit::Well
                } else {
                    Exit::Failed
                })
            }
            Script::Descargar { nombres, .. } => {
                self.enrol(name).await?;
                self.download(&nombres, output).await
            }
            Script::Verificar { nombres, .. } => {
                self.enrol(name).await?;
                self.verify(&nombres).await
            }
        }
    }

    /// The catalogue, as soon as the central is ready to give it.
    async fn listed(&self) -> Result<Vec<ListedFile>, Ended> {
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

    fn is_worth_asking_again(&self, error: &ClientError, began: Instant) -> bool {
        let is_waiting = matches!(error, ClientError::NotReady);
        is_waiting && began.elapsed() < self.patience && !self.stop.is_cancelled()
    }

    /// A script without a name takes the machine's and its process id.
    async fn enrol(&self, name: Option<ClientName>) -> Result<(), Ended> {
        let name = name.unwrap_or_else(own_name);
        Ok(cancelled(&self.stop, self.client.enrol(name)).await?)
    }

    /// Tells the events that are still there.
    fn tell_rest(&mut self) {
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
async fn cancelled<T>(
    stop: &CancellationToken,
    question: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::select! {
        () = stop.cancelled() => Err(ClientError::Stopped),
        answer = question => answer,
    }
}

/// True for the name of standard output.
fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}
