//! The cluster as others are shown it: what can be downloaded and from whom, how it stands, what was downloaded.

use std::{collections::BTreeMap, net::SocketAddr};

use super::{Cluster, Refusal, catalog::Other, machine::Peer, numbers::NumberSet};
use crate::model::{
    ClientName, ClusterStatus, FileMeta, FileName, ListedFile, SecondaryStatus,
    limits::MAX_SECONDARY_NUMBER,
};

/// What the listing depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingVersion {
    catalog: u64,
    alive: NumberSet,
    begun: bool,
}

/// How many files there are, as far as that takes a look at the whole catalogue.
#[derive(Clone, Debug)]
pub struct FileCounts {
    listed: u64,
    /// By number; none is 0.
    held: [u64; MAX_SECONDARY_NUMBER as usize + 1],
    conflicts: [u64; MAX_SECONDARY_NUMBER as usize + 1],
}

impl Cluster {
    /// Downloads per file, zeros included.
    pub fn per_file(&self) -> BTreeMap<FileName, u64> {
        let mut table: BTreeMap<_, _> = self
            .catalog
            .iter()
            .map(|entry| {
                (
                    entry.meta.name.clone(),
                    self.ledger.downloads_of(&entry.meta.name),
                )
            })
            .collect();
        table.extend(
            self.ledger
                .per_file()
                .map(|(name, count)| (name.clone(), count)),
        );
        table
    }

    /// Downloads per client.
    pub fn per_client(&self) -> BTreeMap<ClientName, u64> {
        self.ledger
            .per_client()
            .map(|(name, count)| (name.clone(), count))
            .collect()
    }

    /// Another value whenever [`Self::listing`] may have changed.
    pub fn listing_version(&self) -> ListingVersion {
        ListingVersion {
            catalog: self.catalog.version(),
            alive: self.alive_set(),
            begun: self.config.begun,
        }
    }

    /// Files that can be downloaded, by name, from after a name; as many as `fits` lets in. The flag says
    /// whether there are more.
    pub fn listing(
        &self,
        after: Option<&FileName>,
        mut fits: impl FnMut(&ListedFile) -> bool,
    ) -> (Vec<ListedFile>, bool) {
        let mut files = Vec::new();
        if !self.config.begun {
            return (files, false);
        }
        let alive = self.alive_set();
        for entry in self.catalog.after(after) {
            let holders = entry.holders.and(alive);
            if holders.is_empty() {
                continue;
            }
            let listed = ListedFile {
                file: entry.meta.clone(),
                holders: holders.len(),
                secondaries: alive.len(),
                conflict: self.catalog.is_in_conflict(entry),
            };
            if !fits(&listed) {
                return (files, true);
            }
            files.push(listed);
        }
        (files, false)
    }

    /// The file of a name that can be downloaded now, with the addresses of the live holders that are to be asked.
    pub fn find(&self, name: &FileName) -> Result<(FileMeta, Vec<SocketAddr>), Refusal> {
        self.check_ready()?;
        let not_found = || Refusal::NotFound(name.clone());
        let entry = self.catalog.look_up(name).ok_or_else(not_found)?;
        let (asked, _) = self.holders(&entry.meta, None);
        let holders: Vec<_> = asked
            .iter()
            .filter_map(|number| Some(self.membership.get(number)?.address))
            .collect();
        if holders.is_empty() {
            Err(not_found())
        } else {
            Ok((entry.meta.clone(), holders))
        }
    }

    /// The state of the cluster. Looks at the whole catalogue once.
    pub fn status(&self) -> ClusterStatus {
        self.status_with(&self.count_files())
    }

    /// Looks at the whole catalogue: what of the state takes long to count.
    pub fn count_files(&self) -> FileCounts {
        let alive = self.alive_set();
        let mut listed = 0;
        let mut held = [0; MAX_SECONDARY_NUMBER as usize + 1];
        let mut conflicts = held;
        for entry in self.catalog.iter() {
            listed += u64::from(!entry.holders.and(alive).is_empty());
            for number in entry.holders.iter() {
                held[usize::from(number.get())] += 1;
            }
            for (number, other) in entry.others() {
                let is_conflict = matches!(other, Other::Conflict(..));
                conflicts[usize::from(number.get())] += u64::from(is_conflict);
            }
        }
        FileCounts {
            listed,
            held,
            conflicts,
        }
    }

    /// The state of the cluster, with files as they were counted some time ago.
    pub fn status_with(&self, counts: &FileCounts) -> ClusterStatus {
        let FileCounts {
            listed,
            held,
            conflicts,
        } = counts;
        let clients = self.peers.values();
        ClusterStatus {
            ready: self.is_ready(),
            level: self.is_level(),
            required: self.config.required_secondaries as u16,
            secondaries: self
                .membership
                .iter()
                .map(|(number, member)| SecondaryStatus {
                    number,
                    ip: member.address.ip(),
                    port: member.address.port(),
                    alive: member.alive.is_some(),
                    files: held[usize::from(number.get())],
                    missing: self.placement.missing_count(number) as u64,
                    conflicts: conflicts[usize::from(number.get())],
                    read_only: member.limits.read_only,
                    away: member.limits.some_away(),
                })
                .collect(),
            files: *listed,
            clients: clients.filter(|p| matches!(p, Peer::Client(_))).count() as u64,
            running: self.admission.running() as u64,
            waiting: self.admission.waiting() as u64,
            copies: self.placement.active_count() as u64,
            conflicts: self.catalog.conflict_count() as u64,
            changing: self.catalog.changing_count() as u64,
        }
    }
}
