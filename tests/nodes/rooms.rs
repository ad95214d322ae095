//! Rooms, private messages and channels over real connections, with a central that ends in between.

use tokio::time::timeout;
use trozos::{
    model::{AccountName, Job, RoomAnswer, RoomId, RoomName, RoomOptions, RoomOrder, RoomText},
    node::{
        central::CentralConfig,
        client::{AccountWish, ClientError, ClientEvent, RoomEvent},
    },
    proto::ErrorCode,
};

use crate::support::{Bench, Client, DEADLINE, start_central};

fn account(name: &str) -> AccountName {
    AccountName::try_from(name).unwrap()
}

fn room(name: &str) -> RoomName {
    RoomName::try_from(name).unwrap()
}

fn text(text: &str) -> RoomText {
    RoomText::try_from(text).unwrap()
}

async fn person(bench: &Bench, name: &str) -> Client {
    let keys = bench.path(name);
    let client = bench
        .client_with(name, |config| config.identity = Some(keys))
        .await;
    if client.handle.signed_in().await.unwrap().is_none() {
        let wish = AccountWish::Register(account(name));
        client.handle.account(wish).await.unwrap();
    }
    client
}

impl Client {
    async fn room_event(&mut self) -> RoomEvent {
        loop {
            let event = timeout(DEADLINE, self.events.recv()).await;
            if let ClientEvent::Room(event) = event.unwrap().unwrap() {
                return event;
            }
        }
    }

    async fn enter(&self, name: &str) {
        let (room, options) = (room(name), RoomOptions::default());
        let entered = self.handle.rooms(RoomOrder::Enter { room, options }).await;
        assert!(matches!(entered, Ok(RoomAnswer::Entered(_))), "{entered:?}");
    }

    async fn say(&self, name: &str, what: &str) {
        let (room, text) = (room(name), text(what));
        self.handle
            .rooms(RoomOrder::Say { room, text })
            .await
            .unwrap();
    }

    /// So many messages as they come, each of which it then has.
    async fn hears(&mut self, count: usize) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.len() < count {
            if let RoomEvent::Said { room, messages } = self.room_event().await {
                let last = messages.last().unwrap().seq;
                heard.extend(messages.into_iter().map(|m| m.text.as_str().to_owned()));
                self.handle.heard_in_room(room, last).await.unwrap();
            }
        }
        heard
    }

    async fn unread(&mut self) -> (RoomId, u32) {
        loop {
            if let RoomEvent::Unread { room, count } = self.room_event().await {
                return (room, count);
            }
        }
    }

    async fn given(&mut self) -> Job {
        loop {
            if let RoomEvent::Given { job, .. } = self.room_event().await {
                return job;
            }
        }
    }
}

/// The same central once more, which waits for one secondary.
fn again(bench: &Bench) -> CentralConfig {
    CentralConfig {
        required_secondaries: 1,
        ..bench.central_config()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_who_is_away_comes_once_and_in_order() {
    let (bench, central) = Bench::start(|_| ()).await;
    let mut ana = person(&bench, "ana").await;
    let mut luis = person(&bench, "luis").await;
    ana.enter("sala").await;
    luis.enter("sala").await;
    ana.say("sala", "hola").await;
    assert_eq!(luis.hears(1).await, ["hola"]);
    assert_eq!(ana.hears(1).await, ["hola"]);
    luis.handle.stop().await.unwrap();
    drop(luis);
    for n in 0..10 {
        ana.say("sala", &n.to_string()).await;
    }
    central.handle.stop().await.unwrap();
    // She speaks while nobody hears her: it is said once the central is back.
    let later = tokio::spawn({
        let handle = ana.handle.clone();
        let (room, text) = (room("sala"), text("10"));
        async move { handle.rooms(RoomOrder::Say { room, text }).await }
    });
    let _central = start_central(again(&bench)).await;
    // A client that does not wait hears that nobody is there, and says it again.
    if later.await.unwrap().is_err() {
        while ana
            .handle
            .rooms(RoomOrder::Say {
                room: room("sala"),
                text: text("10"),
            })
            .await
            .is_err()
        {}
    }
    let mut luis = person(&bench, "luis").await;
    let (unread, _) = luis.unread().await;
    assert_eq!(unread, RoomId::Room(room("sala")));
    luis.enter("sala").await;
    let all: Vec<String> = (0..=10).map(|n| n.to_string()).collect();
    assert_eq!(luis.hears(11).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_one_waits_for_that_one() {
    let (bench, _central) = Bench::start(|_| ()).await;
    let ana = person(&bench, "ana").await;
    let luis = person(&bench, "luis").await;
    luis.handle.stop().await.unwrap();
    drop(luis);
    let tell = |to: &str| RoomOrder::Tell {
        to: account(to),
        text: text("secreto"),
    };
    let refused = |answer: Result<RoomAnswer, ClientError>| match answer {
        Err(ClientError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(ana.handle.rooms(tell("ana")).await),
        ErrorCode::Oneself
    );
    assert_eq!(
        refused(ana.handle.rooms(tell("eva")).await),
        ErrorCode::UnknownAccount
    );
    let said = ana.handle.rooms(tell("luis")).await.unwrap();
    assert!(matches!(said, RoomAnswer::Said { seq: 1, .. }), "{said:?}");
    let mut luis = person(&bench, "luis").await;
    let (pair, count) = luis.unread().await;
    assert_eq!(count, 1);
    luis.handle.show_room(pair, true).await.unwrap();
    assert_eq!(luis.hears(1).await, ["secreto"]);
    let guest = bench.client("invitada-1").await;
    assert_eq!(
        refused(guest.handle.rooms(RoomOrder::Rooms).await),
        ErrorCode::NotConnected
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_is_done_by_one_though_one_of_three_dies() {
    let (bench, _central) = Bench::start(|_| ()).await;
    let boss = person(&bench, "jefe").await;
    let mut workers = Vec::new();
    for name in ["ana", "luis", "eva"] {
        let worker = person(&bench, name).await;
        let channel = room("tareas");
        worker
            .handle
            .rooms(RoomOrder::Listen { channel })
            .await
            .unwrap();
        workers.push(worker);
    }
    // The last of them takes one, and is gone.
    let put = async |what: &str| {
        let (channel, text) = (room("tareas"), text(what));
        boss.handle
            .rooms(RoomOrder::Put { channel, text })
            .await
            .unwrap();
    };
    for n in 0..3 {
        put(&n.to_string()).await;
    }
    let mut dead = workers.pop().unwrap();
    dead.given().await;
    dead.handle.stop().await.unwrap();
    drop(dead);
    for n in 3..15 {
        put(&n.to_string()).await;
    }
    let (sender, mut done) = tokio::sync::mpsc::channel(100);
    for mut worker in workers {
        let sender = sender.clone();
        tokio::spawn(async move {
            loop {
                let job = worker.given().await;
                let (channel, seq, done) = (room("tareas"), job.seq, true);
                let finish = RoomOrder::Finish { channel, seq, done };
                worker.handle.rooms(finish).await.unwrap();
                let _ = sender.send(job.text.as_str().to_owned()).await;
            }
        });
    }
    let mut finished = Vec::new();
    while finished.len() < 15 {
        finished.push(timeout(DEADLINE, done.recv()).await.unwrap().unwrap());
    }
    finished.sort_by_key(|text| text.parse::<u32>().unwrap());
    let all: Vec<String> = (0..15).map(|n| n.to_string()).collect();
    assert_eq!(finished, all);
}
