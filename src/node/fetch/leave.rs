//! What becomes of a part file when its fetch ends without the file. Blocking.

use tokio_util::sync::CancellationToken;

use super::{messages::Done, own::Prepared};
use crate::store::{Opened, PartFile};

/// Leaves what was opened and is not received any more.
pub(super) fn leave_opened(done: Done, unwanted: &CancellationToken) {
    if let Done::Opened(Ok(Prepared { opened, .. })) | Done::Verified(Ok((_, opened))) = done
        && let Opened::Part { part, .. } = opened
    {
        leave(&part, unwanted);
    }
}

/// Keeps what is there for another time, or takes it away when there will be none.
pub(super) fn leave(part: &PartFile, unwanted: &CancellationToken) {
    let left = if unwanted.is_cancelled() {
        part.discard()
    } else {
        part.put_away()
    };
    if let Err(error) = left {
        tracing::warn!(%error, "what was received may be asked for again, or be left over");
    }
}
