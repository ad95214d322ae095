//! Clients that ask again, on another connection of their session, for what they have a place for.

use super::Cluster;
use crate::{
    engine::cluster::{
        Action,
        places::{Former, RequestKey},
        transfers::Begin,
    },
    model::{FileName, Receiver, TransferId, messages::ForClient},
};

impl Cluster {
    /// A client asks again for what it has a place for on another connection. True when it has that place here now, or
    /// cannot be told more.
    pub(super) fn take_back(
        &mut self,
        from: RequestKey,
        key: RequestKey,
        name: &FileName,
        former: Former,
    ) -> bool {
        if self.places.check(key).is_err() {
            return false;
        }
        match former {
            Former::Waits(file) if file == *name => {
                if let Some(position) = self.places.take_over(self.last_call, from, key) {
                    self.tell_position(key, position);
                }
                // It may have been waited for.
                let moved = self.places.hold(self.last_call, self.is_holding);
                self.moved(moved);
                true
            }
            Former::Runs(transfer) if self.books.file_of(transfer).as_ref() == Some(name) => {
                self.grant_again(from, key, transfer, name);
                true
            }
            Former::Waits(_) | Former::Runs(_) => {
                // Another one of the same number: the first is forgotten by its client.
                self.over(from);
                false
            }
        }
    }

    /// A client that did not hear of its grant hears of it.
    fn grant_again(
        &mut self,
        from: RequestKey,
        key: RequestKey,
        transfer: TransferId,
        name: &FileName,
    ) {
        let (connection, request) = key;
        let found = match name.is_reserved() {
            true => self.find_published(connection, name),
            false => self.find(name).map(|(file, _)| file),
        };
        let file = match found {
            Ok(file) => file,
            Err(refusal) => return self.refuse(connection, request, refusal),
        };
        let Some((client, origin)) = self.client_at(connection) else {
            return;
        };
        self.places.take_over(self.last_call, from, key);
        let receiver = Receiver::Client(client);
        self.books.resume(transfer, &receiver, name, origin);
        let ids = self.transfers.end(transfer).map(|old| old.ids);
        let begin = Begin {
            file,
            receiver,
            connection,
            request: Some(request),
            ids: ids.unwrap_or_default(),
        };
        let grant = self.grant(transfer, begin);
        let granted = ForClient::Granted { request, grant };
        self.actions
            .push_back(Action::ToClient(connection, granted));
        self.introduce(transfer);
    }
}
