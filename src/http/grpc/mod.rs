//! gRPC, at the same port as all else that comes by HTTP: whoever is let in there is let in here, by the same password, and
//! what needs the administrator's needs it. `call` turns a request into a call, `operator`, `figures` and `chat` are the
//! services of `proto/`, and `told` says why not.

mod call;
mod chat;
mod figures;
mod operator;
mod told;

use axum::{Router, routing::post};
use tonic_health::ServingStatus;
use tonic_reflection::server::Builder;

use super::shared::Central;
use crate::proto::grpc::{DESCRIPTION, FIGURES, OPERATOR, PRIVATE_CHAT};

/// Adds the services to the routes of a central.
pub(super) fn mounted(router: Router<Central>) -> Router<Central> {
    let router = router
        .route("/trozos.v1.Operator/Order", post(operator::order))
        .route("/trozos.v1.Operator/Events", post(operator::events))
        .route("/trozos.v1.Operator/Info", post(operator::info))
        .route("/trozos.v1.Figures/Get", post(figures::get))
        .route("/trozos.v1.Figures/List", post(figures::list))
        .route("/trozos.v1.Figures/Change", post(figures::change))
        .route("/PrivateChatService/AddMessage", post(chat::add));
    with_reflection(with_health(router))
}

/// How services are. They are there as long as this process is.
fn with_health(router: Router<Central>) -> Router<Central> {
    let (reporter, service) = tonic_health::server::health_reporter();
    tokio::spawn(async move {
        for name in [OPERATOR, FIGURES, PRIVATE_CHAT] {
            reporter
                .set_service_status(name, ServingStatus::Serving)
                .await;
        }
    });
    router.route_service("/grpc.health.v1.Health/{method}", service)
}

/// What services there are, by both names of that protocol.
fn with_reflection(router: Router<Central>) -> Router<Central> {
    let described = || {
        Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTION)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    match (described().build_v1(), described().build_v1alpha()) {
        (Ok(v1), Ok(alpha)) => router
            .route_service("/grpc.reflection.v1.ServerReflection/{method}", v1)
            .route_service("/grpc.reflection.v1alpha.ServerReflection/{method}", alpha),
        (v1, _) => {
            let error = v1.err().map(|error| error.to_string());
            tracing::error!(
                ?error,
                "no reflection: the description of the services is broken"
            );
            router
        }
    }
}
