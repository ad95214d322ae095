//! How a handle asks the task behind it.

use tokio::sync::{mpsc, oneshot};

/// A node stopped before it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node has stopped")]
pub struct Stopped;

/// Sends a question with a way to answer it, and waits for the answer.
pub(super) async fn ask<Q, T>(
    questions: &mpsc::Sender<Q>,
    question: impl FnOnce(oneshot::Sender<T>) -> Q,
) -> Result<T, Stopped> {
    let (answer, answered) = oneshot::channel();
    questions
        .send(question(answer))
        .await
        .map_err(|_| Stopped)?;
    answered.await.map_err(|_| Stopped)
}
