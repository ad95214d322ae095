//! What happens in a story, by its seed.

use std::time::Duration;

use trozos::engine::leadership::Config;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Kill(usize),
    /// It ends as a person wants it to.
    End(usize),
    Stop(usize),
    Cut(usize),
    /// The member that it asks does what it was asked when it wakes.
    Freeze(usize),
    StoreDown,
    NoSpace,
    /// A lease ends though it was renewed.
    Revoke(usize),
    Compact,
    /// A person's order: to this one, or to whichever is ready.
    Migrate(Option<usize>),
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub rates: Vec<f64>,
    pub config: Config,
    pub troubles: Vec<(Duration, Trouble, Duration)>,
    pub clients: usize,
    pub lost_before: f64,
    pub lost_after: f64,
    /// An answer that takes longer than it may.
    pub late: f64,
    pub watch_missing: f64,
    pub watch_twice: f64,
    /// Troubles end then,
    pub calm_at: Duration,
    /// and the story then.
    pub end_at: Duration,
    /// No lease ends but by its time.
    pub trusts_leases: bool,
}

pub fn plan(seed: u64) -> Plan {
    let mut random = fastrand::Rng::with_seed(seed);
    let nodes = random.usize(2..=3);
    let mut config = Config::new("", "");
    config.ttl = Duration::from_secs(random.u64(3..=5));
    config.snapshot_batches = random.u64(2..40);
    config.kept_batches = random.u64(1..10);
    let calm_at = Duration::from_secs(random.u64(5..50));
    let spoils_leases = random.u8(..4) == 0;
    let mut troubles = Vec::new();
    let mut at = Duration::ZERO;
    let pause = random.u64(200..6000);
    while at < calm_at {
        at += Duration::from_millis(random.u64(..pause));
        let node = random.usize(..nodes);
        let trouble = match random.u8(..14) {
            0 | 1 => Trouble::Kill(node),
            2 => Trouble::End(node),
            3 | 4 => Trouble::Stop(node),
            5 | 6 => Trouble::Cut(node),
            7 => Trouble::Freeze(node),
            8 => Trouble::StoreDown,
            9 => Trouble::NoSpace,
            10 => Trouble::Compact,
            11 if spoils_leases => Trouble::Revoke(node),
            11 | 12 => Trouble::Migrate(None),
            _ => Trouble::Migrate(Some(node)),
        };
        let lasts = match random.u8(..3) {
            0 => Duration::from_millis(random.u64(1..300)),
            1 => Duration::from_millis(random.u64(300..3000)),
            _ => Duration::from_millis(random.u64(3000..12_000)),
        };
        troubles.push((at, trouble, lasts));
    }
    let mut often = |most: f64| {
        if random.bool() {
            random.f64() * most
        } else {
            0.0
        }
    };
    let (lost_before, lost_after, late) = (often(0.1), often(0.1), often(0.2));
    let (watch_missing, watch_twice) = (often(0.1), often(0.1));
    Plan {
        seed,
        rates: (0..nodes).map(|_| 0.9 + random.f64() * 0.2).collect(),
        config,
        troubles,
        clients: random.usize(1..=4),
        lost_before,
        lost_after,
        late,
        watch_missing,
        watch_twice,
        calm_at,
        end_at: calm_at + Duration::from_secs(60),
        trusts_leases: !spoils_leases,
    }
}
