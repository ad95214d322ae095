//! One page that looks on: what waits to be sent to it, as the body of an answer.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;
use parking_lot::Mutex;

/// Bytes that may wait for a page. One that is further behind starts anew.
pub(super) const MOST_BEHIND_BYTES: usize = 256 << 10;

/// What waits. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Bytes>,
    bytes: usize,
    is_over: bool,
    waker: Option<Waker>,
}

impl Queue {
    /// Something to be sent; false for a page that is too far behind, and ends here.
    pub(super) fn push(&self, event: Bytes) -> bool {
        let mut waiting = self.0.lock();
        if waiting.is_over {
            return false;
        }
        if waiting.bytes + event.len() > MOST_BEHIND_BYTES {
            waiting.events.clear();
            waiting.is_over = true;
        } else {
            waiting.bytes += event.len();
            waiting.events.push_back(event);
        }
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
        !waiting.is_over
    }

    /// Nothing more comes.
    pub(super) fn end(&self, last: Bytes) {
        self.push(last);
        let mut waiting = self.0.lock();
        waiting.is_over = true;
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    /// All that waits.
    #[cfg(test)]
    pub(super) fn drain(&self) -> Vec<String> {
        let mut waiting = self.0.lock();
        waiting.bytes = 0;
        let events = waiting.events.drain(..);
        events
            .map(|event| String::from_utf8(event.to_vec()).unwrap())
            .collect()
    }

    /// True when nobody reads it any more.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// The body.
#[derive(Debug)]
pub(super) struct Stream(pub(super) Queue);

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut waiting = self.0.0.lock();
        if let Some(event) = waiting.events.pop_front() {
            waiting.bytes -= event.len();
            return Poll::Ready(Some(Ok(Frame::data(event))));
        }
        if waiting.is_over {
            return Poll::Ready(None);
        }
        waiting.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(stream: &mut Stream) -> Option<Bytes> {
        let frame =
            std::future::poll_fn(|context| Pin::new(&mut *stream).poll_frame(context)).await;
        frame.map(|frame| frame.unwrap().into_data().unwrap())
    }

    #[tokio::test]
    async fn what_is_told_comes_in_order_and_then_the_end() {
        let queue = Queue::default();
        let mut stream = Stream(queue.clone());
        assert!(!queue.is_alone());
        assert!(queue.push(Bytes::from("one")));
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            while let Some(event) = next(&mut stream).await {
                all.push(event);
            }
            all
        });
        tokio::task::yield_now().await;
        assert!(queue.push(Bytes::from("two")));
        queue.end(Bytes::from("bye"));
        assert_eq!(reading.await.unwrap(), ["one", "two", "bye"]);
        assert!(queue.is_alone());
        assert!(!queue.push(Bytes::from("late")));
    }

    #[tokio::test]
    async fn a_page_that_does_not_read_ends() {
        let queue = Queue::default();
        let mut stream = Stream(queue.clone());
        let event = Bytes::from(vec![b'x'; MOST_BEHIND_BYTES / 4]);
        for _ in 0..4 {
            assert!(queue.push(event.clone()));
        }
        assert!(!queue.push(Bytes::from("x")));
        assert_eq!(next(&mut stream).await, None);
    }
}
