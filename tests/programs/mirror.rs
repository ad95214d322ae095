//! `descargar serie/ --espejo`: a folder that becomes like the cluster's, and what is left alone.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::support::{
    names, noise,
    process::{CLIENT, Cluster, plain},
    put,
};

fn cluster() -> Cluster {
    let cluster = Cluster::start(10_000_000, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join("serie/1.mkv"), &noise(1, 300_000));
            put(&served.join("serie/extra/2.mkv"), &noise(2, 200_000));
            put(&served.join("serie/1.srt"), &noise(3, 1000));
            put(&served.join("otra.bin"), &noise(4, 1000));
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

struct Person<'a> {
    cluster: &'a Cluster,
    folder: tempfile::TempDir,
}

impl Person<'_> {
    fn here(&self) -> PathBuf {
        self.folder.path().join("aqui")
    }

    fn runs(&self, args: &[&str]) -> Output {
        let mut command = Command::new(CLIENT);
        plain(&mut command)
            .args(["descargar", "-q", "--ip-central=127.0.0.1"])
            .arg(format!("--puerto-central={}", self.cluster.central_port))
            .arg(format!("--destino={}", self.here().display()))
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command.output().unwrap()
    }

    fn does(&self, args: &[&str]) -> String {
        let output = self.runs(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn outcomes(&self, args: &[&str]) -> Vec<(String, String)> {
        let all = [args, &["--json"]].concat();
        let document: serde_json::Value = serde_json::from_str(&self.does(&all)).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let files = document["files"].as_array().unwrap();
        let mut found: Vec<_> = files
            .iter()
            .map(|file| (text(&file["name"]), text(&file["outcome"])))
            .collect();
        found.sort();
        found
    }
}

fn sorted(folder: &Path) -> Vec<String> {
    let mut all = names(folder);
    all.sort();
    all
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(name, outcome)| ((*name).to_owned(), (*outcome).to_owned()))
        .collect()
}

#[test]
fn a_folder_becomes_like_the_clusters() {
    let cluster = cluster();
    let person = Person {
        cluster: &cluster,
        folder: tempfile::tempdir().unwrap(),
    };
    let here = person.here();
    put(&here.join("serie/1.mkv"), b"shorter");
    put(&here.join("serie/1.srt"), &noise(9, 1000));
    put(&here.join("serie/viejo/0.mkv"), b"old");
    put(&here.join("serie/.oculto"), b"hidden");
    put(&here.join("serie/0.mkv.part"), b"part");
    put(&here.join("mia.bin"), b"mine");
    // A rehearsal changes nothing.
    let before = sorted(&here);
    let rehearsed = person.outcomes(&["serie/", "--espejo", "--borrar", "--ensayo"]);
    let expected = pairs(&[
        ("serie/1.mkv", "would_download"),
        ("serie/1.srt", "already"),
        ("serie/extra/2.mkv", "would_download"),
        ("serie/viejo/0.mkv", "would_delete"),
    ]);
    assert_eq!(rehearsed, expected);
    assert_eq!(sorted(&here), before);
    let told = person.does(&["serie/", "--mirror", "--delete", "--dry-run"]);
    assert!(told.contains("Se borraría serie/viejo/0.mkv"), "{told}");
    // What is excluded is left alone, on both sides.
    person.does(&[
        "serie/",
        "--espejo",
        "--borrar",
        "--excluir=viejo/*",
        "--excluir",
        "serie/viejo/",
        "--excluir=*.mkv",
    ]);
    assert_eq!(sorted(&here), before);
    let done = person.outcomes(&["serie/", "--espejo", "--borrar"]);
    let expected = pairs(&[
        ("serie/1.mkv", "complete"),
        ("serie/1.srt", "already"),
        ("serie/extra/2.mkv", "complete"),
        ("serie/viejo/0.mkv", "deleted"),
    ]);
    assert_eq!(done, expected);
    assert!(!here.join("serie/viejo").exists());
    for kept in ["serie/.oculto", "serie/0.mkv.part", "mia.bin"] {
        assert!(here.join(kept).exists(), "{kept}");
    }
    assert!(std::fs::read(here.join("serie/1.mkv")).unwrap() == noise(1, 300_000));
    // Of the same length, and yet another content.
    assert!(std::fs::read(here.join("serie/1.srt")).unwrap() == noise(9, 1000));
    person.does(&["serie/", "--espejo", "--por-contenido"]);
    assert!(std::fs::read(here.join("serie/1.srt")).unwrap() == noise(3, 1000));
}

#[test]
fn files_are_chosen_and_what_makes_no_sense_is_refused() {
    let cluster = cluster();
    let person = Person {
        cluster: &cluster,
        folder: tempfile::tempdir().unwrap(),
    };
    person.does(&["serie/", "--incluir=*.mkv", "--excluir=2.mkv"]);
    assert_eq!(sorted(&person.here()), ["serie/1.mkv"]);
    for (args, exit) in [
        (&["serie/", "--borrar"][..], 2),
        (&["*", "--espejo", "--borrar"], 2),
        (&["otra.bin", "--espejo", "--borrar"], 2),
        (&["serie/", "--espejo", "--incluir=[a"], 2),
        (&["nada/", "--espejo", "--borrar"], 4),
        (&["serie/", "--incluir=*.iso"], 4),
    ] {
        let output = person.runs(args);
        assert_eq!(output.status.code(), Some(exit), "{args:?}: {output:?}");
    }
    assert_eq!(sorted(&person.here()), ["serie/1.mkv"]);
}
