//! How a door asks its central.

use crate::{model::FigureDoor, node::central::CentralOrders};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) door: FigureDoor,
    pub(super) orders: CentralOrders,
    /// Anybody may set figures back to zero.
    pub(super) may_reset: bool,
}
