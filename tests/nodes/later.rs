//! What a client goes on with later: once there is service, and in its next run.

use std::path::Path;

use trozos::node::client::{
    ClientConfig, ClientError, ClientEvent, DownloadAnswer, DownloadEvent, DownloadState,
    DownloadView, MemoryTrouble, Patience,
};

use crate::support::{Bench, Client, DEADLINE, Secondary, name, noise, put};

const MIB: usize = 1 << 20;

/// Three secondaries that hold a file from the start, and send so many bytes per second each.
async fn secondaries(bench: &Bench, bytes: &[u8], rate_bytes_per_s: u64) -> Vec<Secondary> {
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        put(&bench.served(n, "a.bin"), bytes);
        let mut config = bench.secondary_config(n);
        config.upload_limit_bytes_per_s = Some(rate_bytes_per_s);
        secondaries.push(crate::support::start_secondary(config).await);
    }
    secondaries
}

fn remembering(folder: &Path) -> impl FnOnce(&mut ClientConfig) {
    let folder = folder.to_owned();
    move |config| config.memory = Some(folder)
}

/// The first event that is wanted.
async fn event<T>(client: &mut Client, wanted: impl Fn(ClientEvent) -> Option<T>) -> T {
    loop {
        let event = tokio::time::timeout(DEADLINE, client.events.recv()).await;
        let event = event.expect("no such event").expect("no client");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

async fn remembered(client: &mut Client) -> Vec<DownloadView> {
    event(client, |event| match event {
        ClientEvent::Remembered(views) => Some(views),
        _ => None,
    })
    .await
}

async fn has(client: &Client, bytes: u64) {
    crate::support::until("the first bytes", || async {
        let views = client.handle.downloads().await.unwrap();
        match &views[0].state {
            DownloadState::Running(snapshot) => (snapshot.have_bytes >= bytes).then_some(()),
            _ => None,
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_had_begun_goes_on_in_its_next_run() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let bytes = noise(1, 8 * MIB);
    let _secondaries = secondaries(&bench, &bytes, 500_000).await;
    let memory = bench.path("state");
    let client = bench.client_with("ana", remembering(&memory)).await;
    client.level(1, 3).await;
    client.handle.download(name("a.bin")).await.unwrap();
    has(&client, 2 * MIB as u64).await;
    client.handle.stop().await.unwrap();

    let mut next = bench.client_with("ana", remembering(&memory)).await;
    let views = remembered(&mut next).await;
    assert_eq!(views.len(), 1);
    assert_eq!(views[0].file, name("a.bin"));
    assert!(matches!(views[0].state, DownloadState::Paused));
    assert!(views[0].reached.have_bytes >= 2 * MIB as u64);
    assert_eq!(views[0].reached.file_bytes, bytes.len() as u64);
    // Nobody has asked for it yet.
    let tally = next.handle.wait_idle().await.unwrap();
    assert!(tally.all_well());
    next.handle.resume(views[0].number).await.unwrap();
    match next.finished().await {
        DownloadEvent::Complete(summary) => {
            assert!(summary.received_bytes() < 7 * MIB as u64, "{summary:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(std::fs::read(next.target.join("a.bin")).unwrap() == bytes);
    next.handle.stop().await.unwrap();
    let left = crate::support::names(&memory);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_can_be_resumed_and_what_was_cancelled_too() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let bytes = noise(2, 4 * MIB);
    let _secondaries = secondaries(&bench, &bytes, 500_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let answer = client.handle.download(name("a.bin")).await.unwrap();
    let number = answer.number();
    has(&client, 1).await;
    assert!(client.handle.cancel(number).await.unwrap());
    assert!(matches!(client.finished().await, DownloadEvent::Cancelled));
    // A file of that name with other content makes the next run fail.
    put(&client.target.join("a.bin"), b"mine");
    client.handle.resume(number).await.unwrap();
    let end = client.finished().await;
    assert!(matches!(end, DownloadEvent::Failed { .. }), "{end:?}");
    std::fs::remove_file(client.target.join("a.bin")).unwrap();
    client.handle.resume(number).await.unwrap();
    let end = client.finished().await;
    assert!(matches!(end, DownloadEvent::Complete(_)), "{end:?}");
    assert_eq!(
        client.handle.resume(number).await,
        Err(ClientError::NoSuchDownload(number))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_service_and_for_the_central() {
    let (bench, central) = Bench::start(|_| {}).await;
    let waits = |config: &mut ClientConfig| config.patience = Patience::Waits;
    let mut client = bench.client_with("ana", waits).await;
    let early = client.handle.download(name("a.bin")).await.unwrap();
    let number = early.number();
    assert_eq!(
        early,
        DownloadAnswer::Postponed(number, ClientError::NotReady)
    );
    let bytes = noise(3, MIB);
    let _secondaries = secondaries(&bench, &bytes, 10_000_000).await;
    let end = client.finished().await;
    assert!(matches!(end, DownloadEvent::Complete(_)), "{end:?}");

    central.handle.stop().await.unwrap();
    std::fs::remove_file(client.target.join("a.bin")).unwrap();
    let late = client.handle.download(name("a.bin")).await.unwrap();
    let is_away = |why: &ClientError| matches!(why, ClientError::Unreachable(_));
    assert!(
        matches!(&late, DownloadAnswer::Postponed(_, why) if is_away(why)),
        "{late:?}"
    );
    // It can be given up, and asked for anew.
    assert!(client.handle.cancel(late.number()).await.unwrap());
    assert!(matches!(client.finished().await, DownloadEvent::Cancelled));
    let again = client.handle.resume(late.number()).await.unwrap();
    assert!(matches!(again, DownloadAnswer::Postponed(..)), "{again:?}");
    let (_, _other) = Bench::start(|c| {
        c.listen = bench.central;
        c.statistics = bench.path("stats");
    })
    .await;
    let end = client.finished().await;
    assert!(matches!(end, DownloadEvent::Complete(_)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_that_cannot_be_kept_is_told_once_and_hinders_nothing() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let bytes = noise(4, MIB);
    let _secondaries = secondaries(&bench, &bytes, 200_000).await;
    std::fs::write(bench.path("file"), b"").unwrap();
    let mut client = bench
        .client_with("ana", remembering(&bench.path("file/state")))
        .await;
    client.level(1, 3).await;
    client.handle.download(name("a.bin")).await.unwrap();
    let trouble = event(&mut client, |event| match event {
        ClientEvent::Memory(trouble) => Some(trouble),
        _ => None,
    });
    assert!(matches!(trouble.await, MemoryTrouble::Failed(_)));
    let mut told = 0;
    loop {
        match client.events.recv().await.unwrap() {
            ClientEvent::Memory(_) => told += 1,
            ClientEvent::Download {
                what: DownloadEvent::Complete(_),
                ..
            } => break,
            _ => {}
        }
    }
    assert_eq!(told, 0);
    client.handle.stop().await.unwrap();
}
