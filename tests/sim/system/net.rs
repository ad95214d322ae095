//! The network: connections that keep order and lose nothing while they stand, as TCP's do, between hosts
//! that may be slow, cut off in one direction, or gone without a word.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::{Duration, Instant},
};

use trozos::proto::{
    control::{FromCentral, ToCentral},
    data::{FromSource, ToSource},
};

/// A machine of the story.
pub type Host = usize;

/// One side of a connection: 0 is who connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    conn: u64,
    side: usize,
}

impl End {
    fn other(self) -> Self {
        let (conn, side) = (self.conn, 1 - self.side);
        Self { conn, side }
    }
}

/// A line, with the raw bytes that follow it.
#[derive(Clone, Debug)]
pub enum Packet {
    ToCentral(ToCentral),
    FromCentral(FromCentral),
    ToSource(ToSource),
    FromSource(FromSource, Raw),
}

/// Raw bytes: what matters of them.
#[derive(Clone, Debug)]
pub enum Raw {
    None,
    /// A tag for each chunk, as digests are.
    Manifest(Rc<[u64]>),
    /// The content of a frame.
    Frame(u64),
}

impl Packet {
    fn bytes(&self) -> u64 {
        match self {
            Self::FromSource(FromSource::Data { length, .. }, _) => u64::from(*length),
            _ => 0,
        }
    }
}

/// What a process notices of a connection.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// Somebody connected to its port, from there.
    Accepted(SocketAddr),
    /// What it connected to answers.
    Connected,
    Packet(Packet),
    /// Reset, refused or closed by the other side.
    Closed,
}

#[derive(Debug)]
struct Conn {
    hosts: [Host; 2],
    /// The socket is open at that side.
    open: [bool; 2],
    /// Nothing may overtake what was sent before, to each side.
    last_arrival: [Instant; 2],
    /// Payload on its way, to each side.
    on_its_way: [u64; 2],
    /// Everything on it vanishes, and neither side knows.
    is_lost: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Net {
    conns: BTreeMap<u64, Conn>,
    next_conn: u64,
    sequence: u64,
    coming: BinaryHeap<Reverse<(Instant, u64)>>,
    what: BTreeMap<u64, (End, Incoming)>,
    /// One-way latency of each host's link.
    pub latency: Vec<Duration>,
    /// Without power nothing answers, not even the kernel.
    pub power: Vec<bool>,
    /// A process listens.
    pub listening: Vec<bool>,
    /// From one host to another nothing passes until then.
    pub blocked: BTreeMap<(Host, Host), Instant>,
    pub random: fastrand::Rng,
}

/// Where a host's process listens.
pub fn address(host: Host) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host as u8 + 1], 50_000))
}

fn host_of(address: SocketAddr) -> Host {
    match address.ip() {
        IpAddr::V4(ip) => usize::from(ip.octets()[3]) - 1,
        IpAddr::V6(_) => panic!("{address}: nobody has that"),
    }
}

impl Net {
    pub fn new(hosts: usize, random: fastrand::Rng) -> Self {
        Self {
            conns: BTreeMap::new(),
            next_conn: 0,
            sequence: 0,
            coming: BinaryHeap::new(),
            what: BTreeMap::new(),
            latency: vec![Duration::from_micros(100); hosts],
            power: vec![true; hosts],
            listening: vec![false; hosts],
            blocked: BTreeMap::new(),
            random,
        }
    }

    /// Starts to connect. `Connected` or `Closed` answers, or nothing.
    pub fn connect(&mut self, now: Instant, from: Host, to: SocketAddr) -> End {
        self.next_conn += 1;
        let conn = self.next_conn;
        let to = host_of(to);
        self.conns.insert(
            conn,
            Conn {
                hosts: [from, to],
                open: [true, self.power[to] && self.listening[to]],
                last_arrival: [now; 2],
                on_its_way: [0; 2],
                is_lost: false,
            },
        );
        let here = End { conn, side: 0 };
        if !self.power[to] {
            return here;
        }
        if self.listening[to] {
            self.post(now, here.other(), Incoming::Accepted(address(from)));
        } else {
            let there = now + self.latency(from, to);
            self.post(there, here, Incoming::Closed);
        }
        here
    }

    /// The listening process takes a connection.
    pub fn accept(&mut self, now: Instant, end: End) {
        self.post(now, end.other(), Incoming::Connected);
    }

    pub fn send(&mut self, now: Instant, from: End, packet: Packet) {
        let to = from.other();
        let Some(conn) = self.conns.get_mut(&from.conn) else {
            return;
        };
        if conn.open[from.side] {
            conn.on_its_way[to.side] += packet.bytes();
            self.post(now, to, Incoming::Packet(packet));
        }
    }

    /// What was sent and has not arrived, in bytes.
    pub fn on_its_way(&self, from: End) -> u64 {
        let conn = self.conns.get(&from.conn);
        conn.map_or(0, |conn| conn.on_its_way[1 - from.side])
    }

    /// Closes this side: what was sent before still arrives.
    pub fn close(&mut self, now: Instant, end: End) {
        if let Some(conn) = self.conns.get_mut(&end.conn)
            && std::mem::replace(&mut conn.open[end.side], false)
        {
            self.post(now, end.other(), Incoming::Closed);
        }
    }

    /// A process ends: the kernel closes what it had.
    pub fn close_all_of(&mut self, now: Instant, host: Host) {
        for end in self.ends_of(host) {
            self.close(now, end);
        }
    }

    /// The machine is gone: nobody hears of it.
    pub fn forget_all_of(&mut self, host: Host) {
        for end in self.ends_of(host) {
            if let Some(conn) = self.conns.get_mut(&end.conn) {
                conn.open[end.side] = false;
            }
        }
    }

    /// Connections between two hosts are reset.
    pub fn reset(&mut self, now: Instant, a: Host, b: Host) {
        for end in self.ends_of(a) {
            if self.conns[&end.conn].hosts.contains(&b) {
                self.what.retain(|_, (to, _)| to.conn != end.conn);
                for end in [end, end.other()] {
                    self.post(now, end, Incoming::Closed);
                }
            }
        }
    }

    /// Connections between two hosts carry nothing any more, and nobody is told.
    pub fn lose(&mut self, a: Host, b: Host) {
        for conn in self.conns.values_mut() {
            conn.is_lost |= conn.hosts.contains(&a) && conn.hosts.contains(&b);
        }
    }

    fn ends_of(&self, host: Host) -> Vec<End> {
        let ends = |(conn, of): (&u64, &Conn)| {
            let conn = *conn;
            let side = of.hosts.iter().position(|h| *h == host)?;
            Some(End { conn, side })
        };
        self.conns.iter().filter_map(ends).collect()
    }

    fn latency(&mut self, a: Host, b: Host) -> Duration {
        (self.latency[a] + self.latency[b]).mul_f64(1.0 + self.random.f64() / 2.0)
    }

    fn post(&mut self, now: Instant, to: End, what: Incoming) {
        let hosts = self.conns[&to.conn].hosts;
        let wait = self.latency(hosts[0], hosts[1]);
        let Some(conn) = self.conns.get_mut(&to.conn) else {
            return;
        };
        let at = conn.last_arrival[to.side].max(now + wait);
        conn.last_arrival[to.side] = at;
        self.sequence += 1;
        self.coming.push(Reverse((at, self.sequence)));
        self.what.insert(self.sequence, (to, what));
    }

    /// When the next thing arrives.
    pub fn due(&self) -> Option<Instant> {
        self.coming.peek().map(|Reverse((at, _))| *at)
    }

    /// What arrives now, at which host. A host that does not run takes it when it does: `runs_again` says when.
    pub fn arrival(
        &mut self,
        now: Instant,
        runs_again: impl Fn(Host) -> Option<Instant>,
    ) -> Option<(Host, End, Incoming)> {
        let Reverse((_, sequence)) = self.coming.pop()?;
        let (to, what) = self.what.remove(&sequence)?;
        let conn = self.conns.get_mut(&to.conn)?;
        let (host, from) = (conn.hosts[to.side], conn.hosts[1 - to.side]);
        if conn.is_lost || !self.power[host] {
            return None;
        }
        let blocked = self.blocked.get(&(from, host)).copied();
        let later = [blocked, runs_again(host)].into_iter().flatten().max();
        if let Some(later) = later.filter(|later| *later > now) {
            // With the same number, so that order is kept; what is sent from now on comes after it, even when the host
            // runs again before that.
            conn.last_arrival[to.side] = conn.last_arrival[to.side].max(later);
            self.coming.push(Reverse((later, sequence)));
            self.what.insert(sequence, (to, what));
            return None;
        }
        if let Incoming::Packet(packet) = &what {
            let bytes = packet.bytes();
            conn.on_its_way[to.side] -= bytes;
        }
        if !conn.open[to.side] {
            // A reset answers, unless this was one.
            if !matches!(what, Incoming::Closed) && conn.open[1 - to.side] {
                self.post(now, to.other(), Incoming::Closed);
            }
            return None;
        }
        if matches!(what, Incoming::Closed) {
            conn.open = [false; 2];
        }
        Some((host, to, what))
    }
}
