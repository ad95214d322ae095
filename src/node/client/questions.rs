//! Questions to the central that wait for an answer: its name, the listing, its state.

use tokio::sync::oneshot;

use super::ClientError;
use crate::{
    model::{ClusterStatus, FileName, ListedFile},
    proto::control::ToCentral,
};

type Answer<T> = oneshot::Sender<Result<T, ClientError>>;

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Questions {
    enrol: Vec<Answer<()>>,
    status: Vec<Answer<ClusterStatus>>,
    list: Vec<Answer<Vec<ListedFile>>>,
    /// Pages that have come.
    pages: Vec<ListedFile>,
}

impl Questions {
    pub(super) fn enrol(&mut self, answer: Answer<()>) {
        self.enrol.push(answer);
    }

    pub(super) fn status(&mut self, answer: Answer<ClusterStatus>) {
        self.status.push(answer);
    }

    /// Gives the message to send, unless a listing is on its way already.
    pub(super) fn list(&mut self, answer: Answer<Vec<ListedFile>>) -> Option<ToCentral> {
        self.list.push(answer);
        (self.list.len() == 1).then(|| {
            self.pages.clear();
            ToCentral::List { after: None }
        })
    }

    /// What to ask again on a new link. A name is said on each link anyway.
    pub(super) fn unanswered(&mut self) -> Vec<ToCentral> {
        let mut messages = vec![ToCentral::Status; self.status.len().min(1)];
        if !self.list.is_empty() {
            self.pages.clear();
            messages.push(ToCentral::List { after: None });
        }
        messages
    }

    pub(super) fn enrolled(&mut self) {
        for answer in self.enrol.drain(..) {
            let _ = answer.send(Ok(()));
        }
    }

    pub(super) fn answer_status(&mut self, status: &ClusterStatus) {
        for answer in self.status.drain(..) {
            let _ = answer.send(Ok(status.clone()));
        }
    }

    /// A page came; gives the question for the next one.
    pub(super) fn listing(
        &mut self,
        ready: bool,
        files: Vec<ListedFile>,
        more: bool,
    ) -> Option<ToCentral> {
        let after: Option<FileName> = files.last().map(|listed| listed.file.name.clone());
        self.pages.extend(files);
        if ready && more && after.is_some() {
            return Some(ToCentral::List { after });
        }
        let all = std::mem::take(&mut self.pages);
        for answer in self.list.drain(..) {
            let _ = answer.send(if ready {
                Ok(all.clone())
            } else {
                Err(ClientError::NotReady)
            });
        }
        None
    }

    /// No answer will come.
    pub(super) fn fail(&mut self, error: &ClientError) {
        self.pages.clear();
        for answer in self.enrol.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
        for answer in self.status.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
        for answer in self.list.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
    }
}
