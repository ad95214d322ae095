//! Who may stay connected when a server is full: addresses share its places evenly, and what is idle goes
//! first. Knows no sockets and no clocks.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

/// What a connection does with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nothing at the moment: it gives way to a newcomer of its own address.
    Idle,
    /// Somebody waits for what it brings: it only gives way to addresses that hold fewer places.
    Busy,
    /// The server depends on it: it never gives way.
    Pinned,
}

/// The places of one server.
#[derive(Debug)]
pub struct Places {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next_key: u64,
    /// Counts what happens, to tell how long ago something was.
    moment: u64,
    places: BTreeMap<u64, State>,
    per_origin: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct State {
    origin: IpAddr,
    use_: Use,
    used_at: u64,
    given_up: CancellationToken,
}

/// A place, for as long as this lives or until it is given up.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    key: u64,
    given_up: CancellationToken,
}

impl Places {
    /// So many places, none of them taken.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            held: Mutex::default(),
        })
    }

    /// A place for a connection from this address; another connection may have to give its own up for it.
    /// `None` when everything is taken by those with a better claim.
    ///
    /// A full server takes the place from the address that has the most, if that is at least two more than
    /// the newcomer's has (max-min fairness), and otherwise from the newcomer's own. Of its connections the
    /// one goes that has been idle for longest; a busy one only for another address.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let origin = origin(address);
        let mut held = self.lock();
        if held.places.len() >= self.most {
            let victim = held.victim(origin)?;
            if let Some(state) = held.remove(victim) {
                state.given_up.cancel();
            }
        }
        let given_up = CancellationToken::new();
        let key = held.next_key;
        held.next_key += 1;
        let used_at = held.tick();
        held.places.insert(
            key,
            State {
                origin,
                use_: Use::Idle,
                used_at,
                given_up: given_up.clone(),
            },
        );
        *held.per_origin.entry(origin).or_default() += 1;
        drop(held);
        Some(Place {
            places: Arc::clone(self),
            key,
            given_up,
        })
    }

    /// How many there are.
    pub fn most(&self) -> usize {
        self.most
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

    /// The connection of an address with this use that has not changed for longest.
    fn longest(&self, origin: IpAddr, use_: Use) -> Option<u64> {
        let of_origin = self
            .places
            .iter()
            .filter(|(_, state)| state.origin == origin && state.use_ == use_);
        let longest = of_origin.min_by_key(|(_, state)| state.used_at);
        longest.map(|(key, _)| *key)
    }

    fn remove(&mut self, key: u64) -> Option<State> {
        let state = self.places.remove(&key)?;
        if let Some(count) = self.per_origin.get_mut(&state.origin) {
            *count -= 1;
            if *count == 0 {
                self.per_origin.remove(&state.origin);
            }
        }
        Some(state)
    }
}

impl Place {
    /// Says what the connection does from now on.
    pub fn set_use(&self, use_: Use) {
        let mut held = self.places.lock();
        let moment = held.tick();
        if let Some(state) = held.places.get_mut(&self.key) {
            state.use_ = use_;
            state.used_at = moment;
        }
    }

    /// It did something of use just now.
    pub fn touch(&self) {
        let mut held = self.places.lock();
        let moment = held.tick();
        if let Some(state) = held.places.get_mut(&self.key) {
            state.used_at = moment;
        }
    }

    /// Waits until the place is another's: the connection must end. Cancel-safe.
    pub async fn given_up(&self) {
        self.given_up.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().remove(self.key);
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

    fn is_given_up(place: &Place) -> bool {
        place.given_up.is_cancelled()
    }

    #[test]
    fn the_one_that_is_idle_for_longest_gives_way_and_busy_ones_do_not() {
        let places = Places::new(3);
        let take = || places.take(host(1));
        let (first, second, third) = (take().unwrap(), take().unwrap(), take().unwrap());
        first.touch();
        second.set_use(Use::Busy);
        // Below the limit nobody had to go.
        assert!([&first, &second, &third].iter().all(|p| !is_given_up(p)));
        let fourth = take().unwrap();
        assert!(is_given_up(&third) && !is_given_up(&first));
        first.set_use(Use::Busy);
        fourth.set_use(Use::Pinned);
        assert!(take().is_none());
        drop(second);
        assert!(take().is_some());
        // The place of one that had to go is not given back twice.
        drop(third);
        assert_eq!(places.lock().places.len(), 2);
    }

    #[test]
    fn an_address_that_holds_everything_gives_way_to_others_until_they_have_as_much() {
        let places = Places::new(8);
        let mut greedy: Vec<_> = (0..8).map(|_| places.take(host(1)).unwrap()).collect();
        greedy.iter().for_each(|place| place.set_use(Use::Busy));
        greedy[0].set_use(Use::Pinned);
        let honest: Vec<_> = (0..4).map(|_| places.take(host(2)).unwrap()).collect();
        honest.iter().for_each(|place| place.set_use(Use::Busy));
        greedy.retain(|place| !is_given_up(place));
        assert_eq!(greedy.len(), 4);
        assert!(!is_given_up(&greedy[0]), "pinned");
        assert!(places.take(host(2)).is_none());
        assert!(places.take(host(1)).is_none());
        let third = places.take(host(3)).unwrap();
        assert!(!is_given_up(&third));
    }

    #[test]
    fn a_host_with_many_ipv6_addresses_is_one() {
        let places = Places::new(2);
        let take = |text: &str| places.take(text.parse().unwrap());
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
