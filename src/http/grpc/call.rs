//! A request of HTTP/2 as a call, and its answer back.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{Request, Response},
};
use prost::Message;
use tokio_stream::Stream;
use tonic::{Status, server::Grpc};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::http::problem::is_call;

/// Longest message that is taken, in bytes.
const MOST_BYTES: usize = 64 << 10;

type Answered<T> = Pin<Box<dyn Future<Output = Result<tonic::Response<T>, Status>> + Send>>;

/// Answers a call that has one answer.
pub(super) async fn unary<Q, A, F>(
    request: Request<Body>,
    answer: impl FnOnce(tonic::Request<Q>) -> F + Send + 'static,
) -> Response<Body>
where
    Q: Message + Default + Send + 'static,
    A: Message + Send + 'static,
    F: Future<Output = Result<A, Status>> + Send + 'static,
{
    if let Some(refused) = is_no_call(&request) {
        return refused;
    }
    let mut call = Grpc::new(ProstCodec::<A, Q>::default()).max_decoding_message_size(MOST_BYTES);
    let answered = call.unary(Once(Some(answer)), request).await;
    answered.map(Body::new)
}

/// Answers a call whose answers go on.
pub(super) async fn streaming<Q, A, F, S>(
    request: Request<Body>,
    answer: impl FnOnce(tonic::Request<Q>) -> F + Send + 'static,
) -> Response<Body>
where
    Q: Message + Default + Send + 'static,
    A: Message + Send + 'static,
    F: Future<Output = Result<S, Status>> + Send + 'static,
    S: Stream<Item = Result<A, Status>> + Send + 'static,
{
    if let Some(refused) = is_no_call(&request) {
        return refused;
    }
    let mut call = Grpc::new(ProstCodec::<A, Q>::default()).max_decoding_message_size(MOST_BYTES);
    let answered = call.server_streaming(Once(Some(answer)), request).await;
    answered.map(Body::new)
}

/// A page of another site can send nothing of this type without asking first, and is not answered then.
fn is_no_call(request: &Request<Body>) -> Option<Response<Body>> {
    if is_call(request.headers()) {
        return None;
    }
    let refused = Status::invalid_argument("the content type is application/grpc");
    Some(refused.into_http())
}

/// What is called once, as the library wants it.
struct Once<F>(Option<F>);

impl<Q, A, F, R> Service<tonic::Request<Q>> for Once<F>
where
    F: FnOnce(tonic::Request<Q>) -> R,
    R: Future<Output = Result<A, Status>> + Send + 'static,
    A: Send + 'static,
{
    type Response = tonic::Response<A>;
    type Error = Status;
    type Future = Answered<A>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Q>) -> Answered<A> {
        match self.0.take() {
            Some(answer) => {
                let answer = answer(request);
                Box::pin(async move { answer.await.map(tonic::Response::new) })
            }
            None => Box::pin(std::future::ready(Err(twice()))),
        }
    }
}

fn twice() -> Status {
    Status::internal("one call, one answer")
}
