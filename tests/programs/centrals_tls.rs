//! Certificates and settings for members of etcd, as `videocentral certificados-motor` makes them, with real members.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use crate::support::{
    DEADLINE,
    process::{CENTRAL, Process, ended, plain},
};

const HOSTS: [&str; 3] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

/// Members that end with the test.
struct Members(Vec<Child>);

impl Drop for Members {
    fn drop(&mut self) {
        for member in &mut self.0 {
            let _ = member.kill();
            let _ = member.wait();
        }
    }
}

/// Two ports that are free at all hosts.
fn free_ports() -> [u16; 2] {
    [(); 2].map(|()| {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        held.local_addr().unwrap().port()
    })
}

/// Starts a member by its settings, as its unit does: what is different here is where its files are, and that all are on
/// one machine.
fn start(folder: &Path, host: &str, [clients, peers]: [u16; 2]) -> Child {
    let settings = fs::read_to_string(folder.join(format!("{host}.env"))).unwrap();
    let settings = settings
        .replace("/etc/etcd", &folder.display().to_string())
        .replace(
            "/var/lib/etcd/trozos",
            &folder.join(format!("{host}.data")).display().to_string(),
        )
        .replace("0.0.0.0", host)
        .replace(":2379", &format!(":{clients}"))
        .replace(":2380", &format!(":{peers}"));
    let rows = settings.lines().map(|row| row.split_once('=').unwrap());
    Command::new("etcd")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(rows)
        .args(["--logger", "zap", "--log-outputs", "stderr"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join(format!("{host}.log"))).unwrap())
        .spawn()
        .expect("etcd is installed")
}

#[test]
#[ignore = "needs etcd (etcd-server): see .ci/run"]
fn members_with_our_certificates_let_centrals_in_and_nobody_else() {
    let scene = tempfile::tempdir().unwrap();
    let here = scene.path();
    let nodes = HOSTS.map(|host| format!("--nodo={host}"));
    let mut args = vec!["certificados-motor", "motor"];
    args.extend(nodes.iter().map(String::as_str));
    let (code, said, error) = ended(CENTRAL, here, &args, &[]);
    assert_eq!(code, 0, "{error}");
    assert!(
        said.contains("127.0.0.2.env") && said.contains("--motor-ca"),
        "{said}"
    );
    let folder = here.join("motor");
    let ports = free_ports();
    let _members = Members(HOSTS.map(|host| start(&folder, host, ports)).into());
    let engine = HOSTS
        .map(|host| format!("https://{host}:{}", ports[0]))
        .join(",");
    let engine = format!("--motor={engine}");
    let common = [
        "-p0",
        "--ip=127.0.0.1",
        "--sin-consola",
        "--ttl=3s",
        "--nodo=c1",
    ];
    let of_central = [
        engine.as_str(),
        "--motor-ca=motor/ca.pem",
        "--motor-cert=motor/central.pem",
        "--motor-clave=motor/central-clave.pem",
        "--socket=c1.socket",
    ];
    let central = Process::start(CENTRAL, here, &[&common[..], &of_central[..]].concat());
    central.port();
    let began = Instant::now();
    loop {
        let mut command = Command::new(CENTRAL);
        plain(&mut command).current_dir(here);
        let answer = command
            .args(["centrales", "--socket=c1.socket", "--json"])
            .output();
        let text = String::from_utf8(answer.unwrap().stdout).unwrap();
        if text.contains("\"active\"") {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "{text}");
        std::thread::yield_now();
    }
    // Without a certificate, or with one of the cluster's own authority, nobody is heard.
    let (code, _, error) = ended(
        CENTRAL,
        here,
        &["certificados", "grupo", "--nodo=127.0.0.1"],
        &[],
    );
    assert_eq!(code, 0, "{error}");
    for others in [
        &["--motor-ca=motor/ca.pem"][..],
        &[
            "--motor-ca=motor/ca.pem",
            "--motor-cert=grupo/cliente.pem",
            "--motor-clave=grupo/cliente-clave.pem",
        ],
    ] {
        let mut args = vec![
            "-p0",
            "--ip=127.0.0.1",
            "--sin-consola",
            "--estadisticas=other",
        ];
        args.push(&engine);
        args.extend(others);
        let (code, _, error) = ended(CENTRAL, here, &args, &[]);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains("[etcd-silent]"), "{error}");
    }
}
