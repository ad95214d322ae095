//! `PUBLICAR`, `RETIRAR`, `CONTENIDO` and `TRAER` at the prompt.

use std::path::{Path, PathBuf};

use super::prompt::{Extra, Prompt};
use crate::{
    cli::{
        commands::{BringLine, PublishLine},
        console::page_columns,
        text::{self, errors, published, t},
        values::expanded,
    },
    model::{AccountName, FileName, limits::MAX_PUBLISHED_EACH},
    node::client::{Named, PublishError, PublishOrder},
    store::Spot,
};

impl<E: Extra> Prompt<E> {
    pub(super) async fn publish(&self, line: &PublishLine) {
        let path = expanded(&line.path);
        if path.is_dir() {
            return self.publish_folder(&path, line).await;
        }
        self.publish_one(order(line, path, line.name.clone())).await;
    }

    /// A folder's files are shown before they are published, one by one.
    async fn publish_folder(&self, folder: &Path, line: &PublishLine) {
        let files = match self.handle.files_to_publish(folder.to_owned()).await {
            Ok(files) => files,
            Err(error) => return self.complain(errors::publishing(&error)),
        };
        if files.len() > MAX_PUBLISHED_EACH {
            return self.complain(t!("publish-too-many", count = MAX_PUBLISHED_EACH));
        }
        if !line.all {
            let lines = published::to_be_published(&line.path, &files, page_columns());
            return self.printer.lines(lines);
        }
        let base = line.name.clone().or_else(|| {
            let name = folder.file_name()?.to_string_lossy();
            FileName::try_from(&*name).ok()
        });
        for (file, _) in files {
            let name = match &base {
                Some(base) => FileName::try_from(format!("{base}/{file}").as_str()),
                None => Ok(file.clone()),
            };
            match name {
                Ok(name) => {
                    let path = folder.join(file.as_str());
                    self.publish_one(order(line, path, Some(name))).await;
                }
                Err(error) => self.complain(errors::publishing(&error.into())),
            }
        }
    }

    async fn publish_one(&self, order: PublishOrder) {
        self.heard.set(tokio::time::Instant::now());
        match self.handle.publish(order).await {
            Ok(done) => self.printer.line(published::done(&done)),
            Err(PublishError::Client(error)) => self.fails(&error),
            Err(error) => self.complain(errors::publishing(&error)),
        }
    }

    pub(super) async fn withdraw(&self, name: &FileName) {
        match self.handle.withdraw(name.clone()).await {
            Ok(()) => self.printer.line(t!("withdrawn", name = name)),
            Err(PublishError::Client(error)) => self.fails(&error),
            Err(error) => self.complain(errors::publishing(&error)),
        }
    }

    pub(super) async fn content(&self, account: &AccountName) {
        match self.handle.content(account.clone()).await {
            Ok(files) => {
                *self.last.borrow_mut() = files.iter().map(|of| of.file.name.clone()).collect();
                self.printer
                    .lines(published::content(account, &files, page_columns()));
            }
            Err(error) => self.fails(&error),
        }
    }

    pub(super) async fn bring(&self, line: &BringLine) {
        let answer = match &line.target {
            None => self.handle.download(line.file.clone()).await,
            Some(target) => match self.named(target) {
                Some(named) => self.handle.download_as(line.file.clone(), named).await,
                None => return self.complain(t!("publish-name", path = target)),
            },
        };
        match answer {
            Ok(answer) => {
                self.tell_why_it_waits(&answer).await;
                self.printer.line(text::client::answer(&line.file, &answer));
            }
            Err(error) => self.fails(&error),
        }
    }

    /// A path of its user's choice: a name alone is one in the folder of downloads.
    fn named(&self, target: &str) -> Option<Named> {
        let path = expanded(target);
        let spot = Spot::named(path.file_name()?)?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => self.config.target.clone(),
        };
        Some(Named { folder, spot })
    }
}

fn order(line: &PublishLine, path: PathBuf, name: Option<FileName>) -> PublishOrder {
    PublishOrder {
        path,
        name,
        audience: line.audience.clone(),
        replaces: line.replaces,
    }
}
