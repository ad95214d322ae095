//! The key store in memory, in real time.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use trozos::{
    engine::leadership::watched,
    model::{Call, Change, Reply, Revision, Silence},
    node::central::{KeyStore, KeyWatch},
};

use crate::engine::Store;

pub struct Memory {
    store: Arc<Mutex<Store>>,
    start: Instant,
}

pub struct MemoryWatch {
    store: Arc<Mutex<Store>>,
    start: Instant,
    next: Revision,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            store: Arc::default(),
            start: Instant::now(),
        })
    }
}

impl KeyStore for Memory {
    type Watch = MemoryWatch;

    async fn call(&self, call: &Call) -> Result<Reply, Silence> {
        Ok(self.store.lock().unwrap().call(self.start.elapsed(), call))
    }

    async fn watch(&self, from: Revision) -> Result<MemoryWatch, Silence> {
        Ok(MemoryWatch {
            store: Arc::clone(&self.store),
            start: self.start,
            next: from,
        })
    }
}

impl KeyWatch for MemoryWatch {
    async fn next(&mut self) -> Option<Vec<Change>> {
        loop {
            {
                let mut store = self.store.lock().unwrap();
                store.expire(self.start.elapsed());
                let changes = store.changes(self.next, &watched()).ok()?;
                self.next = self.next.max(store.revision().next());
                if !changes.is_empty() {
                    return Some(changes);
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
