//! The vocabulary: values that every other layer speaks of. Standard library, shared bytes, and serde: derived for plain records, in
//! `serde` for values with rules; no clock, no socket, no file. A value of these types is valid by construction, so nobody checks it twice.

mod account;
mod audit;
mod chunk_set;
mod codes;
mod copying;
mod digest;
mod figure;
mod figures;
mod folder;
mod held;
mod ids;
mod indexed;
mod keys;
mod layout;
mod limit;
pub mod limits;
mod manifest;
pub mod messages;
mod name;
mod peer;
mod publication;
mod remote;
mod rooms;
#[cfg(any(test, feature = "fuzzing"))]
pub mod samples;
mod scrub;
pub(crate) mod serde;
mod source;
mod system;
mod transfer;

pub use account::{
    AccountKey, AccountName, AccountNameError, Likeness, Proven, Signature, SignatureError, Wish,
};
pub use audit::{Actor, AuditQuery, Audited, Deed, Door, Weight};
pub use chunk_set::ChunkSet;
pub(crate) use codes::error_codes;
pub use copying::CopyLimits;
pub use digest::{Digest, DigestError};
pub use figure::{
    FigureAnswer, FigureDoor, FigureError, FigureLine, FigureName, FigureOrder, FigureRequest,
    FigureValue, USUAL_FIGURE, request_name,
};
pub use figures::Figure;
pub(crate) use figures::figures;
pub use folder::{Extent, IgnoredReason, Look, RetiredReason, Verdict, Writer};
pub use held::{Conflict, HeldFile, NameRecord, Origin, Version};
pub use ids::{
    ChunkIndex, ClientName, ClientNameError, ClusterId, ClusterIdError, GroupName, GroupNameError,
    Incarnation, OrderId, RequestId, SecondaryNumber, SecondaryNumberError, Session,
    ShortClusterId, SourceId, Term, TransferId, TransferIdError,
};
pub use indexed::{FileTime, IndexedFile, Seen, Stamp};
pub use keys::{
    Call, Change, Compare, Get, KeyOp, KeyRange, KeyValue, LeaseId, Reply, Revision, Silence, Txn,
    Txned,
};
pub use layout::{ByteRange, ChunkLayout, ChunkRange, LayoutError, Part};
pub use limit::Limit;
pub use manifest::{FileMeta, Manifest, ManifestError};
pub use name::{FileName, FileNameError};
pub use peer::{
    Lately, LinkKind, PeerInfo, PeerNumber, PeerNumberError, Sharing, Ticket, TicketTextError,
    VerifyKey,
};
pub use publication::{Audience, Publication, Publish, PublishedFile};
pub use remote::{RemoteError, is_bucket_address};
pub use rooms::{
    Asked, Job, RoomAnswer, RoomId, RoomInfo, RoomMessage, RoomName, RoomNameError, RoomOptions,
    RoomOrder, RoomText,
};
pub use scrub::{Scrub, ScrubRound};
pub use source::{Have, KnownSource, SourceInfo, Who};
pub use system::SystemError;
pub use transfer::{
    ClusterStatus, CopyOrder, EndReason, Fault, FaultCounts, Finished, FromPeers, Grant,
    ListedFile, Outcome, ReceivedFrom, Receiver, RemovedReason, SecondaryStatus, SentBytes,
    SentTransfer,
};
