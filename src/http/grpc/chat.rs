//! `PrivateChatService`: a message for one user who is connected. Whoever calls may call themselves as they like, and the
//! receiver is told that nobody has checked it.

use axum::{
    body::Body,
    extract::State,
    http::{Request, Response},
};
use tonic::Code;

use super::{
    call::unary,
    told::{coded, stopping},
};
use crate::{
    http::shared::Central,
    node::central::{NotDelivered, PrivateMessage},
    proto::grpc::PrivateText,
};

pub(super) async fn add(State(central): State<Central>, request: Request<Body>) -> Response<Body> {
    unary(
        request,
        move |request: tonic::Request<PrivateText>| async move {
            let PrivateText {
                sender,
                receiver,
                message,
            } = request.into_inner();
            let message = PrivateMessage {
                from: sender,
                to: receiver,
                text: message,
            };
            let said = central.door.say(message).await.map_err(stopping)?;
            said.map_err(|error| {
                let code = match error {
                    NotDelivered::NotHere(_) => Code::NotFound,
                    NotDelivered::BadMessage => Code::InvalidArgument,
                    NotDelivered::Elsewhere => Code::Unavailable,
                };
                coded(code, error.code(), &error.to_string())
            })
        },
    )
    .await
}
