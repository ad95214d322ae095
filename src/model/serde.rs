//! The JSON of values with rules, on the wire and in files. What breaks a rule is refused here.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    AccountKey, AccountName, ChunkIndex, ChunkLayout, ChunkRange, ChunkSet, ClientName, ClusterId,
    Digest, FigureName, FigureOrder, FileMeta, FileName, Incarnation, Likeness, PeerNumber,
    RequestId, SecondaryNumber, Session, Signature, SourceId, Term, Ticket, TransferId, VerifyKey,
};

macro_rules! text_value {
    ($type:ty, $to:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let to: fn(&$type) -> Cow<'_, str> = $to;
                serializer.serialize_str(&to(self))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::try_from(&*text).map_err(D::Error::custom)
            }
        }
    };
}

text_value!(FileName, |name| Cow::Borrowed(name.as_str()));
text_value!(FigureOrder, |order| Cow::Owned(order.to_string()));
text_value!(FigureName, |name| Cow::Owned(name.to_string()));
text_value!(ClientName, |name| Cow::Borrowed(name.as_str()));
text_value!(AccountName, |name| Cow::Borrowed(name.as_str()));
text_value!(Likeness, |likeness| Cow::Borrowed(likeness.as_str()));
text_value!(Signature, |signature| Cow::Owned(signature.to_string()));
text_value!(TransferId, |id| Cow::Owned(id.to_string()));
text_value!(ClusterId, |id| Cow::Owned(id.to_string()));
text_value!(Digest, |digest| Cow::Owned(digest.to_string()));
text_value!(VerifyKey, |key| Cow::Owned(key.to_string()));
text_value!(Ticket, |ticket| Cow::Owned(ticket.to_string()));

impl Serialize for AccountKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AccountKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Digest::deserialize(deserializer).map(Self)
    }
}

macro_rules! number_value {
    ($type:ty, $wire:ty, $to:expr, $from:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let to: fn(&$type) -> $wire = $to;
                to(self).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let from: fn($wire) -> Result<$type, String> = $from;
                from(<$wire>::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

number_value!(SecondaryNumber, u64, |n| u64::from(n.get()), |n| {
    SecondaryNumber::try_from(n).map_err(|e| e.to_string())
});
number_value!(PeerNumber, u64, |n| u64::from(n.get()), |n| {
    PeerNumber::try_from(n).map_err(|e| e.to_string())
});
number_value!(RequestId, u64, |id| id.0, |id| Ok(RequestId(id)));
number_value!(Term, u32, |term| term.0, |term| Ok(Term(term)));
number_value!(Session, u64, |id| id.0, |id| Ok(Session(id)));
number_value!(Incarnation, u64, |id| id.0, |id| Ok(Incarnation(id)));
number_value!(SourceId, u32, |id| id.0, |id| Ok(SourceId(id)));
number_value!(ChunkIndex, u32, |chunk| chunk.0, |chunk| Ok(ChunkIndex(
    chunk
)));
number_value!(
    ChunkRange,
    [u32; 2],
    |range| [range.first, range.count],
    |[first, count]| {
        first
            .checked_add(count)
            .map(|_| ChunkRange { first, count })
            .ok_or_else(|| format!("chunk range {first}+{count}: too large"))
    }
);

number_value!(
    ChunkSet,
    Vec<ChunkRange>,
    |set| set.ranges().collect(),
    |ranges| {
        ChunkSet::of_ranges(&ranges)
            .ok_or_else(|| "chunk ranges: too many chunks, or not in order".to_owned())
    }
);

/// An address as the two fields `ip` and `port`, to be flattened.
pub(super) mod address {
    use std::net::{IpAddr, SocketAddr};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Wire {
        ip: IpAddr,
        port: u16,
    }

    pub(in super::super) fn serialize<S: Serializer>(
        address: &SocketAddr,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let (ip, port) = (address.ip(), address.port());
        Wire { ip, port }.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SocketAddr, D::Error> {
        let Wire { ip, port } = Wire::deserialize(deserializer)?;
        Ok(SocketAddr::new(ip, port))
    }
}

/// A time as a number of seconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(time.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The same for a time that there may not be.
pub(crate) mod maybe_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs_f64()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(from)?;
        seconds
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(D::Error::custom)
    }
}

/// A path as text: what is none in it is replaced.
pub(crate) mod shown_path {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&path.to_string_lossy())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        String::deserialize(from).map(PathBuf::from)
    }
}

#[derive(Serialize, Deserialize)]
struct FileMetaWire {
    name: FileName,
    length: u64,
    chunk: u32,
    id: Digest,
}

impl Serialize for FileMeta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FileMetaWire {
            name: self.name.clone(),
            length: self.layout.file_bytes(),
            chunk: self.layout.chunk_bytes(),
            id: self.id,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FileMeta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = FileMetaWire::deserialize(deserializer)?;
        let layout = ChunkLayout::checked(wire.length, wire.chunk).map_err(D::Error::custom)?;
        Ok(Self {
            name: wire.name,
            layout,
            id: wire.id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_do_not_become_model_values() {
        assert!(serde_json::from_str::<FileName>(r#""../x""#).is_err());
        assert!(serde_json::from_str::<FileName>(r#""a\u0000b""#).is_err());
        assert!(serde_json::from_str::<SecondaryNumber>("0").is_err());
        assert!(serde_json::from_str::<SecondaryNumber>("-1").is_err());
        assert!(serde_json::from_str::<SecondaryNumber>("1e99").is_err());
        assert!(serde_json::from_str::<ChunkRange>("[4294967295,1]").is_err());
        for bad in [
            "[[0,4294967295]]",
            "[[4,1],[3,1]]",
            "[[3,2],[4,1]]",
            "[[3,0]]",
        ] {
            assert!(serde_json::from_str::<ChunkSet>(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Digest>(r#""abc""#).is_err());
        let set: ChunkSet = serde_json::from_str("[[0,3],[3,1],[70,2]]").unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), "[[0,4],[70,2]]");
        let meta = r#"{"name":"a","length":10,"chunk":1,"id":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;
        assert!(serde_json::from_str::<FileMeta>(meta).is_err());
        assert!(serde_json::from_str::<FileMeta>(&meta.replace(":1,", ":1048576,")).is_ok());
    }
}
