//! What each secondary sends, by its own reports: how much, how fast lately, and in which open transfers. Unlike the
//! entries this counts copies, legacy clients, and transfers that still run.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::{
    engine::recent::RecentRate,
    model::{
        ClientName, FileName, Incarnation, Receiver, SecondaryNumber, SentTransfer, TransferId,
        limits::MAX_TRANSFERS,
    },
};

/// On a new connection a secondary also reports what it sent before. For this long its reports say nothing about its
/// speed.
const TELLS_ALL: Duration = Duration::from_secs(1);

/// Transfers of one secondary whose last report is known: those that it may have open, and as many that are over.
const MOST_SEEN: usize = 2 * MAX_TRANSFERS;

/// What a report adds to the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// In bytes.
    pub(super) more: u64,
    /// There was none before.
    pub(super) is_first: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(in crate::engine::cluster) struct Senders {
    senders: BTreeMap<SecondaryNumber, Sender>,
}

#[derive(Debug)]
struct Sender {
    incarnation: Incarnation,
    enrolled: Instant,
    /// The last report of each transfer; cumulative within one run of its process.
    seen: BTreeMap<TransferId, u64>,
    /// The same in the order in which they were first heard of.
    order: VecDeque<TransferId>,
    open: BTreeMap<TransferId, Open>,
    bytes: u64,
    /// Of those, by HTTP.
    http_bytes: u64,
    rate: RecentRate,
}

/// A transfer in which a secondary has a connection.
#[derive(Debug)]
struct Open {
    receiver: Receiver,
    file: FileName,
    since: Instant,
}

/// A legacy client that somebody sends to.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::cluster) struct LegacyClient {
    /// Parts on their way.
    pub(in crate::engine::cluster) parts: u32,
    pub(in crate::engine::cluster) since: Instant,
}

impl Senders {
    /// A secondary has a new connection, on which it tells anew what is open.
    pub(super) fn enrolled(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        incarnation: Incarnation,
    ) {
        let sender = self.senders.entry(number).or_insert_with(|| Sender {
            incarnation,
            enrolled: now,
            seen: BTreeMap::new(),
            order: VecDeque::new(),
            open: BTreeMap::new(),
            bytes: 0,
            http_bytes: 0,
            rate: RecentRate::default(),
        });
        sender.enrolled = now;
        sender.open.clear();
        if std::mem::replace(&mut sender.incarnation, incarnation) != incarnation {
            sender.seen.clear();
            sender.order.clear();
        }
    }

    /// Its lease has ended.
    pub(super) fn left(&mut self, number: SecondaryNumber) {
        if let Some(sender) = self.senders.get_mut(&number) {
            sender.open.clear();
        }
    }

    /// A report; gives what is new in it.
    pub(super) fn sent(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        sent: &SentTransfer,
    ) -> News {
        let Some(sender) = self.senders.get_mut(&number) else {
            return News::default();
        };
        let before = sender.seen.insert(sent.transfer, sent.bytes);
        if before.is_none() {
            sender.order.push_back(sent.transfer);
        }
        if sender.order.len() > MOST_SEEN
            && let Some(oldest) = sender.order.pop_front()
        {
            sender.seen.remove(&oldest);
        }
        if sent.last {
            sender.open.remove(&sent.transfer);
        } else if sender.open.len() < MAX_TRANSFERS {
            let open = || Open {
                receiver: sent.receiver.clone(),
                file: sent.file.clone(),
                since: now,
            };
            sender.open.entry(sent.transfer).or_insert_with(open);
        }
        let more = sent.bytes.saturating_sub(before.unwrap_or(0));
        sender.bytes = sender.bytes.saturating_add(more);
        if matches!(sent.receiver, Receiver::Http(_)) {
            sender.http_bytes = sender.http_bytes.saturating_add(more);
        }
        if now.saturating_duration_since(sender.enrolled) >= TELLS_ALL {
            sender.rate.count(now, more);
        }
        News {
            more,
            is_first: before.is_none(),
        }
    }

    /// Payload bytes, to clients and to other secondaries, since this central first heard of it.
    pub(in crate::engine::cluster) fn bytes(&self, number: SecondaryNumber) -> u64 {
        self.senders.get(&number).map_or(0, |sender| sender.bytes)
    }

    /// What all of them have sent since this central first heard of them: in all, and of that by HTTP.
    pub(in crate::engine::cluster) fn all_bytes(&self) -> (u64, u64) {
        let senders = self.senders.values();
        senders.fold((0, 0), |(all, by_http), sender| {
            (
                sender.bytes.saturating_add(all),
                sender.http_bytes.saturating_add(by_http),
            )
        })
    }

    /// How fast it sends of late.
    pub(in crate::engine::cluster) fn bytes_per_s(
        &self,
        now: Instant,
        number: SecondaryNumber,
    ) -> f64 {
        let sender = self.senders.get(&number);
        sender.map_or(0.0, |sender| sender.rate.bytes_per_s(now))
    }

    /// Transfers in which it has a connection.
    pub(in crate::engine::cluster) fn open(&self, number: SecondaryNumber) -> usize {
        self.senders
            .get(&number)
            .map_or(0, |sender| sender.open.len())
    }

    /// Every transfer in which a secondary has a connection: the secondary, the transfer, to whom, which file, and the
    /// bytes that it has sent in it.
    pub(in crate::engine::cluster) fn all_open(
        &self,
    ) -> impl Iterator<Item = (SecondaryNumber, TransferId, &Receiver, &FileName, u64)> {
        self.senders.iter().flat_map(|(number, sender)| {
            sender.open.iter().map(|(transfer, open)| {
                let bytes = sender.seen.get(transfer).copied().unwrap_or(0);
                (*number, *transfer, &open.receiver, &open.file, bytes)
            })
        })
    }

    /// Bytes that all have sent in a transfer, as far as that is known.
    pub(in crate::engine::cluster) fn bytes_in(&self, transfer: TransferId) -> u64 {
        let seen = self.senders.values().filter_map(|s| s.seen.get(&transfer));
        seen.fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// What a client is being sent, whichever protocol it speaks: by whom, and in which transfer.
    pub(in crate::engine::cluster) fn open_to(
        &self,
        client: &ClientName,
    ) -> Vec<(SecondaryNumber, TransferId)> {
        let is_to = |open: &Open| match &open.receiver {
            Receiver::Client(name) | Receiver::Legacy(name) => name == client,
            Receiver::Secondary(_) | Receiver::Http(_) => false,
        };
        let senders = self.senders.iter();
        senders
            .flat_map(|(number, sender)| sender.open.iter().map(|(id, open)| (*number, *id, open)))
            .filter(|(_, _, open)| is_to(open))
            .map(|(number, transfer, _)| (number, transfer))
            .collect()
    }

    /// What a host is being sent that has no name.
    pub(in crate::engine::cluster) fn open_to_host(
        &self,
        host: IpAddr,
    ) -> Vec<(SecondaryNumber, TransferId)> {
        let is_to = |receiver: &Receiver| matches!(receiver, Receiver::Http(to) if to.to_canonical() == host);
        self.all_open()
            .filter(|(_, _, receiver, ..)| is_to(receiver))
            .map(|(number, transfer, ..)| (number, transfer))
            .collect()
    }

    /// True for a secondary that sends to a legacy client.
    pub(in crate::engine::cluster) fn has_legacy(&self, number: SecondaryNumber) -> bool {
        let is_legacy = |open: &Open| matches!(open.receiver, Receiver::Legacy(_));
        let sender = self.senders.get(&number);
        sender.is_some_and(|sender| sender.open.values().any(is_legacy))
    }

    /// Legacy clients that are being sent something.
    pub(in crate::engine::cluster) fn legacy_clients(&self) -> BTreeMap<ClientName, LegacyClient> {
        let mut legacy_clients: BTreeMap<ClientName, LegacyClient> = BTreeMap::new();
        let open = self.senders.values().flat_map(|s| s.open.values());
        for Open {
            receiver, since, ..
        } in open
        {
            if let Receiver::Legacy(name) = receiver {
                let new = LegacyClient {
                    parts: 0,
                    since: *since,
                };
                let legacy = legacy_clients.entry(name.clone()).or_insert(new);
                legacy.parts += 1;
                legacy.since = legacy.since.min(*since);
            }
        }
        legacy_clients
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileName;
    use crate::model::Term;

    #[test]
    fn reports_are_counted_once_and_what_is_open_is_known() {
        let start = Instant::now();
        let number = SecondaryNumber::try_from(1).unwrap();
        let name = ClientName::try_from("ana").unwrap();
        let report = |transfer, bytes, last| SentTransfer {
            transfer: TransferId::new(Term(1), transfer),
            receiver: Receiver::Legacy(name.clone()),
            file: FileName::try_from("a").unwrap(),
            bytes,
            chunks: 0,
            last,
            whole_part: None,
        };
        let mut senders = Senders::default();
        assert_eq!(senders.sent(start, number, &report(1, 5, false)).more, 0);
        senders.enrolled(start, number, Incarnation(1));
        // What it sent before is counted, but is no speed.
        assert_eq!(
            senders.sent(start, number, &report(1, 5000, false)).more,
            5000
        );
        assert_eq!(senders.bytes_per_s(start, number), 0.0);
        let later = start + 2 * TELLS_ALL;
        assert_eq!(
            senders.sent(later, number, &report(1, 6000, false)).more,
            1000
        );
        assert_eq!(senders.sent(later, number, &report(2, 10, false)).more, 10);
        assert!(senders.bytes_per_s(later, number) > 0.0);
        assert_eq!((senders.bytes(number), senders.open(number)), (6010, 2));
        assert_eq!(senders.legacy_clients()[&name].parts, 2);
        assert!(senders.has_legacy(number));
        assert_eq!(senders.open_to(&name).len(), 2);
        assert!(
            senders
                .open_to(&ClientName::try_from("an").unwrap())
                .is_empty()
        );
        assert_eq!(senders.sent(later, number, &report(2, 10, true)).more, 0);
        assert_eq!(senders.open(number), 1);
        // The same run tells all again; another starts from nothing.
        senders.left(number);
        assert!(!senders.has_legacy(number));
        senders.enrolled(later, number, Incarnation(1));
        assert_eq!(senders.open(number), 0);
        assert_eq!(senders.sent(later, number, &report(1, 6000, false)).more, 0);
        senders.enrolled(later, number, Incarnation(2));
        assert_eq!(senders.sent(later, number, &report(1, 7, true)).more, 7);
        assert_eq!(senders.bytes(number), 6017);
    }
}
