//! MessagePack: maps by name, shortest integers, and reading that is lenient where other writers differ.
//! Siblings: `workers/python/src/procwire/codec/msgpack.py`, `workers/typescript/src/codec/msgpack.ts`.

use serde::Serialize;
use serde::de::Deserialize;

use super::record::path_and_message;
use super::scan::scan;
use super::types::{As, AsRef, Type};

/// A value could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot be written as MessagePack: {0}")]
pub struct EncodeError(String);

/// A payload could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct DecodeError {
    /// Where, from the root: `$.dpi`.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl DecodeError {
    pub(super) fn at_root(message: impl Into<String>) -> Self {
        Self {
            path: "$".to_owned(),
            message: message.into(),
        }
    }
}

/// Appends `value` to `out`. On failure `out` may hold a part of it; the caller cuts it off.
///
/// # Errors
/// The type's own writer refused.
pub fn encode<T: Type>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write(&AsRef(value), out)
}

/// [`encode`] for what is no type of a schema.
pub(super) fn write<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    value
        .serialize(&mut rmp_serde::Serializer::new(out))
        .map_err(|error| EncodeError(error.to_string()))
}

/// Reads a whole payload. An empty one counts as absent.
///
/// # Errors
/// The payload is [refused](super::scan()) as it is, or the value does not fit the type.
pub fn decode<T: Type>(payload: &[u8]) -> Result<T, DecodeError> {
    if payload.is_empty() {
        return T::absent().ok_or_else(|| DecodeError::at_root("the payload is empty"));
    }
    read(payload).map(|As(value)| value)
}

/// [`decode`] for what is no type of a schema. An empty payload is an error.
pub(super) fn read<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, DecodeError> {
    // From here on there is exactly one value, and no more of it than a reader can take.
    scan(payload).map_err(|refused| DecodeError::at_root(refused.to_string()))?;
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(payload);
    T::deserialize(&mut deserializer).map_err(|error| {
        let (path, message) = path_and_message(&error.to_string());
        DecodeError { path, message }
    })
}
