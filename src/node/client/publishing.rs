//! What a client publishes: orders of its program, answers of the central, and what its peers ask.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    ClientError, ClientEvent, PublishError, PublishedAs, ShelfState, ShelfView,
    api::ReadFile,
    peering::{Order, Pending, ToPublish},
    shared::{Door, Held, Here, Item, Own, PeerInput, Record, State, What},
    state::Client,
};
use crate::{
    model::{
        AccountName, FileMeta, FileName, PeerInfo, PeerNumber, Publish, Receiver, RequestId,
        Sharing, TransferId, VerifyKey, messages::FromClient,
    },
    node::{Refused, clock, send::Wanted},
    proto::{ErrorCode, Reign, Said},
};

impl Client {
    /// A central said hello on a new connection.
    pub(super) fn meet(&mut self, reign: &Reign) {
        let peering = &mut self.peering;
        peering.is_known = reign.swarm && !self.config.peering.alone;
        peering.cluster = reign.cluster;
        peering.own = None;
        if peering.is_known {
            let is_open = self.peering.door.is_some();
            if self.config.peering.gives.is_some()
                && !is_open
                && let Err(error) = self.listen()
            {
                tracing::warn!(%error, "gives nothing to others");
            }
            // Opening the port has said it already.
            if is_open || self.peering.door.is_none() {
                let sharing = self.sharing();
                self.send(FromClient::Share(sharing));
            }
            self.tell_given();
        }
    }

    /// What the central hears of this client as a peer.
    pub(super) fn sharing(&self) -> Sharing {
        let door = self.peering.door.as_ref();
        Sharing {
            listens: door.map(Door::port),
            key: door.and_then(Door::key),
            on: self.gives(),
            uplink: self.config.peering.gives.unwrap_or_default(),
            ..Sharing::default()
        }
    }

    /// The central says what this client is to its peers.
    pub(super) fn numbered(&mut self, number: PeerNumber, key: VerifyKey) {
        self.peering.own = Some(number);
        if let Some(cluster) = self.peering.cluster {
            self.peering.standing.set(Own {
                number,
                key,
                cluster,
            });
        }
    }

    /// The central names peers that may be asked in a transfer.
    pub(super) fn introduced(
        &mut self,
        transfer: TransferId,
        add: Vec<PeerInfo>,
        drop: &[PeerNumber],
    ) {
        let Some(own) = self.peering.own else {
            return;
        };
        if let Some((_, _, fetch)) = self.state.downloads.of_transfer(transfer) {
            fetch.introduce(own, add, drop);
        }
    }

    /// Opens the port, if it is not open; what earlier runs published is found then.
    pub(super) fn listen(&mut self) -> Result<u16, PublishError> {
        if let Some(door) = &self.peering.door {
            return Ok(door.port());
        }
        let config = &self.config.peering;
        if config.alone || config.listen.is_empty() {
            return Err(PublishError::Alone);
        }
        let peering = &self.peering;
        let given = (Arc::clone(&peering.uplink), peering.inputs.clone());
        let door = Door::open(
            &self.network,
            &config.listen,
            &self.config.security,
            peering.standing.clone(),
            given,
        );
        let door = door.map_err(PublishError::Listen)?;
        let port = door.port();
        self.peering.door = Some(door);
        if self.peering.is_known {
            let sharing = self.sharing();
            self.send(FromClient::Share(sharing));
        }
        Ok(port)
    }

    /// Takes what is remembered onto the shelf, and tells the central of it.
    pub(super) fn take_records(&mut self, found: Vec<(Record, State)>) {
        let now = clock::now();
        for (record, state) in found {
            if self.peering.shelf.get(&record.name).is_none() {
                if !matches!(state, State::Here(_)) {
                    let name = record.name.clone();
                    self.tell(ClientEvent::NotOffered { name });
                }
                self.peering.shelf.put(now, record, state);
            }
        }
        if !self.peering.shelf.is_empty() && self.listen().is_ok() {
            self.offer_all();
        }
    }

    /// This client speaks for an account from now on: its files can be had here.
    pub(super) fn offer_all(&mut self) {
        let Some(account) = self.account() else {
            return;
        };
        let of_account = |file: &FileMeta| file.name.publisher() == Some(account.as_str());
        let items = self.peering.shelf.iter().filter_map(|item| item.offered());
        let offered: Vec<_> = items.filter(of_account).collect();
        for file in offered {
            self.send(FromClient::Offer { file, on: true });
        }
        // What was ordered before there was a link, or on the last one.
        let orders = self.peering.pending.values();
        let orders: Vec<_> = orders.map(|pending| pending.message.clone()).collect();
        for order in orders {
            self.send(order);
        }
    }

    /// The name of a file below this client's account.
    pub(super) fn published_name(&self, name: &FileName) -> Result<FileName, PublishError> {
        let account = self.account().ok_or(PublishError::NotConnected)?;
        let full = match name.is_reserved() {
            true => name.as_str().to_owned(),
            false => format!("@{account}/{name}"),
        };
        Ok(FileName::try_from(full.as_str())?)
    }

    /// A file was read: the central is asked.
    pub(super) fn publish(
        &mut self,
        read: ReadFile,
        answer: oneshot::Sender<Result<PublishedAs, PublishError>>,
    ) {
        let manifest = Arc::clone(&read.file.manifest);
        match self.about_to_publish(read) {
            Ok((record, state, order, done)) => {
                let about_to_publish = ToPublish {
                    record,
                    state,
                    manifest,
                    done,
                    answer,
                };
                let request = self.peering.next_request();
                let message = FromClient::Publish { request, order };
                self.order(request, message, Order::Publish(Box::new(about_to_publish)));
            }
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    fn about_to_publish(
        &mut self,
        read: ReadFile,
    ) -> Result<(Record, State, Publish, PublishedAs), PublishError> {
        let ReadFile { order, place, file } = read;
        let name = order.name.as_ref().unwrap_or(place.file_name());
        let name = self.published_name(name)?;
        let port = self.listen()?;
        let meta = FileMeta {
            name: name.clone(),
            ..file.meta.clone()
        };
        let path = place.path();
        let audience = order.audience.clone();
        let record = Record::new(name, path.clone(), meta.id, file.stamp, audience);
        let asked = Publish {
            file: meta.clone(),
            audience: order.audience,
            replaces: order.replaces,
        };
        let state = State::Here(Here { place, file });
        let done = PublishedAs {
            file: meta,
            path,
            port,
        };
        Ok((record, state, asked, done))
    }

    /// Withdraws a file of this account, from all devices.
    pub(super) fn withdraw(
        &mut self,
        name: &FileName,
        answer: oneshot::Sender<Result<(), PublishError>>,
    ) {
        match self.published_name(name) {
            Ok(name) => {
                let request = self.peering.next_request();
                let message = FromClient::Withdraw { request, name };
                self.order(request, message, Order::Withdraw(answer));
            }
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    /// Orders something of the central. Without a link it is said once there is one.
    fn order(&mut self, request: RequestId, message: FromClient, order: Order) {
        let pending = Pending {
            message: message.clone(),
            order,
        };
        self.peering.pending.insert(request, pending);
        self.ask(message);
    }

    /// There is no central: nothing comes of what was ordered.
    pub(super) fn orders_fail(&mut self, error: &ClientError) {
        for (_, pending) in std::mem::take(&mut self.peering.pending) {
            pending.order.fail(error.clone());
        }
    }

    /// The central refuses; gives its words back where they are about something else.
    pub(super) fn order_refused(
        &mut self,
        request: RequestId,
        code: ErrorCode,
        message: Said,
    ) -> Option<Said> {
        let Some(pending) = self.peering.pending.remove(&request) else {
            return Some(message);
        };
        pending.order.fail(ClientError::Refused { code, message });
        None
    }

    /// The central says that a file is published.
    pub(super) fn is_published(&mut self, request: RequestId) {
        let pending = self.peering.pending.remove(&request);
        let Some(Order::Publish(done)) = pending.map(|pending| pending.order) else {
            return;
        };
        let ToPublish {
            record,
            state,
            manifest,
            done,
            answer,
        } = *done;
        let (now, saved) = (clock::now(), record.clone());
        self.peering.shelf.put(now, record, state);
        let Some(records) = self.peering.records.clone() else {
            let _ = answer.send(Ok(done));
            return;
        };
        let saving = self
            .peering
            .recording
            .run(move || records.save(&saved, &manifest));
        self.tasks.spawn(async move {
            let _ = answer.send(match saving.await {
                Ok(Ok(())) => Ok(done),
                Ok(Err(error)) => Err(PublishError::Record(error)),
                Err(_) => Err(PublishError::Client(ClientError::Stopped)),
            });
        });
    }

    /// The central says that a file is published no more.
    pub(super) fn is_withdrawn(&mut self, request: Option<RequestId>, name: &FileName) {
        let pending = request.and_then(|request| self.peering.pending.remove(&request));
        let is_ours = pending.is_some();
        let was_here = self.peering.shelf.take(clock::now(), name);
        if was_here && !is_ours {
            let name = name.clone();
            self.tell(ClientEvent::WithdrawnElsewhere { name });
        }
        let answer = match pending.map(|pending| pending.order) {
            Some(Order::Withdraw(answer)) => Some(answer),
            Some(Order::Publish(_)) | None => None,
        };
        // What another device withdrew stays written down: it may be another cluster that does not know it.
        let records = self.peering.records.clone().filter(|_| is_ours);
        let name = name.clone();
        let removing = records.map(|records| {
            let recording = &self.peering.recording;
            recording.run(move || records.remove(&name))
        });
        self.tasks.spawn(async move {
            let removed = match removing {
                Some(removing) => removing.await,
                None => Ok(Ok(())),
            };
            if let Some(answer) = answer {
                let _ = answer.send(match removed {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(PublishError::Record(error)),
                    Err(_) => Err(PublishError::Client(ClientError::Stopped)),
                });
            }
        });
    }

    /// What a connection of a peer asks.
    pub(super) fn peer_input(&mut self, input: PeerInput) {
        match input {
            PeerInput::Open {
                transfer,
                wanted,
                receiver,
                answer,
            } => drop(answer.send(self.open_for_peer(transfer, &wanted, &receiver))),
            PeerInput::Damaged { name } => {
                if let Some(file) = self.peering.shelf.changed(&name) {
                    self.send(FromClient::Offer { file, on: false });
                    self.tell(ClientEvent::NotOffered { name });
                }
            }
            PeerInput::BadPeer { address, reason } => {
                tracing::info!(%address, %reason, "a peer was turned away");
            }
        }
    }

    fn open_for_peer(
        &mut self,
        transfer: TransferId,
        wanted: &Wanted,
        receiver: &Receiver,
    ) -> Result<Held, Refused> {
        let Wanted::Content { id, name, .. } = wanted else {
            return Err(Refused::NoTicket);
        };
        let found = self.peering.shelf.find(*id, name);
        let published = found.map(|found| What::Published(Box::new(found)));
        let what = published.or_else(|| self.given(*id).map(What::Running));
        let what = what.ok_or_else(|| Refused::NotHeld(name.clone()))?;
        let meta = match &what {
            What::Published(found) => &found.here.file.meta,
            What::Running(running) => running.meta(),
        };
        let opened = self
            .peering
            .sent
            .open(clock::now(), transfer, receiver, meta);
        let (sending, _) = opened.ok_or(Refused::OthersTransfer(transfer))?;
        let stop = CancellationToken::new();
        Ok(Held {
            what,
            sending,
            stop,
        })
    }

    /// What this device publishes.
    pub(super) fn shelf(&self) -> Vec<ShelfView> {
        let view = |item: &Item| ShelfView {
            name: item.record.name.clone(),
            path: item.record.path.clone(),
            state: match &item.state {
                State::Here(_) => ShelfState::Here,
                State::Changed => ShelfState::Changed,
                State::Gone => ShelfState::Gone,
            },
        };
        self.peering.shelf.iter().map(view).collect()
    }

    /// The account that this client speaks for.
    pub(super) fn account(&self) -> Option<AccountName> {
        self.account.signed_in().cloned()
    }
}
