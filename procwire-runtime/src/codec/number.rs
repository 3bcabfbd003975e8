//! Numbers and `bool`.
//!
//! Lenient as the wire demands: a float reads any integer, an integer reads any width and a float without a fraction
//! (JavaScript sends `1.0` as `1` and 2⁵³ as a float). A number that does not fit is an error, never cut.
//!
//! Readers ask for anything and judge what comes: asked for a number, the format would name only its own marker in an error.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

use super::types::Type;
use crate::contract::Shape;

impl Type for bool {
    const SHAPE: &'static Shape = &Shape::builtin("bool");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Bool)
    }
}

struct Bool;

impl Visitor<'_> for Bool {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bool")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}

macro_rules! integers {
    ($($ty:ident $name:literal $serialize:ident)*) => {$(
        impl Type for $ty {
            const SHAPE: &'static Shape = &Shape::builtin($name);

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.$serialize(*self)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Integer::<Self>(PhantomData))
            }
        }

        impl Bounds for $ty {
            const NAME: &'static str = $name;
        }
    )*};
}

integers! {
    i8 "i8" serialize_i8
    i16 "i16" serialize_i16
    i32 "i32" serialize_i32
    i64 "i64" serialize_i64
    u8 "u8" serialize_u8
    u16 "u16" serialize_u16
    u32 "u32" serialize_u32
    u64 "u64" serialize_u64
}

trait Bounds: Sized {
    const NAME: &'static str;
}

struct Integer<T>(PhantomData<T>);

impl<T: Bounds + TryFrom<i64> + TryFrom<u64>> Visitor<'_> for Integer<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        // Both ends are powers of two, so the comparisons are exact; NaN fails them.
        let whole = value.trunc() == value;
        let converted = if whole && (-TWO_63..TWO_63).contains(&value) {
            T::try_from(value as i64).ok()
        } else if whole && (0.0..2.0 * TWO_63).contains(&value) {
            T::try_from(value as u64).ok()
        } else {
            None
        };
        converted.ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

impl Type for f64 {
    const SHAPE: &'static Shape = &Shape::builtin("f64");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(*self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Float("f64"))
    }
}

impl Type for f32 {
    const SHAPE: &'static Shape = &Shape::builtin("f32");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f32(*self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wide = deserializer.deserialize_any(Float("f32"))?;
        let narrow = wide as Self;
        if wide.is_finite() && !narrow.is_finite() {
            return Err(D::Error::invalid_value(Unexpected::Float(wide), &"f32"));
        }
        Ok(narrow)
    }
}

struct Float(&'static str);

impl Visitor<'_> for Float {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }
}
