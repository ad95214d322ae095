//! `VER` at the prompt: files at addresses of this machine while they come, until they are cancelled or the program ends.
//! And what its users count: `CIFRA`, `CIFRAS`.

use super::{
    prompt::{Extra, Prompt},
    watched::Watched,
};
use crate::{
    cli::{
        commands::Wanted,
        console::page_columns,
        text::{self, errors, t},
        wanted,
    },
    http::Local,
    model::{FigureName, FigureOrder, FileName},
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

    pub(super) async fn figure(&self, name: FigureName, order: FigureOrder) {
        match self.handle.count(name, order).await {
            Ok(Ok(figure)) => self.printer.lines([text::figures::value(&figure)]),
            Ok(Err(error)) => {
                self.complain(text::coded(&text::figures::why(&error), error.code()));
            }
            Err(error) => self.fails(&error),
        }
    }

    pub(super) async fn figures(&self) {
        match self.handle.figures().await {
            Ok(figures) => {
                let lines = text::figures::all(&figures, page_columns());
                self.printer.lines(lines);
            }
            Err(error) => self.fails(&error),
        }
    }

    /// A download is given up: whoever watched it does not find it any more.
    pub(super) fn stop_watching(&self, number: DownloadNumber) {
        self.watched
            .borrow_mut()
            .retain(|known| known.watch.number() != number);
    }
}
