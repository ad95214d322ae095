//! Running transfers: who receives what, which chunks each secondary is to send, and how fast secondaries have been
//! lately. It knows neither names nor leases: the router says who holds a file and whom to ask.

mod source_ids;
mod speeds;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Instant,
};

pub(super) use self::source_ids::SourceIds;
use self::speeds::{ABOUT_EQUAL, MOST_UNEVEN, Speeds};
use super::{ConnectionId, members::Usable, numbers::NumberSet};
use crate::{
    engine::assignment,
    model::{
        ChunkRange, ClientName, FileMeta, Grant, Have, PeerNumber, ReceivedFrom, Receiver,
        RequestId, SecondaryNumber, SourceId, SourceInfo, TransferId, Who,
    },
};

/// Chunks per secondary of a file that counts as short.
const SHORT_SHARE: usize = 4;

/// A transfer that runs.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) file: FileMeta,
    pub(super) receiver: Receiver,
    pub(super) connection: ConnectionId,
    /// The client's number for it; a copy has none.
    pub(super) request: Option<RequestId>,
    pub(super) ids: SourceIds,
    /// Peers that its receiver has been told of.
    pub(super) peers: BTreeSet<PeerNumber>,
    /// Assigned chunks, kept for secondaries that are away.
    ranges: BTreeMap<SecondaryNumber, Vec<ChunkRange>>,
}

impl Transfer {
    /// Who one of its sources is.
    pub(super) fn who(&self, source: SourceId) -> Option<Who> {
        self.ids.who(source)
    }

    /// Fills in who each source is, as far as that is known. The central knows it better than the receiver.
    pub(super) fn name_sources(&self, claims: &mut [ReceivedFrom]) {
        for claim in claims {
            claim.who = self.who(claim.source).unwrap_or(claim.who);
        }
    }

    /// Those that are to send in it, or were.
    pub(super) fn senders(&self) -> impl Iterator<Item = SecondaryNumber> + '_ {
        self.ranges.keys().copied()
    }

    /// These as sources, each with its share; new ones get ids.
    fn sources(&mut self, asked: &[(SecondaryNumber, SocketAddr)]) -> Vec<SourceInfo> {
        let source = |(number, address): &(SecondaryNumber, SocketAddr)| {
            let who = Who::Secondary(*number);
            SourceInfo {
                id: self.ids.id_of(who),
                who,
                address: *address,
                have: Have::All,
                ranges: self.ranges.get(number).cloned().unwrap_or_default(),
                draining: false,
            }
        };
        asked.iter().map(source).collect()
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    running: BTreeMap<TransferId, Transfer>,
    speeds: Speeds,
}

impl Transfers {
    pub(super) fn get(&self, transfer: TransferId) -> Option<&Transfer> {
        self.running.get(&transfer)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TransferId, &Transfer)> {
        self.running
            .iter()
            .map(|(transfer, running)| (*transfer, running))
    }

    /// The transfer as it is received on this connection.
    pub(super) fn get_on(
        &self,
        connection: ConnectionId,
        transfer: TransferId,
    ) -> Option<&Transfer> {
        self.get(transfer)
            .filter(|running| running.connection == connection)
    }

    /// A transfer begins, or goes on over another connection; it must have ended on the one before. `asked` are those
    /// that are to send, each with where it listens.
    pub(super) fn begin(
        &mut self,
        transfer: TransferId,
        begin: Begin,
        asked: &[(SecondaryNumber, SocketAddr)],
    ) -> Grant {
        let numbers = asked.iter().map(|(number, _)| *number).collect();
        let mut running = Transfer {
            ranges: self.share(&begin.file, numbers),
            file: begin.file,
            receiver: begin.receiver,
            connection: begin.connection,
            request: begin.request,
            ids: begin.ids,
            peers: BTreeSet::new(),
        };
        let grant = Grant {
            transfer,
            file: running.file.clone(),
            sources: running.sources(asked),
        };
        self.running.insert(transfer, running);
        grant
    }

    pub(super) fn end(&mut self, transfer: TransferId) -> Option<Transfer> {
        self.running.remove(&transfer)
    }

    /// The receiver of a transfer has been told of these peers.
    pub(super) fn set_peers(&mut self, transfer: TransferId, peers: BTreeSet<PeerNumber>) {
        if let Some(running) = self.running.get_mut(&transfer) {
            running.peers = peers;
        }
    }

    /// The client on this connection has another name. Gives its transfers.
    pub(super) fn rename(
        &mut self,
        connection: ConnectionId,
        name: &ClientName,
    ) -> Vec<TransferId> {
        let mut renamed = Vec::new();
        for (transfer, running) in &mut self.running {
            if running.connection == connection {
                running.receiver = Receiver::Client(name.clone());
                renamed.push(*transfer);
            }
        }
        renamed
    }

    /// Chunks assigned to resting secondaries go to the others.
    pub(super) fn relieve(&mut self, transfer: TransferId, usable: Usable) {
        let Some(running) = self.running.get_mut(&transfer) else {
            return;
        };
        let weights: Vec<_> = usable.asked.iter().map(|number| (number, 1.0)).collect();
        for number in usable.resting.iter() {
            let ranges = running.ranges.get_mut(&number).map(std::mem::take);
            for range in ranges.unwrap_or_default() {
                for (number, more) in assignment::assign(range, &weights) {
                    running.ranges.entry(number).or_default().extend(more);
                }
            }
        }
    }

    /// What the receiver of a transfer is told: who is to send what, and who is about to leave.
    pub(super) fn sources(
        &mut self,
        transfer: TransferId,
        asked: &[(SecondaryNumber, SocketAddr)],
        resting: &[(SecondaryNumber, SocketAddr)],
    ) -> Vec<SourceInfo> {
        let Some(running) = self.running.get_mut(&transfer) else {
            return Vec::new();
        };
        let asked = running.sources(asked);
        let resting = running.sources(resting).into_iter();
        let resting = resting.map(|source| SourceInfo {
            ranges: Vec::new(),
            draining: true,
            ..source
        });
        asked.into_iter().chain(resting).collect()
    }

    /// A secondary reports that it sent so many bytes more.
    pub(super) fn sent(&mut self, now: Instant, number: SecondaryNumber, bytes: u64) {
        self.speeds.sent(now, number, bytes);
    }

    /// Which chunks of a file each holder is to bring.
    fn share(
        &self,
        file: &FileMeta,
        holders: NumberSet,
    ) -> BTreeMap<SecondaryNumber, Vec<ChunkRange>> {
        let known: Vec<f64> = holders.iter().filter_map(|n| self.speeds.of(n)).collect();
        let typical = if known.is_empty() {
            1.0
        } else {
            known.iter().sum::<f64>() / known.len() as f64
        };
        // Short files are spread evenly. Unevenness averages out over many files, as long as a secondary that sends
        // more does not count as faster for it.
        let shares = SHORT_SHARE * usize::from(holders.len());
        let is_short = file.layout.chunk_count() as usize <= shares;
        let about_equal = typical / ABOUT_EQUAL..typical * ABOUT_EQUAL;
        let weight = |number: SecondaryNumber| {
            let speed = match self.speeds.of(number) {
                Some(speed) if !is_short && !about_equal.contains(&speed) => {
                    speed.clamp(typical / MOST_UNEVEN, typical * MOST_UNEVEN)
                }
                Some(_) | None => typical,
            };
            (number, speed / (1.0 + self.load(number) as f64))
        };
        let weights: Vec<_> = holders.iter().map(weight).collect();
        assignment::assign(file.layout.all(), &weights)
            .into_iter()
            .collect()
    }

    /// Transfers in which a secondary has chunks to bring.
    fn load(&self, number: SecondaryNumber) -> usize {
        let has_some = |running: &&Transfer| {
            let ranges = running.ranges.get(&number);
            ranges.is_some_and(|ranges| !ranges.is_empty())
        };
        self.running.values().filter(has_some).count()
    }
}

/// A transfer that is to begin.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) file: FileMeta,
    pub(super) receiver: Receiver,
    pub(super) connection: ConnectionId,
    /// The client's number for it; a copy has none.
    pub(super) request: Option<RequestId>,
    /// Of those that its receiver was told of already.
    pub(super) ids: SourceIds,
}
