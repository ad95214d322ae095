//! The task around `leadership`: asks the key store, watches it, and keeps the time. Whoever owns it waits for `next` beside
//! all else, and does what that says.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use super::key_store::{KeyStore, KeyWatch};
use crate::{
    engine::leadership::{Action, AskId, Config, Event, Leadership, Snapshot, WatchId},
    model::{Call, Reply, Revision, Silence},
    node::clock::BootClock,
};

/// Watches tell their news one by one.
const TOLD: usize = 64;
/// An answer that took so long is worth a line in the log.
const SLOW: Duration = Duration::from_millis(100);
/// After a suspend the machine hears of the time within this.
const MOST_SLEEP: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub struct Reign<S: KeyStore> {
    machine: Leadership,
    store: Arc<S>,
    clock: BootClock,
    calls: JoinSet<(AskId, Result<Reply, Silence>)>,
    /// How large the store is: what is being asked, and what was said last.
    measuring: JoinSet<Option<u64>>,
    bytes: Option<u64>,
    watches: JoinSet<()>,
    watching: Option<AbortHandle>,
    tell: mpsc::Sender<Event>,
    told: mpsc::Receiver<Event>,
}

impl<S: KeyStore> Reign<S> {
    /// A central that begins, with an empty registry.
    pub fn new(store: Arc<S>, config: Config) -> Self {
        let clock = BootClock::new();
        let (tell, told) = mpsc::channel(TOLD);
        Self {
            machine: Leadership::new(clock.now(), config),
            store,
            clock,
            calls: JoinSet::new(),
            measuring: JoinSet::new(),
            bytes: None,
            watches: JoinSet::new(),
            watching: None,
            tell,
            told,
        }
    }

    /// Waits for what the owner has to do. Cancel-safe.
    pub async fn next(&mut self) -> Action {
        loop {
            while let Some(action) = self.machine.poll_action() {
                match action {
                    Action::Ask(id, call) => self.ask(id, call),
                    Action::Watch(id, from) => self.watch(id, from),
                    Action::Unwatch => self.unwatch(),
                    action => return action,
                }
            }
            let now = self.clock.now();
            let due = self.machine.poll_timeout();
            let wait = due.map_or(MOST_SLEEP, |due| due.saturating_duration_since(now));
            // The deadline is heeded before anything that has come.
            tokio::select! {
                biased;
                () = tokio::time::sleep(wait.min(MOST_SLEEP)) => {
                    self.machine.handle_timeout(self.clock.now());
                }
                Some(done) = self.calls.join_next() => {
                    if let Ok((id, reply)) = done {
                        self.handle(Event::Answer(id, reply));
                    }
                }
                Some(event) = self.told.recv() => self.handle(event),
            }
            while self.watches.try_join_next().is_some() {}
            while let Some(measured) = self.measuring.try_join_next() {
                self.bytes = measured.ok().flatten().or(self.bytes);
            }
        }
    }

    /// Something that the owner knows has happened.
    pub fn handle(&mut self, event: Event) {
        self.machine.handle_event(self.clock.now(), event);
    }

    /// Whether this central is the active one, at this moment. Asked before each answer that leaves.
    pub fn is_active(&self) -> bool {
        self.machine.is_active(self.clock.now())
    }

    /// The seq and term of the next batch, when one may be written.
    pub fn next_batch(&self) -> Option<(u64, u64)> {
        self.machine.next_batch()
    }

    /// The key store takes nothing more.
    pub fn has_no_space(&self) -> bool {
        self.machine.has_no_space()
    }

    /// Asks how large the key store is, unless that is being asked.
    pub fn measure(&mut self) {
        if self.measuring.is_empty() {
            let store = Arc::clone(&self.store);
            self.measuring.spawn(async move { store.bytes().await });
        }
    }

    /// How large the key store was when it was asked last, in bytes.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// The machine, to look at.
    pub fn snapshot(&self) -> Snapshot {
        self.machine.snapshot()
    }

    fn ask(&mut self, id: AskId, call: Call) {
        let store = Arc::clone(&self.store);
        self.calls.spawn(async move {
            let began = tokio::time::Instant::now();
            let reply = store.call(&call).await;
            let took = began.elapsed();
            if took >= SLOW {
                let (took_ms, answered) = (took.as_millis(), reply.is_ok());
                tracing::debug!(took_ms, answered, "the key store is slow");
            }
            (id, reply)
        });
    }

    fn unwatch(&mut self) {
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
    }

    fn watch(&mut self, id: WatchId, from: Revision) {
        self.unwatch();
        let (store, tell) = (Arc::clone(&self.store), self.tell.clone());
        let watching = self.watches.spawn(async move {
            if let Ok(mut watch) = store.watch(from).await {
                while let Some(changes) = watch.next().await {
                    if tell.send(Event::Watched(id, changes)).await.is_err() {
                        return;
                    }
                }
            }
            // The owner may have ended.
            let _ = tell.send(Event::WatchEnded(id)).await;
        });
        self.watching = Some(watching);
    }
}
