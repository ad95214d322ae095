//! Centrals that announce themselves on a real network, in namespaces: two interfaces, no default route, two groups, and
//! what avahi sees of it.

use std::{
    path::Path,
    process::{Command, Output},
    time::Instant,
};

use rustix::process::Signal;

use crate::support::{
    DEADLINE, noise,
    process::{CENTRAL, CLIENT, Process, SECONDARY, plain},
    put,
};

fn sh(text: &str) -> Output {
    let done = Command::new("sh").args(["-ec", text]).output().unwrap();
    assert!(
        done.status.success(),
        "{text}: {}; this test needs ip (iproute2), mount and avahi, as root of its own namespaces: see .ci/run",
        String::from_utf8_lossy(&done.stderr)
    );
    done
}

/// Three machines and two links: the central is on both, the others on one each. Nobody has a default route. All vanish
/// with the namespace that this process is in.
fn build_network() {
    let routes = sh("ip route show table all type unicast");
    assert!(
        routes.stdout.is_empty(),
        "this test builds a network and must have a namespace of its own: run it by `unshare -mn` as root, else by \
         `unshare -rmn`"
    );
    sh(
        "mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/dbus /run/avahi-daemon && ip link set lo up",
    );
    for link in ["one", "two"] {
        sh(&format!(
            "ip link add {link} type bridge && ip link set {link} up"
        ));
    }
    for (machine, link, address) in [
        ("central", "one", "10.79.1.1"),
        ("central", "two", "10.79.2.1"),
        ("server", "one", "10.79.1.2"),
        ("laptop", "two", "10.79.2.3"),
    ] {
        let (this, end) = (std::process::id(), format!("{machine}-{link}"));
        sh(&format!(
            "ip netns add {machine} 2>/dev/null || true; ip -n {machine} link set lo up \
             && ip -n {machine} link add {link} type veth peer name {end} netns {this} \
             && ip -n {machine} addr add {address}/24 dev {link} && ip -n {machine} link set {link} up \
             && ip link set {end} master {link} up"
        ));
    }
}

fn on(machine: &str, program: &str, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command
        .args(["netns", "exec", machine, program])
        .args(args)
        .current_dir(folder);
    command
}

/// What a script of a client on a machine prints, and its exit code.
fn script(machine: &str, folder: &Path, args: &[&str]) -> (i32, String) {
    let mut command = on(machine, CLIENT, folder, args);
    let done = plain(&mut command).output().unwrap();
    let text = [&done.stdout[..], &done.stderr[..]].concat();
    let code = done.status.code().unwrap();
    (code, String::from_utf8(text).unwrap())
}

/// The announcements that avahi finds on a machine, one a line, as it prints them for programs.
fn avahi_sees(machine: &str) -> Vec<String> {
    let found = sh(&format!(
        "ip netns exec {machine} avahi-browse -rtp _trozos._tcp"
    ));
    let text = String::from_utf8(found.stdout).unwrap();
    let resolved = text.lines().filter(|line| line.starts_with('='));
    resolved.map(str::to_owned).collect()
}

/// The same, once it is what it should be: avahi listens for a moment before it answers.
fn avahi_sees_when(machine: &str, is_it: impl Fn(&[String]) -> bool) -> Vec<String> {
    let began = Instant::now();
    loop {
        let seen = avahi_sees(machine);
        if is_it(&seen) {
            return seen;
        }
        assert!(began.elapsed() < DEADLINE, "{seen:?}");
    }
}

#[test]
#[ignore = "builds a network: needs root or user namespaces, and avahi; .ci/run runs it"]
fn a_central_is_found_on_two_links_without_a_default_route() {
    build_network();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(&folder.join("served/a.mp4"), &noise(1, 100_000));
    // Both wait for somebody, and say so.
    let args = [
        "-n1",
        "--ip-central=auto",
        "--directorio=served",
        "--reposo=100ms",
    ];
    let secondary = Process::spawn(&mut on("server", SECONDARY, folder, &args));
    secondary.wait_for("[nobody-announced]");
    let args = ["--ip-central=auto", "--grupo=aula 3"];
    let mut client = Process::spawn(&mut on("laptop", CLIENT, folder, &args));
    let (code, told) = script("laptop", folder, &["listar", "--ip-central=auto"]);
    assert!(code == 3 && told.contains("[nobody-announced]"), "{told}");
    let central = |machine: &str, group: &str| {
        let (group, statistics) = (
            format!("--grupo={group}"),
            format!("--estadisticas={group}"),
        );
        let args = ["--secundarios=1", "--sin-consola", &group, &statistics];
        let central = Process::spawn(&mut on(machine, CENTRAL, folder, &args));
        central.wait_for("Servidor escuchando en ");
        central
    };
    let mut first = central("central", "aula 3");
    secondary.wait_for("Inscrito en el central 10.79.1.1:50000");
    client.type_line("LISTA_VIDEOS");
    client.wait_for("a.mp4");
    let (code, listed) = script("laptop", folder, &["listar", "--ip-central=auto"]);
    assert!(code == 0 && listed.contains("a.mp4"), "{listed}");
    let (code, links) = script("laptop", folder, &["enlace", "a.mp4", "--ip-central=auto"]);
    let address = "http://10.79.2.1:50000/ver/a.mp4";
    assert!(code == 0 && links.contains(address), "{links}");
    // Others see it by their own means.
    sh(
        "dbus-daemon --system --fork && ip netns exec laptop avahi-daemon --no-drop-root --no-chroot -D",
    );
    let seen = avahi_sees_when("laptop", |seen| !seen.is_empty());
    let is_whole = |line: &String| {
        let parts = [
            "10.79.2.1;50000",
            "\"v=1\"",
            "\"st=active\"",
            "\"grupo=aula 3\"",
            "\"cl=",
        ];
        parts.iter().all(|part| line.contains(part))
    };
    assert!(seen.len() == 1 && is_whole(&seen[0]), "{seen:?}");
    // Two groups are told apart.
    let _other = central("server", "lab");
    // A name is probed for before it is announced, and others are waited for only a moment: until both are heard, a
    // script takes the one that it heard.
    let began = Instant::now();
    let told = loop {
        let args = ["listar", "--ip-central=auto", "--espera-fuentes=1s"];
        let (code, told) = script("server", folder, &args);
        if told.contains("[several-clusters]") {
            assert_ne!(code, 0, "{told}");
            break told;
        }
        assert!(began.elapsed() < DEADLINE, "{told}");
    };
    assert!(told.contains("aula 3, lab"), "{told}");
    let args = ["estado", "--ip-central=auto", "--grupo=lab"];
    let (_, told) = script("server", folder, &args);
    assert!(told.contains("Sin servicio"), "{told}");
    // An announcement ends with its central.
    first.signal(Signal::TERM);
    assert_eq!(first.exit_code(), 0);
    avahi_sees_when("laptop", |seen| seen.is_empty());
    sh("ip netns exec laptop avahi-daemon -k; kill $(cat /run/dbus/pid)");
}
