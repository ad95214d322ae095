//! One call on one connection.

use std::time::Duration;

use hyper::http::uri::PathAndQuery;
use prost::Message;
use tonic::{Request, Status, client::Grpc, transport::Channel};

use super::codec::Prost;

/// No request waits longer for its answer.
pub const REQUEST_WITHIN: Duration = Duration::from_millis(700);
/// The longest message: pages of the journal, with room to spare.
const MOST_BYTES: usize = 16 << 20;

pub(super) async fn ready(channel: &Channel) -> Result<Grpc<Channel>, Status> {
    let mut client = Grpc::new(channel.clone())
        .max_decoding_message_size(MOST_BYTES)
        .max_encoding_message_size(MOST_BYTES);
    let is_ready = client.ready().await;
    is_ready.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(client)
}

pub(super) async fn unary<E, D>(
    channel: &Channel,
    path: &'static str,
    request: E,
) -> Result<D, Status>
where
    E: Message + 'static,
    D: Message + Default + 'static,
{
    let mut client = ready(channel).await?;
    let path = PathAndQuery::from_static(path);
    let codec = Prost::<E, D>::default();
    let response = client.unary(Request::new(request), path, codec).await?;
    Ok(response.into_inner())
}
