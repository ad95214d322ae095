//! What the program that runs a central lends its face: its prompt, and what it tells people. The face knows neither its
//! commands nor its texts.

use std::{fmt, pin::Pin, sync::Arc};

use tokio::sync::broadcast;

use crate::node::central::CentralOrders;

/// Events that somebody who looks on may be behind.
const MOST_BEHIND: usize = 256;

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// As the prompt shows it.
    pub lines: Vec<String>,
    /// The same as a document.
    pub json: String,
    /// What a command line would exit with.
    pub exit: u8,
}

/// Why an order came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOrdered {
    /// The line is no order, for this reason.
    Bad(String),
    /// The central stops.
    Stopping,
}

/// An order on its way to its end.
pub type Ordering = Pin<Box<dyn Future<Output = Result<Ordered, NotOrdered>> + Send>>;
/// Does what a line says, at a central, for somebody.
pub type Order = Arc<dyn Fn(CentralOrders, String, String) -> Ordering + Send + Sync>;

/// See the module. Copies are the same.
#[derive(Clone)]
pub struct Operator {
    #[cfg_attr(not(feature = "grpc"), allow(dead_code, reason = "gRPC alone asks it"))]
    order: Order,
    events: broadcast::Sender<Arc<str>>,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operator(..)")
    }
}

impl Operator {
    /// One that obeys in this way.
    pub fn new(order: Order) -> Self {
        let (events, _) = broadcast::channel(MOST_BEHIND);
        Self { order, events }
    }

    /// Something happened, for those who look on.
    pub fn tell(&self, event: &str) {
        // Mostly nobody does.
        let _ = self.events.send(event.into());
    }

    #[cfg(feature = "grpc")]
    pub(super) fn order(&self, orders: CentralOrders, line: String, who: String) -> Ordering {
        (self.order)(orders, line, who)
    }

    #[cfg(feature = "grpc")]
    pub(super) fn events(&self) -> broadcast::Receiver<Arc<str>> {
        self.events.subscribe()
    }
}
