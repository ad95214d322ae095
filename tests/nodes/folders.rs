//! Served folders that are not as a secondary would like them: those that may only be read, and disks that are away.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use trozos::node::secondary::SecondaryEvent;

use crate::support::{Bench, noise, put, until};

/// This thread, and those that it starts, may not write what its user may not.
fn obey_permissions() {
    let mut sets = capabilities(None).unwrap();
    let above = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    sets.effective.remove(above);
    set_capabilities(None, sets).unwrap();
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

// In one thread, so that all threads are its children.
#[tokio::test]
async fn a_folder_that_may_only_be_read_is_a_source_and_no_target() {
    obey_permissions();
    let (bench, _central) = Bench::start(|_| {}).await;
    put(&bench.served(1, "a"), &noise(1, 3_000_000));
    put(&bench.served(2, "b"), &noise(2, 1000));
    chmod(&bench.path("videos1"), 0o555);
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(bench.secondary(n).await);
    }
    let told = async {
        loop {
            let event = secondaries[0].events.recv().await.unwrap();
            if let SecondaryEvent::ReadOnly(error) = event {
                break error;
            }
        }
    };
    let told = tokio::time::timeout(crate::support::DEADLINE, told)
        .await
        .unwrap();
    assert_eq!(told.path(), bench.path("videos1"));
    let client = bench.client("ana").await;
    let copied = |listed: &[trozos::model::ListedFile]| {
        let holders = listed.iter().map(|file| file.holders);
        holders.eq([3, 2])
    };
    client.listing("copies where they can be", copied).await;
    until("level", || async {
        let status = client.handle.status().await.ok()?;
        let first = &status.secondaries[0];
        let right = first.read_only && !first.away && first.missing == 0 && status.copies == 0;
        (right && status.level).then_some(())
    })
    .await;
    assert!(secondaries[0].handle.status().await.unwrap().read_only);
    // It gets what it lacks when it can be written into.
    chmod(&bench.path("videos1"), 0o755);
    client.level(2, 3).await;
    assert!(bench.served(1, "b").exists());
}
