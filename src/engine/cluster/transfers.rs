//! Transfers that run: who receives what, from which secondaries, which chunks from each.

use std::{collections::BTreeMap, time::Instant};

use super::{
    Action, Cluster, LinkId, Notice,
    machine::Peer,
    numbers::NumberSet,
    running::{ABOUT_EQUAL, MOST_UNEVEN, Transfer},
};
use crate::{
    engine::assignment,
    model::{
        ChunkRange, FileMeta, Finished, Grant, Outcome, Receiver, SecondaryNumber, SourceInfo,
        TransferId,
    },
};

/// Chunks per secondary of a file that counts as short.
const SHORT_SHARE: usize = 4;

impl Cluster {
    /// The grant of a transfer: the live holders of its file but `except`, and but those that are drained if there
    /// are others, each with its share.
    pub(super) fn grant(
        &self,
        transfer: TransferId,
        file: &FileMeta,
        except: Option<SecondaryNumber>,
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
            sources: self.sources(asked, &ranges),
        }
    }

    pub(super) fn sources(
        &self,
        holders: NumberSet,
        ranges: &BTreeMap<SecondaryNumber, Vec<ChunkRange>>,
    ) -> Vec<SourceInfo> {
        holders
            .iter()
            .filter_map(|number| {
                let address = self.membership.get(number)?.address;
                Some(SourceInfo {
                    number,
                    ip: address.ip(),
                    port: address.port(),
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
        request: u64,
        grant: &Grant,
    ) {
        self.ledger.open(
            self.last_call,
            transfer,
            receiver.clone(),
            grant.file.name.clone(),
        );
        let ranges = grant
            .sources
            .iter()
            .map(|s| (s.number, s.ranges.clone()))
            .collect();
        let running = Transfer {
            file: grant.file.clone(),
            receiver,
            link,
            request,
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
                self.actions.push_back(Action::Sources {
                    link: running.link,
                    transfer: *transfer,
                    sources,
                });
            }
        }
        self.transfers = transfers;
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
            let grant = self.grant(transfer, &file, Some(target));
            self.placement.started(target, &name, transfer);
            self.begin(transfer, Receiver::Secondary(target), link, 0, &grant);
            let sources = grant.sources.iter().map(|source| source.number).collect();
            self.actions.push_back(Action::Copy {
                link,
                grant,
                replaces,
            });
            self.tell(Notice::CopyOrdered {
                file: name,
                target,
                sources,
            });
        }
    }

    /// A receiver says that its transfer is over.
    pub(super) fn finished(&mut self, now: Instant, link: LinkId, finished: Finished) {
        let known = self
            .transfers
            .get(&finished.transfer)
            .is_some_and(|t| t.link == link);
        if !known {
            // A download that ended while the central was away: the books may still wait for it.
            if self.ledger.is_open(finished.transfer) && self.owns(link, &finished) {
                self.close_books(now, finished);
            }
            return;
        }
        let Some(running) = self.transfers.remove(&finished.transfer) else {
            return;
        };
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
                    self.actions.push_back(Action::Settled {
                        link,
                        transfer: finished.transfer,
                        sent: Vec::new(),
                    });
                }
                self.tell(Notice::Finished {
                    client,
                    file,
                    outcome,
                    reason,
                });
            }
            Receiver::Original(_) => {}
        }
        self.close_books(now, finished);
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

    fn close_books(&mut self, now: Instant, finished: Finished) {
        let (transfer, outcome) = (finished.transfer, finished.outcome);
        self.ledger.finish(now, finished);
        for number in self.ledger.involved(transfer) {
            if let Some(link) = self.membership.link(number) {
                self.actions.push_back(Action::Ended {
                    link,
                    transfer,
                    outcome,
                    expelled: false,
                });
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
            if let Some(link) = books.client.and_then(|name| self.link_of_client(&name)) {
                let (transfer, sent) = (books.transfer, books.sent);
                self.actions.push_back(Action::Settled {
                    link,
                    transfer,
                    sent,
                });
            }
        }
    }

    fn link_of_client(&self, name: &crate::model::ClientName) -> Option<LinkId> {
        self.peers.iter().find_map(|(link, peer)| match peer {
            Peer::Client(client) if client.name.as_ref() == Some(name) => Some(*link),
            Peer::Client(_) | Peer::Secondary { .. } => None,
        })
    }
}
