//! The power goes: what a central has acknowledged is on its disk, and what only the system's memory had is lost. A file
//! system in an image, of which a copy is what the disk had at that moment.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use fastrand::Rng;
use trozos::{engine::registry::Entry, node::central::read_journal};

use crate::support::process::{CENTRAL, Process, SECONDARY, plain};

fn sh(text: &str) {
    let done = Command::new("sh").args(["-ec", text]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success(),
        "{text}: {said}; it needs mount and mkfs.ext4, as root: see .ci/run"
    );
}

fn mount(image: &Path, at: &Path) {
    fs::create_dir_all(at).unwrap();
    sh(&format!(
        "mount -o loop {} {}",
        image.display(),
        at.display()
    ));
}

/// The journal as it is on a disk whose power went just now.
fn after_power_loss(folder: &Path, round: usize) -> PathBuf {
    let (image, copy) = (folder.join("disk"), folder.join(format!("copy{round}")));
    fs::copy(&image, &copy).unwrap();
    let at = folder.join(format!("m{round}"));
    mount(&copy, &at);
    at.join("central.diario")
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn nothing_that_was_acknowledged_is_lost_with_the_power() {
    let mut random = Rng::with_seed(7);
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    sh(&format!(
        "truncate -s 64M {0}/disk && mkfs.ext4 -q {0}/disk",
        folder.display()
    ));
    mount(&folder.join("disk"), &folder.join("m"));
    let start = |port: u16| {
        let args = [
            format!("-p{port}"),
            "--ip=127.0.0.1".to_owned(),
            "--diario=m/central.diario".to_owned(),
            "--sin-consola".to_owned(),
            "--socket=ordenes".to_owned(),
        ];
        Process::start(CENTRAL, folder, &args)
    };
    let mut central = start(0);
    let port = central.port();
    let secondaries = [1, 2, 3].map(|n| {
        let args = [
            format!("-n{n}"),
            "-p0".to_owned(),
            "--ip=127.0.0.1".to_owned(),
            "--ip-central=127.0.0.1".to_owned(),
            format!("--puerto-central={port}"),
            "--sin-consola".to_owned(),
            "--socket=no".to_owned(),
        ];
        Process::start(SECONDARY, folder, &args)
    });
    for n in 1..=3 {
        central.wait_for(&format!("El secundario {n} se ha inscrito"));
    }
    let mut drained = BTreeSet::new();
    for round in 0..12 {
        for _ in 0..random.u8(1..6) {
            let number = random.u16(1..=3);
            let is_on = !drained.remove(&number);
            if is_on {
                drained.insert(number);
            }
            let mut order = Command::new(CENTRAL);
            plain(&mut order)
                .current_dir(folder)
                .args(["drenar", &number.to_string()]);
            if !is_on {
                order.arg("no");
            }
            let said = order.arg("--socket=ordenes").output().unwrap();
            assert!(said.status.success(), "{said:?}");
        }
        // The power goes right after the last acknowledgement, or while the next order is on its way.
        let path = after_power_loss(folder, round);
        let journal = read_journal(&path).unwrap();
        let snapshot: serde_json::Value = serde_json::from_slice(&journal.facts).unwrap();
        let mut on_disk: BTreeSet<u16> =
            serde_json::from_value(snapshot["drained"].clone()).unwrap_or_default();
        for entry in journal.batches.iter().flat_map(|batch| &batch.entries) {
            match entry {
                Entry::Drained { number } => drop(on_disk.insert(number.get())),
                Entry::Works { number } => drop(on_disk.remove(&number.get())),
                _ => {}
            }
        }
        assert_eq!(on_disk, drained, "round {round}");
        sh(&format!("umount {}/m{round}", folder.display()));
        fs::remove_file(folder.join(format!("copy{round}"))).unwrap();
        if round % 4 == 3 {
            // What it reads may be in the system's memory alone: the next run writes it anew.
            central.kill();
            central = start(port);
            assert_eq!(central.port(), port);
            for n in 1..=3 {
                central.wait_for(&format!("El secundario {n} se ha inscrito"));
            }
        }
    }
    drop(secondaries);
    central.kill();
    // The kernel lets go of the files a moment after the process.
    for _ in 0..200 {
        let mut umount = Command::new("umount");
        if umount.arg(folder.join("m")).status().unwrap().success() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
