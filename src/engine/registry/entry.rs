//! The facts: what was decided, never what is to be decided. Each is one line of JSON in the journal, and means the same
//! to whoever applies it, at any time.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{
    accounts::AccountFact,
    rooms::RoomFact,
    saved::{ClosedTransfer, OpenTransfer},
};
use crate::{
    engine::figures::FigureFact,
    model::{
        Audited, ClientName, FileName, Incarnation, NameRecord, OrderId, Publication, Receiver,
        RequestId, SecondaryNumber, SentTransfer, Session, Term, TransferId,
    },
};

/// Something that a central must never forget. Fields that a reader does not know are passed over; a new kind needs a
/// new version of the journal's format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case")]
pub enum Entry {
    /// A reign begins: it names transfers by this term.
    Term {
        /// Later than all before.
        term: Term,
    },
    /// The required secondaries were there: service began.
    Begun,
    /// The central came to an orderly end: service begins anew once the required secondaries are there.
    Stopped,
    /// A person ordered how many downloads run at once.
    MaxDownloads {
        /// So many.
        most: usize,
        /// What the central was started with. The order holds as long as that stays the same.
        configured: usize,
    },
    /// A person drains a secondary.
    Drained {
        /// Which.
        number: SecondaryNumber,
    },
    /// A drained secondary works again.
    Works {
        /// Which.
        number: SecondaryNumber,
    },
    /// A person sent a client away.
    Expelled {
        /// Its name, which is refused.
        name: ClientName,
        /// Until then, in milliseconds since 1970.
        until_ms: u64,
    },
    /// A name is refused no longer.
    LetIn {
        /// The name.
        name: ClientName,
    },
    /// A secondary enrolled.
    Secondary {
        /// Its number.
        number: SecondaryNumber,
        /// The run of its process.
        incarnation: Incarnation,
        /// Where others reach it.
        address: SocketAddr,
    },
    /// A host is refused by HTTP.
    ExpelledHost {
        /// The host.
        host: IpAddr,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
    },
    /// A host is refused no longer.
    LetInHost {
        /// The host.
        host: IpAddr,
    },
    /// What is remembered of a name, from now on. An empty record takes the one before back.
    Name(NameRecord),
    /// A request waits at the end of the line.
    Entered(Place),
    /// A request has a slot, and is this transfer.
    Granted {
        /// Whose request, for what.
        #[serde(flatten)]
        place: Place,
        /// The transfer.
        transfer: TransferId,
    },
    /// A request is over, granted or not.
    Left {
        /// Whose.
        session: Session,
        /// Which.
        request: RequestId,
    },
    /// Somebody publishes a file, or publishes other content of that name, or for others.
    Published(Publication),
    /// A file is published no more.
    Withdrawn {
        /// Its name.
        name: FileName,
    },
    /// A client that has requests is called otherwise.
    Renamed {
        /// Whose.
        session: Session,
        /// Its name from now on.
        client: ClientName,
    },
    /// A client has a row in the tables.
    Client {
        /// Its name.
        name: ClientName,
    },
    /// The books of a transfer are open, with what was reported so far.
    Open(OpenTransfer),
    /// An open transfer was nothing: there is nothing to book.
    Dropped {
        /// The transfer.
        transfer: TransferId,
    },
    /// The books of a transfer are closed; of one that was closed before, with other figures.
    Settled(ClosedTransfer),
    /// Closed books are opened again.
    Reopened {
        /// The transfer.
        transfer: TransferId,
    },
    /// Bytes of a transfer without books were sent.
    Unconfirmed {
        /// By whom.
        number: SecondaryNumber,
        /// To whom.
        receiver: Receiver,
        /// How many.
        bytes: u64,
    },
    /// A transfer of which only its senders tell is over.
    Closed {
        /// The transfer.
        transfer: TransferId,
    },
    /// A figure is another one.
    Figure(FigureFact),
    /// A legacy client was sent a part, or some of one.
    Legacy {
        /// By whom.
        number: SecondaryNumber,
        /// Its name.
        client: ClientName,
        /// What was sent.
        sent: SentTransfer,
    },
    /// Something about accounts.
    Account(AccountFact),
    /// A line of the audit trail. The registry gives it its number.
    Audit(Audited),
    /// Something about rooms and channels.
    Room(RoomFact),
    /// An order was done, as the facts before this one say.
    Answered {
        /// Which.
        #[serde(flatten)]
        id: OrderId,
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// What is answered to whoever gives it again.
        answer: String,
    },
}

/// A request of a client: whose it is, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The run of the client's process.
    pub session: Session,
    /// Its own number for the request.
    pub request: RequestId,
    /// The client's name.
    pub client: ClientName,
    /// The file.
    pub file: FileName,
}
