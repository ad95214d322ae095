//! Control plane: client ↔ central and secondary ↔ central, one long-lived connection each. What is said, by whom to
//! whom, is in [`crate::model::messages`]; here is what belongs to the connection, and what has the code of an error.

use std::net::IpAddr;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess},
};

use super::{
    ErrorCode, Hello, Said,
    nested::{Message, Nested},
};
use crate::model::{
    RequestId, Term,
    messages::{
        Answer, Counted, Counting, ForClient, ForReceiver, ForRooms, ForSecondary, FromClient,
        FromReceiver, FromSecondary, OfRooms, Question, Signed,
    },
};

/// From a client or a secondary to the central.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToCentral {
    /// First line.
    Hello(Hello),
    /// Sign of life.
    Ping,
    /// A planned stop.
    Bye,
    /// From whoever receives a transfer.
    #[serde(untagged)]
    Receiver(FromReceiver),
    /// From a client.
    #[serde(untagged)]
    Client(FromClient),
    /// From the holder of an account's key.
    #[serde(untagged)]
    Signed(Signed),
    /// From a client, of rooms and channels.
    #[serde(untagged)]
    Rooms(OfRooms),
    /// A question, whoever asks.
    #[serde(untagged)]
    Question(Question),
    /// From a client that counts.
    #[serde(untagged)]
    Counting(Counting),
    /// From a secondary.
    #[serde(untagged)]
    Secondary(FromSecondary),
}

impl<'de> Nested<'de> for ToCentral {
    fn sort<A: MapAccess<'de>>(message: Message<'de, A>) -> Result<Self, A::Error> {
        match message.kind() {
            "hello" => message.into().map(Self::Hello),
            "ping" => message.into().map(|IgnoredAny| Self::Ping),
            "bye" => message.into().map(|IgnoredAny| Self::Bye),
            _ if message.is_of::<FromSecondary>() => message.into().map(Self::Secondary),
            _ if message.is_of::<FromClient>() => message.into().map(Self::Client),
            _ if message.is_of::<FromReceiver>() => message.into().map(Self::Receiver),
            _ if message.is_of::<Signed>() => message.into().map(Self::Signed),
            _ if message.is_of::<OfRooms>() => message.into().map(Self::Rooms),
            _ if message.is_of::<Question>() => message.into().map(Self::Question),
            _ if message.is_of::<Counting>() => message.into().map(Self::Counting),
            _ => message.unknown(),
        }
    }
}

impl<'de> Deserialize<'de> for ToCentral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

/// From the central to a client or a secondary.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromCentral {
    /// First line.
    Hello(Hello),
    /// Sign of life.
    Ping,
    /// A planned stop.
    Bye,
    /// Another central reigns from now on: `bye` follows.
    Moved {
        /// Where it listens.
        ip: IpAddr,
        /// Where it listens.
        port: u16,
        /// Its reign.
        term: Term,
    },
    /// What went wrong; the connection closes when it cannot go on.
    Error {
        /// For programs.
        code: ErrorCode,
        /// Words and values.
        #[serde(flatten)]
        message: Said,
    },
    /// A client's download will not start.
    Refused {
        /// The client's number for it.
        request: RequestId,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, in words and values.
        #[serde(flatten)]
        message: Said,
    },
    /// A client does not have the account that it wants.
    AccountRefused {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, in words and values.
        #[serde(flatten)]
        message: Said,
    },
    /// A client does not get what it wants of rooms.
    RoomRefused {
        /// The client's number for it.
        request: RequestId,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, in words and values.
        #[serde(flatten)]
        message: Said,
    },
    /// For a client, of rooms and channels.
    #[serde(untagged)]
    Rooms(ForRooms),
    /// For whoever receives a transfer.
    #[serde(untagged)]
    Receiver(ForReceiver),
    /// For a client.
    #[serde(untagged)]
    Client(ForClient),
    /// The answer to a question.
    #[serde(untagged)]
    Answer(Answer),
    /// The answer to a client that counts.
    #[serde(untagged)]
    Counted(Counted),
    /// For a secondary.
    #[serde(untagged)]
    Secondary(ForSecondary),
}

/// See [`FromCentral::Error`].
#[derive(Deserialize)]
struct ErrorFields {
    code: ErrorCode,
    #[serde(flatten)]
    message: Said,
}

/// See [`FromCentral::Moved`].
#[derive(Deserialize)]
struct MovedFields {
    ip: IpAddr,
    port: u16,
    term: Term,
}

/// See [`FromCentral::Refused`].
#[derive(Deserialize)]
struct RefusedFields {
    request: RequestId,
    code: ErrorCode,
    #[serde(flatten)]
    message: Said,
}

impl<'de> Nested<'de> for FromCentral {
    fn sort<A: MapAccess<'de>>(message: Message<'de, A>) -> Result<Self, A::Error> {
        match message.kind() {
            "hello" => message.into().map(Self::Hello),
            "ping" => message.into().map(|IgnoredAny| Self::Ping),
            "bye" => message.into().map(|IgnoredAny| Self::Bye),
            "error" => {
                let ErrorFields { code, message } = message.into()?;
                Ok(Self::Error { code, message })
            }
            "room-refused" => {
                let RefusedFields {
                    request,
                    code,
                    message,
                } = message.into()?;
                Ok(Self::RoomRefused {
                    request,
                    code,
                    message,
                })
            }
            "account-refused" => {
                let ErrorFields { code, message } = message.into()?;
                Ok(Self::AccountRefused { code, message })
            }
            "moved" => {
                let MovedFields { ip, port, term } = message.into()?;
                Ok(Self::Moved { ip, port, term })
            }
            "refused" => {
                let RefusedFields {
                    request,
                    code,
                    message,
                } = message.into()?;
                Ok(Self::Refused {
                    request,
                    code,
                    message,
                })
            }
            _ if message.is_of::<ForRooms>() => message.into().map(Self::Rooms),
            _ if message.is_of::<ForReceiver>() => message.into().map(Self::Receiver),
            _ if message.is_of::<ForSecondary>() => message.into().map(Self::Secondary),
            _ if message.is_of::<ForClient>() => message.into().map(Self::Client),
            _ if message.is_of::<Answer>() => message.into().map(Self::Answer),
            _ if message.is_of::<Counted>() => message.into().map(Self::Counted),
            _ => message.unknown(),
        }
    }
}

impl<'de> Deserialize<'de> for FromCentral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

macro_rules! group {
    ($all:ident: $($variant:ident($group:ty),)+) => {
        $(impl From<$group> for $all {
            fn from(message: $group) -> Self {
                Self::$variant(message)
            }
        })+
    };
}

group!(ToCentral: Receiver(FromReceiver), Client(FromClient), Rooms(OfRooms), Signed(Signed), Question(Question), Counting(Counting), Secondary(FromSecondary),);
group!(FromCentral: Receiver(ForReceiver), Client(ForClient), Rooms(ForRooms), Answer(Answer), Counted(Counted), Secondary(ForSecondary),);

#[cfg(test)]
mod tests {
    use super::*;

    fn to_central(json: &str) -> Result<ToCentral, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_types_are_not() {
        let ping = r#"{"type":"ping","later":true}"#;
        assert_eq!(to_central(ping), Ok(ToCentral::Ping));
        let hello = r#"{"type":"hello","protocol":1,"role":"client","name":"ana"}"#;
        assert!(matches!(to_central(hello), Ok(ToCentral::Hello(_))));
        for (json, why) in [
            (r#"{"type":"format-disk"}"#, "unknown type `format-disk`"),
            // From the central only.
            (
                r#"{"type":"copy","transfer":"1-0000000000000001"}"#,
                "unknown type `copy`",
            ),
            (r#"{"Download":{"request":1}}"#, "missing field `type`"),
            (
                r#"{"type":7}"#,
                "invalid type: integer `7`, expected a string",
            ),
            (r#"[1]"#, "invalid type: sequence, expected a message"),
            (r#"{"type":"cancel"}"#, "missing field `request`"),
            (
                r#"{"type":"enrol","name":"a/b"}"#,
                "client name: '/' is not allowed",
            ),
        ] {
            let error = to_central(json).unwrap_err();
            assert!(error.starts_with(why), "{json}: {error}");
        }
    }

    #[test]
    fn the_type_need_not_come_first() {
        let request = RequestId(1);
        let cancel = ToCentral::Client(FromClient::Cancel { request });
        for json in [
            r#"{"type":"cancel","request":1}"#,
            r#"{"request":1,"type":"cancel"}"#,
            r#"{"x":{"type":"ping"},"request":1,"ty\u0070e":"c\u0061ncel","y":[]}"#,
        ] {
            assert_eq!(to_central(json), Ok(cancel.clone()), "{json}");
        }
        let late = to_central(r#"{"request":"1","type":"cancel"}"#).unwrap_err();
        assert!(late.contains("invalid type: string"), "{late}");
    }

    #[test]
    fn a_grant_round_trips() {
        let json = r#"{"type":"granted","request":1,"grant":{"transfer":"1-0000000000000017","file":{"name":"a b.mp4","length":3145729,"chunk":1048576,"id":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"sources":[{"id":1,"who":{"secondary":2},"ip":"127.0.0.1","port":50001,"ranges":[[0,4]]},{"id":2,"who":{"secondary":1},"ip":"::1","port":50001,"have":{"chunks":[[0,2],[3,1]]},"ranges":[]}]}}"#;
        let message: FromCentral = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        assert!(matches!(
            message,
            FromCentral::Client(ForClient::Granted { .. })
        ));
    }

    #[test]
    fn a_move_round_trips() {
        let json = r#"{"type":"moved","ip":"10.0.0.6","port":50000,"term":8}"#;
        let message: FromCentral = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        let json = r#"{"type":"error","code":"not-active","message":"x","details":{"about":"active","ip":"10.0.0.6","port":50000,"term":8,"centrals":[["10.0.0.6",50000]]}}"#;
        let message: FromCentral = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
    }

    #[test]
    fn what_swarms_say_round_trips() {
        for json in [
            r#"{"type":"share","on":true,"listens":50100,"link":"wired","uplink":125000000}"#
                .to_owned(),
            r#"{"type":"share","on":false,"link":"unknown","uplink":0}"#.to_owned(),
            r#"{"type":"progress","transfers":[["1-0000000000000017",512]],"sent":12000000}"#
                .to_owned(),
            r#"{"type":"more-peers","transfer":"1-0000000000000017","lost":[7]}"#.to_owned(),
            format!(
                r#"{{"type":"seeding","id":"{}","on":true}}"#,
                "0f".repeat(32)
            ),
        ] {
            let message = to_central(&json).unwrap();
            assert_eq!(serde_json::to_string(&message).unwrap(), json);
        }
        let newer = r#"{"type":"share","on":true,"link":"light"}"#;
        assert!(to_central(newer).is_ok());
        let ticket = "00000009".to_owned() + &"ab".repeat(72);
        let peer = format!(r#""peer":17,"ip":"10.0.0.7","port":50100,"ticket":"{ticket}""#);
        for json in [
            format!(
                r#"{{"type":"you-are","peer":9,"key":"{}"}}"#,
                "0f".repeat(32)
            ),
            format!(
                r#"{{"type":"peers","transfer":"1-0000000000000017","add":[{{{peer}}}],"drop":[3]}}"#
            ),
            r#"{"type":"peers","transfer":"1-0000000000000017","swarm":true}"#.to_owned(),
            format!(r#"{{"type":"serve-to","id":"{}",{peer}}}"#, "0f".repeat(32)),
        ] {
            let message: FromCentral = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&message).unwrap(), json);
        }
        let nobody = r#"{"type":"more-peers","transfer":"1-0000000000000017","lost":[0]}"#;
        assert!(to_central(nobody).is_err());
    }

    #[test]
    fn counts_round_trip() {
        for json in [
            r#"{"type":"count","request":1,"name":"votos:a b.mp4","order":"dec.1"}"#,
            r#"{"type":"count-list","request":2,"after":"contador"}"#,
            r#"{"type":"played","name":"a.mp4"}"#,
        ] {
            let message = to_central(json).unwrap();
            assert!(matches!(message, ToCentral::Counting(_)));
            assert_eq!(serde_json::to_string(&message).unwrap(), json);
        }
        for json in [
            r#"{"type":"count-value","request":1,"figure":{"name":"x","value":-9223372036854775808}}"#,
            r#"{"type":"count-refused","request":1,"error":{"code":"figure-overflow","value":7}}"#,
            r#"{"type":"count-figures","request":2,"figures":[],"more":false}"#,
        ] {
            let message: FromCentral = serde_json::from_str(json).unwrap();
            assert!(matches!(message, FromCentral::Counted(_)));
            assert_eq!(serde_json::to_string(&message).unwrap(), json);
        }
    }

    #[test]
    fn a_refusal_round_trips() {
        let json = r#"{"type":"refused","request":3,"code":"not-found","message":"no live secondary holds b.mp4"}"#;
        let message: FromCentral = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
    }
}
