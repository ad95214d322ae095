//! A secondary whose files lie in a bucket, among others with folders: what it has is copied to them and what they have to it, its
//! clients get what they asked for, and what others change in the bucket is noticed.

use std::time::Duration;

use bytes::Bytes;
use trozos::{
    net::objects::{Expect, Objects},
    node::client::DownloadEvent,
};

use crate::support::{Bench, Secondary, noise, put, start_secondary, tree, until};

/// A bucket in memory of which nobody else knows.
fn bucket() -> (String, Objects) {
    let address = format!("memory://nodes-{:016x}/videos", fastrand::u64(..));
    let objects = Objects::open(&address).unwrap();
    (address, objects)
}

async fn write(objects: &Objects, name: &str, bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    objects.put(name, bytes, &Expect::Anything).await.unwrap();
}

async fn read(objects: &Objects, name: &str) -> Option<Vec<u8>> {
    let bytes = objects.read_small(name, 1 << 30).await;
    bytes.ok().map(|bytes| bytes.to_vec())
}

async fn in_bucket(bench: &Bench, n: u64, address: &str) -> Secondary {
    let mut config = bench.secondary_config(n);
    config.folder = address.into();
    config.look_every = Some(Duration::from_secs(1));
    start_secondary(config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_and_folders_become_level_and_stay_so() {
    let (bench, central) = Bench::start(|_| {}).await;
    let (address, objects) = bucket();
    let (film, small, own) = (noise(1, 21_000_003), noise(2, 10), noise(3, 9_000_000));
    write(&objects, "film.mkv", &film).await;
    write(&objects, "serie/cap #1 ñ.txt", &small).await;
    put(&bench.served(1, "own.bin"), &own);
    put(&bench.served(2, "empty.bin"), b"");
    let first = bench.secondary(1).await;
    let second = bench.secondary(2).await;
    let third = in_bucket(&bench, 3, &address).await;
    let mut client = bench.client("ana").await;
    client.level(4, 3).await;
    let expected = tree(&bench.path("videos1"));
    assert_eq!(tree(&bench.path("videos2")), expected);
    assert!(read(&objects, "own.bin").await.unwrap() == own);
    assert_eq!(read(&objects, "empty.bin").await.as_deref(), Some(&b""[..]));
    assert_eq!(std::fs::read(bench.served(1, "film.mkv")).unwrap(), film);
    let status = third.handle.status().await.unwrap();
    assert_eq!(status.folder.to_str(), Some(address.as_str()));
    assert_eq!(
        (status.files, status.read_only, status.away),
        (4, false, false)
    );

    // From the bucket alone.
    first.handle.stop().await.unwrap();
    second.handle.stop().await.unwrap();
    for (name, bytes) in [
        ("film.mkv", &film),
        ("serie/cap #1 ñ.txt", &small),
        ("own.bin", &own),
    ] {
        client
            .handle
            .download(crate::support::name(name))
            .await
            .unwrap();
        let end = client.finished().await;
        assert!(matches!(end, DownloadEvent::Complete(_)), "{name}: {end:?}");
        assert_eq!(&std::fs::read(client.target.join(name)).unwrap(), bytes);
    }

    // Somebody changes what is there; the others follow.
    let (first, second) = (bench.secondary(1).await, bench.secondary(2).await);
    client.level(4, 3).await;
    let newer = noise(4, 12_000_000);
    write(&objects, "film.mkv", &newer).await;
    objects.remove("own.bin").await.unwrap();
    write(&objects, "later.bin", &small).await;
    until("the others follow the bucket", || async {
        let film = std::fs::read(bench.served(2, "film.mkv")).ok();
        let later = std::fs::read(bench.served(1, "later.bin")).ok();
        let is_gone = !bench.served(1, "own.bin").exists();
        (film.as_ref() == Some(&newer) && later.is_some() && is_gone).then_some(())
    })
    .await;
    // And the bucket follows them.
    let newest = noise(5, 11_000_000);
    put(&bench.served(1, "later.bin"), &newest);
    std::fs::remove_file(bench.served(2, "empty.bin")).unwrap();
    until("the bucket follows the others", || async {
        let later = read(&objects, "later.bin").await;
        let empty = read(&objects, "empty.bin").await;
        (later.as_ref() == Some(&newest) && empty.is_none()).then_some(())
    })
    .await;
    // What it replaced and what was deleted elsewhere is set aside, and comes back when asked for.
    let aside = third.handle.retired().await.unwrap();
    let names: Vec<_> = aside.iter().map(|file| file.name.as_str()).collect();
    assert!(
        names.contains(&"later.bin") && names.contains(&"empty.bin"),
        "{names:?}"
    );
    let older = aside.iter().find(|file| file.name == "later.bin").unwrap();
    assert!(read(&objects, &older.path).await.unwrap() == small);
    for secondary in [first, second, third] {
        secondary.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}

/// Another machine, which knows nothing, need not read everything.
#[tokio::test(flavor = "multi_thread")]
async fn digests_are_found_beside_the_objects() {
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    let (address, objects) = bucket();
    write(&objects, "film.mkv", &noise(1, 5_000_000)).await;
    let first = in_bucket(&bench, 1, &address).await;
    let client = bench.client("ana").await;
    client.level(1, 1).await;
    first.handle.stop().await.unwrap();
    let kept = objects.list(".trozos/indice/", 100).await.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mut config = bench.secondary_config(2);
    config.folder = address.as_str().into();
    config.statistics = bench.path("elsewhere");
    let mut second = start_secondary(config).await;
    client.level(1, 1).await;
    while let Ok(event) = second.events.try_recv() {
        let shown = format!("{event:?}");
        assert!(!shown.contains("Hashing"), "{shown}");
    }
    second.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
}

/// Nothing but refusals come of what is no bucket.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_bucket_is_refused_at_the_start() {
    let (bench, central) = Bench::start(|_| {}).await;
    for (place, code) in [
        ("s3://", "bucket-address"),
        ("ftp://cubo/a", "bucket-address"),
        ("s3://clave:secreto@cubo/a", "bucket-address"),
    ] {
        let mut config = bench.secondary_config(1);
        config.folder = place.into();
        let (events, _kept) = tokio::sync::mpsc::channel(10);
        let error = trozos::node::secondary::start(config, events).await;
        let error = error.map(drop).unwrap_err();
        assert_eq!(error.code(), code, "{place}");
        assert!(!error.to_string().contains("secreto"), "{error}");
    }
    central.handle.stop().await.unwrap();
}
