//! `VER` at the prompt: files at addresses of this machine while they come, until they are cancelled or the program ends.

use super::{
    prompt::{Extra, Prompt},
    watched::Watched,
};
use crate::{
    cli::{
        commands::Wanted,
        text::{errors, t},
        wanted,
    },
    http::Local,
    model::FileName,
    node::client::{ClientError, DownloadNumber, Keep, Watch},
};

impl<E: Extra> Prompt<E> {
    pub(super) async fn watch(&self, wanted: &Wanted) {
        let last = self.last.borrow().clone();
        let files = match wanted::files(self.listed(), wanted, &last).await {
            Ok(files) => files,
            Err(wanted::NoFiles::Client(error)) => return self.fails(&error),
            Err(none) => return self.complain(none.text()),
        };
        for file in files {
            self.watch_one(file).await;
        }
    }

    async fn watch_one(&self, file: FileName) {
        if let Some(url) = self.address_of(&file) {
            return self.tell_address(&url);
        }
        let begun = Watch::begin(self.handle.clone(), file.clone(), Keep::Nothing);
        let (watch, answer) = match begun.await {
            Ok(begun) => begun,
            Err(ClientError::NotFound) => return self.not_found(&file).await,
            Err(error) => return self.fails(&error),
        };
        self.tell_why_it_waits(&answer).await;
        match Local::start(watch.clone(), None) {
            Ok(local) => {
                self.tell_address(local.url());
                self.watched.borrow_mut().push(Watched { watch, local });
            }
            Err(error) => {
                watch.end().await;
                self.complain(errors::local(&error));
            }
        }
    }

    /// Where a file is watched already.
    fn address_of(&self, file: &FileName) -> Option<String> {
        let watched = self.watched.borrow();
        let known = watched.iter().find(|known| known.watch.file() == file);
        known.map(|known| known.local.url().to_owned())
    }

    fn tell_address(&self, url: &str) {
        self.printer.line(t!("watch-at", address = url));
    }

    /// A download is given up: whoever watched it does not find it any more.
    pub(super) fn stop_watching(&self, number: DownloadNumber) {
        self.watched
            .borrow_mut()
            .retain(|known| known.watch.number() != number);
    }
}
