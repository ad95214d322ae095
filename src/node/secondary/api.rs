//! What a program that runs a secondary sees of it: its configuration, its events, its handle.

mod answers;
mod events;
mod handle;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use crate::{model::SecondaryNumber, node::Security, store::retired::RetiredLimits};

pub(super) use self::handle::SecondaryCommand;
pub use self::{
    answers::{RunningKind, RunningTransfer, SecondaryStatus},
    events::{NoLongerServing, SecondaryEvent},
    handle::SecondaryHandle,
};

/// How a secondary is to run.
#[derive(Clone, Debug)]
pub struct SecondaryConfig {
    /// Its number.
    pub number: SecondaryNumber,
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// Address that others can reach; when `None`, where it listens, or else the local one of the connection to the
    /// central.
    pub announced_ip: Option<IpAddr>,
    /// Port that others can reach; where it listens when `None`.
    pub announced_port: Option<u16>,
    /// The centrals' host names or addresses, and ports, in the order in which they are tried.
    pub centrals: Vec<(String, u16)>,
    /// The folder that it serves; made when it does not exist.
    pub folder: PathBuf,
    /// Folder of the statistics and of the digest cache.
    pub statistics: PathBuf,
    /// Most bytes per second that it sends, over all connections; `None` for no limit.
    pub upload_limit_bytes_per_s: Option<u64>,
    /// How much of what was set aside is kept, and for how long.
    pub retired: RetiredLimits,
    /// A file that was changed is left alone for this long before it is offered.
    pub quiet: Duration,
    /// Disks that the folder had are not missed any more.
    pub forget_disks: bool,
    /// Who is let in, and how; also what it shows to the central.
    pub security: Arc<Security>,
}
