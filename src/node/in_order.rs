//! Work that blocks, one piece after the other in the order in which it was given: what is written later to a file stays.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// A line of work off the async threads.
#[derive(Clone, Default)]
pub(super) struct InOrder(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    waiting: VecDeque<Work>,
    is_worked: bool,
}

impl InOrder {
    /// Does it after all that was given before; also when nobody waits for what comes of it. The receiver gets an error
    /// only when the work panics, or the runtime ends first.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, receiver) = oneshot::channel();
        let mut line = self.0.lock();
        line.waiting.push_back(Box::new(move || {
            let _ = done.send(work());
        }));
        if !std::mem::replace(&mut line.is_worked, true) {
            let all = self.clone();
            tokio::task::spawn_blocking(move || all.work());
        }
        receiver
    }

    fn work(&self) {
        while let Some(work) = self.next() {
            // What panics is told by the receiver, whose other half is gone.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    fn next(&self) -> Option<Work> {
        let mut line = self.0.lock();
        let next = line.waiting.pop_front();
        line.is_worked = next.is_some();
        next
    }
}

impl std::fmt::Debug for InOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InOrder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_in_the_order_in_which_it_was_given() {
        let (line, done) = (InOrder::default(), Arc::new(Mutex::new(Vec::new())));
        let mut last = None;
        for n in 0..200 {
            let done = done.clone();
            last = Some(line.run(move || done.lock().push(n)));
        }
        last.unwrap().await.unwrap();
        assert_eq!(*done.lock(), (0..200).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_panic_ends_one_piece_of_work_only() {
        let line = InOrder::default();
        let bad = line.run(|| panic!("on purpose"));
        assert!(bad.await.is_err());
        assert_eq!(line.run(|| 7).await, Ok(7));
    }
}
