//! What is taken out of served folders and kept, and copies that a disk has altered, over the three roles on loopback.

use std::{fs, path::Path, time::Duration};

use trozos::{
    model::RetiredReason,
    node::{
        central::{CentralEvent, Notice},
        client::DownloadEvent,
    },
    store::retired::RetiredLimits,
};

use crate::support::{Bench, Central, Client, name, noise, number, put, start_secondary, until};

/// Alters every mebibyte of a file, and nothing that a look shows.
fn rot(path: &Path) {
    let changed = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes.chunks_mut(1 << 20).for_each(|chunk| chunk[7] ^= 1);
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(changed).unwrap();
}

/// Whose copy the central says is damaged, and how many others have it.
async fn damaged(central: &mut Central) -> (u16, usize) {
    let told = async {
        loop {
            if let CentralEvent::Cluster(Notice::Damaged { number, others, .. }) =
                central.events.recv().await.unwrap()
            {
                return (number.get(), others);
            }
        }
    };
    tokio::time::timeout(crate::support::DEADLINE, told)
        .await
        .unwrap()
}

async fn is_there(path: &Path, bytes: &[u8]) {
    until("the file", || async {
        fs::read(path)
            .is_ok_and(|found| found == bytes)
            .then_some(())
    })
    .await;
}

async fn download(client: &mut Client, file: &str) -> DownloadEvent {
    client.handle.download(name(file)).await.unwrap();
    client.finished().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_the_disk_altered_is_mended_from_the_others() {
    let (bench, mut central) = Bench::start(|_| {}).await;
    let bytes = noise(1, 20_000_000);
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        put(&bench.served(n, "a.bin"), &bytes);
        secondaries.push(bench.secondary(n).await);
    }
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    rot(&bench.served(2, "a.bin"));
    let DownloadEvent::Complete(summary) = download(&mut client, "a.bin").await else {
        panic!("not complete");
    };
    assert_eq!(fs::read(summary.path).unwrap(), bytes);
    assert_eq!(damaged(&mut central).await, (2, 2));
    is_there(&bench.served(2, "a.bin"), &bytes).await;
    client.level(1, 3).await;
    let second = &secondaries[1].handle;
    let kept = until("set aside", || async {
        second.retired().await.ok().filter(|kept| !kept.is_empty())
    })
    .await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].reason, Some(RetiredReason::Damaged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_the_disk_altered_is_mended_before_anybody_asks_for_it() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let bytes = noise(4, 20_000_000);
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        put(&bench.served(n, "a.bin"), &bytes);
        let mut config = bench.secondary_config(n);
        config.scrub_every = Some(Duration::from_secs(1));
        secondaries.push(start_secondary(config).await);
    }
    let client = bench.client("ana").await;
    client.level(1, 3).await;
    rot(&bench.served(2, "a.bin"));
    is_there(&bench.served(2, "a.bin"), &bytes).await;
    client.level(1, 3).await;
    let second = &secondaries[1].handle;
    until("a count of it", || async {
        let scrub = second.status().await.ok()?.scrub?;
        let last = scrub.last.unwrap_or_default();
        (scrub.damaged + last.damaged > 0).then_some(())
    })
    .await;
    // Others had nothing to mend.
    let first = secondaries[0].handle.status().await.unwrap();
    assert_eq!(first.scrub.unwrap().damaged, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_copy_is_not_sent_when_it_is_damaged_and_mended_once_there_is_another() {
    let (bench, mut central) = Bench::start(|config| config.required_secondaries = 1).await;
    let bytes = noise(2, 5_000_000);
    put(&bench.served(1, "a.bin"), &bytes);
    let first = bench.secondary(1).await;
    let mut client = bench
        .client_with("ana", |config| {
            config.source_wait = Duration::from_secs(1);
        })
        .await;
    client.level(1, 1).await;
    rot(&bench.served(1, "a.bin"));
    let end = download(&mut client, "a.bin").await;
    assert!(matches!(end, DownloadEvent::Failed { .. }), "{end:?}");
    assert_eq!(damaged(&mut central).await, (1, 0));
    until("not served", || async {
        let status = first.handle.status().await.ok()?;
        (status.files == 0).then_some(())
    })
    .await;
    put(&bench.served(2, "a.bin"), &bytes);
    let _second = bench.secondary(2).await;
    is_there(&bench.served(1, "a.bin"), &bytes).await;
    client.level(1, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_comes_back_for_all_and_goes_within_bounds() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 2).await;
    put(&bench.served(1, "serie/a"), b"one");
    put(&bench.served(1, "b"), &noise(3, 3_000));
    let _first = bench.secondary(1).await;
    let second = bench.secondary(2).await;
    let client = bench.client("ana").await;
    client.level(2, 2).await;
    fs::remove_file(bench.served(1, "serie/a")).unwrap();
    let kept = until("set aside", || async {
        let kept = second.handle.retired().await.ok()?;
        kept.first().cloned()
    })
    .await;
    assert_eq!((kept.name.as_str(), kept.bytes), ("serie/a", 3));
    let back = second.handle.recover(kept.number).await.unwrap().unwrap();
    assert_eq!(back, name("serie/a"));
    // As if somebody had put it there.
    client.level(2, 2).await;
    is_there(&bench.served(1, "serie/a"), b"one").await;
    let limits = RetiredLimits {
        max_bytes: Some(1_000),
        ..RetiredLimits::default()
    };
    second.handle.set_retired_limits(limits).await.unwrap();
    for file in ["b", "serie/a"] {
        fs::remove_file(bench.served(1, file)).unwrap();
    }
    until("gone", || async {
        let gone = ["b", "serie/a"]
            .iter()
            .all(|file| !bench.served(2, file).exists());
        gone.then_some(())
    })
    .await;
    let kept = second.handle.retired().await.unwrap();
    assert_eq!(
        kept.iter().map(|file| &*file.name).collect::<Vec<_>>(),
        ["serie/a"]
    );
    assert_eq!(number(2), second.handle.status().await.unwrap().number);
}
