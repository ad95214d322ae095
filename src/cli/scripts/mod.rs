//! What `videocliente` does without a prompt: `listar`, `descargar`, `verificar`, `ver`, `enlace`, `estado`. Results go to
//! standard output, all else to standard error. `session` is the connection to the cluster, `download` what takes a while,
//! `chosen` which files, `watch` what players read, `mirror` how a folder becomes like the cluster's, `target` where a file
//! goes, `links` are addresses for players, `report` what is printed, `documents` its JSON, `accounts` who its user is, `ended` why a script stops early.

mod accounts;
mod chosen;
mod documents;
mod download;
mod ended;
mod links;
mod mirror;
mod publishing;
mod report;
mod session;
mod target;
mod watch;

use std::{pin::Pin, process::ExitCode, sync::Arc};

use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{
    ended::Ended,
    links::Links,
    report::Report,
    session::{Session, cancelled},
    target::Output,
};
use super::{
    args::{Choice, Common, Habits, Script},
    client::{Around, Service, stop_client},
    exit::Exit,
    logging::Log,
    output, program, runtime,
    signals::{self, Hangup, Requests},
    text::{errors, spoken, t},
    wanted,
};
use crate::{
    model::{ClientName, FileName},
    node::client::{self, AccountWish, ClientConfig},
};

/// Runs a script and ends the program.
pub(super) fn main(
    script: Script,
    config: (ClientConfig, Habits),
    name: Option<ClientName>,
    common: &Common,
) -> ExitCode {
    spoken::on_command_lines_of("videocliente");
    let started = || -> anyhow::Result<_> {
        let log = Log::open_or_warn(common.registro_archivo.as_deref());
        let Requests { stop, .. } = signals::listen(Hangup::Stop, log.clone())?;
        log.start(&common.registro, common.registro_formato, None)?;
        let runtime = runtime::start()?;
        Ok((stop, runtime))
    };
    match started() {
        Ok((stop, runtime)) => {
            // As in `program`.
            let script: Pin<Box<dyn Future<Output = Exit>>> =
                Box::pin(run(script, config, name, stop));
            let exit = runtime.block_on(script);
            runtime.shutdown_timeout(program::LAST_WORK);
            exit.into()
        }
        Err(error) => {
            output::report(&t!("error", why = errors::chain(&error)));
            Exit::Failed.into()
        }
    }
}

async fn run(
    script: Script,
    (mut config, habits): (ClientConfig, Habits),
    name: Option<ClientName>,
    stop: CancellationToken,
) -> Exit {
    if let Script::Descargar { choice, .. } = &script {
        config.overwrite |= choice.espejo;
    }
    config.peering.serves = matches!(&script, Script::Publicar { what, .. } if what.servir);
    let mut report = Report::new(script.output());
    let output = match target::destination(&script, &config) {
        Ok(output) => output,
        Err(ended) => return report.end(&Err(ended)),
    };
    let takes_stdout = |output: &Output| matches!(output, Output::Stream(sink) if sink.is_stdout());
    report.keep_stdout(output.as_ref().is_some_and(takes_stdout));
    let service = Service::new(config.source_wait);
    let (target, security) = (config.target.clone(), Arc::clone(&config.security));
    let (sender, events) = mpsc::channel(program::EVENTS);
    let client = client::start(config, sender).await;
    let (around, changes) = Around::for_script(&client, habits).await;
    let mut session = Session {
        client: client.clone(),
        around,
        changes,
        events,
        report,
        stop: stop.clone(),
        service,
        target,
        security,
    };
    // What is only watched ends when its user wants it to.
    let is_watched = match &script {
        Script::Ver { watching, .. } => !watching.guardar,
        Script::Publicar { what, .. } => what.servir,
        _ => false,
    };
    let done = session.run(script, output, name).await;
    let done = if stop.is_cancelled() && !is_watched {
        let why = t!("interrupted");
        Err(Ended::plain(Exit::Interrupted, why))
    } else {
        done
    };
    if session.around.is_bell_due() {
        output::bell(std::io::stderr());
    }
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
            Script::Listar { patrones, .. } => self.list(&patrones).await,
            Script::Enlace { nombres, horas, .. } => self.link(&nombres, horas).await,
            Script::Estado { .. } => self.tell_status().await,
            Script::Publicar { what, .. } => {
                self.enrol(name).await?;
                self.publish(&what).await
            }
            Script::Retirar { nombres, .. } => {
                self.enrol(name).await?;
                self.withdraw(&nombres).await
            }
            Script::Contenido { cuenta, .. } => {
                self.enrol(name).await?;
                self.content(&cuenta).await
            }
            Script::Traer { nombres, .. } => {
                self.enrol(name).await?;
                self.download(&nombres, &Choice::default(), output).await
            }
            Script::Descargar {
                nombres, choice, ..
            } => {
                self.enrol(name).await?;
                self.download(&nombres, &choice, output).await
            }
            Script::Ver {
                fichero, watching, ..
            } => {
                self.enrol(name).await?;
                self.watch(&fichero, &watching).await
            }
            Script::Registrar { cuenta, .. } => self.account(AccountWish::Register(cuenta)).await,
            Script::Conectar { cuenta, codigo, .. } => {
                let (name, code) = (cuenta, codigo);
                self.account(AccountWish::SignIn { name, code }).await
            }
            Script::Desconectar { .. } => self.end_account(AccountWish::SignOut).await,
            Script::Baja { .. } => self.end_account(AccountWish::Unregister).await,
            Script::Usuarios { texto, .. } => self.users(texto.as_deref()).await,
            Script::Verificar { nombres, .. } => {
                self.enrol(name).await?;
                self.verify(&nombres).await
            }
        }
    }

    /// Lists what there is, or what patterns say of it.
    async fn list(&mut self, patterns: &[String]) -> Result<Exit, Ended> {
        let mut listed = self.listed().await?;
        if !patterns.is_empty() {
            let files = wanted::of_words(&listed, patterns)?;
            listed.retain(|listed| files.contains(&listed.file.name));
        }
        self.report.listing(&listed);
        Ok(Exit::Well)
    }

    /// Tells where files can be watched.
    async fn link(&mut self, names: &[String], hours: u8) -> Result<Exit, Ended> {
        let listed = self.listed().await?;
        let central = self.client.central().await.ok().flatten();
        let links = Links::new(central.unwrap_or_default(), Arc::clone(&self.security));
        for name in wanted::of_words(&listed, names)? {
            let address = links.of(&name, hours);
            self.tell_link(&name, &address);
        }
        Ok(Exit::Well)
    }

    /// Tells how the cluster is.
    async fn tell_status(&mut self) -> Result<Exit, Ended> {
        let status = self.client.status();
        let status = cancelled(&self.stop, status).await?;
        self.report.status(&status);
        Ok(if status.ready {
            Exit::Well
        } else {
            Exit::Failed
        })
    }

    /// Where a file can be watched.
    fn tell_link(&mut self, name: &FileName, address: &str) {
        if self.report.is_for_programs() {
            let document = json!({ "name": name, "address": address });
            self.report.files.push(document);
        } else {
            self.report.result(address);
        }
    }
}
