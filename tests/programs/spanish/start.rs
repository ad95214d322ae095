//! Programs that do not start: configurations, files, ports, command lines.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use super::says;
use crate::support::{
    process::{CENTRAL, CLIENT, SECONDARY},
    put,
};

#[test]
fn programs_that_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(&path.join("fichero"), b"x");
    put(
        &path.join("basura.pem"),
        b"-----BEGIN CERTIFICATE-----\nno, no\n",
    );
    put(&path.join("mal.toml"), b"puerto = 1\nidioma = = 2\n");
    put(&path.join("larga.toml"), b"[central]\npuerto = [1]\n");
    put(&path.join("clave"), b"corta");
    fs::set_permissions(path.join("clave"), fs::Permissions::from_mode(0o600)).unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy_port = format!("-p{}", busy.local_addr().unwrap().port());
    for (args, expected) in [
        (vec!["--ip=127.0.0.1", &busy_port], "está en uso"),
        (
            vec!["--ip=192.0.2.1", "-p0"],
            "no es una dirección de esta máquina",
        ),
        (
            vec!["--ip=127.0.0.1", "-p0", "--estadisticas=fichero"],
            "no es una carpeta",
        ),
        (
            vec!["--config=mal.toml"],
            "línea 2, columna 10: no es TOML: «idioma = = 2»",
        ),
        (vec!["--config=larga.toml"], "lleva un texto, un número"),
        (
            vec!["--config=nada.toml"],
            "no se puede leer la configuración: no existe",
        ),
        (
            vec!["--config=."],
            "no se puede leer la configuración: es una carpeta",
        ),
        (vec!["--clave-archivo=clave"], "la clave tiene 5 bytes"),
        (
            vec!["--tls-cert=basura.pem", "--tls-clave=clave"],
            "le falta el final",
        ),
        (
            vec!["--tls-cert=nada.pem", "--tls-clave=clave"],
            "no se puede leer: no existe",
        ),
        (
            vec!["--registro-archivo=nada/x"],
            "no se puede escribir: no existe",
        ),
        (vec!["--registro", "==="], "usa error, warn, info"),
    ] {
        says(CENTRAL, path, &args, expected);
    }
    let args = ["-n1", "--ip=127.0.0.1", "-p0", "--directorio=fichero"];
    says(SECONDARY, path, &args, "no es una carpeta");
}

#[test]
fn command_lines_that_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    for (program, args, expected) in [
        (CENTRAL, &["--puerto"][..], "falta el valor de --puerto"),
        (
            CENTRAL,
            &["--puerto", "abc"],
            "«abc» no vale: escribe un número",
        ),
        (CENTRAL, &["--purto", "1"], "¿querías decir --puerto?"),
        (CENTRAL, &["-p1", "-p2"], "se da dos veces"),
        (CENTRAL, &["-p1", "certificados", "x"], "no va con"),
        (CENTRAL, &["--sin-consola=x"], "no lleva valor"),
        (CENTRAL, &["certificado"], "¿querías decir certificados?"),
        (CENTRAL, &["certificados"], "falta <CARPETA>"),
        (CENTRAL, &["plugh"], "orden desconocida"),
        (
            CENTRAL,
            &["--registro-formato=jsom"],
            "¿querías decir json?",
        ),
        (SECONDARY, &[], "falta --numero"),
        (SECONDARY, &["-n9"], "error: el número 9 no vale"),
        (SECONDARY, &["-n1", "más"], "orden desconocida: «más»"),
        (SECONDARY, &["-n1", "--limite-subida=x"], "no es una tasa"),
        (CLIENT, &["listrar"], "¿querías decir listar?"),
        (CLIENT, &["descargar", "a", "-q", "-v"], "no va con"),
        (
            CLIENT,
            &["--salida=x"],
            "¿querías decir descargar --salida?",
        ),
        (CLIENT, &["--espera-fuentes=pronto"], "no es un tiempo"),
    ] {
        says(program, folder.path(), args, expected);
    }
}
