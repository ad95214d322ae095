//! The messages of `proto/`, written by hand: their numbers are fixed for good, and no compiler of protocols is needed. Tries
//! with a foreign client compare them with what it makes of `proto/`.

use prost::Message;

/// What each service is called.
pub const OPERATOR: &str = "trozos.v1.Operator";
/// See [`OPERATOR`].
pub const FIGURES: &str = "trozos.v1.Figures";
/// See [`OPERATOR`].
pub const PRIVATE_CHAT: &str = "PrivateChatService";

/// All files of `proto/`, as a compiler of protocols describes them.
pub const DESCRIPTION: &[u8] = include_bytes!("../../proto/trozos.bin");

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // Each is the message of its name.
pub struct OrderRequest {
    #[prost(string, tag = "1")]
    pub line: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct OrderReply {
    #[prost(string, repeated, tag = "1")]
    pub lines: Vec<String>,
    #[prost(string, tag = "2")]
    pub json: String,
    #[prost(int32, tag = "3")]
    pub exit: i32,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct EventsRequest {}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct Event {
    #[prost(string, tag = "1")]
    pub text: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct InfoRequest {
    #[prost(string, tag = "1")]
    pub language: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct InfoReply {
    #[prost(string, repeated, tag = "1")]
    pub lines: Vec<String>,
    #[prost(string, tag = "2")]
    pub json: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct GetFigure {
    #[prost(string, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct ListFigures {}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct ChangeFigure {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub order: String,
    #[prost(string, tag = "3")]
    pub request: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct Figure {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(int64, tag = "2")]
    pub value: i64,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct FigureList {
    #[prost(message, repeated, tag = "1")]
    pub figures: Vec<Figure>,
}

/// `Message` in `proto/private_chat.proto`.
#[derive(Clone, PartialEq, Eq, Message)]
#[allow(missing_docs)] // As above.
pub struct PrivateText {
    #[prost(string, tag = "1")]
    pub sender: String,
    #[prost(string, tag = "2")]
    pub receiver: String,
    #[prost(string, tag = "3")]
    pub message: String,
}
