//! `publicar`, `retirar`, `contenido`: what scripts publish, and see of others.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{ended::Ended, session::Session};
use crate::{
    cli::{
        args::Publication,
        commands::{account_name, file_name},
        console::page_columns,
        exit::Exit,
        text::{errors, published, t},
        wanted::NoFiles,
    },
    model::{Audience, FileName, PublishedFile, limits::MAX_PUBLISHED_EACH},
    node::client::{PublishError, PublishOrder},
};

impl From<PublishError> for Ended {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Client(error) => error.into(),
            error => Self {
                exit: Exit::Failed,
                why: errors::publishing(&error),
                code: error.code(),
            },
        }
    }
}

impl Session {
    /// Publishes files, and serves them until it is told to end where that is wanted.
    pub(super) async fn publish(&mut self, what: &Publication) -> Result<Exit, Ended> {
        let mut exit = Exit::Well;
        for order in self.orders(what).await? {
            let path = order.path.clone();
            let done = tokio::select! {
                () = self.stop.cancelled() => return Ok(Exit::Interrupted),
                done = self.client.publish(order) => done,
            };
            match done {
                Ok(done) => {
                    let size = done.file.layout.file_bytes();
                    let document = json!({
                        "name": done.file.name, "path": done.path, "bytes": size, "id": done.file.id,
                        "port": done.port, "status": "published",
                    });
                    self.tell_of(document, &published::done(&done));
                }
                Err(error) => {
                    let ended = Ended::from(error);
                    exit = exit.or_worse(ended.exit);
                    let name = path.display().to_string();
                    self.report.files.push(json!({
                        "path": name, "status": "failed", "error": ended.code, "message": ended.why,
                    }));
                    self.report.note(&t!("error", why = ended.why));
                }
            }
        }
        if what.servir && exit == Exit::Well {
            if !self.report.is_quiet {
                self.report.note(&t!("publish-serving"));
            }
            self.serve().await;
        }
        Ok(exit)
    }

    /// Serves until it is told to end.
    async fn serve(&mut self) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                event = self.events.recv() => match event {
                    Some(event) => self.event(&event),
                    None => return,
                },
            }
        }
    }

    /// What is to be published: a folder only as a whole where that is said.
    async fn orders(&self, what: &Publication) -> Result<Vec<PublishOrder>, Ended> {
        let bad = |bad| Ended::from(NoFiles::from(bad));
        let given = what.como.as_deref().map(file_name).transpose();
        let given = given.map_err(bad)?;
        let audience = audience(&what.para).map_err(bad)?;
        if given.is_some() && what.rutas.len() > 1 {
            let why = t!("usage-one-file", count = what.rutas.len());
            return Err(Ended::plain(Exit::Usage, why));
        }
        let order = |path: PathBuf, name: Option<FileName>| PublishOrder {
            path,
            name,
            audience: audience.clone(),
            replaces: what.reemplazar,
        };
        let mut orders = Vec::new();
        for path in &what.rutas {
            if !path.is_dir() {
                orders.push(order(path.clone(), given.clone()));
                continue;
            }
            let files = self.client.files_to_publish(path.clone()).await?;
            if !what.todo {
                let shown = path.display().to_string();
                let lines = published::to_be_published(&shown, &files, page_columns());
                let text: Vec<_> = lines.iter().map(|line| line.text()).collect();
                return Err(Ended::plain(Exit::Usage, text.join("\n")));
            }
            if files.len() > MAX_PUBLISHED_EACH {
                let why = t!("publish-too-many", count = MAX_PUBLISHED_EACH);
                return Err(Ended::plain(Exit::Failed, why));
            }
            let base = given.as_ref().map(ToString::to_string);
            let own = || Some(path.file_name()?.to_string_lossy().into_owned());
            let base = base.or_else(own);
            for (file, _) in files {
                let name = match &base {
                    Some(base) => file_name(&format!("{base}/{file}")).map_err(bad)?,
                    None => file.clone(),
                };
                orders.push(order(path.join(file.as_str()), Some(name)));
            }
        }
        Ok(orders)
    }

    /// Withdraws what this account publishes.
    pub(super) async fn withdraw(&mut self, names: &[String]) -> Result<Exit, Ended> {
        for name in names {
            let name = file_name(name).map_err(|bad| Ended::from(NoFiles::from(bad)))?;
            self.client.withdraw(name.clone()).await?;
            let document = json!({ "name": name, "status": "withdrawn" });
            self.tell_of(document, &t!("withdrawn", name = &name));
        }
        Ok(Exit::Well)
    }

    /// What an account publishes.
    pub(super) async fn content(&mut self, account: &str) -> Result<Exit, Ended> {
        let account = account_name(account).map_err(|bad| Ended::from(NoFiles::from(bad)))?;
        let files = self.client.content(account.clone()).await?;
        if self.report.is_for_programs() {
            let files: Vec<Value> = files.iter().map(content_json).collect();
            self.report.files.extend(files);
        } else {
            for line in published::content(&account, &files, page_columns()) {
                self.report.result(&line);
            }
        }
        Ok(Exit::Well)
    }

    fn tell_of(&mut self, document: Value, line: &str) {
        if self.report.is_for_programs() {
            self.report.files.push(document);
        } else {
            self.report.result(line);
        }
    }
}

fn content_json(of: &PublishedFile) -> Value {
    json!({
        "name": of.file.name, "bytes": of.file.layout.file_bytes(), "id": of.file.id,
        "sources": of.sources, "published_ms": of.at_ms, "for": of.audience,
    })
}

fn audience(names: &[String]) -> Result<Audience, crate::cli::commands::BadLine> {
    let names = names.iter().flat_map(|names| names.split(','));
    let names = names.filter(|name| !name.trim().is_empty());
    let these: Result<std::collections::BTreeSet<_>, _> = names.map(account_name).collect();
    let these = these?;
    Ok(match these.is_empty() {
        true => Audience::All,
        false => Audience::Only(these),
    })
}
