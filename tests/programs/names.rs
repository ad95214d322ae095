//! What flags, commands, keys and variables are called in each language, and where help is asked for.

use serde_json::Value;

use crate::support::{
    process::{CENTRAL, CLIENT, SECONDARY, ended},
    put,
};

#[test]
fn help_has_the_names_of_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let (english, german) = ([("LANG", "en_GB.UTF-8")], [("LANG", "de_DE.UTF-8")]);
    for (program, args, variables, parts) in [
        (
            CLIENT,
            &["descargar", "--help"][..],
            &english[..],
            &[
                "Usage: videocliente get [OPTIONS]",
                "--central-port <PORT>",
                "--progress <text|json|no>",
            ][..],
        ),
        (CLIENT, &["help"], &german, &["Commands:", "  list "]),
        (
            CLIENT,
            &["ayuda", "get"],
            &[],
            &["Uso: videocliente descargar", "--puerto-central <PUERTO>"],
        ),
        (
            CENTRAL,
            &["drenar", "--help"],
            &english,
            &["Usage: videocentral drain"],
        ),
        (SECONDARY, &["--help"], &english, &["--upload-limit <RATE>"]),
    ] {
        let (code, out, err) = ended(program, folder.path(), args, variables);
        assert_eq!(code, 0, "{args:?}: {err}");
        for part in parts {
            assert!(out.contains(part), "{args:?}: {part}: {out}");
        }
    }
}

#[test]
fn both_names_are_understood_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    put(
        &folder.path().join("en.toml"),
        b"[client]\ncentral-ip = \"127.0.0.1\"\ncentral-port = 1\n",
    );
    let unreachable = "127.0.0.1:1";
    for (args, variables) in [
        (&["list", "--central-ip=127.0.0.1:1"][..], &[][..]),
        (
            &["lista", "--ip-central=127.0.0.1", "--central-port=1"],
            &[("LANG", "en_GB")],
        ),
        (&["status", "--config=en.toml"], &[]),
        (
            &["estado"],
            &[
                ("TROZOS_CENTRAL_IP", "127.0.0.1"),
                ("TROZOS_PUERTO_CENTRAL", "1"),
            ],
        ),
    ] {
        let (code, _, err) = ended(CLIENT, folder.path(), args, variables);
        assert_eq!(code, 3, "{args:?}: {err}");
        assert!(err.contains(unreachable), "{args:?}: {err}");
    }
    let line = ["listar", "--json", "--ip-central=127.0.0.1:1"];
    let (_, out, _) = ended(CLIENT, folder.path(), &line, &[]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["exit"], 3);
    assert!(document["code"].is_string(), "{out}");
}

#[test]
fn a_value_out_of_range_is_told_with_the_range_and_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("a.toml"), b"puerto-central = 99999\n");
    for (args, variables, part) in [
        (
            &["listar", "--puerto-central=99999"][..],
            &[][..],
            "error: --puerto-central <PUERTO>: «99999» no vale: escribe un número de 1 a 65535",
        ),
        (&["listar", "--config=a.toml"], &[], "error: a.toml: "),
        (
            &["listar"],
            &[("TROZOS_CENTRAL_PORT", "99999")],
            "error: TROZOS_CENTRAL_PORT: ",
        ),
    ] {
        let (code, _, err) = ended(CLIENT, folder.path(), args, variables);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(part), "{args:?}: {err}");
    }
    let shown = ["-n2", "--mostrar-config"];
    let (_, out, _) = ended(SECONDARY, folder.path(), &shown, &[]);
    for part in ["50002", "data/videos2", "es  "] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn files_for_people_are_called_as_they_speak_unless_they_are_there_already() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let english = [("LANG", "en_GB.UTF-8")];
    let (code, out, err) = ended(CENTRAL, here, &["certificates", "g", "--node=a"], &english);
    assert_eq!(code, 0, "{err}");
    for file in [
        "secret",
        "ca-key.pem",
        "client.pem",
        "client-key.pem",
        "a-key.pem",
    ] {
        assert!(here.join("g").join(file).exists(), "{file}");
        assert!(out.contains(file), "{file}: {out}");
    }
    let (code, out, err) = ended(CENTRAL, here, &["certificados", "g", "--nodo=b"], &[]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("b-key.pem") && out.contains(" secret "),
        "{out}"
    );
    let made = crate::support::names(&here.join("g"));
    assert!(!made.iter().any(|name| name.contains("clave")), "{made:?}");

    let usual = |variables: &[(&str, &str)]| {
        let (_, out, _) = ended(CLIENT, here, &["--mostrar-config"], variables);
        let row = out.lines().find(|line| line.contains("data/")).unwrap();
        row.split('|').nth(1).unwrap().trim().to_owned()
    };
    assert_eq!(usual(&english), "data/downloads");
    assert_eq!(usual(&[]), "data/descargas");
    put(&here.join("data/descargas/x.part"), b"");
    assert_eq!(usual(&english), "data/descargas");
}
