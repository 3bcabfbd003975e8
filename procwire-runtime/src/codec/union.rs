//! Unions: maps told apart by the key `type`, which our writers put first and other writers put anywhere.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};

use super::raw_value::{RawValue, Rejoined};

/// A type that is one of several maps.
pub trait Union: Sized {
    /// Its name, for messages.
    const NAME: &'static str;

    /// The values of `type`, one per variant.
    const TAGS: &'static [&'static str];

    /// Reads the fields of the variant `tag` (its place in [`TAGS`](Self::TAGS)). Unknown keys are skipped.
    ///
    /// # Errors
    /// A required field is missing, or a value does not fit.
    fn read_variant<'de, A: MapAccess<'de>>(tag: usize, map: A) -> Result<Self, A::Error>;

    /// The arm of an open union for a variant it does not know; `whole` is the map, tag included.
    fn unknown(whole: RawValue) -> Option<Self> {
        let _ = whole;
        None
    }
}

/// Reads a union.
///
/// # Errors
/// It is no map, has no `type`, names an unknown variant of a closed union, or the variant does not fit.
pub fn read_union<'de, U: Union, D: Deserializer<'de>>(deserializer: D) -> Result<U, D::Error> {
    deserializer.deserialize_map(Tagged(PhantomData))
}

struct Tagged<U>(PhantomData<U>);

impl<'de, U: Union> Visitor<'de> for Tagged<U> {
    type Value = U;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: a map with `type`", U::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<U, A::Error> {
        let mut kept = Vec::new();
        let tag: String = loop {
            match map.next_key::<String>()? {
                Some(key) if key == "type" => {
                    break map
                        .next_value()
                        .map_err(|error| A::Error::custom(format_args!(".type: {error}")))?;
                }
                Some(key) => kept.push((key, map.next_value::<RawValue>()?)),
                None => {
                    return Err(A::Error::custom(format_args!(
                        ".type: missing: it says which {} this is",
                        U::NAME
                    )));
                }
            }
        };
        let Some(index) = U::TAGS.iter().position(|known| *known == tag) else {
            let mut whole = vec![(
                RawValue::Text("type".to_owned()),
                RawValue::Text(tag.clone()),
            )];
            whole.extend(
                kept.into_iter()
                    .map(|(key, value)| (RawValue::Text(key), value)),
            );
            while let Some(entry) = map.next_entry()? {
                whole.push(entry);
            }
            return U::unknown(RawValue::Map(whole))
                .ok_or_else(|| super::text::unknown_tag(U::NAME, &tag, U::TAGS));
        };
        if kept.is_empty() {
            U::read_variant(index, map)
        } else {
            U::read_variant(
                index,
                Rejoined {
                    kept: kept.into_iter(),
                    value: None,
                    rest: map,
                },
            )
        }
    }
}
