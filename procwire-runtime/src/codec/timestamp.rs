//! `timestamp`: an instant, MessagePack's own extension −1. The float64 milliseconds of old npm codecs (extension 2) are read too.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Error, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserializer, Serialize, Serializer};

use super::bytes::Extension;
use super::types::Type;
use crate::contract::Shape;

impl Type for SystemTime {
    const SHAPE: &'static Shape = &Shape::builtin("timestamp");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (seconds, nanos) = split(*self);
        let (buffer, len) = encode(seconds, nanos);
        serializer.serialize_newtype_struct(EXT_STRUCT, &Body(&buffer[..len]))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Instant)
    }
}

/// Whole seconds since 1970, rounded down, and the nanoseconds after them.
fn split(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (
            i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            after.subsec_nanos(),
        ),
        Err(error) => {
            let before = error.duration();
            let seconds = i64::try_from(before.as_secs()).map_or(i64::MIN, |seconds| -seconds);
            match before.subsec_nanos() {
                0 => (seconds, 0),
                nanos => (seconds.saturating_sub(1), 1_000_000_000 - nanos),
            }
        }
    }
}

/// The shortest of the three forms.
fn encode(seconds: i64, nanos: u32) -> ([u8; 12], usize) {
    let mut out = [0; 12];
    match u64::try_from(seconds) {
        Ok(seconds) if seconds < 1 << 32 && nanos == 0 => {
            out[..4].copy_from_slice(&(seconds as u32).to_be_bytes());
            (out, 4)
        }
        Ok(seconds) if seconds < 1 << 34 => {
            out[..8].copy_from_slice(&(u64::from(nanos) << 34 | seconds).to_be_bytes());
            (out, 8)
        }
        _ => {
            out[..4].copy_from_slice(&nanos.to_be_bytes());
            out[4..].copy_from_slice(&seconds.to_be_bytes());
            (out, 12)
        }
    }
}

/// The instant, or none when it is malformed or beyond what this system can hold.
fn decode(code: i8, bytes: &[u8]) -> Option<SystemTime> {
    if code == NPM_DATE {
        let millis = f64::from_be_bytes(bytes.try_into().ok()?);
        let magnitude = Duration::try_from_secs_f64(millis.abs() / 1000.0).ok()?;
        return if millis < 0.0 {
            UNIX_EPOCH.checked_sub(magnitude)
        } else {
            UNIX_EPOCH.checked_add(magnitude)
        };
    }
    if code != TIMESTAMP {
        return None;
    }
    let (seconds, nanos) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            ((both & ((1 << 34) - 1)) as i64, (both >> 34) as u32)
        }
        12 => {
            let (nanos, seconds) = bytes.split_at(4);
            (
                i64::from_be_bytes(seconds.try_into().ok()?),
                u32::from_be_bytes(nanos.try_into().ok()?),
            )
        }
        _ => return None,
    };
    if nanos >= 1_000_000_000 {
        return None;
    }
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 {
        UNIX_EPOCH.checked_sub(whole)
    } else {
        UNIX_EPOCH.checked_add(whole)
    };
    base?.checked_add(Duration::from_nanos(u64::from(nanos)))
}

/// What rmp-serde takes for an extension: a newtype of this name around (code, bytes).
struct Body<'a>(&'a [u8]);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&TIMESTAMP)?;
        tuple.serialize_element(&Data(self.0))?;
        tuple.end()
    }
}

struct Data<'a>(&'a [u8]);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

struct Instant;

impl<'de> Visitor<'de> for Instant {
    type Value = SystemTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timestamp: MessagePack extension -1")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        extension: D,
    ) -> Result<SystemTime, D::Error> {
        let (code, bytes) = extension.deserialize_any(Extension)?;
        decode(code, &bytes).ok_or_else(|| {
            D::Error::custom(format_args!(
                "extension {code} with {} bytes is no timestamp this system can hold",
                bytes.len()
            ))
        })
    }

    fn visit_unit<E: Error>(self) -> Result<SystemTime, E> {
        Err(E::invalid_type(serde::de::Unexpected::Unit, &self))
    }
}

const EXT_STRUCT: &str = "_ExtStruct";
const TIMESTAMP: i8 = -1;
const NPM_DATE: i8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_back() {
        for (seconds, nanos, len) in [
            (0, 0, 4),
            (u64::from(u32::MAX), 0, 4),
            (1, 1, 8),
            ((1 << 34) - 1, 999_999_999, 8),
            (1 << 34, 0, 12),
        ] {
            let time = UNIX_EPOCH + Duration::new(seconds, nanos);
            let (whole, rest) = split(time);
            let (buffer, used) = encode(whole, rest);
            assert_eq!((used, decode(-1, &buffer[..used])), (len, Some(time)));
        }
        let before = UNIX_EPOCH - Duration::new(1, 250_000_000);
        let (seconds, nanos) = split(before);
        assert_eq!((seconds, nanos), (-2, 750_000_000));
        let (buffer, used) = encode(seconds, nanos);
        assert_eq!(decode(-1, &buffer[..used]), Some(before));
    }

    #[test]
    fn an_old_npm_date_is_read() {
        assert_eq!(
            decode(2, &1500.0_f64.to_be_bytes()),
            Some(UNIX_EPOCH + Duration::from_millis(1500))
        );
        assert_eq!(
            decode(2, &(-250.0_f64).to_be_bytes()),
            Some(UNIX_EPOCH - Duration::from_millis(250))
        );
    }

    #[test]
    fn nonsense_is_refused_without_panic() {
        for (code, bytes) in [
            (-1, vec![0; 5]),
            (-1, [&[0x3b_u8, 0x9a, 0xca, 0x00][..], &[0; 8]].concat()),
            (2, f64::NAN.to_be_bytes().to_vec()),
            (2, f64::INFINITY.to_be_bytes().to_vec()),
            (7, vec![0; 8]),
        ] {
            assert_eq!(decode(code, &bytes), None, "{code} {bytes:?}");
        }
        // What this system can hold differs; the ends of the range must only not panic.
        for seconds in [i64::MAX, i64::MIN] {
            let _ = decode(
                -1,
                &[&[0x3b_u8, 0x9a, 0xc9, 0xff][..], &seconds.to_be_bytes()].concat(),
            );
        }
    }
}
