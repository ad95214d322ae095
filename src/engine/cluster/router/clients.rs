//! Messages of clients, and what follows when slots become free or the line gets shorter.

use std::net::SocketAddr;

use super::Cluster;
use crate::{
    engine::cluster::{
        Action, ConnectionId, Notice, Refusal,
        books::Origin,
        places::{Entered, Left, Moved, RequestKey, TOO_MANY_REQUESTS},
        transfers::{Begin, SourceIds},
    },
    model::{
        Actor, ClientName, Deed, FileMeta, FileName, Receiver, RequestId, Session, TransferId,
        messages::{ForClient, FromClient, Resume},
    },
};

/// A checked request to go on with a download.
struct Resumable {
    connection: ConnectionId,
    request: RequestId,
    transfer: TransferId,
    file: FileMeta,
    receiver: Receiver,
    origin: Origin,
    /// What its receiver was told by an earlier run of the central.
    ids: SourceIds,
}

impl Cluster {
    pub(super) fn of_client(&mut self, connection: ConnectionId, message: FromClient) {
        if self.places.get(connection).is_none() {
            return self.wrong_role(connection);
        }
        match message {
            FromClient::Enrol { name } => self.enrol_client(connection, &name),
            FromClient::Guest { name } => self.enrol_guest(connection, &name),
            FromClient::SignOut => self.leave_account(connection),
            FromClient::Download { request, name } => self.download(connection, request, name),
            FromClient::Cancel { request } => {
                let moved = self.places.cancel(self.last_call, (connection, request));
                self.moved(moved);
            }
            FromClient::Resume(resume) => {
                let request = resume.request;
                match self.check_resume(connection, resume) {
                    Ok(resumable) => self.resume(resumable),
                    Err(refusal) => self.refuse(connection, request, refusal),
                }
            }
            FromClient::Share(sharing) => self.share(connection, sharing),
            FromClient::Publish { request, order } => self.publish(connection, request, order),
            FromClient::Withdraw { request, name } => self.withdraw(connection, request, &name),
            FromClient::Offer { file, on } => self.device_offers(connection, &file, on),
            FromClient::Progress { transfers, sent } => {
                self.progressed(connection, &transfers, sent);
            }
            FromClient::MorePeers { transfer, lost } => {
                self.more_peers(connection, transfer, &lost);
            }
            FromClient::Seeding { id, on } => self.seeding(connection, id, on),
        }
    }

    pub(super) fn client_hello(
        &mut self,
        connection: ConnectionId,
        name: Option<ClientName>,
        session: Option<Session>,
        address: SocketAddr,
    ) {
        self.places
            .hello(self.last_call, connection, session, address);
        if let Some(wanted) = name {
            if self.is_gateway(&wanted, address) {
                self.places.is_gateway(connection);
            }
            let given = self.set_name(connection, &wanted);
            // It goes by the name that it said unless it is told another.
            if let Some(name) = given.filter(|name| *name != wanted) {
                self.tell_name(connection, name);
            }
        }
    }

    pub(super) fn gateway_hello(
        &mut self,
        connection: ConnectionId,
        name: &ClientName,
        address: SocketAddr,
    ) {
        self.places.hello(self.last_call, connection, None, address);
        self.places.is_gateway(connection);
        self.set_name(connection, name);
    }

    /// True for a client that is called as the gateway of a secondary, and comes from where that one is.
    fn is_gateway(&self, name: &ClientName, address: SocketAddr) -> bool {
        let member = name
            .gateway_of()
            .and_then(|number| self.members.get(number));
        member.is_some_and(|member| member.address().ip() == address.ip().to_canonical())
    }

    pub(super) fn enrol_client(&mut self, connection: ConnectionId, wanted: &ClientName) {
        if let Some(name) = self.set_name(connection, wanted) {
            self.tell_name(connection, name);
        }
    }

    pub(super) fn tell_name(&mut self, connection: ConnectionId, name: ClientName) {
        let enrolled = ForClient::Enrolled { name };
        self.actions
            .push_back(Action::ToClient(connection, enrolled));
    }

    /// The name that a client has from now on; `None` if it is sent away.
    fn set_name(&mut self, connection: ConnectionId, wanted: &ClientName) -> Option<ClientName> {
        self.let_in(self.last_call);
        while let Some(outlived) = self.places.outlived(self.last_call, connection, wanted) {
            // Should it live after all, it hears of it and comes again, as another.
            if !self.places.is_away(outlived) {
                self.close(outlived, Refusal::Silent);
            }
            self.client_gone(outlived);
        }
        let accounts = self.registry.accounts();
        let named = self
            .places
            .enrol(connection, wanted, |name| accounts.is_reserved(name));
        let Some(named) = named else {
            self.send_away(connection);
            return None;
        };
        // Whoever gives itself a name is a guest.
        self.sign_out(connection);
        Some(self.call(connection, named))
    }

    fn download(&mut self, connection: ConnectionId, request: RequestId, name: FileName) {
        let key = (connection, request);
        if let Some((from, former)) = self.places.former(key)
            && self.take_back(from, key, &name, former)
        {
            return;
        }
        if name.is_reserved() {
            let found = self.places.check(key);
            match found.and_then(|()| self.find_published(connection, &name)) {
                Ok(file) => self.start_published(key, file),
                Err(refusal) => self.refuse(connection, request, refusal),
            }
            return;
        }
        let found = self.places.check(key).and_then(|()| self.find(&name));
        if let Ok((file, _)) = &found
            && self.shares_a_place(connection, file)
        {
            return self.start_download(key, name);
        }
        let entered = found.and_then(|_| self.places.enter(self.last_call, key, &name));
        match entered {
            Ok(Entered::Runs) => self.start_download(key, name),
            Ok(Entered::Waits(position)) => {
                self.tell_position(key, position);
                // People hear of a download that waits when it begins to.
                if let Some(client) = self.places.name_of(connection).cloned() {
                    self.tell(Notice::Queued {
                        client,
                        file: name,
                        position,
                    });
                }
            }
            Err(refusal) => self.refuse(connection, request, refusal),
        }
    }

    pub(super) fn refuse(
        &mut self,
        connection: ConnectionId,
        request: RequestId,
        refusal: Refusal,
    ) {
        self.actions.push_back(Action::Refuse {
            connection,
            request,
            refusal,
        });
    }

    pub(super) fn tell_position(&mut self, (connection, request): RequestKey, position: u32) {
        let queued = ForClient::Queued { request, position };
        self.actions.push_back(Action::ToClient(connection, queued));
    }

    fn start_download(&mut self, key: RequestKey, name: FileName) {
        let (connection, request) = key;
        if self.client_at(connection).is_none() {
            return;
        }
        let Some(standing) = self.catalog.look_up(&name) else {
            // It was deleted while the request waited.
            self.refuse(connection, request, Refusal::NotFound(name));
            return self.over(key);
        };
        let file = standing.meta.clone();
        let Some((transfer, notice)) = self.begin_download(key, file) else {
            return;
        };
        if let Some(who) = self.actor_at(connection) {
            let file = name.clone();
            self.audit(who, Deed::Granted { file, transfer });
        }
        self.tell(notice);
    }

    /// A client with a name, and whom its transfers come from.
    pub(super) fn client_at(&self, connection: ConnectionId) -> Option<(ClientName, Origin)> {
        let client = self.places.get(connection)?;
        let origin = Origin::of_address(client.address().ip());
        Some((client.name()?.clone(), origin))
    }

    /// The run of the client's process at the other end.
    fn session_at(&self, connection: ConnectionId) -> Option<Session> {
        self.places.get(connection)?.session()
    }

    /// A download granted by this central, or by an earlier run of it, may go on. It may not if it is another client's,
    /// or if its client makes many downloads up.
    fn check_resume(&self, connection: ConnectionId, resume: Resume) -> Result<Resumable, Refusal> {
        let Resume {
            transfer,
            request,
            file,
            sources,
        } = resume;
        self.places.check_resume((connection, request), transfer)?;
        let (client, origin) = self.client_at(connection).ok_or(Refusal::NotEnrolled)?;
        let receiver = Receiver::Client(client);
        let running = self.transfers.get(transfer);
        // Another run of this client, or another client of its name, may not go on with it either.
        let session = self.session_at(connection);
        let is_anothers = running.is_some_and(|running| {
            running.receiver != receiver || self.session_at(running.connection) != session
        });
        let recorded = self.places.session_of(transfer);
        let is_anothers = is_anothers || recorded.is_some_and(|owner| Some(owner) != session);
        // What began in a reign of which all is known is known.
        let is_made_up = self.registry.has_all_of(transfer.term)
            && transfer.term != self.config.term
            && self.registry.ledger().get_open(transfer).is_none()
            && !self.books.are_closed(transfer);
        if is_anothers || is_made_up || !self.books.may_resume(transfer, origin) {
            return Err(TOO_MANY_REQUESTS);
        }
        Ok(Resumable {
            connection,
            request,
            transfer,
            file,
            receiver,
            origin,
            ids: SourceIds::adopt(&sources),
        })
    }

    fn resume(&mut self, resumable: Resumable) {
        let Resumable {
            connection,
            request,
            transfer,
            file,
            receiver,
            origin,
            mut ids,
        } = resumable;
        // Books that an earlier run closed, and of which nothing else is known, stay as they are; the download goes on
        // like any other, or its end is told once more.
        self.books.resume(transfer, &receiver, &file.name, origin);
        let away = self.places.away_with(transfer);
        let key = (connection, request);
        match file.name.is_reserved() {
            true => self.places.starts(key, transfer),
            false => self.places.resume(self.last_call, key, transfer),
        }
        if let Some(away) = away {
            self.over(away);
        }
        self.swarms.ended(transfer);
        if let Some(old) = self.transfers.end(transfer) {
            ids = old.ids;
            if let Some(old_request) = old.request
                && (old.connection, old_request) != (connection, request)
            {
                // Nobody has noticed yet that its last connection is gone. The download keeps its slot: nobody else
                // gets it.
                self.over((old.connection, old_request));
            }
        }
        let begin = Begin {
            file,
            receiver,
            connection,
            request: Some(request),
            ids,
        };
        self.grant(transfer, begin);
        self.push_sources(transfer);
        self.introduce(transfer);
    }

    /// A request is over: its slot is free at once.
    pub(super) fn over(&mut self, key: RequestKey) {
        let moved = self.places.over(self.last_call, key);
        self.moved(moved);
    }

    /// A client's connection is gone, if this was one.
    pub(super) fn client_gone(&mut self, connection: ConnectionId) {
        self.goes_from_rooms(connection);
        self.device_left(connection);
        if let Some(peer) = self.peers.number(connection) {
            self.swarms.gone(peer);
        }
        self.peers.leave(connection);
        if let Some(left) = self.places.leave(self.last_call, connection) {
            self.client_left(left);
        }
    }

    pub(super) fn client_left(&mut self, left: Left) {
        for transfer in left.running {
            self.transfers.end(transfer);
            self.books.orphan(self.last_call, transfer);
        }
        if let Some(account) = left.account {
            self.audit(Actor::Account(account), Deed::Disconnected);
        }
        if let Some(client) = left.name.filter(|_| !left.was_away) {
            self.tell(Notice::ClientGone { client });
        }
        self.moved(left.moved);
    }

    /// Downloads that are sent nothing lend their slots to those that wait.
    pub(super) fn lend_slots(&mut self) {
        let (lenders, moved) = self.places.lend(self.last_call);
        for (client, transfer) in lenders {
            if let Some(running) = self.transfers.get(transfer) {
                let file = running.file.name.clone();
                self.tell(Notice::SlotLent {
                    client,
                    file,
                    transfer,
                });
            }
        }
        self.moved(moved);
    }

    pub(super) fn moved(&mut self, moved: Moved) {
        // Positions go first, as a request that starts may be refused and so move the others again.
        for (key, position) in moved.positions {
            self.tell_position(key, position);
        }
        for (key, name) in moved.start {
            self.start_download(key, name);
        }
    }
}
