//! Transfers that run: who receives what, from which secondaries, which chunks from each.

use std::{collections::BTreeMap, time::Instant};

use super::{
    Action, Cluster, LinkId, Notice,
    accounts::Origin,
    machine::Peer,
    numbers::NumberSet,
    running::{ABOUT_EQUAL, MOST_UNEVEN, Transfer},
    source_ids::SourceIds,
};
use crate::{
    engine::assignment,
    model::{
        ChunkRange, CopyOrder, FileMeta, Finished, Grant, Have, Outcome, Receiver, RequestId,
        SecondaryNumber, SourceInfo, TransferId, Who,
        messages::{ForClient, ForReceiver, ForSecondary, FromReceiver},
    },
};

/// Chunks per secondary of a file that counts as short.
const SHORT_SHARE: usize = 4;

impl Cluster {
    /// The grant of a transfer: the live holders of its file but `except`, and but those that are drained if there
    /// are others, each with its share and its id.
    pub(super) fn grant(
        &self,
        transfer: TransferId,
        file: &FileMeta,
        except: Option<SecondaryNumber>,
        ids: &mut SourceIds,
    ) -> Grant {
        let (asked, _) = self.holders(file, except);
        let holders: Vec<_> = asked.iter().collect();
        let known: Vec<f64> = holders.iter().filter_map(|n| self.speeds.of(*n)).collect();
        let typical = if known.is_empty() {
            1.0
        } else {
            known.iter().sum::<f64>() / known.len() as f64
        };
        // Where each has a few chunks to bring, the next file makes up for what this one gets wrong, as long as
        // those that bring more do not count as faster for it.
        let is_short = file.layout.chunk_count() as usize <= SHORT_SHARE * holders.len();
        let weights: Vec<_> = holders
            .iter()
            .map(|number| {
                let load = self
                    .transfers
                    .values()
                    .filter(|t| {
                        t.ranges
                            .get(number)
                            .is_some_and(|ranges| !ranges.is_empty())
                    })
                    .count();
                let speed = self.speeds.of(*number).unwrap_or(typical);
                let speed = if is_short
                    || (typical / ABOUT_EQUAL..typical * ABOUT_EQUAL).contains(&speed)
                {
                    typical
                } else {
                    speed.clamp(typical / MOST_UNEVEN, typical * MOST_UNEVEN)
                };
                (*number, speed / (1.0 + load as f64))
            })
            .collect();
        let ranges: BTreeMap<_, _> = assignment::assign(file.layout.all(), &weights)
            .into_iter()
            .collect();
        Grant {
            transfer,
            file: file.clone(),
            sources: self.sources(asked, &ranges, ids),
        }
    }

    pub(super) fn sources(
        &self,
        holders: NumberSet,
        ranges: &BTreeMap<SecondaryNumber, Vec<ChunkRange>>,
        ids: &mut SourceIds,
    ) -> Vec<SourceInfo> {
        holders
            .iter()
            .filter_map(|number| {
                let address = self.membership.get(number)?.address;
                let who = Who::Secondary(number);
                Some(SourceInfo {
                    id: ids.id_of(who),
                    who,
                    address,
                    have: Have::All,
                    ranges: ranges.get(&number).cloned().unwrap_or_default(),
                    draining: false,
                })
            })
            .collect()
    }

    pub(super) fn begin(
        &mut self,
        transfer: TransferId,
        receiver: Receiver,
        link: LinkId,
        request: RequestId,
        (grant, ids): (&Grant, SourceIds),
    ) {
        let ranges = grant.sources.iter().map(|source| {
            let Who::Secondary(number) = source.who;
            (number, source.ranges.clone())
        });
        let ranges = ranges.collect();
        let session = match self.peers.get(&link) {
            Some(Peer::Client(client)) => client.session,
            Some(Peer::Secondary { .. }) | None => None,
        };
        let running = Transfer {
            file: grant.file.clone(),
            receiver,
            link,
            request,
            session,
            ids,
            ranges,
        };
        self.transfers.insert(transfer, running);
    }

    /// Tells the receivers of some files who holds them now.
    pub(super) fn push_sources_of(&mut self, concerned: impl Fn(&FileMeta) -> bool) {
        let mut transfers = std::mem::take(&mut self.transfers);
        for (transfer, running) in &mut transfers {
            if concerned(&running.file) {
                let sources = self.present_sources(running);
                let transfer = *transfer;
                let message = ForReceiver::Sources { transfer, sources };
                self.actions
                    .push_back(Action::ToReceiver(running.link, message));
            }
        }
        self.transfers = transfers;
    }

    /// Tells the receiver of one transfer who holds its file now.
    pub(super) fn push_sources(&mut self, transfer: TransferId) {
        let Some(mut running) = self.transfers.remove(&transfer) else {
            return;
        };
        let (link, sources) = (running.link, self.present_sources(&mut running));
        self.transfers.insert(transfer, running);
        let message = ForReceiver::Sources { transfer, sources };
        self.actions.push_back(Action::ToReceiver(link, message));
    }

    /// Orders the copies that are due.
    pub(super) fn start_copies(&mut self, now: Instant) {
        let alive = self.alive_set();
        let draining = &self.draining;
        let is_resting = |number| draining.contains(number);
        let due = self.placement.due(now, is_resting, |name, target| {
            self.catalog.get(name).is_some_and(|entry| {
                entry
                    .holders
                    .and(alive)
                    .iter()
                    .any(|holder| holder != target)
            })
        });
        for (target, name) in due {
            let (Some(link), Some(entry)) = (self.membership.link(target), self.catalog.get(&name))
            else {
                continue;
            };
            let file = entry.meta.clone();
            let replaces = entry.outdated_at(target);
            let transfer = self.next_transfer();
            let mut ids = SourceIds::default();
            let grant = self.grant(transfer, &file, Some(target), &mut ids);
            self.placement.started(target, &name, transfer);
            let (receiver, origin) = (Receiver::Secondary(target), Origin::Secondary(target));
            self.ledger
                .open(now, transfer, receiver.clone(), name.clone(), origin);
            self.begin(transfer, receiver, link, RequestId(0), (&grant, ids));
            let sources = grant.sources.iter().map(|source| source.who).collect();
            let copy = ForSecondary::Copy(CopyOrder { grant, replaces });
            self.actions.push_back(Action::ToSecondary(link, copy));
            self.tell(Notice::CopyOrdered {
                file: name,
                target,
                sources,
            });
        }
    }

    pub(super) fn of_receiver(&mut self, now: Instant, link: LinkId, message: FromReceiver) {
        match message {
            FromReceiver::Report(report) => self.reported(now, link, report),
            FromReceiver::Finished(finished) => self.finished(now, link, finished),
        }
    }

    /// A receiver says that its transfer is over.
    fn finished(&mut self, now: Instant, link: LinkId, mut finished: Finished) {
        let known = self
            .transfers
            .get(&finished.transfer)
            .is_some_and(|t| t.link == link);
        if !known {
            // A download that ended while the central was away: the books may still wait for it.
            if self.ledger.is_open(finished.transfer) && self.owns(link, &finished) {
                self.close_books(now, link, finished);
            }
            return;
        }
        let Some(running) = self.transfers.remove(&finished.transfer) else {
            return;
        };
        // Who a source is the central knows better than the receiver.
        for source in &mut finished.sources {
            source.who = running.ids.who(source.source).unwrap_or(source.who);
        }
        let file = running.file.name.clone();
        let (outcome, reason) = (finished.outcome, finished.reason.clone());
        match &running.receiver {
            Receiver::Secondary(target) => {
                match outcome {
                    // `added` takes it off the list of what is missing; it may have come before this.
                    Outcome::Complete | Outcome::AlreadyComplete => {
                        self.placement.completed(now, *target, &file);
                    }
                    Outcome::Failed | Outcome::Cancelled => {
                        self.placement.failed(now, *target, &file);
                    }
                }
                self.tell(Notice::CopyEnded {
                    file,
                    target: *target,
                    outcome,
                    reason,
                });
            }
            Receiver::Client(client) => {
                let client = client.clone();
                self.forget_request(link, running.request);
                if self.ledger.is_settled(finished.transfer) {
                    // Its end need not be told again: what is in its closed books is not known any more.
                    let booked = ForClient::Booked {
                        transfer: finished.transfer,
                        sent: Vec::new(),
                    };
                    self.actions.push_back(Action::ToClient(link, booked));
                }
                self.tell(Notice::Finished {
                    client,
                    file,
                    outcome,
                    reason,
                });
            }
            Receiver::Legacy(_) => {}
        }
        self.close_books(now, link, finished);
    }

    fn owns(&self, link: LinkId, finished: &Finished) -> bool {
        let totals = match self.peers.get(&link) {
            Some(Peer::Client(client)) => client.name.as_ref().map(|name| {
                self.ledger
                    .is_of(finished.transfer, &Receiver::Client(name.clone()))
            }),
            Some(Peer::Secondary { number, .. }) => Some(
                self.ledger
                    .is_of(finished.transfer, &Receiver::Secondary(*number)),
            ),
            None => None,
        };
        totals.unwrap_or(false)
    }

    fn close_books(&mut self, now: Instant, link: LinkId, finished: Finished) {
        let (transfer, outcome) = (finished.transfer, finished.outcome);
        self.ledger.finish(now, link, finished);
        for number in self.ledger.involved(transfer) {
            if let Some(link) = self.membership.link(number) {
                let ended = ForSecondary::Ended {
                    transfer,
                    outcome,
                    expelled: false,
                };
                self.actions.push_back(Action::ToSecondary(link, ended));
            }
        }
    }

    pub(super) fn settle(&mut self, now: Instant) {
        let membership = &self.membership;
        let settled = self.ledger.settle(now, |number| {
            membership
                .get(number)
                .filter(|m| m.alive.is_some())
                .map(|m| m.incarnation)
        });
        for books in settled {
            // Whoever told the end waits for this: others may have its name.
            let told_by = books.told_by;
            let is_client = |link: &LinkId| matches!(self.peers.get(link), Some(Peer::Client(_)));
            if let Some(link) = told_by.filter(is_client) {
                let (transfer, sent) = (books.transfer, books.sent);
                let booked = ForClient::Booked { transfer, sent };
                self.actions.push_back(Action::ToClient(link, booked));
            }
        }
    }
}
