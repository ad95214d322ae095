//! What happens when: drawn from the seed alone, whatever the programs do.

use std::{env, ops::Range, path::PathBuf, time::Duration};

use crate::{network::Network, nodes::Role};

pub const SECONDARIES: usize = 3;

/// What a test fixes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long faults happen, unless said otherwise.
    pub seconds: u64,
    /// From one fault to the next, in milliseconds.
    pub gap_ms: Range<u64>,
    /// From one change of somebody's files to the next, in milliseconds.
    pub edit_gap_ms: Range<u64>,
    /// How long faults go on until all comes to rest for once, so that changes after it are in order again.
    pub breath: Duration,
    /// Processes are ended too: what they had not saved is lost, so that books are exact only without.
    pub ends: bool,
    /// Of each secondary's uplink.
    pub rate_bytes_per_s: u64,
    /// Files that are there from beginning to end.
    pub base_files: usize,
    /// How long each is.
    pub file_bytes: Range<usize>,
    pub network: Network,
}

/// A plan and what the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    pub plan: Plan,
    pub duration: Duration,
    pub seed: u64,
    pub clients: usize,
    pub report: Option<PathBuf>,
    /// Where the programs are.
    pub programs: Option<PathBuf>,
}

pub fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let parsed = text.parse();
    Some(parsed.unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

impl Settings {
    pub fn from_env(plan: Plan) -> Self {
        let clients = number("TROZOS_CHAOS_CLIENTS").unwrap_or(3);
        assert!(
            (3..=20).contains(&clients),
            "TROZOS_CHAOS_CLIENTS is 3 to 20, not {clients}"
        );
        Self {
            duration: Duration::from_secs(number("TROZOS_CHAOS_SECONDS").unwrap_or(plan.seconds)),
            seed: number("TROZOS_CHAOS_SEED").unwrap_or(1),
            clients: clients as usize,
            report: env::var_os("TROZOS_CHAOS_REPORT").map(PathBuf::from),
            programs: env::var_os("TROZOS_CHAOS_PROGRAMS").map(PathBuf::from),
            plan,
        }
    }
}

/// What can be done to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// SIGKILL, and a start some time later.
    Kill(Role),
    /// SIGSTOP, and SIGCONT some time later.
    Freeze(Role),
    /// A planned stop, and a start some time later.
    Restart(Role),
    /// The link is down in the node's own namespace.
    CutInside(Role),
    /// The link is pulled out of the switch: its node notices nothing.
    CutOutside(Role),
    /// An uplink falls to a crawl.
    Slow(usize),
    /// Wrong bytes in a served file, whose time of change stays.
    Corrupt(usize),
    /// A new file at one secondary.
    Add(usize),
    /// A file is deleted at one secondary.
    Delete(usize),
}

/// One step of the story.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// After the step before.
    pub after: Duration,
    pub act: Act,
    /// How long it lasts.
    pub lasts: Duration,
}

/// The steps, one after the other.
#[derive(Debug)]
pub struct Story {
    random: fastrand::Rng,
    clients: usize,
    network: Network,
    gap_ms: Range<u64>,
    ends: bool,
}

impl Story {
    pub fn new(settings: &Settings) -> Self {
        Self {
            random: fastrand::Rng::with_seed(settings.seed),
            clients: settings.clients,
            network: settings.plan.network,
            gap_ms: settings.plan.gap_ms.clone(),
            ends: settings.plan.ends,
        }
    }

    pub fn next(&mut self) -> Step {
        let random = &mut self.random;
        let after = Duration::from_millis(random.u64(self.gap_ms.clone()));
        let lasts = Duration::from_millis(random.u64(300..5_000));
        let secondary = random.usize(..SECONDARIES);
        // Secondaries are hit most.
        let anybody = match random.u8(..10) {
            0..6 => Role::Secondary(secondary),
            6..8 => Role::Central,
            _ => Role::Client(random.usize(..self.clients)),
        };
        // Drawn for every network, so that a seed tells nearly the same story on each.
        let kind = random.u8(..20);
        let kind = if self.ends || kind >= 10 {
            kind
        } else {
            6 + 4 * (kind % 3)
        };
        let act = match (kind, self.network) {
            (0..5, _) => Act::Kill(anybody),
            (5..9, _) => Act::Freeze(anybody),
            (9, _) => Act::Restart(anybody),
            (10..12, Network::Namespaces) => Act::CutInside(anybody),
            (12..14, Network::Namespaces) => Act::CutOutside(anybody),
            (14..16, Network::Namespaces) => Act::Slow(secondary),
            (10..16, Network::Loopback) => Act::Freeze(anybody),
            (16..18, _) => Act::Corrupt(secondary),
            (18, _) => Act::Add(secondary),
            _ => Act::Delete(secondary),
        };
        Step { after, act, lasts }
    }
}
