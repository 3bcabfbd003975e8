//! `decimal`: an exact decimal number, kept and sent as text.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use super::types::Type;
use crate::contract::Shape;

/// An exact decimal number such as `0.02` or `-1.5E+3`, as text. Arithmetic is left to the crate of your choice.
///
/// Two decimals are equal when their texts are: `1.0` and `1.00` differ, as they do in what they say about precision.
///
/// ```
/// use procwire_runtime::Decimal;
/// let price: Decimal = "19.90".parse()?;
/// assert_eq!(price.as_str(), "19.90");
/// assert!("1,5".parse::<Decimal>().is_err());
/// # Ok::<(), procwire_runtime::NotDecimal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Default for Decimal {
    fn default() -> Self {
        Self("0".to_owned())
    }
}

impl Decimal {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text was no decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no decimal number")]
pub struct NotDecimal(pub String);

impl FromStr for Decimal {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        if is_decimal(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotDecimal(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Decimal {
    type Error = NotDecimal;

    fn try_from(text: String) -> Result<Self, NotDecimal> {
        if is_decimal(&text) {
            Ok(Self(text))
        } else {
            Err(NotDecimal(text))
        }
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> Self {
        decimal.0
    }
}

macro_rules! from_integers {
    ($($ty:ty)*) => {$(
        impl From<$ty> for Decimal {
            fn from(value: $ty) -> Self {
                Self(value.to_string())
            }
        }
    )*};
}

from_integers!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Type for Decimal {
    const SHAPE: &'static Shape = &Shape::builtin("decimal");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decimal: text such as \"0.02\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse()
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// `-?digits[.digits][E[+-]digits]`: what Python's `Decimal` writes for a finite number.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (
            number,
            exponent.strip_prefix(['-', '+']).unwrap_or(exponent),
        ),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    digits(whole) && digits(fraction) && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_and_is_not_a_decimal() {
        for text in ["0", "-0", "19.90", "1E+3", "-1.5e-10", "+2", "00.10"] {
            assert!(is_decimal(text), "{text}");
        }
        for text in [
            "", "-", ".", "1.", ".5", "1e", "1e+", "NaN", "Infinity", "1,5", "0x1", "1 ", "--1",
            "1.2.3", "１",
        ] {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
