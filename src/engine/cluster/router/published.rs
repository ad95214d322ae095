//! What people publish: orders of their devices, and who may ask whom for it. Where such a file is received, its sources are
//! the devices of its owner: each is named with its number and its place, and the receiver is let in there by tickets.

use std::collections::BTreeSet;

use super::Cluster;
use crate::{
    engine::cluster::{
        Action, ConnectionId, Notice, PeerPlace, Refusal, places::RequestKey,
        publications::Published,
    },
    model::{
        AccountName, Actor, Deed, FileMeta, FileName, PeerNumber, Publication, Publish,
        PublishedFile, RequestId, Sharing, TransferId, messages::ForClient,
    },
};

impl Cluster {
    /// A client says what it gives to others, and that it knows peers.
    pub(super) fn share(&mut self, connection: ConnectionId, sharing: Sharing) {
        let Some(client) = self.places.get(connection) else {
            return;
        };
        let from = client.address();
        if self.peers.share(connection, from, sharing)
            && let Some(peer) = self.peers.number(connection)
        {
            self.actions.push_back(Action::Number { connection, peer });
        }
        self.gives_now(connection);
    }

    /// A device publishes a file of its account.
    pub(super) fn publish(&mut self, connection: ConnectionId, request: RequestId, order: Publish) {
        match self.try_publish(connection, order) {
            Ok((publication, what)) => {
                let published = ForClient::Published {
                    request,
                    at_ms: publication.at_ms,
                };
                self.actions
                    .push_back(Action::ToClient(connection, published));
                let file = publication.file;
                if what != Published::Again {
                    let (who, name) = (publication.owner.clone(), file.name.clone());
                    self.audit(Actor::Account(who), Deed::Published { file: name });
                    self.tell(Notice::Published {
                        owner: publication.owner,
                        file: file.name.clone(),
                        bytes: file.layout.file_bytes(),
                    });
                }
                if what == Published::Replaced {
                    self.tell_replaced(&file);
                }
                self.introduce_all(&file.name);
            }
            Err(refusal) => self.refuse(connection, request, refusal),
        }
    }

    fn try_publish(
        &mut self,
        connection: ConnectionId,
        order: Publish,
    ) -> Result<(Publication, Published), Refusal> {
        let owner = self.account_at(connection).cloned();
        let owner = owner.ok_or(Refusal::NotConnected)?;
        let (name, now_ms) = (order.file.name.clone(), self.wall_ms());
        let what = self
            .publications
            .publish(now_ms, connection, &owner, order)?;
        let publication = self.publications.named(&name).cloned();
        let publication = publication.ok_or(Refusal::NotPublished(name))?;
        Ok((publication, what))
    }

    /// A device withdraws a file of its account.
    pub(super) fn withdraw(
        &mut self,
        connection: ConnectionId,
        request: RequestId,
        name: &FileName,
    ) {
        let owner = self.account_at(connection).cloned();
        let withdrawn = owner.ok_or(Refusal::NotConnected).and_then(|owner| {
            let devices = self.publications.withdraw(&owner, name)?;
            Ok((owner, devices))
        });
        match withdrawn {
            Ok((owner, devices)) => {
                let answer = ForClient::Withdrawn {
                    request: Some(request),
                    name: name.clone(),
                };
                self.actions.push_back(Action::ToClient(connection, answer));
                let others = devices.into_iter().filter(|other| *other != connection);
                self.tell_withdrawn(name, others);
                let file = name.clone();
                let deed = Deed::Withdrawn { file: file.clone() };
                self.audit(Actor::Account(owner.clone()), deed);
                self.tell(Notice::Withdrawn { owner, file });
            }
            Err(refusal) => self.refuse(connection, request, refusal),
        }
    }

    /// A device can send a file of its account, or cannot any more.
    pub(super) fn device_offers(
        &mut self,
        connection: ConnectionId,
        file: &FileMeta,
        is_there: bool,
    ) {
        let Some(owner) = self.account_at(connection).cloned() else {
            return;
        };
        let is_known = self.publications.offer(connection, &owner, file, is_there);
        if is_known {
            self.introduce_all(&file.name);
        } else if is_there {
            self.tell_withdrawn(&file.name, [connection]);
        }
    }

    /// An account is no more.
    pub(super) fn withdraw_all(&mut self, owner: &AccountName) {
        for (name, devices) in self.publications.withdraw_all(owner) {
            self.tell_withdrawn(&name, devices);
        }
    }

    /// A device is gone, or does not speak for its account any more.
    pub(super) fn device_left(&mut self, connection: ConnectionId) {
        for name in self.publications.left(connection) {
            self.introduce_all(&name);
        }
    }

    fn tell_withdrawn(&mut self, name: &FileName, devices: impl IntoIterator<Item = ConnectionId>) {
        for connection in devices {
            let withdrawn = ForClient::Withdrawn {
                request: None,
                name: name.clone(),
            };
            self.actions
                .push_back(Action::ToClient(connection, withdrawn));
        }
    }

    /// Those who receive what a name stood for hear of what it stands for now, as far as that is for them.
    fn tell_replaced(&mut self, file: &FileMeta) {
        let older = self
            .transfers
            .iter()
            .filter(|(_, running)| running.file.name == file.name && running.file.id != file.id);
        let told = older.filter_map(|(transfer, running)| {
            let viewer = self.account_at(running.connection);
            self.publications.get(&file.name, viewer)?;
            let superseded = ForClient::Superseded {
                transfer,
                file: file.clone(),
            };
            Some(Action::ToClient(running.connection, superseded))
        });
        let told: Vec<_> = told.collect();
        self.actions.extend(told);
    }

    /// A published file that may be received on a connection now.
    pub(super) fn find_published(
        &self,
        connection: ConnectionId,
        name: &FileName,
    ) -> Result<FileMeta, Refusal> {
        let viewer = self.account_at(connection);
        let publication = self.publications.get(name, viewer);
        let publication = publication.ok_or_else(|| Refusal::NotPublished(name.clone()))?;
        let file = &publication.file;
        let can_ask = self.peers.number(connection).is_some();
        if can_ask && !self.places_of(connection, file).is_empty() {
            Ok(file.clone())
        } else {
            Err(Refusal::NoSource(name.clone()))
        }
    }

    /// A download of a published file begins: it takes no place of those that the secondaries' uplinks are shared by.
    pub(super) fn start_published(&mut self, key: RequestKey, file: FileMeta) {
        if let Some((transfer, notice)) = self.begin_download(key, file) {
            self.introduce(transfer);
            self.tell(notice);
        }
    }

    /// Tells all who receive a file of this name whom they may ask now.
    fn introduce_all(&mut self, name: &FileName) {
        let its = self.transfers.iter();
        let its = its.filter(|(_, running)| running.file.name == *name);
        let its: Vec<_> = its.map(|(transfer, _)| transfer).collect();
        for transfer in its {
            self.introduce(transfer);
        }
    }

    /// Tells the receiver of a published file whom it may ask from now on, and whom no more.
    pub(super) fn introduce(&mut self, transfer: TransferId) {
        let Some(running) = self.transfers.get(transfer) else {
            return;
        };
        let connection = running.connection;
        if !running.file.name.is_reserved() {
            return;
        }
        let Some(receiver) = self.peers.number(connection) else {
            return;
        };
        let places = self.places_of(connection, &running.file);
        let now: BTreeSet<PeerNumber> = places.iter().map(|place| place.peer).collect();
        let (known, id) = (running.peers.clone(), running.file.id);
        let is_new = |place: &PeerPlace| !known.contains(&place.peer);
        let add: Vec<_> = places.into_iter().filter(is_new).collect();
        let drop: Vec<_> = known.difference(&now).copied().collect();
        if add.is_empty() && drop.is_empty() {
            return;
        }
        self.transfers.set_peers(transfer, now);
        self.actions.push_back(Action::Introduce {
            connection,
            receiver,
            transfer,
            id,
            add,
            drop,
            is_swarm: false,
        });
    }

    /// Where the devices listen that can send a file to whoever is connected here, but for that one itself.
    fn places_of(&self, connection: ConnectionId, file: &FileMeta) -> Vec<PeerPlace> {
        let viewer = self.account_at(connection);
        let devices = self.publications.devices(file, viewer);
        let others = devices.into_iter().filter(|device| *device != connection);
        others
            .filter_map(|device| self.peers.place(device))
            .collect()
    }

    /// What an account publishes, as whoever is connected here may see it, from after a name; as many as `fits` lets in.
    /// The flag says whether there are more.
    pub fn content(
        &self,
        connection: ConnectionId,
        owner: &AccountName,
        after: Option<&FileName>,
        fits: impl FnMut(&PublishedFile) -> bool,
    ) -> (Vec<PublishedFile>, bool) {
        let viewer = self.account_at(connection);
        let mut all = self.publications.content(owner, after, viewer).peekable();
        let mut fits = fits;
        let mut files = Vec::new();
        while let Some(file) = all.next_if(|file| fits(file)) {
            files.push(file);
        }
        (files, all.peek().is_some())
    }

    /// How many files of an account this viewer may see.
    pub(super) fn published_count(&self, owner: &AccountName, viewer: Option<&AccountName>) -> u32 {
        u32::try_from(self.publications.count(owner, viewer)).unwrap_or(u32::MAX)
    }

    /// True when there is such an account.
    pub fn has_account(&self, name: &AccountName) -> bool {
        self.registry.accounts().get(name).is_some()
    }
}
