//! Strings, and enums, which are strings from a list.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use super::types::Type;
use crate::contract::Shape;

impl Type for String {
    const SHAPE: &'static Shape = &Shape::builtin("string");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Unlike serde's own reader this one does not take bytes for text.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }
}

/// Writes the value of an enum.
///
/// # Errors
/// What the serializer reports.
pub fn write_tag<S: Serializer>(tag: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(tag)
}

/// Reads the value of an enum: its place in `tags`, or the text itself when it is none of them.
///
/// # Errors
/// When it is no string.
pub fn read_tag<'de, D: Deserializer<'de>>(
    deserializer: D,
    tags: &'static [&'static str],
) -> Result<Result<usize, String>, D::Error> {
    deserializer.deserialize_str(Tag { tags })
}

/// The error for a value that a closed enum or union does not know.
#[must_use]
pub fn unknown_tag<E: Error>(name: &str, tag: &str, known: &[&str]) -> E {
    let known: Vec<String> = known.iter().map(|one| format!("`{one}`")).collect();
    E::custom(format_args!(
        "`{tag}` is no {name}; known are {}",
        known.join(", ")
    ))
}

struct Tag {
    tags: &'static [&'static str],
}

impl Visitor<'_> for Tag {
    type Value = Result<usize, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of ")?;
        f.write_str(&self.tags.join(", "))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self
            .tags
            .iter()
            .position(|tag| *tag == text)
            .ok_or_else(|| text.to_owned()))
    }
}
