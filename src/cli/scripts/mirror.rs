//! `descargar serie/ --espejo`: only what is missing or differs is downloaded, and what the cluster does not have is removed
//! where that was asked for.

use std::{collections::BTreeSet, path::Path};

use serde_json::json;

use super::{
    chosen::Chosen,
    documents::shown,
    download::Wish,
    ended::Ended,
    session::{Session, cancelled},
    target::usage,
};
use crate::{
    cli::{
        args::Choice,
        commands::{is_folder, is_pattern},
        exit::Exit,
        text::{errors, files, t},
        wanted,
    },
    model::{FileName, ListedFile},
    node::client::ClientError,
    store::{Root, StoreError},
};

/// What a mirror comes to.
struct Plan {
    wanted: Vec<FileName>,
    same: Vec<FileName>,
}

impl Session {
    pub(super) async fn mirror(
        &mut self,
        names: &[String],
        choice: &Choice,
    ) -> Result<Exit, Ended> {
        let chosen = Chosen::of(choice)?;
        let is_a_folder = |name: &String| is_folder(name) && !is_pattern(name);
        if choice.borrar
            && let Some(other) = names.iter().find(|name| !is_a_folder(name))
        {
            return Err(usage(t!("usage-delete-folder", name = other)));
        }
        let listed = self.listed().await?;
        let mut meant = wanted::of_words(&listed, names)?;
        meant.retain(|name| chosen.has(name));
        let plan = self.compared(&listed, meant, choice);
        for name in &plan.same {
            let path = self.report.placed(&self.target.join(name.as_str()));
            let path = path.as_deref().map(shown);
            self.report
                .files
                .push(json!({ "name": name.as_str(), "outcome": "already", "path": path }));
        }
        let extra = match choice.borrar {
            true => self.extra(&listed, names, &chosen).await,
            false => Ok(Vec::new()),
        };
        if choice.ensayo {
            for name in &plan.wanted {
                self.tell(
                    name,
                    "would_download",
                    &t!("mirror-would-download", name = name),
                );
            }
            for name in &extra? {
                self.tell(
                    name,
                    "would_delete",
                    &t!("mirror-would-delete", name = name),
                );
            }
            return Ok(self.report.worst());
        }
        let exit = self.all(&plan.wanted, &Wish::Download).await?;
        let extra = extra?;
        if extra.is_empty() || self.stop.is_cancelled() {
            return Ok(exit);
        }
        // What is incomplete takes nothing away.
        if exit != Exit::Well {
            if !self.report.is_quiet {
                self.report.note(&t!("mirror-nothing-deleted"));
            }
            return Ok(exit);
        }
        self.delete(extra).await
    }

    /// What is missing or differs in length. Where contents are to be compared, the download itself does that.
    fn compared(&self, listed: &[ListedFile], meant: Vec<FileName>, choice: &Choice) -> Plan {
        let is_same = |name: &FileName| {
            let listed = listed.iter().find(|listed| listed.file.name == *name);
            let there = std::fs::symlink_metadata(self.target.join(name.as_str()));
            let bytes = listed.map(|listed| listed.file.layout.file_bytes());
            let same_length =
                |there: std::fs::Metadata| there.is_file() && Some(there.len()) == bytes;
            !choice.por_contenido && there.is_ok_and(same_length)
        };
        let (same, wanted) = meant.into_iter().partition(is_same);
        Plan { wanted, same }
    }

    /// The chosen files below these folders that the cluster does not have. Only a cluster that has all of its files in
    /// order can say that.
    async fn extra(
        &self,
        listed: &[ListedFile],
        folders: &[String],
        chosen: &Chosen,
    ) -> Result<Vec<FileName>, Ended> {
        let status = cancelled(&self.stop, self.client.status()).await?;
        if !status.ready || !status.level {
            let why = t!("mirror-not-level");
            return Err(Ended::plain(Exit::Failed, why));
        }
        let known: BTreeSet<&FileName> = listed.iter().map(|listed| &listed.file.name).collect();
        let here = below(&self.target, folders).await?;
        let extra = here.into_iter();
        Ok(extra
            .filter(|name| !known.contains(name) && chosen.has(name))
            .collect())
    }

    /// What is done to a file, or would be.
    fn tell(&mut self, name: &FileName, outcome: &str, sentence: &str) {
        self.report
            .files
            .push(json!({ "name": name.as_str(), "outcome": outcome }));
        if !self.report.is_for_programs() {
            self.report.result(sentence);
        }
    }

    async fn delete(&mut self, extra: Vec<FileName>) -> Result<Exit, Ended> {
        let target = self.target.clone();
        let removing = tokio::task::spawn_blocking(move || {
            let root = Root::open(&target);
            let remove = |name: FileName| {
                let removed = root.clone().and_then(|root| root.remove_file(&name));
                (name, removed)
            };
            extra.into_iter().map(remove).collect::<Vec<_>>()
        });
        let removed = removing.await.map_err(|_| stopped())?;
        for (name, removed) in removed {
            match removed {
                Ok(()) => self.tell(&name, "deleted", &t!("mirror-deleted", name = name)),
                Err(error) => self.report.refused(&name, &failed(&error)),
            }
        }
        Ok(self.report.worst())
    }
}

/// The files of some folders, off the async threads.
async fn below(target: &Path, folders: &[String]) -> Result<Vec<FileName>, Ended> {
    let (target, folders) = (target.to_owned(), folders.to_vec());
    let looking = tokio::task::spawn_blocking(move || {
        let mut found = BTreeSet::new();
        if !target.exists() {
            return Ok(found);
        }
        let root = Root::open(&target)?;
        for folder in folders {
            let files = root.files_below(folder.trim_end_matches('/'))?;
            found.extend(files.into_iter().map(|(name, _)| name));
        }
        Ok(found)
    });
    let found: Result<BTreeSet<_>, StoreError> = looking.await.map_err(|_| stopped())?;
    Ok(found.map_err(|error| failed(&error))?.into_iter().collect())
}

fn failed(error: &StoreError) -> Ended {
    Ended {
        exit: Exit::Failed,
        why: files::store(error),
        code: error.code(),
    }
}

fn stopped() -> Ended {
    Ended::plain(Exit::Failed, errors::client(&ClientError::Stopped))
}
