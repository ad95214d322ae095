//! `trozos.v1.Operator`: the console of a central, from afar.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Request, Response},
};
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::{
    call::{streaming, unary},
    told::{administrator, asker, coded, problem, stopping},
};
use crate::{
    http::{
        info::lines,
        operator::{NotOrdered, Ordered},
        problem::Problem,
        server::Stopping,
        shared::Central,
    },
    proto::grpc::{Event, EventsRequest, InfoReply, InfoRequest, OrderReply, OrderRequest},
};

/// Events that wait for one who looks on.
const MOST_WAITING: usize = 64;

pub(super) async fn order(
    State(central): State<Central>,
    request: Request<Body>,
) -> Response<Body> {
    unary(
        request,
        move |request: tonic::Request<OrderRequest>| async move {
            let asker = administrator(&central, &request)?;
            let line = request.into_inner().line;
            tracing::info!(by = %asker.ip, line, "ordered by gRPC");
            let operator = central.operator.as_ref();
            let operator = operator.ok_or_else(|| Status::unimplemented("no console here"))?;
            let orders = central.door.orders().clone();
            let ordered = operator.order(orders, line, asker.ip.to_string()).await;
            match ordered {
                Ok(Ordered { lines, json, exit }) => Ok(OrderReply {
                    lines,
                    json,
                    exit: exit.into(),
                }),
                Err(NotOrdered::Bad(why)) => {
                    let code = Problem::BadRequest.code();
                    Err(coded(Code::InvalidArgument, code, &why))
                }
                Err(NotOrdered::Stopping) => Err(problem(Problem::Stopping)),
            }
        },
    )
    .await
}

pub(super) async fn events(
    State(central): State<Central>,
    request: Request<Body>,
) -> Response<Body> {
    streaming(
        request,
        move |request: tonic::Request<EventsRequest>| async move {
            administrator(&central, &request)?;
            let stop = request.extensions().get::<Stopping>().cloned();
            let Stopping(stop) = stop.ok_or_else(|| problem(Problem::Stopping))?;
            let operator = central.operator.as_ref();
            let operator = operator.ok_or_else(|| Status::unimplemented("no console here"))?;
            let mut events = operator.events();
            let (tell, told) = mpsc::channel(MOST_WAITING);
            tokio::spawn(async move {
                loop {
                    let event = tokio::select! {
                        event = events.recv() => event,
                        () = tell.closed() => return,
                        () = stop.cancelled() => return,
                    };
                    let text: Arc<str> = match event {
                        Ok(text) => text,
                        // Whoever reads too slowly is told what happens next.
                        Err(broadcast::error::RecvError::Lagged(_)) => continue,
                        Err(broadcast::error::RecvError::Closed) => return,
                    };
                    let event = Event {
                        text: text.to_string(),
                    };
                    if tell.send(Ok(event)).await.is_err() {
                        return;
                    }
                }
            });
            Ok(ReceiverStream::new(told))
        },
    )
    .await
}

pub(super) async fn info(State(central): State<Central>, request: Request<Body>) -> Response<Body> {
    unary(
        request,
        move |request: tonic::Request<InfoRequest>| async move {
            let tongue = asker(&request)?.tongue;
            let tongue = tongue.chosen(Some(&request.into_inner().language));
            let info = central.door.info().await.map_err(stopping)?;
            Ok(InfoReply {
                lines: lines(&info, tongue),
                json: serde_json::to_string(&info).unwrap_or_default(),
            })
        },
    )
    .await
}
