//! What clients count, and what is answered.

use serde::{Deserialize, Serialize};

use super::super::{FigureError, FigureName, FigureOrder, FigureValue, FileName, RequestId};

/// What a client counts, or asks of what is counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Counting {
    /// An order to a figure.
    Count {
        /// Chosen by the client; the answer carries it.
        request: RequestId,
        /// Which figure.
        name: FigureName,
        /// What.
        order: FigureOrder,
    },
    /// The free figures, from after a name.
    CountList {
        /// Chosen by the client; the answer carries it.
        request: RequestId,
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FigureName>,
    },
    /// It plays a file. Nothing is answered.
    Played {
        /// The file.
        name: FileName,
    },
}

/// The answer to [`Counting`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Counted {
    /// The value of a figure after an order.
    CountValue {
        /// The client's number for it.
        request: RequestId,
        /// The figure.
        figure: FigureValue,
    },
    /// The order changed nothing.
    CountRefused {
        /// The client's number for it.
        request: RequestId,
        /// Why.
        error: FigureError,
    },
    /// A page of the free figures.
    CountFigures {
        /// The client's number for it.
        request: RequestId,
        /// By name.
        figures: Vec<FigureValue>,
        /// There are more after the last of them.
        more: bool,
    },
}
