//! Orders that empty secondaries, so that they can be stopped.

use super::{super::DrainedSecondary, CentralOrders, Order, Ordered, Unanswered};
use crate::{engine::cluster::Drained, model::SecondaryNumber};

impl CentralOrders {
    /// Drains a secondary, so that it can be stopped without anybody noticing. It finishes what it was asked for, is
    /// asked for nothing new that another live secondary holds, and takes no copies. Only it can serve what it alone
    /// holds, so it goes on serving that. [`Notice::Drained`](crate::engine::cluster::Notice::Drained) says when it has
    /// nothing left to send. Draining outlives restarts of the secondary and of the central.
    pub async fn drain(&self, number: SecondaryNumber) -> Result<Drained, Unanswered> {
        self.drain_one(number, true).await
    }

    /// Ends draining: the secondary works as before.
    pub async fn end_draining(&self, number: SecondaryNumber) -> Result<Drained, Unanswered> {
        self.drain_one(number, false).await
    }

    async fn drain_one(&self, number: SecondaryNumber, begin: bool) -> Result<Drained, Unanswered> {
        let which = Some(vec![number.get().into()]);
        let rows = self.drain_all(which, begin).await?;
        let row = rows.first().map(|row| row.drained);
        Ok(row.unwrap_or(Drained::NoSuchSecondary))
    }

    /// Drains secondaries, or all where none are named, or has them work again; says what became of each.
    pub async fn drain_all(
        &self,
        which: Option<Vec<u64>>,
        begin: bool,
    ) -> Result<Vec<DrainedSecondary>, Unanswered> {
        match self.order(Order::Drain { which, begin }, None).await? {
            Ordered::Drained(rows) => Ok(rows),
            _ => Err(Unanswered::OtherOrder),
        }
    }
}
