//! The payload of an error frame: always MessagePack, always a map from our workers, anything from others.
//! Siblings: `workers/python/src/procwire/codec/error.py`, `workers/typescript/src/codec/error.ts`.

use serde::de::{Deserialize, MapAccess};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::msgpack::{self, EncodeError};
use super::raw_value::RawValue;
use super::record::{self, Record, key, put, put_some, read_record, skip};
use super::types::{Never, Type};

/// Why a request failed, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An error that the schema declares.
    App,
    /// The handler failed in a way that the schema does not declare.
    Exception,
    /// The arguments do not fit; the handler was not entered.
    Invalid,
    /// The request was given up by the parent, or the worker is going.
    Cancelled,
    /// The worker does not serve this.
    Unsupported,
    /// The answer could not be written.
    Encode,
    /// The worker takes no more requests; the handler was not entered.
    Overloaded,
    /// A plain peer said nothing about the kind.
    Unknown,
}

impl ErrorKind {
    /// The word on the wire; empty for [`Unknown`](Self::Unknown).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Exception => "exception",
            Self::Invalid => "invalid",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
            Self::Encode => "encode",
            Self::Overloaded => "overloaded",
            Self::Unknown => "",
        }
    }

    fn from_word(word: &str) -> Self {
        [
            Self::App,
            Self::Exception,
            Self::Invalid,
            Self::Cancelled,
            Self::Unsupported,
            Self::Encode,
            Self::Overloaded,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .unwrap_or(Self::Unknown)
    }
}

/// What an error frame says.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorPayload {
    /// The kind of failure.
    pub kind: ErrorKind,
    /// Text for people; stands alone.
    pub message: String,
    /// The class of the exception, kind `exception`.
    pub type_name: Option<String>,
    /// Where it was raised.
    pub traceback: Option<String>,
    /// The path of the argument that does not fit, kind `invalid`.
    pub field: Option<String>,
    /// The whole payload of a plain peer, as JSON where it can be.
    pub data: Option<Box<Value>>,
}

impl ErrorPayload {
    /// A failure of one kind with a message.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            type_name: None,
            traceback: None,
            field: None,
            data: None,
        }
    }

    /// Appends the payload to `out`; `error` is the declared error, kind `app`.
    ///
    /// # Errors
    /// The declared error refused to be written.
    pub fn write<E: Type>(&self, error: Option<&E>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        msgpack::write(
            &Written {
                payload: self,
                error,
            },
            out,
        )
    }

    /// Appends the payload of a failure without a declared error. Texts and maps of texts are always writable.
    pub fn write_plain(&self, out: &mut Vec<u8>) {
        let start = out.len();
        if self.write::<Never>(None, out).is_err() {
            out.truncate(start);
            out.push(NIL);
        }
    }

    /// Reads any payload: our map, a text, a map with `message`, or anything else, which is shown as JSON.
    #[must_use]
    pub fn read(payload: &[u8]) -> Self {
        let mut read = match msgpack::read::<Fields>(payload) {
            Ok(Fields(read)) => read,
            Err(_) => Self::new(ErrorKind::Unknown, ""),
        };
        if read.kind == ErrorKind::Unknown || read.message.is_empty() {
            let value = msgpack::read::<Value>(payload);
            if read.message.is_empty() {
                read.message = match &value {
                    Ok(Value::String(text)) => text.clone(),
                    Ok(other) => other.to_string(),
                    Err(error) => format!("an error that cannot be read ({error})"),
                };
            }
            read.data = value.ok().map(Box::new);
        }
        read
    }

    /// Reads the declared error of a payload of kind `app`.
    ///
    /// # Errors
    /// There is none, or it does not fit the declared type.
    pub fn read_declared<E: Type>(payload: &[u8]) -> Result<E, msgpack::DecodeError> {
        msgpack::read::<Declared<E>>(payload).map(|declared| declared.0)
    }
}

struct Written<'a, E> {
    payload: &'a ErrorPayload,
    error: Option<&'a E>,
}

impl<E: Type> Serialize for Written<'_, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ErrorPayload {
            kind,
            message,
            type_name,
            traceback,
            field,
            ..
        } = self.payload;
        let known = [
            type_name.is_some(),
            traceback.is_some(),
            field.is_some(),
            self.error.is_some(),
        ];
        let len = 2 + known.into_iter().filter(|there| *there).count();
        let mut map = serializer.serialize_map(Some(len))?;
        put(&mut map, "message", message)?;
        record::put_plain(&mut map, "kind", &kind.as_str())?;
        if let Some(error) = self.error {
            put(&mut map, "error", error)?;
        }
        put_some(&mut map, "type", type_name)?;
        put_some(&mut map, "traceback", traceback)?;
        put_some(&mut map, "field", field)?;
        map.end()
    }
}

struct Fields(ErrorPayload);

impl Record for Fields {
    const NAME: &'static str = "error";

    fn read_fields<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut read = ErrorPayload::new(ErrorKind::Unknown, "");
        while let Some(at) = key(&mut map, &["message", "kind", "type", "traceback", "field"])? {
            // A plain peer may put anything under these names, so nothing but text counts.
            if at == 5 {
                skip(&mut map)?;
                continue;
            }
            let RawValue::Text(text) = map.next_value::<RawValue>()? else {
                continue;
            };
            match at {
                0 => read.message = text,
                1 => read.kind = ErrorKind::from_word(&text),
                2 => read.type_name = Some(text),
                3 => read.traceback = Some(text),
                _ => read.field = Some(text),
            }
        }
        Ok(Self(read))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_record(deserializer)
    }
}

struct Declared<E>(E);

impl<E: Type> Record for Declared<E> {
    const NAME: &'static str = "error";

    fn read_fields<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut declared = None;
        while let Some(at) = key(&mut map, &["error"])? {
            if at == 0 {
                declared = Some(record::field(&mut map, "error")?);
            } else {
                skip(&mut map)?;
            }
        }
        declared.map(Self).ok_or_else(|| record::missing("error"))
    }
}

impl<'de, E: Type> Deserialize<'de> for Declared<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_record(deserializer)
    }
}

const NIL: u8 = 0xc0;
