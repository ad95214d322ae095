//! Messages are nested by role in the program and flat on the wire: `{"type":"cancel","request":1}` is
//! `ToCentral::Client(FromClient::Cancel { … })`. A reader looks for `type`, then for the group of messages that has it.
//! No list of types is kept: the groups know their own.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor,
        value::{MapAccessDeserializer, MapDeserializer},
    },
};
use serde_json::Value;

/// An enum of messages, some of whose variants are groups of messages.
pub(super) trait Nested<'de>: Sized {
    /// Reads a message by its type.
    fn sort<A: MapAccess<'de>>(message: Message<'de, A>) -> Result<Self, A::Error>;

    /// Reads a flat message.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FindType(PhantomData))
    }
}

/// A message of a known type; its fields are still to be read.
pub(super) struct Message<'de, A> {
    kind: Cow<'de, str>,
    /// Fields before the type.
    early: Vec<(String, Value)>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> Message<'de, A> {
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// True when the group has a message of this type. The group is asked by a message without fields: it complains of
    /// those, or does not know the type.
    pub(super) fn is_of<Group: for<'any> Deserialize<'any>>(&self) -> bool {
        let type_alone = std::iter::once(("type", &*self.kind));
        let probe = Group::deserialize(MapDeserializer::<_, Probe>::new(type_alone));
        !matches!(probe, Err(Probe::UnknownType))
    }

    /// Reads all of the message.
    pub(super) fn into<T: Deserialize<'de>>(self) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(Fields {
            kind: Some(self.kind),
            early: self.early.into_iter(),
            value: Coming::InTurn,
            rest: self.rest,
        }))
    }

    /// The error of a type that no group has.
    pub(super) fn unknown<T>(self) -> Result<T, A::Error> {
        let kind = self.kind;
        Err(A::Error::custom(format_args!("unknown type `{kind}`")))
    }
}

struct FindType<T>(PhantomData<T>);

/// A text that is not copied unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, T: Nested<'de>> Visitor<'de> for FindType<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut early = Vec::new();
        while let Some(Text(key)) = map.next_key()? {
            if key == "type" {
                let Text(kind) = map.next_value()?;
                let rest = map;
                return T::sort(Message { kind, early, rest });
            }
            early.push((key.into_owned(), map.next_value()?));
        }
        Err(A::Error::missing_field("type"))
    }
}

/// The fields of a message: its type, those that came before it, those that come now.
struct Fields<'de, A> {
    kind: Option<Cow<'de, str>>,
    early: std::vec::IntoIter<(String, Value)>,
    value: Coming<'de>,
    rest: A,
}

/// The value of the key that was read last.
enum Coming<'de> {
    Type(Cow<'de, str>),
    Early(Value),
    InTurn,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        if let Some(kind) = self.kind.take() {
            self.value = Coming::Type(kind);
            return seed.deserialize("type".into_deserializer()).map(Some);
        }
        if let Some((key, value)) = self.early.next() {
            self.value = Coming::Early(value);
            return seed.deserialize(key.into_deserializer()).map(Some);
        }
        self.rest.next_key_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match std::mem::replace(&mut self.value, Coming::InTurn) {
            Coming::Type(kind) => seed.deserialize(kind.into_deserializer()),
            Coming::Early(value) => seed.deserialize(value).map_err(A::Error::custom),
            Coming::InTurn => self.rest.next_value_seed(seed),
        }
    }
}

/// What a group says to a message without fields.
#[derive(Debug)]
enum Probe {
    UnknownType,
    /// It knows the type.
    Other,
}

impl Error for Probe {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::UnknownType
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownType => "unknown type",
            Self::Other => "no message without fields",
        })
    }
}

impl std::error::Error for Probe {}
