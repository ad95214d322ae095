//! `trozos.v1.Figures`.

use axum::{
    body::Body,
    extract::State,
    http::{Request, Response},
};
use tonic::Status;

use super::{
    call::unary,
    told::{self, administrator, asker, stopping},
};
use crate::{
    http::{asker::Asker, shared::Central},
    model::{
        FigureDoor, FigureName, FigureOrder, FigureRequest, FigureValue, USUAL_FIGURE, request_name,
    },
    node::central::Rank,
    proto::grpc::{ChangeFigure, Figure, FigureList, GetFigure, ListFigures},
};

pub(super) async fn get(State(central): State<Central>, request: Request<Body>) -> Response<Body> {
    unary(
        request,
        move |request: tonic::Request<GetFigure>| async move {
            let asker = asker(&request)?;
            let name = named(&request.into_inner().name)?;
            let request = wish(name, FigureOrder::Ask, &asker, None);
            obey(&central, request, Rank::Door).await
        },
    )
    .await
}

pub(super) async fn list(State(central): State<Central>, request: Request<Body>) -> Response<Body> {
    unary(request, move |_: tonic::Request<ListFigures>| async move {
        let figures = central.door.figures().await.map_err(stopping)?;
        Ok(FigureList {
            figures: figures.into_iter().map(said).collect(),
        })
    })
    .await
}

pub(super) async fn change(
    State(central): State<Central>,
    request: Request<Body>,
) -> Response<Body> {
    unary(
        request,
        move |request: tonic::Request<ChangeFigure>| async move {
            let asker = administrator(&central, &request)?;
            let wanted = request.into_inner();
            let name = named(&wanted.name)?;
            let order = FigureOrder::literal(&wanted.order);
            let order = order.map_err(|error| told::figure(&error))?;
            let id = match wanted.request.as_str() {
                "" => None,
                id => Some(request_name(id).map_err(|error| told::figure(&error))?),
            };
            let request = FigureRequest {
                may_reset: true,
                ..wish(name, order, &asker, id)
            };
            obey(&central, request, Rank::Operator).await
        },
    )
    .await
}

fn named(name: &str) -> Result<FigureName, Status> {
    let name = if name.is_empty() { USUAL_FIGURE } else { name };
    FigureName::try_from(name).map_err(|error| told::figure(&error))
}

fn wish(
    name: FigureName,
    order: FigureOrder,
    asker: &Asker,
    request: Option<String>,
) -> FigureRequest {
    FigureRequest {
        name,
        order,
        door: FigureDoor::Grpc,
        who: asker.ip.to_string(),
        request,
        may_reset: false,
    }
}

async fn obey(central: &Central, request: FigureRequest, rank: Rank) -> Result<Figure, Status> {
    let answer = central.door.figure(request, rank).await.map_err(stopping)?;
    answer.map(said).map_err(|error| told::figure(&error))
}

fn said(figure: FigureValue) -> Figure {
    Figure {
        name: figure.name.to_string(),
        value: figure.value,
    }
}
