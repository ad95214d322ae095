//! Transfers from grant to end: the messages to and from receivers, which are clients and copying secondaries.

use std::net::SocketAddr;

use super::Cluster;
use crate::{
    engine::cluster::{
        Action, ConnectionId, Notice,
        books::Origin,
        members::Usable,
        numbers::NumberSet,
        places::RequestKey,
        transfers::{Begin, SourceIds, Transfer},
    },
    model::{
        CopyOrder, Fault, FileMeta, FileName, Finished, Grant, Outcome, Receiver, SecondaryNumber,
        TransferId, Who,
        messages::{ForClient, ForReceiver, ForSecondary, FromReceiver, Report},
    },
};

impl Cluster {
    pub(super) fn of_receiver(&mut self, connection: ConnectionId, message: FromReceiver) {
        match message {
            FromReceiver::Report(report) => self.reported(connection, &report),
            FromReceiver::Finished(finished) => self.finished(connection, finished),
        }
    }

    /// A download is granted; gives its transfer, and what people are to be told. `None` of somebody without a name.
    pub(super) fn begin_download(
        &mut self,
        key: RequestKey,
        file: FileMeta,
    ) -> Option<(TransferId, Notice)> {
        let (connection, request) = key;
        let (client, origin) = self.client_at(connection)?;
        let transfer = self.books.next_transfer();
        let receiver = Receiver::Client(client.clone());
        self.books
            .open(self.last_call, transfer, &receiver, &file.name, origin);
        self.places.starts(key, transfer);
        let name = file.name.clone();
        let begin = Begin {
            file,
            receiver,
            connection,
            request: Some(request),
            ids: SourceIds::default(),
        };
        let grant = self.grant(transfer, begin);
        let sources = grant.sources.iter().map(|source| source.who).collect();
        let granted = ForClient::Granted { request, grant };
        self.actions
            .push_back(Action::ToClient(connection, granted));
        let notice = Notice::Granted {
            client,
            file: name,
            sources,
        };
        Some((transfer, notice))
    }

    /// A transfer begins, or goes on over another connection. The live holders of its file send it. Draining ones are
    /// left out while there are others.
    pub(super) fn grant(&mut self, transfer: TransferId, begin: Begin) -> Grant {
        let usable = self.usable(&begin.file, &begin.receiver);
        let asked = self.addresses(usable.asked);
        let grant = self.transfers.begin(transfer, begin, &asked);
        self.join_swarm(transfer);
        grant
    }

    /// The live holders of a file but its receiver. The content need not be the one that its name has now.
    pub(super) fn usable(&self, file: &FileMeta, receiver: &Receiver) -> Usable {
        let mut holders = self.catalog.holders_of(file).and(self.members.present());
        if let Receiver::Secondary(number) = receiver {
            holders.remove(*number);
        }
        self.members.usable(holders)
    }

    /// Those that can send in a transfer that runs.
    fn usable_in(&self, running: &Transfer) -> Usable {
        let usable = self.usable(&running.file, &running.receiver);
        if self.catalog.is_current(&running.file) {
            return usable;
        }
        // Secondaries that set the content aside keep sending it for a while.
        let senders: NumberSet = running.senders().collect();
        let more = senders.or(usable.resting).and(self.members.present());
        self.members.usable(usable.asked.or(more))
    }

    pub(super) fn addresses(&self, numbers: NumberSet) -> Vec<(SecondaryNumber, SocketAddr)> {
        let address = |number| Some((number, self.members.get(number)?.address()));
        numbers.iter().filter_map(address).collect()
    }

    /// Tells the receivers of some files who holds them now.
    pub(super) fn push_sources_of(&mut self, is_concerned: impl Fn(&FileMeta) -> bool) {
        let concerned = self.transfers.iter();
        let concerned = concerned.filter(|(_, running)| is_concerned(&running.file));
        let concerned: Vec<_> = concerned.map(|(transfer, _)| transfer).collect();
        for transfer in concerned {
            self.push_sources(transfer);
        }
    }

    /// Tells the receiver of one transfer who holds its file now.
    pub(super) fn push_sources(&mut self, transfer: TransferId) {
        let Some(running) = self.transfers.get(transfer) else {
            return;
        };
        let (connection, usable) = (running.connection, self.usable_in(running));
        self.transfers.relieve(transfer, usable);
        let asked = self.addresses(usable.asked);
        let resting = self.addresses(usable.resting);
        let sources = self.transfers.sources(transfer, &asked, &resting);
        let message = ForReceiver::Sources { transfer, sources };
        self.actions
            .push_back(Action::ToReceiver(connection, message));
    }

    /// Orders the copies that are due.
    pub(super) fn start_copies(&mut self) {
        let present = self.members.present();
        let is_resting = |number| self.members.is_draining(number);
        let can_be_sent = |name: &FileName, target| {
            let standing = self.catalog.get(name);
            let senders = standing.map(|standing| standing.holders.and(present));
            senders.is_some_and(|senders| senders.iter().any(|sender| sender != target))
        };
        for (target, name) in self.copies.due(self.last_call, is_resting, can_be_sent) {
            self.start_copy(target, name);
        }
    }

    fn start_copy(&mut self, target: SecondaryNumber, name: FileName) {
        let (Some(connection), Some(standing)) =
            (self.members.connection(target), self.catalog.get(&name))
        else {
            return;
        };
        let (file, replaces) = (standing.meta.clone(), standing.outdated_at(target));
        let transfer = self.books.next_transfer();
        self.copies.started(target, &name, transfer);
        let receiver = Receiver::Secondary(target);
        let origin = Origin::Secondary(target);
        self.books
            .open(self.last_call, transfer, &receiver, &name, origin);
        let begin = Begin {
            file,
            receiver,
            connection,
            request: None,
            ids: SourceIds::default(),
        };
        let grant = self.grant(transfer, begin);
        let sources = grant.sources.iter().map(|source| source.who).collect();
        let copy = ForSecondary::Copy(CopyOrder { grant, replaces });
        self.actions
            .push_back(Action::ToSecondary(connection, copy));
        self.tell(Notice::CopyOrdered {
            file: name,
            target,
            sources,
        });
    }

    /// A report counts only from the connection that receives the transfer, and only against one of its senders.
    fn reported(&mut self, connection: ConnectionId, report: &Report) {
        let Some(running) = self.transfers.get_on(connection, report.transfer) else {
            return;
        };
        let Some(Who::Secondary(secondary)) = running.who(report.source) else {
            return self.reported_peer(connection, report);
        };
        let holders = self.catalog.holders_of(&running.file);
        let is_holder = holders.and(self.members.present()).contains(secondary);
        if !is_holder && running.senders().all(|sender| sender != secondary) {
            return;
        }
        let (by, file) = (running.receiver.clone(), running.file.clone());
        self.members.probe(self.last_call, secondary);
        self.tell(Notice::Reported {
            by,
            secondary,
            fault: report.fault,
        });
        self.check(&file, secondary, report);
    }

    /// A secondary is asked to check a copy that is said to be wrong.
    fn check(&mut self, file: &FileMeta, secondary: SecondaryNumber, report: &Report) {
        let (Fault::Digest, Some(chunk)) = (report.fault, report.chunk) else {
            return;
        };
        if let Some(connection) = self.members.connection(secondary)
            && file.layout.contains(chunk)
            && self
                .catalog
                .is_to_be_checked(self.last_call, secondary, file)
        {
            let file = file.clone();
            let check = ForSecondary::Check { file, chunk };
            self.actions
                .push_back(Action::ToSecondary(connection, check));
        }
    }

    /// A receiver says that its transfer is over.
    fn finished(&mut self, connection: ConnectionId, mut finished: Finished) {
        let transfer = finished.transfer;
        if self.transfers.get_on(connection, transfer).is_none() {
            // A download that ended while the central was away: the books may still wait for it.
            let receiver = self.receiver_at(connection);
            if receiver.is_some_and(|receiver| self.books.awaits(transfer, &receiver)) {
                self.end_in_books(connection, finished);
            }
            return;
        }
        let Some(running) = self.transfers.end(transfer) else {
            return;
        };
        self.swarms.ended(transfer);
        running.name_sources(&mut finished.sources);
        match running.receiver.clone() {
            Receiver::Secondary(target) => self.copy_over(target, running, &finished),
            Receiver::Client(client) => {
                if let Some(request) = running.request {
                    let moved = self.places.over(self.last_call, (connection, request));
                    self.moved(moved);
                }
                if self.books.are_closed(transfer) {
                    // Its end need not be told again: the closed books are not known in full any more.
                    let sent = Vec::new();
                    let booked = ForClient::Booked { transfer, sent };
                    self.actions.push_back(Action::ToClient(connection, booked));
                }
                self.tell(Notice::Finished {
                    client,
                    bytes: running.file.layout.file_bytes(),
                    file: running.file.name,
                    outcome: finished.outcome,
                    reason: finished.reason.clone(),
                });
            }
            Receiver::Legacy(_) | Receiver::Http(_) => {}
        }
        self.end_in_books(connection, finished);
    }

    fn copy_over(&mut self, target: SecondaryNumber, running: Transfer, finished: &Finished) {
        let bytes = running.file.layout.file_bytes();
        let (now, file) = (self.last_call, running.file.name);
        match finished.outcome {
            // `added` takes it off the list of what is missing; it may have come before this.
            Outcome::Complete | Outcome::AlreadyComplete => {
                self.copies.completed(now, target, &file);
            }
            Outcome::Failed | Outcome::Cancelled => self.copies.failed(now, target, &file),
        }
        self.tell(Notice::CopyEnded {
            file,
            bytes,
            target,
            outcome: finished.outcome,
            reason: finished.reason.clone(),
        });
    }

    /// The receiver's word goes into the books, and the senders are asked for theirs.
    fn end_in_books(&mut self, connection: ConnectionId, finished: Finished) {
        let (transfer, outcome) = (finished.transfer, finished.outcome);
        self.books.finish(self.last_call, connection, finished);
        for number in self.books.involved(transfer) {
            if let Some(connection) = self.members.connection(number) {
                let ended = ForSecondary::Ended {
                    transfer,
                    outcome,
                    expelled: false,
                };
                self.actions
                    .push_back(Action::ToSecondary(connection, ended));
            }
        }
    }

    /// Closes the books that can be closed, and tells whoever reported the end. That is a connection and not a name, as
    /// others may have the name.
    pub(super) fn close_books(&mut self) {
        let members = &self.members;
        let closed = self
            .books
            .close(self.last_call, |number| members.alive_run(number));
        for closed in closed {
            let connection = closed.told_by;
            if let Some(connection) =
                connection.filter(|connection| self.places.get(*connection).is_some())
            {
                let (transfer, sent) = (closed.transfer, closed.sent);
                let booked = ForClient::Booked { transfer, sent };
                self.actions.push_back(Action::ToClient(connection, booked));
            }
        }
    }
}
