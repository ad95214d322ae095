//! Values for the unit tests of several modules.

use crate::{
    model::samples::name,
    node::client::{DownloadNumber, DownloadState, DownloadView, Priority},
};

/// A download that is there.
pub(super) fn view(number: u64, file: &str, state: DownloadState) -> DownloadView {
    DownloadView {
        number: DownloadNumber(number),
        file: name(file),
        state,
        priority: Priority::Normal,
        reached: Default::default(),
    }
}
