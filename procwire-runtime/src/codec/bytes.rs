//! `bytes` and `uuid`: binary on the wire. The extension that npm peers use for buffers is read too, never written.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};
use uuid::Uuid;

use super::types::Type;
use crate::contract::Shape;

impl Type for Bytes {
    const SHAPE: &'static Shape = &Shape::builtin("bytes");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Binary("bytes"))
    }

    fn as_raw(&self) -> Option<&Bytes> {
        Some(self)
    }

    fn from_raw(bytes: Bytes) -> Option<Self> {
        Some(bytes)
    }
}

impl Type for Uuid {
    const SHAPE: &'static Shape = &Shape::builtin("uuid");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.as_bytes())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = deserializer.deserialize_any(Binary("uuid: 16 bytes"))?;
        Self::from_slice(&bytes).map_err(|_| D::Error::invalid_length(bytes.len(), &"16 bytes"))
    }
}

struct Binary(&'static str);

impl<'de> Visitor<'de> for Binary {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(bytes.into())
    }

    /// rmp-serde hands an extension over as a newtype of (code, bytes).
    fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Bytes, D::Error> {
        let (code, bytes) = extension.deserialize_any(Extension)?;
        if code != NPM_BUFFER {
            return Err(D::Error::custom(format_args!(
                "extension {code} holds no {}",
                self.0
            )));
        }
        Ok(bytes.into())
    }
}

/// Reads the code and the bytes of an extension.
pub(super) struct Extension;

impl<'de> Visitor<'de> for Extension {
    type Value = (i8, Vec<u8>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an extension")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let code = seq
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let bytes: OwnedBytes = seq
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(1, &self))?;
        Ok((code, bytes.0))
    }
}

struct OwnedBytes(Vec<u8>);

impl<'de> serde::Deserialize<'de> for OwnedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Data;
        impl Visitor<'_> for Data {
            type Value = OwnedBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of an extension")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<OwnedBytes, E> {
                Ok(OwnedBytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_any(Data)
    }
}

/// What `@msgpack/msgpack` with the npm codecs writes for a Node Buffer.
const NPM_BUFFER: i8 = 1;
