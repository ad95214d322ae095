//! What a person orders is done by the central that reigns, once for each name that it is given under. What was answered is a
//! fact as what was done is, so that the next central answers the same.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{
    DrainedSecondary, Order, Ordered, SecondaryCondition, SecondaryInfo,
    api::{Given, NotTaken, Settled},
    place::Standing,
    state::Central,
};
use crate::{
    engine::{
        cluster::{Cluster, Drained, Expelled, Resolved},
        registry::{KnownOrder, Registry},
    },
    model::{Deed, Door, OrderId, SecondaryNumber},
};

/// Secondaries that one order drains: more than there can be.
const MOST_DRAINED: usize = 256;

/// An order and its answer, as they are kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    order: Order,
    ordered: Ordered,
}

impl Central {
    /// True while another central reigns, or none.
    pub(super) fn is_standby(&self) -> bool {
        matches!(self.place.standing, Standing::Standby(_))
    }

    /// Does an order, unless it was done.
    pub(super) fn ordered(
        &mut self,
        now: Instant,
        order: Order,
        (id, given, door): (OrderId, Given, Door),
        to: oneshot::Sender<Result<Ordered, NotTaken>>,
    ) {
        if self.is_standby() {
            // What the journal has is durable.
            let _ = to.send(match self.settled(&order, id) {
                Settled::Done(said) => Ok(said),
                // An earlier run of this central may have done it: whoever asks asks again.
                Settled::NotYet if given == Given::PerhapsAgain => return,
                Settled::NotDone | Settled::NotYet | Settled::Reigns => Err(NotTaken::Standby),
            });
            return;
        }
        let said = match known(self.cluster.registry(), &order, id) {
            Some(known) => known,
            None => Ok(self.obey(now, order, id, door)),
        };
        // One that was given twice is answered when the first one is.
        self.reply(to, said);
    }

    fn obey(&mut self, now: Instant, order: Order, id: OrderId, door: Door) -> Ordered {
        let most_before = self.cluster.max_downloads();
        let ordered = match &order {
            Order::Expel(name) => {
                let said = self.cluster.expel(now, name);
                for (host, until) in self.cluster.expelled_hosts(now) {
                    self.expelled.expel(host, until);
                }
                Ordered::Expelled(said)
            }
            Order::Drain { which, begin } => {
                Ordered::Drained(drain(&mut self.cluster, now, which.as_deref(), *begin))
            }
            Order::MaxDownloads(most) => {
                self.cluster.set_max_downloads(now, *most);
                Ordered::MaxDownloads
            }
            Order::Resolve(name, choice) => {
                Ordered::Resolved(self.cluster.resolve(now, name, *choice))
            }
        };
        for deed in deeds(&order, &ordered, most_before, self.cluster.max_downloads()) {
            self.cluster.note_order(door, deed);
        }
        let kept = Kept { order, ordered };
        // Its values are plain.
        let answer = serde_json::to_string(&kept).unwrap_or_default();
        self.cluster.keep_answer(id, answer);
        kept.ordered
    }

    /// What the journal that is followed says of an order that was taken before.
    pub(super) fn settled(&self, order: &Order, id: OrderId) -> Settled {
        let Some(several) = self.several.as_ref().filter(|_| self.is_standby()) else {
            return Settled::Reigns;
        };
        if let Some(Ok(said)) = known(&several.registry, order, id) {
            return Settled::Done(said);
        }
        // Whatever the last reign of this central made durable comes before the next one begins.
        match several.ended {
            Some(ended) if several.registry.term() <= ended => Settled::NotYet,
            None if !several.reign.snapshot().ready => Settled::NotYet,
            Some(_) | None => Settled::NotDone,
        }
    }
}

/// What was done, for the audit trail.
fn deeds(order: &Order, ordered: &Ordered, before: usize, most: usize) -> Vec<Deed> {
    match (order, ordered) {
        (Order::Expel(client), Ordered::Expelled(Expelled::Clients(_))) => {
            let client = client.clone();
            vec![Deed::Expelled { client }]
        }
        (Order::Drain { begin, .. }, Ordered::Drained(rows)) => {
            let is_done = |row: &&DrainedSecondary| {
                row.drained == if *begin { Drained::Yes } else { Drained::No }
            };
            let numbers = rows.iter().filter(is_done);
            let numbers = numbers.filter_map(|row| SecondaryNumber::try_from(row.secondary).ok());
            numbers
                .map(|secondary| match begin {
                    true => Deed::Drained { secondary },
                    false => Deed::Works { secondary },
                })
                .collect()
        }
        (Order::MaxDownloads(_), _) if before != most => {
            let most = most as u64;
            vec![Deed::MaxDownloads { most }]
        }
        (Order::Resolve(file, _), Ordered::Resolved(Resolved::To(_))) => {
            let file = file.clone();
            vec![Deed::Resolved { file }]
        }
        _ => Vec::new(),
    }
}

/// What is known of an order; `None` of a new one.
fn known(registry: &Registry, order: &Order, id: OrderId) -> Option<Result<Ordered, NotTaken>> {
    match registry.answers().find(id) {
        KnownOrder::New => None,
        KnownOrder::Forgotten => Some(Err(NotTaken::Forgotten)),
        KnownOrder::Answered(kept) => Some(match serde_json::from_str::<Kept>(kept) {
            Ok(kept) if kept.order == *order => Ok(kept.ordered),
            Ok(_) | Err(_) => Err(NotTaken::OtherOrder),
        }),
    }
}

/// Drains secondaries, or all where none are named, or has them work again.
fn drain(
    cluster: &mut Cluster,
    now: Instant,
    which: Option<&[u64]>,
    begin: bool,
) -> Vec<DrainedSecondary> {
    let known = cluster.secondaries(now);
    let all = || known.iter().map(|s| s.number.get().into()).collect();
    let mut which: Vec<u64> = which.map_or_else(all, <[u64]>::to_vec);
    // What is answered is kept.
    which.truncate(MOST_DRAINED);
    let mut drained = Vec::new();
    for secondary in which {
        let is_it = |info: &&SecondaryInfo| u64::from(info.number.get()) == secondary;
        let was = known.iter().find(is_it).map(|info| info.state);
        drained.push(DrainedSecondary {
            secondary,
            drained: match SecondaryNumber::try_from(secondary) {
                Ok(number) if begin => cluster.drain(now, number),
                Ok(number) => cluster.end_draining(now, number),
                Err(_) => Drained::NoSuchSecondary,
            },
            unchanged: was.is_some_and(|was| (was == SecondaryCondition::Draining) == begin),
        });
    }
    drained
}
