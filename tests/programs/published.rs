//! Accounts that publish, from the prompt and from scripts, in the words of those who had such a system before.

use std::{fs, path::Path, process::Command};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    scripts::cluster,
    support::{
        noise,
        process::{CLIENT, Cluster, Process, parts, plain},
        put,
    },
};

/// A client of somebody who has keys of their own.
fn client(cluster: &Cluster, who: &str, args: &[&str]) -> Command {
    let folder = cluster.folder.path();
    let keys = folder.join(format!("llaves-{who}"));
    let mut command = Command::new("env");
    plain(&mut command)
        .arg("--default-signal=INT,HUP")
        .arg(format!("XDG_CONFIG_HOME={}", keys.display()))
        .arg(CLIENT)
        .args(args)
        .arg("--ip-central=127.0.0.1")
        .arg(format!("--puerto-central={}", cluster.central_port))
        .arg("--puerto-companeros=0")
        .arg(format!("--destino=descargas-{who}"))
        .arg(format!("--estadisticas=estado-{who}"))
        .current_dir(folder);
    command
}

fn script(cluster: &Cluster, who: &str, args: &[&str]) -> (i32, String, String) {
    parts(&client(cluster, who, args).output().unwrap())
}

fn is_equal(folder: &Path, file: &str, content: &[u8]) -> bool {
    fs::read(folder.join(file)).is_ok_and(|there| there == content)
}

#[test]
fn what_one_publishes_another_brings_line_by_line() {
    let cluster = cluster(50_000_000);
    let folder = cluster.folder.path().to_owned();
    let content = noise(21, 3_000_000);
    put(&folder.join("casa/a b.bin"), &content);
    put(&folder.join("casa/serie/1.bin"), &noise(22, 1000));
    let mut ana = Process::spawn(&mut client(&cluster, "ana", &[]));
    ana.type_line("REGISTRAR ana");
    ana.wait_for("eres ana");
    ana.type_line("PUBLICAR casa/a b.bin COMO apuntes.bin");
    ana.wait_for("como @ana/apuntes.bin");
    ana.type_line("PUBLICAR casa/serie");
    ana.wait_for("PUBLICAR casa/serie TODO");
    ana.type_line("PUBLICAR casa/nada");
    ana.wait_for("path-not-found");
    cluster.central.wait_for("ana publica @ana/apuntes.bin");

    let mut luis = Process::spawn(&mut client(&cluster, "luis", &[]));
    luis.type_line("REGISTER ana");
    luis.wait_for("name-taken");
    luis.type_line("REGISTER luis");
    luis.wait_for("eres luis");
    luis.type_line("LIST_USERS");
    luis.wait_for("ana");
    luis.type_line("LIST_CONTENT ana");
    luis.wait_for("@ana/apuntes.bin");
    luis.type_line("GET_FILE ana apuntes.bin copia.bin");
    luis.wait_for("completa y verificada");
    assert!(is_equal(&folder, "descargas-luis/copia.bin", &content));
    luis.type_line("GET_FILE ana otro.bin");
    luis.wait_for("not-found");
    luis.type_line("TRAER @ana/apuntes.bin");
    luis.wait_for_nth("completa y verificada", 2);
    assert!(is_equal(
        &folder,
        "descargas-luis/@ana/apuntes.bin",
        &content
    ));
    ana.type_line("ESTADO");
    ana.wait_for("Subiendo");
    ana.type_line("DELETE apuntes.bin");
    ana.wait_for("Ya no se publica apuntes.bin");
    luis.type_line("TRAER @ana/apuntes.bin");
    luis.wait_for_nth("not-found", 2);
    ana.type_line("DISCONNECT");
    ana.wait_for("eres el invitado");
    ana.type_line("PUBLISH casa/a b.bin");
    ana.wait_for("not-connected");
    for mut client in [ana, luis] {
        client.type_line("QUIT");
        client.exit_code();
    }
}

#[test]
fn a_script_publishes_serves_and_ends_when_it_is_told_to() {
    let cluster = cluster(50_000_000);
    let folder = cluster.folder.path().to_owned();
    let content = noise(23, 2_000_000);
    put(&folder.join("casa/a.bin"), &content);
    let (code, _, err) = script(&cluster, "ana", &["publicar", "casa/a.bin", "--json"]);
    assert_eq!(code, 1, "{err}");
    let (code, _, err) = script(&cluster, "ana", &["registrar", "ana"]);
    assert_eq!(code, 0, "{err}");
    // Known, and nobody is there to send it.
    let (code, out, err) = script(&cluster, "ana", &["publicar", "casa/a.bin", "--json"]);
    assert_eq!(code, 0, "{err}");
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(done["files"][0]["name"], "@ana/a.bin", "{done}");
    let (code, out, _) = script(&cluster, "luis", &["traer", "@ana/a.bin", "--json"]);
    let refused: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &refused["files"][0]["code"]),
        (1, &"no-source".into())
    );
    let serving = ["publicar", "casa/a.bin", "--servir"];
    let mut serving = Process::spawn(&mut client(&cluster, "ana", &serving));
    serving.wait_for("@ana/a.bin");
    serving.wait_for("Ctrl-C");
    let (code, out, err) = script(&cluster, "luis", &["contenido", "ana", "--json"]);
    assert_eq!(code, 0, "{err}");
    let listed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(listed["files"][0]["sources"], 1, "{listed}");
    let (code, out, err) = script(&cluster, "luis", &["traer", "@ana/a.bin", "-o", "b.bin"]);
    assert_eq!((code, out.trim()), (0, "b.bin"), "{err}");
    assert!(is_equal(&folder, "b.bin", &content));
    serving.signal(Signal::INT);
    assert_eq!(serving.exit_code(), 0);
    let (code, _, err) = script(&cluster, "ana", &["retirar", "a.bin"]);
    assert_eq!(code, 0, "{err}");
    let (code, _, _) = script(&cluster, "luis", &["traer", "@ana/a.bin"]);
    assert_eq!(code, 4);
    let alone = ["publicar", "casa/a.bin", "--sin-companeros"];
    let (code, _, err) = script(&cluster, "ana", &alone);
    assert!(code == 1 && err.contains("without-peers"), "{code}: {err}");
}
