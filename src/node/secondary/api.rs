//! What a program that runs a secondary sees of it: its configuration, its events, its handle, and what it may be
//! asked (`orders`).

mod answers;
mod events;
mod handle;
mod orders;
mod transfers;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use super::SecondaryDoor;
use crate::{
    model::SecondaryNumber,
    node::{Centrals, Security, face::FaceMaker},
    store::retired::RetiredLimits,
};

pub(super) use self::orders::SecondaryCommand;
pub use self::{
    answers::{
        Emptied, RecoveredFile, RunningKind, RunningTransfer, ScrubStatus, SecondaryFigures,
        SecondaryStatus,
    },
    events::{NoLongerServing, SecondaryEvent},
    handle::SecondaryHandle,
    orders::SecondaryOrders,
    transfers::{Transfer, TransferKind},
};

/// How a secondary is to run.
#[derive(Clone, Debug)]
pub struct SecondaryConfig {
    /// Its number.
    pub number: SecondaryNumber,
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// Address that others can reach. By default where it listens, or else the local address of its connection to the
    /// central.
    pub announced_ip: Option<IpAddr>,
    /// Port that others can reach. By default where it listens.
    pub announced_port: Option<u16>,
    /// The centrals that it may go to.
    pub centrals: Centrals,
    /// The folder that it serves, made when it does not exist; or the address of a bucket (`s3://bucket/prefix`).
    pub folder: PathBuf,
    /// How often it looks at all of it, where no changes are missed; `None`: as usual.
    pub look_every: Option<Duration>,
    /// Folder of the statistics and of the digest cache.
    pub statistics: PathBuf,
    /// Most bytes per second that it sends, over all connections; `None` for no limit.
    pub upload_limit_bytes_per_s: Option<u64>,
    /// How much of what was set aside is kept, and for how long.
    pub retired: RetiredLimits,
    /// How long a changed file must be left alone before it is offered.
    pub quiet: Duration,
    /// All that it serves is read again and compared with its digests once in this time; `None`: never.
    pub scrub_every: Option<Duration>,
    /// Do not wait for disks that an earlier run found in the folder.
    pub forget_disks: bool,
    /// Who is let in, and what it shows to the central.
    pub security: Arc<Security>,
    /// What serves those who speak another protocol than lines, if anything does. Nothing does where a secret or TLS says
    /// who is let in.
    pub face: Option<FaceMaker<SecondaryDoor>>,
}
