//! A MessagePack value of any shape, kept as it came, so that what a reader does not know round-trips.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, SerializeTuple};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bytes::Extension;
use super::check::{At, Violations};
use super::types::Type;
use crate::contract::Shape;

/// A value of any shape: what an open union holds for a variant that this program does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RawValue {
    /// nil
    Nil,
    /// true, false
    Bool(bool),
    /// A whole number below zero.
    Signed(i64),
    /// A whole number from zero up.
    Unsigned(u64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// An extension: its code and its bytes.
    Extension(i8, Vec<u8>),
    /// A list.
    List(Vec<Self>),
    /// A map, in the order it came.
    Map(Vec<(Self, Self)>),
}

impl RawValue {
    /// The value of a key, when this is a map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find(|(key, _)| key.as_str() == Some(name))
            .map(|(_, value)| value)
    }

    /// The text, when this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Type for RawValue {
    const SHAPE: &'static Shape = &Shape::builtin("any");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(self, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer)
    }

    fn check(&self, _: &At<'_>, _: &mut Violations) {}
}

impl Serialize for RawValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::F32(value) => serializer.serialize_f32(*value),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Binary(bytes) => serializer.serialize_bytes(bytes),
            Self::Extension(code, bytes) => {
                serializer.serialize_newtype_struct("_ExtStruct", &ExtensionBody(*code, bytes))
            }
            Self::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                list.iter()
                    .try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries
                    .iter()
                    .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

struct ExtensionBody<'a>(i8, &'a [u8]);

impl Serialize for ExtensionBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Data<'a>(&'a [u8]);
        impl Serialize for Data<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&self.0)?;
        tuple.serialize_element(&Data(self.1))?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Nil)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<RawValue, E> {
        Ok(u64::try_from(value).map_or(RawValue::Signed(value), RawValue::Unsigned))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Unsigned(value))
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<RawValue, E> {
        Ok(RawValue::F32(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::F64(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(text.to_owned()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<RawValue, E> {
        Ok(RawValue::Binary(bytes.to_vec()))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        extension: D,
    ) -> Result<RawValue, D::Error> {
        let (code, bytes) = extension.deserialize_any(Extension)?;
        Ok(RawValue::Extension(code, bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}

/// Replays a kept value to a reader, exactly as the format would have told it.
pub(super) struct Replay<E>(RawValue, std::marker::PhantomData<E>);

impl<E> Replay<E> {
    pub(super) fn new(value: RawValue) -> Self {
        Self(value, std::marker::PhantomData)
    }
}

impl<'de, E: Error> Deserializer<'de> for Replay<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            RawValue::Nil => visitor.visit_unit(),
            RawValue::Bool(value) => visitor.visit_bool(value),
            RawValue::Signed(value) => visitor.visit_i64(value),
            RawValue::Unsigned(value) => visitor.visit_u64(value),
            RawValue::F32(value) => visitor.visit_f32(value),
            RawValue::F64(value) => visitor.visit_f64(value),
            RawValue::Text(text) => visitor.visit_string(text),
            RawValue::Binary(bytes) => visitor.visit_byte_buf(bytes),
            RawValue::Extension(code, bytes) => {
                visitor.visit_newtype_struct(Self::new(RawValue::List(vec![
                    if code < 0 {
                        RawValue::Signed(code.into())
                    } else {
                        RawValue::Unsigned(code.unsigned_abs().into())
                    },
                    RawValue::Binary(bytes),
                ])))
            }
            RawValue::List(list) => {
                let mut seq = ReplayList(list.into_iter(), std::marker::PhantomData);
                visitor.visit_seq(&mut seq)
            }
            RawValue::Map(entries) => {
                let mut map = ReplayMap(entries.into_iter(), None, std::marker::PhantomData);
                visitor.visit_map(&mut map)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            RawValue::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct ReplayList<E>(std::vec::IntoIter<RawValue>, std::marker::PhantomData<E>);

impl<'de, E: Error> SeqAccess<'de> for ReplayList<E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, E> {
        self.0
            .next()
            .map(|value| seed.deserialize(Replay::new(value)))
            .transpose()
    }
}

pub(super) struct ReplayMap<E>(
    std::vec::IntoIter<(RawValue, RawValue)>,
    Option<RawValue>,
    std::marker::PhantomData<E>,
);

impl<'de, E: Error> MapAccess<'de> for ReplayMap<E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        let Some((key, value)) = self.0.next() else {
            return Ok(None);
        };
        self.1 = Some(value);
        seed.deserialize(Replay::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, E> {
        let value = self
            .1
            .take()
            .ok_or_else(|| E::custom("a value was asked for before its key"))?;
        seed.deserialize(Replay::new(value))
    }
}

/// Entries kept before the rest of a map: what stood in front of a union's tag.
pub(super) struct Rejoined<A> {
    pub(super) kept: std::vec::IntoIter<(String, RawValue)>,
    pub(super) value: Option<RawValue>,
    pub(super) rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rejoined<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some((key, value)) = self.kept.next() else {
            return self.rest.next_key_seed(seed);
        };
        self.value = Some(value);
        let key: StrDeserializer<'_, A::Error> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(Replay::new(value)),
            None => self.rest.next_value_seed(seed),
        }
    }
}
