//! Who may stay connected to a full server: addresses share its permits evenly, and idle connections give way first.
//! Knows no sockets and no clocks.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nothing: it gives way to a newcomer from its own address.
    Idle,
    /// Transferring: it gives way only to addresses that hold fewer permits.
    Busy,
    /// Needed by the server itself: it never gives way.
    Pinned,
}

/// How many permits are held, by what is done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermitCount {
    /// By connections that do nothing now.
    pub idle: usize,
    /// By those that transfer.
    pub busy: usize,
    /// By those that the server needs itself.
    pub pinned: usize,
}

/// The permits of one server.
#[derive(Debug)]
pub struct Permits {
    most: usize,
    /// For one address.
    most_each: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next_key: u64,
    /// Counts events: a clock for "least recently used".
    moment: u64,
    permits: BTreeMap<u64, State>,
    per_origin: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct State {
    origin: IpAddr,
    use_: Use,
    used_at: u64,
    revoked: CancellationToken,
}

/// A permit, held until it is dropped or revoked.
#[derive(Debug)]
pub struct Permit {
    permits: Arc<Permits>,
    key: u64,
    revoked: CancellationToken,
}

impl Permits {
    /// `most` permits, all free.
    pub fn new(most: usize) -> Arc<Self> {
        Self::with_shares(most, most)
    }

    /// The same, of which one address may have so many, however few others there are.
    pub fn with_shares(most: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_each,
            held: Mutex::default(),
        })
    }

    /// A permit for a connection from this address, revoked from another connection if need be. `None` when every
    /// other holder has the better claim.
    ///
    /// A full server takes from the address with the most permits if it has at least two more than the newcomer
    /// (max-min fairness), and otherwise from the newcomer's own address. There it takes from the connection that has been idle
    /// longest; from a busy one only when it is another address's.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let origin = origin(address);
        let mut held = self.lock();
        let own = held.per_origin.get(&origin).copied().unwrap_or(0);
        let victim = if own >= self.most_each {
            Some(held.longest(origin, Use::Idle)?)
        } else if held.permits.len() >= self.most {
            Some(held.victim(origin)?)
        } else {
            None
        };
        if let Some(state) = victim.and_then(|victim| held.remove(victim)) {
            state.revoked.cancel();
        }
        let revoked = CancellationToken::new();
        let key = held.next_key;
        held.next_key += 1;
        let used_at = held.tick();
        held.permits.insert(
            key,
            State {
                origin,
                use_: Use::Idle,
                used_at,
                revoked: revoked.clone(),
            },
        );
        *held.per_origin.entry(origin).or_default() += 1;
        drop(held);
        Some(Permit {
            permits: Arc::clone(self),
            key,
            revoked,
        })
    }

    /// How many there are.
    pub fn most(&self) -> usize {
        self.most
    }

    /// How many are held.
    pub fn count(&self) -> PermitCount {
        let mut count = PermitCount::default();
        for state in self.lock().permits.values() {
            match state.use_ {
                Use::Idle => count.idle += 1,
                Use::Busy => count.busy += 1,
                Use::Pinned => count.pinned += 1,
            }
        }
        count
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock()
    }
}

impl Held {
    fn tick(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    fn victim(&self, newcomer: IpAddr) -> Option<u64> {
        let own = self.per_origin.get(&newcomer).copied().unwrap_or(0);
        let heaviest = self.per_origin.iter().max_by_key(|(_, count)| **count);
        let from_heaviest =
            heaviest
                .filter(|(_, count)| **count > own + 1)
                .and_then(|(origin, _)| {
                    self.longest(*origin, Use::Idle)
                        .or_else(|| self.longest(*origin, Use::Busy))
                });
        from_heaviest.or_else(|| self.longest(newcomer, Use::Idle))
    }

    /// The least recently used connection of an address with this use.
    fn longest(&self, origin: IpAddr, use_: Use) -> Option<u64> {
        let of_origin = self
            .permits
            .iter()
            .filter(|(_, state)| state.origin == origin && state.use_ == use_);
        let longest = of_origin.min_by_key(|(_, state)| state.used_at);
        longest.map(|(key, _)| *key)
    }

    fn remove(&mut self, key: u64) -> Option<State> {
        let state = self.permits.remove(&key)?;
        if let Some(count) = self.per_origin.get_mut(&state.origin) {
            *count -= 1;
            if *count == 0 {
                self.per_origin.remove(&state.origin);
            }
        }
        Some(state)
    }
}

impl Permit {
    /// Sets what the connection is doing from now on.
    pub fn set_use(&self, use_: Use) {
        let mut held = self.permits.lock();
        let moment = held.tick();
        if let Some(state) = held.permits.get_mut(&self.key) {
            state.use_ = use_;
            state.used_at = moment;
        }
    }

    /// Marks the connection as used just now.
    pub fn touch(&self) {
        let mut held = self.permits.lock();
        let moment = held.tick();
        if let Some(state) = held.permits.get_mut(&self.key) {
            state.used_at = moment;
        }
    }

    /// Waits until the permit is revoked: the connection must end. Cancel-safe.
    pub async fn revoked(&self) {
        self.revoked.cancelled().await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.lock().remove(self.key);
    }
}

/// What counts as one address: a host has a whole /64 of IPv6 to itself.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    fn is_revoked(permit: &Permit) -> bool {
        permit.revoked.is_cancelled()
    }

    #[test]
    fn the_one_that_is_idle_for_longest_gives_way_and_busy_ones_do_not() {
        let permits = Permits::new(3);
        let take = || permits.take(host(1));
        let (first, second, third) = (take().unwrap(), take().unwrap(), take().unwrap());
        first.touch();
        second.set_use(Use::Busy);
        // Below the limit nobody had to go.
        assert!([&first, &second, &third].iter().all(|p| !is_revoked(p)));
        let count = PermitCount {
            idle: 2,
            busy: 1,
            pinned: 0,
        };
        assert_eq!(permits.count(), count);
        let fourth = take().unwrap();
        assert!(is_revoked(&third) && !is_revoked(&first));
        first.set_use(Use::Busy);
        fourth.set_use(Use::Pinned);
        assert!(take().is_none());
        drop(second);
        assert!(take().is_some());
        // The permit of one that had to go is not given back twice.
        drop(third);
        assert_eq!(permits.lock().permits.len(), 2);
    }

    #[test]
    fn an_address_that_holds_everything_gives_way_to_others_until_they_have_as_much() {
        let permits = Permits::new(8);
        let mut greedy: Vec<_> = (0..8).map(|_| permits.take(host(1)).unwrap()).collect();
        greedy.iter().for_each(|permit| permit.set_use(Use::Busy));
        greedy[0].set_use(Use::Pinned);
        let honest: Vec<_> = (0..4).map(|_| permits.take(host(2)).unwrap()).collect();
        honest.iter().for_each(|permit| permit.set_use(Use::Busy));
        greedy.retain(|permit| !is_revoked(permit));
        assert_eq!(greedy.len(), 4);
        assert!(!is_revoked(&greedy[0]), "pinned");
        assert!(permits.take(host(2)).is_none());
        assert!(permits.take(host(1)).is_none());
        let third = permits.take(host(3)).unwrap();
        assert!(!is_revoked(&third));
    }

    #[test]
    fn an_address_has_no_more_than_its_share_even_while_others_are_free() {
        let permits = Permits::with_shares(100, 2);
        let (first, second) = (
            permits.take(host(1)).unwrap(),
            permits.take(host(1)).unwrap(),
        );
        first.set_use(Use::Busy);
        let third = permits.take(host(1)).unwrap();
        assert!(is_revoked(&second) && !is_revoked(&first));
        third.set_use(Use::Busy);
        assert!(permits.take(host(1)).is_none());
        assert!(permits.take(host(2)).is_some());
    }

    #[test]
    fn a_host_with_many_ipv6_addresses_is_one() {
        let permits = Permits::new(2);
        let take = |text: &str| permits.take(text.parse().unwrap());
        let first = take("2001:db8::1").unwrap();
        first.set_use(Use::Busy);
        take("2001:db8::2").unwrap().set_use(Use::Busy);
        let second = take("2001:db8::3").unwrap();
        second.set_use(Use::Busy);
        assert!(take("2001:db8::ffff:4").is_none());
        assert!(take("2001:db8:0:1::1").is_some());
        assert_eq!(origin("::ffff:10.0.0.1".parse().unwrap()), host(1));
    }
}
