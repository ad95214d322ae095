//! Where the nodes live: a namespace and a link each, or all on loopback.

use std::{fs, process::Command};

use crate::{nodes::Role, story::SECONDARIES};

/// What a frame of tbf's is for: a full frame of 1514 bytes carries 1448 of payload.
const FRAME_PER_PAYLOAD: f64 = 1514.0 / 1448.0;
/// What is left of an uplink that is slowed down.
pub const CRAWL_BYTES_PER_S: u64 = 50_000;
const SWITCH: &str = "tz-switch";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// No links: uplinks are limited by the secondaries themselves.
    Loopback,
    /// A switch, and a namespace with a shaped link for every node.
    Namespaces,
}

pub fn sh(text: &str) {
    let done = Command::new("sh").args(["-ec", text]).output();
    let done = done.expect("no sh to be found");
    assert!(
        done.status.success(),
        "{text}: {}; this test needs ip and tc (iproute2) and mount, as root of its own namespaces: see .ci/run",
        String::from_utf8_lossy(&done.stderr)
    );
}

impl Role {
    pub fn namespace(self) -> String {
        match self {
            Self::Central => "tz-c".to_owned(),
            Self::Secondary(n) => format!("tz-s{}", n + 1),
            Self::Client(n) => format!("tz-k{}", n + 1),
        }
    }

    fn address(self) -> String {
        match self {
            Self::Central => "10.78.0.1".to_owned(),
            Self::Secondary(n) => format!("10.78.0.{}", 11 + n),
            Self::Client(n) => format!("10.78.0.{}", 101 + n),
        }
    }
}

impl Network {
    pub fn address(self, role: Role) -> String {
        match self {
            Self::Loopback => "127.0.0.1".to_owned(),
            Self::Namespaces => role.address(),
        }
    }

    /// Builds it. Namespaces vanish with the one that this process is in.
    pub fn build(self, clients: usize, rate_bytes_per_s: u64) {
        if self == Self::Loopback {
            return;
        }
        switch();
        let secondaries = (0..SECONDARIES).map(Role::Secondary);
        let all = std::iter::once(Role::Central)
            .chain(secondaries)
            .chain((0..clients).map(Role::Client));
        for role in all {
            join(&role.namespace(), &role.address());
            if let Role::Secondary(n) = role {
                shape("add", n, rate_bytes_per_s);
            }
        }
    }

    pub fn cut_inside(self, role: Role, cut: bool) {
        let (name, state) = (role.namespace(), if cut { "down" } else { "up" });
        sh(&format!("ip -n {name} link set eth0 {state}"));
    }

    pub fn cut_outside(self, role: Role, cut: bool) {
        cut_from_switch(&role.namespace(), cut);
    }

    pub fn set_rate(self, secondary: usize, payload_bytes_per_s: u64) {
        shape("change", secondary, payload_bytes_per_s);
    }
}

/// A switch, in a namespace that must be this test's own.
pub fn switch() {
    let links = fs::read_to_string("/proc/net/dev").unwrap();
    let names: Vec<_> = links
        .lines()
        .skip(2)
        .filter_map(|l| l.split_once(':'))
        .collect();
    assert!(
        names.iter().all(|(name, rest)| name.trim() == "lo"
            || !rest.contains(|c: char| ('1'..='9').contains(&c))),
        "this test builds a network and must have a namespace of its own: run it by `unshare -mn` as root, \
         else by `unshare -rmn`; here are {names:?}"
    );
    sh(&format!(
        "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up \
         && ip link add {SWITCH} type bridge && ip link set {SWITCH} up"
    ));
}

/// This process is on the switch as well.
pub fn join_self(address: &str) {
    sh(&format!("ip addr add {address}/24 dev {SWITCH}"));
}

/// A namespace with a link to the switch.
pub fn join(name: &str, address: &str) {
    sh(&format!(
        "ip netns add {name} && ip -n {name} link set lo up \
         && ip -n {name} link add eth0 type veth peer name {name} netns {} \
         && ip -n {name} addr add {address}/24 dev eth0 && ip -n {name} link set eth0 up \
         && ip link set {name} master {SWITCH} up",
        std::process::id()
    ));
}

/// The node notices nothing of it but silence.
pub fn cut_from_switch(name: &str, cut: bool) {
    let master = if cut {
        "nomaster".to_owned()
    } else {
        format!("master {SWITCH}")
    };
    sh(&format!("ip link set {name} {master}"));
}

fn shape(verb: &str, secondary: usize, payload_bytes_per_s: u64) {
    let name = Role::Secondary(secondary).namespace();
    let bits = (payload_bytes_per_s as f64 * FRAME_PER_PAYLOAD * 8.0) as u64;
    // As small as the kernel's timer allows.
    let burst = (bits / 8 / 250).max(16_000);
    sh(&format!(
        "tc -n {name} qdisc {verb} dev eth0 root tbf rate {bits}bit burst {burst} latency 50ms"
    ));
}

/// Bytes that went out to each node since its link exists.
pub fn bytes_to_nodes() -> Vec<(String, u64)> {
    let links = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    links
        .lines()
        .filter_map(|line| {
            let (name, figures) = line.trim().split_once(':')?;
            // What the switch's end transmits is what the node receives.
            let bytes = figures.split_whitespace().nth(8)?.parse().ok()?;
            name.starts_with("tz-").then(|| (name.to_owned(), bytes))
        })
        .collect()
}

/// Bytes that went out to one of them.
pub fn bytes_to(node: &str) -> u64 {
    let links = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let mut lines = links.lines().filter_map(|line| line.trim().split_once(':'));
    let figures = lines
        .find(|(name, _)| *name == node)
        .map(|(_, figures)| figures);
    let bytes = figures.and_then(|figures| figures.split_whitespace().nth(8));
    bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}
