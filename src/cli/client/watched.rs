//! A file that players can read, and where.

use crate::{http::Local, node::client::Watch};

/// See the module.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) watch: Watch,
    pub(super) local: Local,
}
