//! What a central answers beyond the types of its machine.

use serde::{Deserialize, Serialize};

/// A row of a table of downloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadCount {
    /// A file's or a client's name.
    pub name: String,
    /// Complete downloads.
    pub downloads: u64,
}
