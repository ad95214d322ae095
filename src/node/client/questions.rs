//! Questions to the central that wait for an answer: its name, the listing, its state.

use tokio::sync::oneshot;

use super::ClientError;
use crate::model::{
    ClusterStatus, FileName, ListedFile, limits::MAX_FILES_PER_SECONDARY, messages::Question,
};

type Answer<T> = oneshot::Sender<Result<T, ClientError>>;

/// Files of a listing that are taken: those of many secondaries that share nothing.
const MOST_LISTED: usize = 10 * MAX_FILES_PER_SECONDARY;

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
    pub(super) fn list(&mut self, answer: Answer<Vec<ListedFile>>) -> Option<Question> {
        self.list.push(answer);
        (self.list.len() == 1).then(|| {
            self.pages.clear();
            Question::List { after: None }
        })
    }

    /// What to ask again on a new link. A name is said on each link anyway.
    pub(super) fn unanswered(&mut self) -> Vec<Question> {
        let mut messages = vec![Question::Status; self.status.len().min(1)];
        if !self.list.is_empty() {
            self.pages.clear();
            messages.push(Question::List { after: None });
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
    ) -> Option<Question> {
        if self.list.is_empty() {
            // Nobody has asked.
            return None;
        }
        let last = |files: &[ListedFile]| files.last().map(|listed| listed.file.name.clone());
        let (before, after): (Option<FileName>, _) = (last(&self.pages), last(&files));
        // A central that goes round in circles, or on for ever, is not followed.
        let goes_on = after > before && self.pages.len() + files.len() <= MOST_LISTED;
        self.pages.extend(files.into_iter().take(MOST_LISTED));
        if ready && more && goes_on {
            return Some(Question::List { after });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest, FileMeta};

    fn page(names: &[&str]) -> Vec<ListedFile> {
        let listed = |name: &&str| ListedFile {
            file: FileMeta {
                name: FileName::try_from(*name).unwrap(),
                layout: ChunkLayout::for_file(1).unwrap(),
                id: Digest::new([1; 32]),
            },
            holders: 1,
            wanted: 1,
            conflict: false,
        };
        names.iter().map(listed).collect()
    }

    #[test]
    fn a_listing_ends_though_the_central_goes_round_in_circles() {
        let mut questions = Questions::default();
        // Nobody has asked: nothing is kept.
        assert_eq!(questions.listing(true, page(&["a"]), true), None);
        assert!(questions.pages.is_empty());
        let (answer, mut answered) = oneshot::channel();
        questions.list(answer).unwrap();
        assert!(questions.listing(true, page(&["a", "b"]), true).is_some());
        assert_eq!(questions.listing(true, page(&["a", "b"]), true), None);
        assert_eq!(answered.try_recv().unwrap().unwrap().len(), 4);
    }
}
