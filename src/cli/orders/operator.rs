//! What the face of a central is lent to give orders with.

use std::sync::Arc;

use super::{
    Answer, NotDone, Request, Server,
    central::{By, Central, order},
};
use crate::{
    cli::text::{line::Line, t},
    http::{self, NotOrdered, Operator},
    model::FigureDoor,
};

/// What the face of a central is lent: the same as its prompt.
pub(in crate::cli) fn operator() -> Operator {
    Operator::new(Arc::new(|orders, line, who| {
        let by = By {
            door: FigureDoor::Grpc,
            who,
        };
        let request = Request {
            line,
            yes: false,
            id: None,
        };
        Box::pin(async move {
            match order(&orders, request, by).await {
                Ok(answer) => Ok(http::Ordered {
                    lines: answer.lines().iter().map(Line::text).collect(),
                    json: serde_json::to_string(&answer).unwrap_or_default(),
                    exit: answer.exit().code(),
                }),
                Err(NotDone::Bad(why)) => Err(NotOrdered::Bad(why)),
                Err(NotDone::Unanswered { message, .. }) => Err(NotOrdered::Bad(message)),
                Err(NotDone::JournalBusy) => Err(NotOrdered::Bad(t!(
                    "journal-busy",
                    program = Central::PROGRAM
                ))),
                Err(NotDone::Stopping) => Err(NotOrdered::Stopping),
            }
        })
    }))
}
