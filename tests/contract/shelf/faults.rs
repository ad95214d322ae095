//! A bucket behind a relay that cuts, stops and slows down, or a server that fails: no wrong byte, nothing lost, clear errors,
//! and an end to every wait.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use trozos::{
    model::{ByteRange, RemoteError},
    net::objects::Objects,
    store::{StoreError, manifest_id},
};

use super::{
    Place, blocking, bytes_of, copies, look, manifest, name, place_of,
    relay::{Fault, Relay},
    s3,
};

/// A bucket that is looked at through a relay, and one that is not.
async fn behind(server: s3::S3) -> (Place, Place, Arc<Relay>) {
    let relay = Arc::new(Relay::start(server.address).await);
    let address = format!("s3://{}/a", s3::BUCKET);
    let through = Objects::open_with(&address, s3::settings(relay.address)).unwrap();
    let direct = Objects::open_with(&address, s3::settings(server.address)).unwrap();
    let kept = Arc::clone(&relay);
    (place_of(through, kept), place_of(direct, server), relay)
}

/// Reads all of a file, as a receiver does.
async fn read(place: &Place, of: &str, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let file = look(place, of, bytes).await;
    blocking(place, move |shelf| {
        let content = shelf.open(&file)?;
        let (mut all, mut start) = (Vec::new(), 0);
        let length = file.meta.layout.file_bytes();
        while start < length {
            let end = length.min(start + (128 << 10));
            let range = ByteRange { start, end };
            content.will_read(ByteRange { start, end: length });
            content.read_at(range, &mut all)?;
            content.check_unchanged()?;
            start = end;
        }
        Ok(all)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs trozos-s3"]
async fn what_is_cut_and_slow_and_fails_now_and_then_comes_whole() {
    let (through, direct, relay) = behind(s3::s3s()).await;
    let bytes = bytes_of(1, (30 << 20) + 9);
    direct.hand.put("f", &bytes).await;
    relay.next([
        Fault::Status(500),
        Fault::Reset(200),
        Fault::None,
        Fault::Reset(1 << 20),
        Fault::Status(503),
        Fault::Slow(20 << 20),
        Fault::Reset(3 << 20),
        Fault::Stall(100_000),
    ]);
    let read = read(&through, "f", &bytes).await.unwrap();
    assert!(read == bytes);
    assert!(relay.connections() >= 8, "{}", relay.connections());
    // The same for whoever hashes.
    relay.next([Fault::Reset(2 << 20), Fault::Reset(10), Fault::Status(500)]);
    let file = look(&through, "f", &bytes).await;
    let made = blocking(&through, move |shelf| {
        shelf.digest(&name("f"), file.stamp, &|| true).unwrap()
    });
    assert_eq!(manifest_id(&made.await), manifest_id(&manifest(&bytes)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs trozos-s3"]
async fn copies_come_in_through_cuts_and_failures() {
    let (through, direct, relay) = behind(s3::s3s()).await;
    let bytes = bytes_of(2, 26 << 20);
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        relay.next((0..6).map(|_| match random.u8(..4) {
            0 => Fault::Status(500),
            1 => Fault::Reset(random.usize(..400)),
            2 => Fault::Status(503),
            _ => Fault::None,
        }));
        let of = format!("f{seed}");
        let taken =
            copies::take(&through, copies::incoming(&of, &bytes), &bytes, bytes.len()).await;
        match taken {
            Ok(Some(_)) => assert!(direct.hand.get(&of).await.unwrap() == bytes),
            // Whether it was done was lost with the answer: then it is there whole, or not at all.
            Err(_) => {
                let there = direct.hand.get(&of).await;
                assert!(there.is_none_or(|there| there == bytes));
            }
            Ok(None) => panic!("it was not cut"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs trozos-s3"]
async fn a_store_that_says_nothing_is_given_up_in_time_and_is_no_fault_of_a_file() {
    let (through, direct, relay) = behind(s3::s3s()).await;
    let bytes = bytes_of(3, 5 << 20);
    direct.hand.put("f", &bytes).await;
    let file = look(&through, "f", &bytes).await;
    relay.others(Fault::Stall(0));
    // Connections of before are still good.
    relay.next([]);
    let began = Instant::now();
    let error = blocking(&through, move |shelf| {
        let content = shelf.open(&file).unwrap();
        let range = ByteRange {
            start: 0,
            end: 5 << 20,
        };
        // As often as there may be connections left.
        for _ in 0..3 {
            if let Err(error) = content.read_at(range, &mut Vec::new()) {
                return Some(error);
            }
        }
        None
    });
    if let Some(error) = error.await {
        assert!(error.says_nothing(), "{error}");
    }
    let scanned = blocking(&through, |shelf| shelf.scan().map(drop)).await;
    if let Err(error) = scanned {
        assert!(error.says_nothing(), "{error}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(150),
        "{:?}",
        began.elapsed()
    );
    relay.others(Fault::None);
    assert!(read(&through, "f", &bytes).await.unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs trozos-s3"]
async fn what_is_wrong_with_a_store_is_told_apart() {
    let server = s3::s3s();
    let open = |address: &str, change: &[(&str, &str)]| {
        let mut settings = s3::settings(server.address);
        settings.extend(change.iter().map(|(k, v)| (k.to_string(), v.to_string())));
        Objects::open_with(address, settings).unwrap()
    };
    let bucket = format!("s3://{}/a", s3::BUCKET);
    assert_eq!(open(&bucket, &[]).probe().await, Ok(()));
    let missing = open("s3://no-hay/a", &[]).probe().await;
    assert_eq!(missing, Err(RemoteError::BucketMissing));
    let secret = open(&bucket, &[("AWS_SECRET_ACCESS_KEY", "otro")])
        .probe()
        .await;
    assert_eq!(secret, Err(RemoteError::Credentials));
    let key = open(&bucket, &[("AWS_ACCESS_KEY_ID", "nadie")])
        .probe()
        .await;
    assert!(
        matches!(key, Err(RemoteError::Credentials | RemoteError::Denied)),
        "{key:?}"
    );
    // A port of which nobody listens.
    let nobody = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let endpoint = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let began = Instant::now();
    let gone = open(&bucket, &[("AWS_ENDPOINT_URL", &endpoint)])
        .probe()
        .await;
    assert!(matches!(gone, Err(RemoteError::Unreachable(_))), "{gone:?}");
    assert!(began.elapsed() < Duration::from_secs(60));
    for error in [missing, secret] {
        let told = error.unwrap_err().to_string();
        assert!(
            !told.contains(s3::SECRET) && !told.contains("otro"),
            "{told}"
        );
    }
}
