//! Payloads that are the bytes themselves.
//! Siblings: `workers/python/src/procwire/codec/raw.py`, `workers/typescript/src/codec/raw.ts`.

use bytes::Bytes;

use super::msgpack::DecodeError;
use super::types::Type;

/// The bytes of a value that travels raw; none for a type that cannot.
#[must_use]
pub fn encode<T: Type>(value: &T) -> Option<Bytes> {
    value.as_raw().cloned()
}

/// The value of a payload that travelled raw, without a copy.
///
/// # Errors
/// The type cannot travel raw: generated code and schema disagree.
pub fn decode<T: Type>(payload: Bytes) -> Result<T, DecodeError> {
    T::from_raw(payload).ok_or_else(|| DecodeError::at_root("this type cannot travel as raw bytes"))
}
