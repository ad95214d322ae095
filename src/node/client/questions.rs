//! Questions to the central that wait for an answer: its name, the listing, its state.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::ClientError;
use crate::model::{
    AccountName, ClientName, ClusterStatus, FileName, ListedFile, PublishedFile,
    limits::{MAX_FILES_PER_SECONDARY, MAX_PUBLISHED_EACH},
    messages::Question,
};

type Answer<T> = oneshot::Sender<Result<T, ClientError>>;

/// Files taken of a listing: as many as ten full secondaries without a common file have.
const MOST_LISTED: usize = 10 * MAX_FILES_PER_SECONDARY;

/// A page of the listing, as the central sends it.
#[derive(Debug)]
pub(super) struct Page {
    /// Service has begun.
    pub(super) ready: bool,
    pub(super) files: Vec<ListedFile>,
    /// Others follow.
    pub(super) more: bool,
}

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Questions {
    enrol: Vec<Answer<ClientName>>,
    status: Vec<Answer<ClusterStatus>>,
    list: Vec<Answer<Vec<ListedFile>>>,
    /// The listing as far as it has come.
    pages: Vec<ListedFile>,
    content: BTreeMap<AccountName, Asked>,
}

/// What an account publishes is asked for.
#[derive(Debug, Default)]
struct Asked {
    answers: Vec<Answer<Vec<PublishedFile>>>,
    /// As far as it has come.
    files: Vec<PublishedFile>,
}

/// A page of what an account publishes, as the central sends it.
#[derive(Debug)]
pub(super) struct ContentPage {
    /// There is such an account.
    pub(super) known: bool,
    pub(super) files: Vec<PublishedFile>,
    /// Others follow.
    pub(super) more: bool,
}

impl Questions {
    pub(super) fn enrol(&mut self, answer: Answer<ClientName>) {
        self.enrol.push(answer);
    }

    pub(super) fn status(&mut self, answer: Answer<ClusterStatus>) {
        self.status.push(answer);
    }

    /// Gives the question to send, unless a listing is on its way already.
    pub(super) fn list(&mut self, answer: Answer<Vec<ListedFile>>) -> Option<Question> {
        self.list.push(answer);
        (self.list.len() == 1).then(|| {
            self.pages.clear();
            Question::List { after: None }
        })
    }

    /// Gives the question to send.
    pub(super) fn content(
        &mut self,
        account: AccountName,
        answer: Answer<Vec<PublishedFile>>,
    ) -> Question {
        let asked = self.content.entry(account.clone()).or_default();
        asked.answers.push(answer);
        asked.files.clear();
        let after = None;
        Question::Content { account, after }
    }

    /// Takes a page of what an account publishes in; gives the question for the next one.
    pub(super) fn content_page(
        &mut self,
        account: AccountName,
        page: ContentPage,
    ) -> Option<Question> {
        let ContentPage { known, files, more } = page;
        let asked = self.content.get_mut(&account)?;
        let last = |files: &[PublishedFile]| files.last().map(|of| of.file.name.clone());
        let (before, after) = (last(&asked.files), last(&files));
        let room = MAX_PUBLISHED_EACH.saturating_sub(asked.files.len());
        let goes_on = after > before && room > 0;
        asked.files.extend(files.into_iter().take(room));
        if known && more && goes_on {
            return Some(Question::Content { account, after });
        }
        let asked = self.content.remove(&account)?;
        for answer in asked.answers {
            let _ = answer.send(match known {
                true => Ok(asked.files.clone()),
                false => Err(ClientError::UnknownAccount(account.clone())),
            });
        }
        None
    }

    /// What to ask again on a new link. The name is repeated there anyway.
    pub(super) fn unanswered(&mut self) -> Vec<Question> {
        let mut messages = vec![Question::Status; self.status.len().min(1)];
        if !self.list.is_empty() {
            self.pages.clear();
            messages.push(Question::List { after: None });
        }
        for (account, asked) in &mut self.content {
            asked.files.clear();
            messages.push(Question::Content {
                account: account.clone(),
                after: None,
            });
        }
        messages
    }

    /// True when somebody has waited for it.
    pub(super) fn enrolled(&mut self, name: &ClientName) -> bool {
        let mut is_heard = false;
        for answer in self.enrol.drain(..) {
            is_heard |= answer.send(Ok(name.clone())).is_ok();
        }
        is_heard
    }

    /// The central does not take the name. True when somebody has waited for it.
    pub(super) fn not_enrolled(&mut self, error: &ClientError) -> bool {
        let mut is_heard = false;
        for answer in self.enrol.drain(..) {
            is_heard |= answer.send(Err(error.clone())).is_ok();
        }
        is_heard
    }

    pub(super) fn answer_status(&mut self, status: &ClusterStatus) {
        for answer in self.status.drain(..) {
            let _ = answer.send(Ok(status.clone()));
        }
    }

    /// Takes a page in; gives the question for the next one.
    pub(super) fn listing(&mut self, page: Page) -> Option<Question> {
        let Page { ready, files, more } = page;
        if self.list.is_empty() {
            // Nobody asked for it.
            return None;
        }
        let last = |files: &[ListedFile]| files.last().map(|listed| listed.file.name.clone());
        let (before, after): (Option<FileName>, _) = (last(&self.pages), last(&files));
        // A central whose pages repeat, or never end, is not followed.
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

    /// No answer will come. True when somebody has waited for one.
    pub(super) fn fail(&mut self, error: &ClientError) -> bool {
        let mut is_heard = self.not_enrolled(error);
        self.pages.clear();
        for answer in self.status.drain(..) {
            is_heard |= answer.send(Err(error.clone())).is_ok();
        }
        for answer in self.list.drain(..) {
            is_heard |= answer.send(Err(error.clone())).is_ok();
        }
        for (_, asked) in std::mem::take(&mut self.content) {
            for answer in asked.answers {
                is_heard |= answer.send(Err(error.clone())).is_ok();
            }
        }
        is_heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest, FileMeta};

    fn page(names: &[&str]) -> Page {
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
        Page {
            ready: true,
            files: names.iter().map(listed).collect(),
            more: true,
        }
    }

    #[test]
    fn a_listing_ends_though_its_pages_repeat() {
        let mut questions = Questions::default();
        // Nobody has asked: nothing is kept.
        assert_eq!(questions.listing(page(&["a"])), None);
        assert!(questions.pages.is_empty());
        let (answer, mut answered) = oneshot::channel();
        questions.list(answer).unwrap();
        assert!(questions.listing(page(&["a", "b"])).is_some());
        assert_eq!(questions.listing(page(&["a", "b"])), None);
        assert_eq!(answered.try_recv().unwrap().unwrap().len(), 4);
    }
}
