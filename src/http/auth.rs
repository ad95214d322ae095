//! What the password of a request gives (Basic, RFC 7617), and how often somebody may guess. The name beside the password is
//! not looked at. `Throttle` is pure.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::{
    node::wall_s,
    proto::{
        Password,
        links::{self, LinkKey},
    },
};

/// Wrong passwords of an address that cost it no time.
const FREE_GUESSES: u32 = 5;
/// Time between two further ones.
const BETWEEN_GUESSES: Duration = Duration::from_secs(1);
/// Guesses of an address that wait for their turn are no longer than this from it; what is more is turned away.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Time without a guess after which an address begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);
/// Addresses that are remembered.
const MOST_ADDRESSES: usize = 4096;

/// What somebody may do. Each may do what the ones before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    /// Has said nothing: may do what everybody may.
    #[default]
    Stranger,
    /// Knows the secret of the cluster.
    Member,
    /// Knows the password of its administrator.
    Administrator,
}

/// The passwords of a server.
#[derive(Clone, Debug, Default)]
pub struct Passwords {
    /// What members say; none where everybody is one.
    pub member: Option<Password>,
    /// What the administrator says; none where there is no such person.
    pub administrator: Option<Password>,
    /// The administrator's password may come in the clear, over the network.
    pub in_clear: bool,
    /// What addresses are signed with that members give to their players.
    pub links: Option<LinkKey>,
}

/// Who may change something here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Administration {
    /// There is a password.
    pub(super) is_on: bool,
    /// It may also come in the clear, from other machines.
    pub(super) in_clear: bool,
}

impl Passwords {
    /// Who may change something.
    pub(super) fn administration(&self) -> Administration {
        Administration {
            is_on: self.administrator.is_some(),
            in_clear: self.in_clear,
        }
    }

    /// What a password gives, if anything. Always takes as long.
    fn right_of(&self, said: &[u8]) -> Option<Right> {
        let is = |password: &Option<Password>| password.as_ref().is_some_and(|own| own.is(said));
        let (member, administrator) = (is(&self.member), is(&self.administrator));
        match (member, administrator) {
            (_, true) => Some(Right::Administrator),
            (true, false) => Some(Right::Member),
            (false, false) => None,
        }
    }
}

/// Why what somebody has said gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAdmitted {
    /// It is not right, or no password.
    Wrong,
    /// Its address has guessed too often: it was not looked at.
    TooOften,
}

/// Asks for passwords.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    passwords: Passwords,
    throttle: Mutex<Throttle>,
}

impl Doorkeeper {
    pub(super) fn new(passwords: Passwords) -> Self {
        Self {
            passwords,
            throttle: Mutex::default(),
        }
    }

    /// True when there is something that only members may do.
    pub(super) fn has_members(&self) -> bool {
        self.passwords.member.is_some()
    }

    /// What signs addresses for somebody who may read by a link that is good until a second, or by a password; `None` where
    /// no address needs it.
    pub(super) fn signer(&self, until_s: Option<u64>) -> Option<Signer> {
        self.has_members().then_some(())?;
        Some(Signer {
            key: self.passwords.links.clone()?,
            // A link does not live on in others.
            until_s: until_s.unwrap_or_else(|| wall_s() + links::LONGEST.as_secs()),
        })
    }

    /// Until when the address of a request lets whoever has it read what is there.
    pub(super) fn link(&self, path: &str, query: Option<&str>) -> Option<u64> {
        let key = self.passwords.links.as_ref()?;
        key.check(path, query?, wall_s())
    }

    /// What a request may do. Whoever guesses waits for it.
    ///
    /// # Errors
    /// When what it says is not right.
    pub(super) async fn right_of(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Right, NotAdmitted> {
        let Some(said) = said(headers) else {
            return Ok(Right::Stranger);
        };
        let said = said.ok_or(NotAdmitted::Wrong)?;
        let right = self.passwords.right_of(&said);
        let turn = self
            .throttle
            .lock()
            .turn(Instant::now(), address, right)
            .ok_or(NotAdmitted::TooOften)?;
        // Neither the answer nor its time says anything before it is this guess's turn.
        if let Some(turn) = turn {
            sleep_until(turn).await;
        }
        let mut throttle = self.throttle.lock();
        match right {
            Some(right) => {
                throttle.passed(Instant::now(), address, right);
                Ok(right)
            }
            None => {
                throttle.failed(Instant::now(), address);
                Err(NotAdmitted::Wrong)
            }
        }
    }
}

/// Signs addresses.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    key: LinkKey,
    until_s: u64,
}

impl Signer {
    /// What is put after a path, without its question mark.
    pub(super) fn sign(&self, path: &str) -> String {
        self.key.sign(path, self.until_s)
    }
}

/// The password that a request says: `None` where it says nothing, and an inner `None` for what is no password.
fn said(headers: &HeaderMap) -> Option<Option<Vec<u8>>> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let field = fields.next()?;
    if fields.next().is_some() {
        return Some(None);
    }
    Some(basic(field.as_bytes()))
}

fn basic(field: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = field.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let pair = STANDARD.decode(rest.trim_ascii()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

/// Who has guessed how often.
#[derive(Debug, Default)]
struct Throttle {
    addresses: HashMap<IpAddr, Guesser>,
}

#[derive(Debug)]
struct Guesser {
    wrong: u32,
    /// Before this no further guess is looked at.
    next: Instant,
    seen: Instant,
    /// The rights whose passwords have come from here: those are no guesses.
    known: [bool; 2],
}

impl Throttle {
    /// When a password may be looked at: now, or at a moment; `None` when too many wait already. What is known to this
    /// address does not wait for its guesses.
    fn turn(
        &mut self,
        now: Instant,
        address: IpAddr,
        right: Option<Right>,
    ) -> Option<Option<Instant>> {
        let Some(guesser) = self.addresses.get_mut(&origin(address)) else {
            return Some(None);
        };
        if now > guesser.seen + FORGOTTEN_AFTER {
            guesser.wrong = 0;
        }
        guesser.seen = now;
        let is_known = right
            .and_then(place)
            .is_some_and(|place| guesser.known[place]);
        if is_known || guesser.wrong < FREE_GUESSES {
            return Some(None);
        }
        let turn = guesser.next.max(now);
        if turn > now + LONGEST_WAIT {
            return None;
        }
        guesser.next = turn + BETWEEN_GUESSES;
        Some(Some(turn))
    }

    fn failed(&mut self, now: Instant, address: IpAddr) {
        let guesser = self.of(now, address);
        guesser.wrong = guesser.wrong.saturating_add(1);
        guesser.next = guesser.next.max(now + BETWEEN_GUESSES);
    }

    fn passed(&mut self, now: Instant, address: IpAddr, right: Right) {
        let guesser = self.of(now, address);
        if let Some(place) = place(right) {
            guesser.known[place] = true;
        }
    }

    fn of(&mut self, now: Instant, address: IpAddr) -> &mut Guesser {
        let origin = origin(address);
        if self.addresses.len() >= MOST_ADDRESSES && !self.addresses.contains_key(&origin) {
            let oldest = self
                .addresses
                .iter()
                .min_by_key(|(_, guesser)| guesser.seen);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.addresses.remove(&oldest);
            }
        }
        self.addresses.entry(origin).or_insert(Guesser {
            wrong: 0,
            next: now,
            seen: now,
            known: [false; 2],
        })
    }
}

/// Where what a right's password has come from is noted.
fn place(right: Right) -> Option<usize> {
    match right {
        Right::Stranger => None,
        Right::Member => Some(0),
        Right::Administrator => Some(1),
    }
}

/// What counts as one address: a host has a whole /64 of IPv6 to itself.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn headers(password: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let field = format!("Basic {}", STANDARD.encode(format!("x:{password}")));
        headers.insert(header::AUTHORIZATION, field.parse().unwrap());
        headers
    }

    fn doorkeeper() -> Doorkeeper {
        Doorkeeper::new(Passwords {
            member: Some(Password::from_text(b"the secret of all")),
            administrator: Some(Password::from_text(b"and: another one")),
            ..Passwords::default()
        })
    }

    #[test]
    fn what_is_said_is_what_stands_after_the_first_colon() {
        let mut headers = HeaderMap::new();
        assert_eq!(said(&headers), None);
        for (field, expected) in [
            ("Basic eDphOmI=", Some("a:b")),
            ("basic eDo=", Some("")),
            ("BASIC   eDphOmI=  ", Some("a:b")),
            ("Basic eA==", None),
            ("Basic ?", None),
            ("Basic", None),
            ("Bearer eDphOmI=", None),
            ("", None),
        ] {
            headers.insert(header::AUTHORIZATION, field.parse().unwrap());
            let expected = expected.map(|text| text.as_bytes().to_vec());
            assert_eq!(said(&headers), Some(expected), "{field}");
        }
        headers.insert(header::AUTHORIZATION, "Basic eDphOmI=".parse().unwrap());
        headers.append(header::AUTHORIZATION, "Basic eDphOmI=".parse().unwrap());
        assert_eq!(said(&headers), Some(None), "twice");
    }

    #[tokio::test(start_paused = true)]
    async fn each_password_has_its_right_and_guesses_take_time() {
        let doorkeeper = doorkeeper();
        let ask = async |password: &str| {
            let began = Instant::now();
            let right = doorkeeper.right_of(&headers(password), HERE).await;
            (right, began.elapsed().as_secs())
        };
        assert_eq!(ask("the secret of all").await, (Ok(Right::Member), 0));
        let nothing = doorkeeper.right_of(&HeaderMap::new(), HERE).await;
        assert_eq!(nothing, Ok(Right::Stranger));
        for _ in 0..FREE_GUESSES {
            assert_eq!(ask("guess").await, (Err(NotAdmitted::Wrong), 0));
        }
        assert_eq!(ask("guess").await, (Err(NotAdmitted::Wrong), 1));
        // Who has said it before goes on with it; what this address has not said yet may be a guess.
        assert_eq!(ask("the secret of all").await, (Ok(Right::Member), 0));
        assert_eq!(ask("guess").await, (Err(NotAdmitted::Wrong), 1));
        let right = ask("and: another one").await;
        assert_eq!(right, (Ok(Right::Administrator), 1));
        assert_eq!(ask("and: another one").await.1, 0);
        // Others are not delayed.
        let elsewhere = "10.0.0.2".parse().unwrap();
        let began = Instant::now();
        let _ = doorkeeper.right_of(&headers("guess"), elsewhere).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        tokio::time::advance(FORGOTTEN_AFTER + BETWEEN_GUESSES).await;
        assert_eq!(ask("guess").await.1, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_at_once_take_turns() {
        let doorkeeper = std::sync::Arc::new(doorkeeper());
        let mut guesses = tokio::task::JoinSet::new();
        let began = Instant::now();
        for _ in 0..50 {
            let doorkeeper = std::sync::Arc::clone(&doorkeeper);
            guesses.spawn(async move {
                let right = doorkeeper.right_of(&headers("guess"), HERE).await;
                (right.unwrap_err(), began.elapsed().as_secs())
            });
        }
        let ends = guesses.join_all().await;
        let turned_away = ends.iter().filter(|end| end.0 == NotAdmitted::TooOften);
        assert_eq!(turned_away.count(), 50 - 5 - 10);
        assert_eq!(ends.iter().map(|end| end.1).max(), Some(10));
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for n in 0..MOST_ADDRESSES as u32 + 10 {
            throttle.failed(now, std::net::Ipv4Addr::from(n).into());
        }
        assert_eq!(throttle.addresses.len(), MOST_ADDRESSES);
        assert_eq!(
            origin("2001:db8::1:2:3:4".parse().unwrap()),
            origin("2001:db8::".parse::<IpAddr>().unwrap())
        );
    }
}
