//! People register, sign in on several devices, leave and give accounts up, guests call themselves as they like, and the
//! central restarts: a name is whose key it is, whatever happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use trozos::{
    engine::{
        accounts::AccountRefusal,
        cluster::{Action, Cluster, ClusterConfig, ConnectionId, Event, Parting},
        registry::Registry,
    },
    model::{
        AccountKey, AccountName, ClientName, Digest, Door, Finished, Grant, Incarnation, Likeness,
        Outcome, Proven, RequestId, Session, Term, Wish,
        limits::{MAX_DEVICES, NAME_RESTS},
        messages::{ForClient, FromClient, FromReceiver},
    },
};

use crate::samples::{client_name, meta, number};

const DEVICES: u64 = 8;
const STEPS: usize = 120;
/// Some look like others.
const NAMES: [&str; 7] = ["ana", "Ana", "cope", "c0pe", "соре", "luis", "ana-2"];

/// What is known of who owns what, from what was answered.
#[derive(Debug, Default)]
struct Owners {
    keys: BTreeMap<AccountName, BTreeSet<AccountKey>>,
    /// Until when names rest, in milliseconds since 1970.
    resting: BTreeMap<Likeness, u64>,
    codes: BTreeMap<AccountName, Digest>,
}

#[derive(Debug, Default)]
struct Device {
    link: Option<ConnectionId>,
    /// What it is called.
    name: Option<ClientName>,
    /// Whose it is, by the central's last word.
    account: Option<AccountName>,
    requests: u64,
    running: Vec<(RequestId, Grant)>,
}

struct Walk {
    seed: u64,
    trace: bool,
    random: fastrand::Rng,
    began: Instant,
    now: Instant,
    /// Time that passed while no central was there, or that was jumped over.
    ahead: Duration,
    cluster: Cluster,
    registry: Registry,
    links: u64,
    devices: BTreeMap<u64, Device>,
    owners: Owners,
    /// What the last claim was answered.
    refused: Option<AccountRefusal>,
    signed_in: Option<AccountName>,
}

/// Walks one seed.
pub fn run(seed: u64, trace: bool) {
    let began = Instant::now();
    let mut walk = Walk {
        seed,
        trace,
        random: fastrand::Rng::with_seed(seed),
        began,
        now: began,
        ahead: Duration::ZERO,
        cluster: Cluster::new(began, config(Term(1), 0), Registry::default()),
        registry: Registry::default(),
        links: 100,
        devices: (0..DEVICES).map(|n| (n, Device::default())).collect(),
        owners: Owners::default(),
        refused: None,
        signed_in: None,
    };
    walk.act();
    walk.secondary();
    for _ in 0..STEPS {
        walk.step();
        walk.check();
    }
}

fn config(term: Term, wall_ms: u64) -> ClusterConfig {
    ClusterConfig {
        required_secondaries: 1,
        max_downloads: 3,
        term,
        seed: 7,
        wall_ms,
    }
}

fn key(n: u64) -> AccountKey {
    AccountKey(Digest::new([n as u8 + 1; 32]))
}

impl Walk {
    fn wall_ms(&self) -> u64 {
        (self.now - self.began + self.ahead).as_millis() as u64
    }

    fn secondary(&mut self) {
        let hello = Event::SecondaryHello {
            number: number(1),
            incarnation: Incarnation(1),
            address: SocketAddr::from(([10, 0, 0, 1], 50_000)),
        };
        self.links += 1;
        let link = ConnectionId(self.links);
        self.feed(link, hello);
        self.feed(link, Event::inventory(vec![meta("f", 1 << 20, 1)]));
    }

    fn feed(&mut self, link: ConnectionId, event: impl Into<Event>) {
        let event = event.into();
        if self.trace {
            println!("{link:?} {event:?}");
        }
        self.now += Duration::from_millis(1);
        self.cluster.handle_event(self.now, link, event);
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            if self.trace {
                println!("    {action:?}");
            }
            match action {
                Action::Record(entry) => self.registry.apply(&entry),
                Action::ToClient(link, message) => self.told(link, message),
                Action::RefuseAccount { refusal, .. } => self.refused = Some(refusal),
                Action::Close { connection, .. } => {
                    for device in self.devices.values_mut() {
                        if device.link == Some(connection) {
                            *device = Device::default();
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn told(&mut self, link: ConnectionId, message: ForClient) {
        let seed = self.seed;
        let mut devices = self.devices.values_mut();
        let Some(device) = devices.find(|device| device.link == Some(link)) else {
            panic!("seed {seed}: {message:?} to nobody");
        };
        match message {
            ForClient::Enrolled { name } => {
                device.account = None;
                device.name = Some(name);
            }
            ForClient::SignedIn { name, .. } => {
                // Nobody hears of it before it is recorded.
                assert!(self.registry.accounts().get(&name).is_some(), "seed {seed}");
                device.name = Some(name.client());
                device.account = Some(name.clone());
                self.signed_in = Some(name);
            }
            ForClient::SignedOut { name } => {
                device.name = Some(name);
                device.account = None;
            }
            ForClient::Granted { request, grant } => device.running.push((request, grant)),
            ForClient::Queued { .. }
            | ForClient::Superseded { .. }
            | ForClient::Booked { .. }
            | ForClient::Published { .. }
            | ForClient::Withdrawn { .. }
            | ForClient::YouAre { .. }
            | ForClient::Peers { .. }
            | ForClient::Private { .. }
            | ForClient::ServeTo { .. } => {}
        }
    }

    fn step(&mut self) {
        let d = self.random.u64(..DEVICES);
        let name = NAMES[self.random.usize(..NAMES.len())];
        match self.random.u8(..20) {
            0..=2 => self.connect(d),
            3 => self.lose(d),
            4..=6 => self.claim(d, Wish::Register, name),
            7..=10 => self.claim(d, Wish::SignIn, name),
            11 => self.claim(d, Wish::Unregister, name),
            12 => self.leave(d),
            13 | 14 => self.guest(d, name),
            15 => self.download(d),
            16 => self.finish(d),
            17 => self.order(name),
            18 => {
                let far = self.random.u8(..6) == 0;
                self.now += match far {
                    true => NAME_RESTS,
                    false => Duration::from_secs(self.random.u64(..4000)),
                };
                self.cluster.stood_still(self.now);
                self.cluster.handle_timeout(self.now);
                self.act();
            }
            _ => self.restart(),
        }
    }

    fn connect(&mut self, d: u64) {
        if self.devices[&d].link.is_some() {
            return;
        }
        self.links += 1;
        let link = ConnectionId(self.links);
        self.devices.get_mut(&d).unwrap().link = Some(link);
        let hello = Event::ClientHello {
            name: None,
            session: Some(Session(d)),
            address: SocketAddr::from(([10, 0, 1, d as u8], 1)),
        };
        self.feed(link, hello);
    }

    fn lose(&mut self, d: u64) {
        let device = std::mem::take(self.devices.get_mut(&d).unwrap());
        if let Some(link) = device.link {
            self.feed(link, Event::Closed(Parting::Broken));
        }
    }

    /// A device proves its key; half of the time it knows a code, if there is one.
    fn claim(&mut self, d: u64, wish: Wish, typed: &str) {
        let Some(link) = self.devices[&d].link else {
            return self.connect(d);
        };
        let name = AccountName::try_from(typed).unwrap();
        let code = self.owners.codes.get(&name).copied();
        let code = code.filter(|_| wish == Wish::SignIn && self.random.bool());
        let own = self.devices[&d].account.clone();
        let proven = Proven {
            wish,
            name: client_name(typed),
            key: key(d),
            code,
        };
        (self.refused, self.signed_in) = (None, None);
        self.feed(link, Event::Proven(proven));
        let (refused, is_in) = (self.refused.take(), self.signed_in.take());
        let seed = self.seed;
        let owned = self.owners.keys.get(&name);
        let is_owner = owned.is_some_and(|keys| keys.contains(&key(d)));
        match wish {
            Wish::Register => {
                let look = name.likeness();
                let mut others = self.owners.keys.keys();
                let is_taken = others.any(|other| other.likeness() == look);
                let rests = self.owners.resting.get(&look);
                let rests = rests.is_some_and(|until| *until > self.wall_ms());
                match &refused {
                    None => {
                        assert!(is_owner || !is_taken && !rests, "seed {seed}: {name} twice");
                        self.owners.resting.remove(&look);
                        self.owners
                            .keys
                            .entry(name.clone())
                            .or_default()
                            .insert(key(d));
                    }
                    Some(AccountRefusal::TooMany { .. }) => assert!(!is_owner, "seed {seed}"),
                    Some(why) => assert!(is_taken && !is_owner || rests, "seed {seed}: {why}"),
                }
                assert_eq!(is_in.is_some(), refused.is_none(), "seed {seed}");
            }
            Wish::SignIn => match &refused {
                None => {
                    assert!(is_owner || code.is_some(), "seed {seed}: no key of {name}");
                    if !is_owner {
                        self.owners.codes.remove(&name);
                        self.owners.keys.get_mut(&name).unwrap().insert(key(d));
                    }
                    assert_eq!(is_in, Some(name), "seed {seed}");
                }
                Some(AccountRefusal::TooMany { .. }) => {
                    assert_eq!(owned.unwrap().len(), MAX_DEVICES, "seed {seed}");
                }
                Some(why) => assert!(!is_owner, "seed {seed}: {why}"),
            },
            Wish::Unregister => match &refused {
                None => {
                    assert!(is_owner && own.as_ref() == Some(&name), "seed {seed}");
                    self.gone(&name);
                }
                Some(why) => assert!(
                    !is_owner || own.as_ref() != Some(&name),
                    "seed {seed}: {why}"
                ),
            },
        }
    }

    fn gone(&mut self, name: &AccountName) {
        self.owners.keys.remove(name);
        self.owners.codes.remove(name);
        let until = self.wall_ms() + NAME_RESTS.as_millis() as u64;
        self.owners.resting.insert(name.likeness(), until);
        let seed = self.seed;
        for device in self.devices.values() {
            assert_ne!(device.account.as_ref(), Some(name), "seed {seed}: still in");
        }
    }

    fn leave(&mut self, d: u64) {
        if let Some(link) = self.devices[&d].link {
            self.feed(link, FromClient::SignOut);
            assert_eq!(self.devices[&d].account, None, "seed {}", self.seed);
        }
    }

    fn guest(&mut self, d: u64, typed: &str) {
        let Some(link) = self.devices[&d].link else {
            return self.connect(d);
        };
        let name = client_name(typed);
        let is_firm = self.random.bool();
        self.refused = None;
        let before = self.devices[&d].account.clone();
        if is_firm {
            self.feed(link, FromClient::Guest { name: name.clone() });
        } else {
            self.devices.get_mut(&d).unwrap().account = None;
            self.feed(link, FromClient::Enrol { name: name.clone() });
        }
        let is_reserved = self.registry.accounts().is_reserved(&name);
        let is_refused = self.refused.take().is_some();
        assert_eq!(is_refused, is_firm && is_reserved, "seed {}", self.seed);
        if is_firm && !is_refused {
            self.devices.get_mut(&d).unwrap().account = None;
        } else if is_refused {
            assert_eq!(self.devices[&d].account, before);
        }
    }

    fn download(&mut self, d: u64) {
        let device = self.devices.get_mut(&d).unwrap();
        if let (Some(link), Some(_)) = (device.link, &device.name) {
            device.requests += 1;
            let request = RequestId(device.requests);
            let name = meta("f", 1, 1).name;
            self.feed(link, FromClient::Download { request, name });
        }
    }

    fn finish(&mut self, d: u64) {
        let device = self.devices.get_mut(&d).unwrap();
        if let (Some(link), Some((_, grant))) = (device.link, device.running.pop()) {
            let finished = Finished {
                transfer: grant.transfer,
                outcome: Outcome::Complete,
                reason: None,
                sources: Vec::new(),
                peers: Default::default(),
            };
            self.feed(link, FromReceiver::Finished(finished));
        }
    }

    /// An administrator makes a code, takes a device away, or ends an account.
    fn order(&mut self, typed: &str) {
        let account = AccountName::try_from(typed).unwrap();
        let name = client_name(typed);
        let is_known = self.owners.keys.contains_key(&account);
        match self.random.u8(..4) {
            0 | 1 => {
                let code = Digest::new([self.random.u8(..); 32]);
                let made = self
                    .cluster
                    .new_account_code(self.now, &name, code, Door::Console);
                self.act();
                assert_eq!(made.is_ok(), is_known, "seed {}", self.seed);
                if is_known {
                    self.owners.codes.insert(account, code);
                }
            }
            2 => {
                let first = self
                    .owners
                    .keys
                    .get(&account)
                    .and_then(|keys| keys.first().copied());
                let digits = first.map_or("00".to_owned(), |key| key.short());
                let removed = self
                    .cluster
                    .remove_device(self.now, &name, &digits, Door::Socket);
                self.act();
                assert_eq!(removed.is_ok(), first.is_some(), "seed {}", self.seed);
                if let (Some(keys), Some(first)) = (self.owners.keys.get_mut(&account), first) {
                    keys.remove(&first);
                }
            }
            _ => {
                let gone = self.cluster.remove_account(self.now, &name, Door::Http);
                self.act();
                assert_eq!(gone.is_ok(), is_known, "seed {}", self.seed);
                if is_known {
                    self.gone(&account);
                }
            }
        }
    }

    /// The central ends at once, and another goes on with what was recorded.
    fn restart(&mut self) {
        for device in self.devices.values_mut() {
            *device = Device {
                requests: device.requests,
                ..Device::default()
            };
        }
        let term = Term(self.cluster.term().0 + 1);
        let bytes = self.registry.snapshot();
        let registry = Registry::restore(&bytes).unwrap();
        assert_eq!(registry.digest(), self.registry.digest());
        assert_eq!(registry.digest(), self.cluster.registry().digest());
        let wall_ms = self.wall_ms();
        self.ahead = Duration::from_millis(wall_ms) - (self.now - self.began);
        self.cluster = Cluster::new(self.now, config(term, wall_ms), registry);
        self.act();
        self.secondary();
        if self.random.bool() {
            // All who have a key are back by themselves.
            for d in 0..DEVICES {
                let owned = self
                    .owners
                    .keys
                    .iter()
                    .find(|(_, keys)| keys.contains(&key(d)));
                if let Some(name) = owned.map(|(name, _)| name.to_string()) {
                    self.connect(d);
                    self.claim(d, Wish::SignIn, &name);
                }
            }
        }
    }

    fn check(&mut self) {
        let seed = self.seed;
        self.cluster.assert_recorded();
        let accounts = self.registry.accounts();
        let known: BTreeMap<_, BTreeSet<_>> = accounts
            .iter()
            .map(|account| {
                let keys = account.devices.iter().map(|device| device.key);
                (account.name.clone(), keys.collect())
            })
            .collect();
        assert_eq!(known, self.owners.keys, "seed {seed}");
        for account in accounts.iter() {
            let code = account.code.map(|code| code.hash);
            let made = self.owners.codes.get(&account.name).copied();
            assert_eq!(code, made, "seed {seed}: a code of {}", account.name);
        }
        let looks: BTreeSet<_> = known.keys().map(AccountName::likeness).collect();
        assert_eq!(looks.len(), known.len(), "seed {seed}: two look alike");
        for client in self.cluster.clients(self.now) {
            let is_reserved =
                !client.name.is_empty() && accounts.is_reserved(&client_name(&client.name));
            // Time frees names that nobody has asked for since.
            if is_reserved && !client.account {
                let look = Likeness::of(&client.name);
                assert!(
                    !looks.contains(&look),
                    "seed {seed}: a guest is {}",
                    client.name
                );
            }
            if client.account {
                let name = AccountName::try_from(client.name.as_str()).unwrap();
                assert!(known.contains_key(&name), "seed {seed}: nobody's {name}");
            }
        }
        let trail = self.registry.trail();
        let numbers: Vec<u64> = trail.after(0).map(|line| line.n).collect();
        assert!(numbers.is_sorted(), "seed {seed}");
        assert_eq!(
            numbers.last().copied().unwrap_or(0),
            trail.last(),
            "seed {seed}"
        );
    }
}
