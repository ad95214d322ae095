//! Pages that look on: one look at the cluster each half second for all of them together, and none while nobody looks.
//! Each is first told everything, then what changes (`state`); what waits for it is in its `stream`.

mod state;
mod stream;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::{Body, Bytes};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::stream::{Queue, Stream};
use crate::node::{
    Stopped,
    central::{CentralDoor, Unanswered},
};

use self::state::{Speeds, state};
pub(super) use self::state::{running, shown_id, via, waiting};

/// How often the cluster is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks without a change after which a sign of life is sent.
const SILENT_LOOKS: u32 = 30;
/// Pages that look on at once.
const MOST_STREAMS: usize = 64;
/// Of one address.
const MOST_OF_ADDRESS: usize = 3;
/// A page that was cut off comes back after this time.
const RETRY: &str = "retry: 2000\n";
/// The last event: this page was one too many, or the server stops.
const BYE: &str = "event: bye\ndata: {}\n\n";

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Live(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    door: CentralDoor,
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    streams: Vec<Watcher>,
    /// Somebody looks at the cluster for them.
    is_looked_at: bool,
    /// What all that are not new know, and the number of its event.
    known: Value,
    event: u64,
    silent: u32,
}

#[derive(Debug)]
struct Watcher {
    from: IpAddr,
    queue: Queue,
    is_new: bool,
}

impl Watched {
    /// One more, for which the oldest of its address, or of all, may have to go.
    fn add(&mut self, from: IpAddr) -> Queue {
        self.streams.retain(|watcher| !watcher.queue.is_alone());
        let of_address = self.streams.iter().filter(|w| w.from == from).count();
        let oldest = if of_address >= MOST_OF_ADDRESS {
            self.streams.iter().position(|watcher| watcher.from == from)
        } else {
            (self.streams.len() >= MOST_STREAMS).then_some(0)
        };
        if let Some(oldest) = oldest {
            self.streams.remove(oldest).queue.end(Bytes::from(BYE));
        }
        let queue = Queue::default();
        let watcher = Watcher {
            from,
            queue: queue.clone(),
            is_new: true,
        };
        if self.is_looked_at && !self.known.is_null() {
            // It need not wait for the next look.
            self.tell_all_to(watcher);
        } else {
            self.streams.push(watcher);
        }
        queue
    }

    fn tell_all_to(&mut self, mut watcher: Watcher) {
        watcher.is_new = false;
        let event = format!("{RETRY}{}", self.written("snapshot", &self.known));
        if watcher.queue.push(Bytes::from(event)) {
            self.streams.push(watcher);
        }
    }

    fn written(&self, kind: &str, value: &Value) -> String {
        format!("id: {}\nevent: {kind}\ndata: {value}\n\n", self.event)
    }

    /// Tells what has changed; false when nobody looks on any more.
    fn look(&mut self, present: Value) -> bool {
        self.streams.retain(|watcher| !watcher.queue.is_alone());
        if self.streams.is_empty() {
            return false;
        }
        let patch = state::patch(&self.known, &present);
        self.known = present;
        self.silent += 1;
        let mut news = None;
        if let Some(patch) = &patch {
            self.event += 1;
            self.silent = 0;
            news = Some(Bytes::from(self.written("patch", patch)));
        } else if self.silent >= SILENT_LOOKS {
            self.silent = 0;
            news = Some(Bytes::from(": \n\n"));
        }
        for watcher in std::mem::take(&mut self.streams) {
            if watcher.is_new {
                self.tell_all_to(watcher);
            } else if news
                .as_ref()
                .is_none_or(|news| watcher.queue.push(news.clone()))
            {
                self.streams.push(watcher);
            }
        }
        true
    }

    fn end(&mut self) {
        for watcher in self.streams.drain(..) {
            watcher.queue.end(Bytes::from(BYE));
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.is_looked_at = false;
        self.known = Value::Null;
        self.silent = 0;
    }
}

impl Live {
    pub(super) fn new(door: CentralDoor) -> Self {
        Self(Arc::new(Shared {
            door,
            watched: Mutex::default(),
        }))
    }

    /// The events of one page more, until the server stops.
    pub(super) fn watch(&self, from: IpAddr, stop: &CancellationToken) -> Body {
        let mut watched = self.0.watched.lock();
        let queue = watched.add(from);
        if !watched.is_looked_at {
            watched.is_looked_at = true;
            // It ends when nobody looks on, or the server stops.
            tokio::spawn(look(Arc::clone(&self.0), stop.clone()));
        }
        Body::new(Stream(queue))
    }
}

async fn look(shared: Arc<Shared>, stop: CancellationToken) {
    let mut speeds = Speeds::default();
    let mut turn = interval(LOOK_EVERY);
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let present = tokio::select! {
            () = stop.cancelled() => Err(Unanswered::Stopped(Stopped)),
            present = async {
                turn.tick().await;
                shared.door.present().await
            } => present,
        };
        let Ok(present) = present else {
            return shared.watched.lock().end();
        };
        let present = state(Instant::now(), &present, &mut speeds);
        let mut watched = shared.watched.lock();
        if !watched.look(present) {
            return watched.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn told(queue: &Queue) -> Vec<String> {
        queue.drain()
    }

    #[test]
    fn a_page_hears_all_first_and_then_what_changes() {
        let mut watched = Watched {
            is_looked_at: true,
            ..Watched::default()
        };
        let first = watched.add(HERE);
        assert!(told(&first).is_empty());
        assert!(watched.look(json!({"a": 1, "b": 2})));
        let all = told(&first);
        assert_eq!(all.len(), 1);
        assert!(
            all[0].starts_with("retry: 2000\nid: 1\nevent: snapshot\n"),
            "{all:?}"
        );
        assert!(all[0].ends_with("data: {\"a\":1,\"b\":2}\n\n"));
        let second = watched.add(HERE);
        assert_eq!(told(&second), all);
        assert!(watched.look(json!({"a": 1, "b": 3})));
        for queue in [&first, &second] {
            assert_eq!(told(queue), ["id: 2\nevent: patch\ndata: {\"b\":3}\n\n"]);
        }
        for _ in 0..SILENT_LOOKS - 1 {
            watched.look(json!({"a": 1, "b": 3}));
        }
        assert!(told(&first).is_empty());
        watched.look(json!({"a": 1, "b": 3}));
        assert_eq!(told(&first), [": \n\n"]);
        watched.end();
        assert_eq!(told(&second).last().map(String::as_str), Some(BYE));
    }

    #[test]
    fn the_oldest_page_of_an_address_makes_room_and_gone_ones_are_forgotten() {
        let mut watched = Watched::default();
        let mut pages: Vec<Queue> = (0..=MOST_OF_ADDRESS).map(|_| watched.add(HERE)).collect();
        assert_eq!(told(&pages[0]), [BYE]);
        assert!(told(&pages[1]).is_empty());
        assert_eq!(watched.streams.len(), MOST_OF_ADDRESS);
        pages.clear();
        assert!(!watched.look(json!({})));
        let many = (0..=MOST_STREAMS as u32).map(|n| {
            let from = std::net::Ipv4Addr::from(n).into();
            watched.add(from)
        });
        let many: Vec<Queue> = many.collect();
        assert_eq!(told(&many[0]), [BYE]);
        assert_eq!(watched.streams.len(), MOST_STREAMS);
    }
}
