//! Which of several centrals reigns, asked of themselves; and the orders to it.

use std::{path::PathBuf, time::Duration};

use anyhow::anyhow;
use tokio::time::timeout;

use super::{children::Children, plan::Role};
use crate::{
    cli::{
        commands::Form,
        orders,
        text::{line::Line, t},
    },
    node::central::{CentralAnswer, CentralInfo, CentralStanding},
};

/// How long a central may take to say how it stands. One that stands still is passed over.
const STANDING_WITHIN: Duration = Duration::from_millis(700);
/// The same of an order, which may have to wait for etcd.
const ORDER_WITHIN: Duration = Duration::from_secs(20);

/// How all centrals stand, by one that reigns, or else by any that answers; nothing where there is only one.
pub(super) async fn standing(children: &mut Children) -> Vec<CentralInfo> {
    if !children.has_several_centrals() {
        return Vec::new();
    }
    let mut of_others = Vec::new();
    for (role, socket) in children.sockets_of_centrals() {
        let asked = orders::ask_central(&socket, "CENTRALES".to_owned());
        let Ok(Ok(CentralAnswer::Centrals(seen))) = timeout(STANDING_WITHIN, asked).await else {
            continue;
        };
        let word = role.word();
        let is_active = |central: &CentralInfo| {
            central.node == word && central.state == CentralStanding::Active
        };
        if seen.iter().any(is_active) {
            return seen;
        }
        of_others = seen;
    }
    of_others
}

/// The central that reigns, or the only one.
pub(super) async fn active(children: &mut Children) -> anyhow::Result<Role> {
    if !children.has_several_centrals() {
        return Ok(Role::Central);
    }
    let seen = standing(children).await;
    let active = seen
        .iter()
        .find(|central| central.state == CentralStanding::Active);
    active
        .and_then(|central| Role::of(&central.node))
        .ok_or_else(|| anyhow!(t!("local-nobody-reigns")))
}

/// What the central that reigns answers to a line.
pub(super) async fn order(children: &mut Children, line: String) -> anyhow::Result<Vec<Line>> {
    let sockets = children.sockets_of_centrals();
    // One that does not reign knows who does, and says so.
    let role = active(children).await.ok();
    let of_active = sockets.iter().find(|(of, _)| Some(*of) == role);
    let (_, socket): &(Role, PathBuf) = of_active
        .or(sockets.first())
        .ok_or_else(|| anyhow!(t!("local-nobody-reigns")))?;
    let answer = timeout(ORDER_WITHIN, orders::ask_central(socket, line)).await;
    let answer = answer.map_err(|_| anyhow!(t!("local-nobody-reigns")))?;
    let answer = answer.map_err(|why| anyhow!(t!("order-failed", socket = socket, why = why)))?;
    Ok(orders::shown(&answer, Form::Table))
}
