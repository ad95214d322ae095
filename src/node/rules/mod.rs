//! What the three roles decide outside of the machines of [`crate::engine`]: who may enrol, what is said on a new link,
//! when an order is obeyed, what was sent. There is no socket, file, task or clock here, so that the nodes and the
//! simulated cluster of `tests/sim` go by the same rules.

pub mod central;
pub mod changes;
pub mod copies;
pub mod discovery;
pub mod downloads;
pub mod endings;
pub mod enrolment;
pub mod finding;
pub mod sent;
pub mod terms;

use crate::model::{RequestId, SourceInfo};

/// A transfer that is received here, as the lists of copies and downloads see it.
pub trait Receiving {
    /// Who can send from now on.
    fn set_sources(&self, sources: Vec<SourceInfo>);

    /// Ends it; its owner hears of the end later.
    fn stop(&self);

    /// Ends it, and drops what it has received.
    fn abandon(&self) {
        self.stop();
    }
}

/// Numbers the downloads of a client, in the order in which they were asked for, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DownloadNumber(pub u64);

/// A download is asked for under its own number.
impl From<DownloadNumber> for RequestId {
    fn from(number: DownloadNumber) -> Self {
        Self(number.0)
    }
}

impl From<RequestId> for DownloadNumber {
    fn from(request: RequestId) -> Self {
        Self(request.0)
    }
}
