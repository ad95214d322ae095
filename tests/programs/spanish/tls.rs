//! Secrets and certificates that are not the other side's.

use std::{path::Path, process::Command};

use super::{central, check, exchange, says};
use crate::support::process::{CENTRAL, CLIENT, plain};

/// Certificates for 127.0.0.1 in a folder.
fn certificates(folder: &Path, name: &str, of: &str) {
    let mut command = Command::new(CENTRAL);
    let out = plain(&mut command)
        .args(["certificados", name, "--nodo", of])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    check(&text.lines().map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn secrets_and_tls_that_do_not_match() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, of) in [
        ("tls", "127.0.0.1"),
        ("otra", "127.0.0.1"),
        ("lejos", "10.9.9.9"),
    ] {
        certificates(path, name, of);
    }
    let lists = |port: u16, flags: &[&str], expected: &str| {
        let to = format!("--puerto-central={port}");
        let mut args = vec!["listar", "--ip-central=127.0.0.1", &to];
        args.extend(flags);
        says(CLIENT, path, &args, expected);
    };
    let (closed, port) = central(path, &["--clave-archivo=tls/clave", "--estadisticas=a"]);
    lists(port, &[], "el central pide una clave");
    lists(
        port,
        &["--clave-archivo=otra/clave"],
        "la clave no es la del central",
    );
    lists(
        port,
        &["--clave-archivo=tls/clave", "--tls-ca=tls/ca.pem"],
        "no habla TLS",
    );
    exchange(port, b"{\"accion\":\"listado\"}\n");
    for expected in [
        "no muestra ninguna clave",
        "su clave no es la del grupo",
        "habla TLS, y este puerto no",
        "usa el protocolo de 2017",
    ] {
        closed.wait_for(expected);
    }
    let own = |folder: &str, stem: &str| {
        [
            format!("--tls-cert={folder}/{stem}.pem"),
            format!("--tls-clave={folder}/{stem}-clave.pem"),
        ]
    };
    let [certificate, key] = own("tls", "127.0.0.1");
    let server = [
        "--tls-ca=tls/ca.pem",
        &certificate,
        &key,
        "--estadisticas=b",
    ];
    let (encrypted, port) = central(path, &server);
    lists(port, &[], "el central habla solo TLS");
    lists(
        port,
        &["--tls-ca=otra/ca.pem"],
        "la firma no es de esa autoridad",
    );
    lists(port, &["--tls-ca=tls/ca.pem"], "no se mostró ninguno");
    let [certificate, key] = own("otra", "cliente");
    lists(
        port,
        &["--tls-ca=tls/ca.pem", &certificate, &key],
        "no acepta el certificado",
    );
    for expected in [
        "no habla TLS",
        "la firma no es de esa autoridad",
        "no se mostró ninguno",
    ] {
        encrypted.wait_for(expected);
    }
    let [certificate, key] = own("lejos", "10.9.9.9");
    let (_elsewhere, port) = central(path, &[&certificate, &key, "--estadisticas=c"]);
    lists(
        port,
        &["--tls-ca=lejos/ca.pem"],
        "no lleva ese nombre o dirección",
    );
    check(&closed.printed());
    check(&encrypted.printed());
}
