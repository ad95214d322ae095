//! Accounts by the real programs: what was answered outlives a SIGKILL, keys are for their user alone, and the audit trail
//! is followed by a process of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::process::{CENTRAL, CLIENT, Process, plain};

fn central(folder: &Path, port: u16) -> Process {
    let port = format!("-p{port}");
    let password = folder.join("contrasena");
    if !password.exists() {
        fs::write(&password, "una clave de prueba\n").unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let args = [
        &port,
        "--ip=127.0.0.1",
        "--sin-consola",
        "--socket=run/c.sock",
        "--admin-contrasena-archivo=contrasena",
    ];
    Process::start_with_nothing(CENTRAL, folder, &args)
}

/// What `videocliente` prints for a user whose home is this folder.
fn client(folder: &Path, home: &str, port: u16, words: &[&str]) -> Output {
    let mut command = Command::new(CLIENT);
    plain(&mut command);
    let home = folder.join(home);
    command
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", &home)
        .args(words)
        .args([
            "--ip-central=127.0.0.1",
            &format!("--puerto-central={port}"),
        ]);
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn an_account_that_was_answered_outlives_a_kill_of_the_central() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut first = central(folder, 0);
    let port = first.port();
    let made = json(&client(
        folder,
        "ana",
        port,
        &["registrar", "Ana", "--json"],
    ));
    first.kill();
    assert_eq!(
        (&made["account"], &made["ok"]),
        (&"ana".into(), &true.into())
    );
    let key = folder.join("ana/trozos/identidad");
    let mode = fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let second = central(folder, port);
    assert_eq!(second.port(), port);
    let taken = client(folder, "eva", port, &["registrar", "ana", "--json"]);
    assert_eq!(json(&taken)["code"], "name-taken");
    let back = client(folder, "ana", port, &["conectar", "--json"]);
    assert_eq!(json(&back)["account"], "ana");
    let users = json(&client(folder, "eva", port, &["usuarios", "--json"]));
    assert_eq!(users["users"][0]["name"], "ana");
    let wrong = client(folder, "eva", port, &["conectar", "ana", "--json"]);
    assert_eq!(json(&wrong)["code"], "wrong-key");

    // Another machine of hers.
    let order = |words: &[&str]| {
        let mut command = Command::new(CENTRAL);
        let socket = folder.join("run/c.sock");
        command.args(words).arg("--socket").arg(&socket);
        plain(&mut command).output().unwrap()
    };
    let code = json(&order(&["cuenta", "ana", "nueva", "--json"]));
    let code = code["account_code"]["code"].as_str().unwrap().to_owned();
    let joined = client(folder, "otra", port, &["conectar", "ana", &code, "--json"]);
    assert_eq!(json(&joined)["account"], "ana");
    let accounts = json(&order(&["cuentas", "--json"]));
    assert_eq!(
        accounts["accounts"][0]["devices"].as_array().unwrap().len(),
        2
    );
    let gone = client(folder, "ana", port, &["baja", "--json"]);
    assert_eq!(json(&gone)["account"], Value::Null);
    let freed = json(&order(&["liberar", "ana", "--json"]));
    assert_eq!(freed["account_changed"]["what"], "freed");

    let lines = order(&["auditoria", "quien=ana", "--json"]);
    let lines = String::from_utf8(lines.stdout).unwrap();
    let did: Vec<String> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["what"].as_str().unwrap().to_owned()
        })
        .collect();
    for deed in [
        "registered",
        "code-made",
        "device-added",
        "unregistered",
        "name-freed",
    ] {
        assert!(did.iter().any(|did| did == deed), "{did:?}");
    }
}

#[test]
fn an_auditor_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let central = central(folder, 0);
    let port = central.port();
    let follow = || {
        let mut command = Command::new(CENTRAL);
        plain(&mut command)
            .current_dir(folder)
            .args(["auditor", "--ip-central=127.0.0.1", "-oauditoria.jsonl"])
            .arg(format!("--puerto-central={port}"))
            .arg("--admin-contrasena-archivo=contrasena");
        command.spawn().unwrap()
    };
    let numbers = || -> Vec<u64> {
        let text = fs::read_to_string(folder.join("auditoria.jsonl")).unwrap_or_default();
        let whole = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        whole
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["n"]
                    .as_u64()
                    .unwrap()
            })
            .collect()
    };
    let until = |count: usize| {
        let began = Instant::now();
        while numbers().len() < count {
            assert!(began.elapsed() < Duration::from_secs(60), "{:?}", numbers());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let mut auditor = follow();
    client(folder, "ana", port, &["registrar", "ana"]);
    // Registered, connected, disconnected.
    until(3);
    auditor.kill().unwrap();
    auditor.wait().unwrap();
    client(folder, "ana", port, &["baja"]);
    let mut auditor = follow();
    until(6);
    auditor.kill().unwrap();
    auditor.wait().unwrap();
    let numbers = numbers();
    assert!(
        numbers.iter().copied().eq(1..=numbers.len() as u64),
        "{numbers:?}"
    );
}
