//! Files that people publish: from the disk of one to that of another, and who may not have them.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use trozos::{
    model::{AccountName, Audience, FileName, Who},
    node::client::{
        AccountWish, ClientError, ClientEvent, DownloadEvent, DownloadNumber, PeeringConfig,
        PublishError, PublishOrder, PublishedAs, ShelfState,
    },
    proto::ErrorCode,
};

use crate::support::{Bench, Client, name, noise, put, until};

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

/// A client that publishes, whoever it is; with the keys and what is remembered of this name.
async fn device(bench: &Bench, who: &str, limit: Option<u64>) -> Client {
    bench
        .client_with(who, |config| {
            config.identity = Some(bench.path(&format!("identidad-{who}")));
            config.source_wait = Duration::from_secs(20);
            config.peering = PeeringConfig {
                listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
                allowed: vec![bench.path("casa")],
                records: Some(bench.path(&format!("estado-{who}"))),
                serves: true,
                gives: None,
                alone: false,
                upload_limit_bytes_per_s: limit,
            };
        })
        .await
}

/// The same, with an account of that name.
async fn person(bench: &Bench, who: &str, limit: Option<u64>) -> Client {
    let client = device(bench, who, limit).await;
    let wish = AccountWish::Register(account(who));
    client.handle.account(wish).await.unwrap();
    client
}

fn order(bench: &Bench, file: &str) -> PublishOrder {
    PublishOrder {
        path: bench.path("casa").join(file),
        name: None,
        audience: Audience::All,
        replaces: false,
    }
}

async fn publish(client: &Client, order: PublishOrder) -> PublishedAs {
    client.handle.publish(order).await.unwrap()
}

/// Waits for an event of a client.
async fn event<T>(
    client: &mut Client,
    what: &str,
    mut wanted: impl FnMut(&ClientEvent) -> Option<T>,
) -> T {
    loop {
        let event = tokio::time::timeout(crate::support::DEADLINE, client.events.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("never {what}")).unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_from_its_owner_to_whoever_wants_it() {
    let (bench, central) = Bench::start(|_| {}).await;
    let content = noise(7, 5_000_000);
    put(&bench.path("casa/sub/a b.bin"), &content);
    let ana = person(&bench, "ana", None).await;
    let done = publish(&ana, order(&bench, "sub/a b.bin")).await;
    assert_eq!(done.file.name, name("@ana/a b.bin"));
    let mut luis = device(&bench, "luis", None).await;
    let listed = luis.handle.content(account("ana")).await.unwrap();
    assert_eq!((listed.len(), listed[0].sources), (1, 1));
    let unknown = luis.handle.content(account("nadia")).await;
    assert_eq!(unknown, Err(ClientError::UnknownAccount(account("nadia"))));
    let users = luis.handle.users().await.unwrap();
    assert_eq!((users[0].files, users[0].connected), (1, true));
    luis.handle.download(name("@ana/a b.bin")).await.unwrap();
    match luis.finished().await {
        DownloadEvent::Complete(summary) => {
            assert_eq!(summary.path, luis.target.join("@ana/a b.bin"));
            assert!(matches!(summary.sources[..], [ref one] if matches!(one.who, Who::Peer(_))));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        std::fs::read(luis.target.join("@ana/a b.bin")).unwrap(),
        content
    );
    until("counted", || async {
        let serving = ana.handle.serving().await.unwrap();
        (serving.bytes == content.len() as u64).then_some(())
    })
    .await;
    // Withdrawn, it is nobody's any more.
    ana.handle.withdraw(name("a b.bin")).await.unwrap();
    let gone = luis.handle.download(name("@ana/a b.bin")).await;
    assert_eq!(gone.err(), Some(ClientError::NotFound));
    assert!(ana.handle.shelf().await.unwrap().is_empty());
    let again = ana.handle.withdraw(name("a b.bin")).await.unwrap_err();
    assert_eq!(again.code(), "not-found");
    luis.handle.wait_idle().await.unwrap();
    for client in [ana, luis] {
        client.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_is_cut_goes_on_when_its_owner_is_back() {
    let (bench, central) = Bench::start(|_| {}).await;
    let content = noise(8, 12_000_000);
    put(&bench.path("casa/a.bin"), &content);
    let ana = person(&bench, "ana", Some(3_000_000)).await;
    publish(&ana, order(&bench, "a.bin")).await;
    let mut luis = device(&bench, "luis", None).await;
    luis.handle.download(name("@ana/a.bin")).await.unwrap();
    until("some of it", || async {
        let sent = ana.handle.serving().await.unwrap().bytes;
        (sent > 2_000_000).then_some(())
    })
    .await;
    ana.handle.stop().await.unwrap();
    // Nothing looks whole.
    assert!(!luis.target.join("@ana/a.bin").exists());
    assert!(luis.target.join("@ana/a.bin.part").exists());
    let waits = |event: &ClientEvent| match event {
        ClientEvent::Download {
            what: DownloadEvent::Notice(_),
            ..
        } => Some(()),
        _ => None,
    };
    event(&mut luis, "without its source", waits).await;
    // It signs in, and offers its files, by itself.
    let ana = device(&bench, "ana", None).await;
    match luis.finished().await {
        DownloadEvent::Complete(summary) => assert_eq!(summary.bytes, 12_000_000),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        std::fs::read(luis.target.join("@ana/a.bin")).unwrap(),
        content
    );
    let again = ana.handle.serving().await.unwrap();
    assert!(again.bytes < 12_000_000, "it began anew: {again:?}");
    for client in [ana, luis] {
        client.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_since_is_not_sent() {
    let (bench, central) = Bench::start(|_| {}).await;
    put(&bench.path("casa/a.bin"), &noise(9, 3_000_000));
    let mut ana = person(&bench, "ana", None).await;
    publish(&ana, order(&bench, "a.bin")).await;
    put(&bench.path("casa/a.bin"), &noise(10, 3_000_000));
    let mut luis = device(&bench, "luis", None).await;
    luis.handle.download(name("@ana/a.bin")).await.unwrap();
    let not_offered = |event: &ClientEvent| match event {
        ClientEvent::NotOffered { name } => Some(name.clone()),
        _ => None,
    };
    let told = event(&mut ana, "told", not_offered).await;
    assert_eq!(told, name("@ana/a.bin"));
    assert_eq!(
        ana.handle.shelf().await.unwrap()[0].state,
        ShelfState::Changed
    );
    luis.handle.cancel(DownloadNumber(1)).await.unwrap();
    assert!(matches!(luis.finished().await, DownloadEvent::Cancelled));
    until("unavailable", || async {
        let listed = luis.handle.content(account("ana")).await.unwrap();
        (listed[0].sources == 0).then_some(())
    })
    .await;
    match luis.handle.download(name("@ana/a.bin")).await {
        Err(ClientError::Refused { code, .. }) => assert_eq!(code, ErrorCode::NoSource),
        other => panic!("{other:?}"),
    }
    // The name has other content now, which has to be said.
    match ana.handle.publish(order(&bench, "a.bin")).await {
        Err(error) => assert_eq!(error.code(), "name-taken"),
        other => panic!("{other:?}"),
    }
    let replacing = PublishOrder {
        replaces: true,
        ..order(&bench, "a.bin")
    };
    publish(&ana, replacing).await;
    luis.handle.download(name("@ana/a.bin")).await.unwrap();
    let ended = luis.finished().await;
    assert!(matches!(ended, DownloadEvent::Complete(_)), "{ended:?}");
    for client in [ana, luis] {
        client.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_one_is_for_nobody_else() {
    let (bench, central) = Bench::start(|_| {}).await;
    let content = noise(11, 2_000_000);
    put(&bench.path("casa/a.bin"), &content);
    put(&bench.path("otra/b.bin"), &content);
    let ana = person(&bench, "ana", None).await;
    let mut luis = person(&bench, "luis", None).await;
    let eva = person(&bench, "eva", None).await;
    let private = PublishOrder {
        audience: Audience::Only([account("luis")].into_iter().collect()),
        ..order(&bench, "a.bin")
    };
    let done = publish(&ana, private).await;
    for (client, files) in [(&ana, 1), (&luis, 1), (&eva, 0)] {
        let listed = client.handle.content(account("ana")).await.unwrap();
        assert_eq!(listed.len(), files);
        let users = client.handle.users().await.unwrap();
        let ana = users.iter().find(|user| user.name == account("ana"));
        assert_eq!(ana.unwrap().files as usize, files);
    }
    let refused = eva.handle.download(name("@ana/a.bin")).await;
    assert_eq!(refused.err(), Some(ClientError::NotFound));
    luis.handle.download(name("@ana/a.bin")).await.unwrap();
    let ended = luis.finished().await;
    assert!(matches!(ended, DownloadEvent::Complete(_)), "{ended:?}");
    // Whoever knows the port and the content is told nothing without a ticket of its own.
    for ticket in ["", &format!(r#","ticket":"00000002{}""#, "ab".repeat(72))] {
        let answer = ask_for(&done, ticket).await;
        assert!(answer.contains("\"not-allowed\""), "{ticket}: {answer}");
        assert!(!answer.contains("casa"), "{answer}");
    }
    // Nobody publishes what is elsewhere, what is not there, or without an account.
    let outside = PublishOrder {
        path: bench.path("otra/b.bin"),
        ..order(&bench, "")
    };
    let guest = device(&bench, "invitado", None).await;
    for (client, order, code) in [
        (&ana, outside, "outside-allowed"),
        (&ana, order(&bench, "none"), "path-not-found"),
        (&guest, order(&bench, "a.bin"), "not-connected"),
    ] {
        match client.handle.publish(order).await {
            Err(error) => assert_eq!(error.code(), code),
            other => panic!("{code}: {other:?}"),
        }
    }
    let others = PublishOrder {
        name: Some(FileName::try_from("@ana/x").unwrap()),
        ..order(&bench, "a.bin")
    };
    match eva.handle.publish(others).await {
        Err(PublishError::Client(ClientError::Refused { code, .. })) => {
            assert_eq!(code, ErrorCode::NotAllowed);
        }
        other => panic!("{other:?}"),
    }
    // Who gives the account up publishes nothing any more.
    let gone = ana.handle.account(AccountWish::Unregister).await;
    gone.unwrap();
    let unknown = luis.handle.content(account("ana")).await;
    assert_eq!(unknown, Err(ClientError::UnknownAccount(account("ana"))));
    for client in [ana, luis, eva, guest] {
        client.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}

/// What a device answers to somebody who opens a content of it.
async fn ask_for(done: &PublishedAs, ticket: &str) -> String {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, done.port))
        .await
        .unwrap();
    let id = done.file.id;
    let lines = format!(
        r#"{{"type":"hello","protocol":1,"role":"peer","peer":2,"swarm":1}}
{{"type":"open","transfer":"1-0000000000000017","id":"{id}","name":"a","manifest":true{ticket}}}
"#
    );
    socket.write_all(lines.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(socket).lines();
    let mut all = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        all.push_str(&line);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_central_that_is_killed_knows_what_is_published_once_it_is_back() {
    let (bench, central) = Bench::start(|_| {}).await;
    let content = noise(12, 3_000_000);
    put(&bench.path("casa/a.bin"), &content);
    let ana = person(&bench, "ana", None).await;
    publish(&ana, order(&bench, "a.bin")).await;
    let mut luis = device(&bench, "luis", None).await;
    central.handle.stop().await.unwrap();
    let again = bench.central_config();
    let central = crate::support::start_central(again).await;
    until("offered again", || async {
        let listed = luis.handle.content(account("ana")).await.ok()?;
        (listed.len() == 1 && listed[0].sources == 1).then_some(())
    })
    .await;
    luis.handle.download(name("@ana/a.bin")).await.unwrap();
    let ended = luis.finished().await;
    assert!(matches!(ended, DownloadEvent::Complete(_)), "{ended:?}");
    for client in [ana, luis] {
        client.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}
