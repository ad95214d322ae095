//! The connections of a door with a port: taken in until it closes, and counted.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::net::{Accepted, Arrival, Door, Listener};

/// Has each connection attended to by a task of its own, `most` at once.
pub(super) async fn accept<F>(
    listener: Listener,
    most: usize,
    count: Arc<AtomicUsize>,
    stop: CancellationToken,
    attend: impl Fn(Accepted, CancellationToken) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut door = Door::new(listener, most);
    let tasks = TaskTracker::new();
    loop {
        let arrival = tokio::select! {
            arrival = door.accept() => arrival,
            () = stop.cancelled() => return,
        };
        let Arrival::Accepted(accepted) = arrival else {
            continue;
        };
        let counted = Counted::one(&count);
        let attended = attend(accepted, stop.clone());
        tasks.spawn(async move {
            attended.await;
            drop(counted);
        });
    }
}

/// A connection that is there, for as long as this lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
