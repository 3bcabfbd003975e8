//! What generated code calls to write declared types, and to talk about their values.
//!
//! Reading is in `record` and `union`. Knows no declared type by name.

use std::fmt::{self, Debug, Display};

use serde::Serializer;
use serde::de::MapAccess;
use serde::ser::SerializeMap;

use super::decimal::Decimal;
use super::record::{Record, put_plain};

/// The writing half of a [`Record`].
pub trait WriteRecord {
    /// How many entries [`write_fields`](Self::write_fields) makes.
    fn count(&self) -> usize;

    /// Writes the fields into a map that may hold other entries already.
    ///
    /// # Errors
    /// What the serializer reports.
    fn write_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

impl<T: Record> Record for Box<T> {
    const NAME: &'static str = T::NAME;

    fn read_fields<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::read_fields(map).map(Self::new)
    }
}

impl<T: WriteRecord> WriteRecord for Box<T> {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn write_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        (**self).write_fields(map)
    }
}

/// Writes a record: a map of its fields.
///
/// # Errors
/// What the serializer reports.
pub fn write_record<S: Serializer>(
    record: &impl WriteRecord,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(record.count()))?;
    record.write_fields(&mut map)?;
    map.end()
}

/// Writes a variant that is a record: its tag, then its fields.
///
/// # Errors
/// What the serializer reports.
pub fn write_tagged<S: Serializer>(
    tag: &'static str,
    record: &impl WriteRecord,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = start_tagged(tag, record.count(), serializer)?;
    record.write_fields(&mut map)?;
    map.end()
}

/// Starts the map of a variant: its tag, with room for `count` fields.
///
/// # Errors
/// What the serializer reports.
pub fn start_tagged<S: Serializer>(
    tag: &'static str,
    count: usize,
    serializer: S,
) -> Result<S::SerializeMap, S::Error> {
    let mut map = serializer.serialize_map(Some(1 + count))?;
    put_plain(&mut map, "type", &tag)?;
    Ok(map)
}

/// The default of a `decimal` field. The schema's check has judged the text.
#[must_use]
pub fn decimal(text: &'static str) -> Decimal {
    text.parse().unwrap_or_default()
}

/// A reference to a value that may or may not be `Debug`: `Show(&value).show()` finds out at compile time.
#[derive(Clone, Copy)]
pub struct Show<'a, T>(pub &'a T);

impl<'a, T: Debug> Show<'a, T> {
    /// The value.
    #[must_use]
    pub fn show(&self) -> &'a dyn Debug {
        self.0
    }
}

impl<T> Debug for Show<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What [`Show`] falls back on.
pub trait ShowNothing {
    /// A placeholder.
    fn show(&self) -> &dyn Debug;
}

impl<T> ShowNothing for Show<'_, T> {
    fn show(&self) -> &dyn Debug {
        &"…"
    }
}

/// A reference to an error that may or may not be `Display`: `Explain(&error).explain()` finds out at compile time.
#[derive(Clone, Copy, Debug)]
pub struct Explain<'a, T>(pub &'a T);

impl<T: Display> Explain<'_, T> {
    /// What the error says of itself.
    #[must_use]
    pub fn explain(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// What [`Explain`] falls back on.
pub trait ExplainNothing {
    /// Nothing.
    fn explain(&self) -> Option<String>;
}

impl<T> ExplainNothing for Explain<'_, T> {
    fn explain(&self) -> Option<String> {
        None
    }
}
