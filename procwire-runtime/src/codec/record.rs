//! Records: maps by name. What generated code calls to write and read structs, arguments and event payloads.
//!
//! Owns the rule for paths in errors: a reader that fails inside a field puts the step in front of the message,
//! so that the whole message begins with the path (`.pages[3].title: …`).

use std::fmt::{self, Debug, Display};
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize};

use super::types::{As, AsRef, Type};

/// A type that is a map by name on the wire.
pub trait Record: Sized {
    /// Its name, for messages.
    const NAME: &'static str;

    /// Reads the fields. Unknown keys are [`skip`]ped.
    ///
    /// # Errors
    /// A required field is missing, or a value does not fit; the message begins with the path.
    fn read_fields<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// Reads a record. Nil counts as a map without entries.
///
/// # Errors
/// It is neither map nor nil, or [`Record::read_fields`] failed.
pub fn read_record<'de, R: Record, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    struct Fields<R>(PhantomData<R>);
    impl<'de, R: Record> Visitor<'de> for Fields<R> {
        type Value = R;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}: a map", R::NAME)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<R, A::Error> {
            R::read_fields(map)
        }

        fn visit_unit<E: Error>(self) -> Result<R, E> {
            R::read_fields(NoEntries(PhantomData))
        }
    }
    deserializer.deserialize_map(Fields(PhantomData))
}

/// The next key: its place in `names`, or `names.len()` for a key that is none of them. None at the end.
///
/// # Errors
/// The key is no string.
pub fn key<'de, A: MapAccess<'de>>(
    map: &mut A,
    names: &'static [&'static str],
) -> Result<Option<usize>, A::Error> {
    map.next_key_seed(Key(names))
}

/// The value of the key just read; `name` goes into the path of an error.
///
/// # Errors
/// The value does not fit.
pub fn field<'de, A: MapAccess<'de>, T: Type>(map: &mut A, name: &str) -> Result<T, A::Error> {
    map.next_value::<As<T>>()
        .map(|value| value.0)
        .map_err(|error| at_field(name, &error))
}

/// Passes over the value of the key just read.
///
/// # Errors
/// The value is malformed.
pub fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// The error for a required field that is not there.
#[must_use]
pub fn missing<E: Error>(name: &str) -> E {
    E::custom(format_args!(".{name}: missing"))
}

/// Writes one field.
///
/// # Errors
/// What the serializer reports.
pub fn put<M: SerializeMap, T: Type>(map: &mut M, name: &str, value: &T) -> Result<(), M::Error> {
    map.serialize_entry(name, &AsRef(value))
}

/// Writes one optional field; leaves it out when there is nothing.
///
/// # Errors
/// What the serializer reports.
pub fn put_some<M: SerializeMap, T: Type>(
    map: &mut M,
    name: &str,
    value: &Option<T>,
) -> Result<(), M::Error> {
    value.as_ref().map_or(Ok(()), |value| put(map, name, value))
}

/// Writes a string entry, such as the tag of a union.
pub(super) fn put_plain<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: &impl Serialize,
) -> Result<(), M::Error> {
    map.serialize_entry(name, value)
}

/// `error`, from inside the field `name`.
fn at_field<E: Error>(name: &str, error: &E) -> E {
    E::custom(format_args!(".{name}{}", Inner(error)))
}

/// `error`, from inside element `index`.
pub(super) fn at_index<E: Error>(index: usize, error: &E) -> E {
    E::custom(format_args!("[{index}]{}", Inner(error)))
}

/// `error`, from inside the entry `key`.
pub(super) fn at_key<E: Error>(key: &impl Debug, error: &E) -> E {
    E::custom(format_args!("[{key:?}]{}", Inner(error)))
}

/// A message with its path so far, or a colon and the bare message.
struct Inner<'a, E>(&'a E);

impl<E: Error> Display for Inner<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.0.to_string();
        if message.starts_with(['.', '[']) {
            f.write_str(&message)
        } else {
            write!(f, ": {message}")
        }
    }
}

/// Path (from `$`) and bare message of a reader's error.
pub(super) fn path_and_message(text: &str) -> (String, String) {
    if !text.starts_with(['.', '[']) {
        return ("$".to_owned(), text.to_owned());
    }
    match text.split_once(": ") {
        Some((path, message)) => (format!("${path}"), message.to_owned()),
        None => ("$".to_owned(), text.to_owned()),
    }
}

struct Key(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        Ok(self
            .0
            .iter()
            .position(|name| *name == text)
            .unwrap_or(self.0.len()))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<usize, E> {
        Ok(self.0.len())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<usize, E> {
        Ok(self.0.len())
    }
}

/// A map without entries.
struct NoEntries<E>(PhantomData<E>);

impl<'de, E: Error> MapAccess<'de> for NoEntries<E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, E> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, _: V) -> Result<V::Value, E> {
        Err(E::custom("a map without entries has no value"))
    }
}
