//! What a type must be able to do to travel between parent and worker.
//!
//! Owns the trait and the bridge to serde. The built-in types live beside it, declared ones in generated code.

use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::check::{At, Violations};
use crate::contract::Shape;

/// A type whose values can travel between parent and worker.
///
/// Derive it with `#[derive(procwire::Type)]`, or let a schema generate it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel between parent and worker",
    label = "not a type of the contract",
    note = "add #[derive(procwire::Type)] to `{Self}`"
)]
pub trait Type: Sized + Send + 'static {
    /// What it looks like on the wire.
    const SHAPE: &'static Shape;

    /// Writes the value.
    ///
    /// # Errors
    /// What the serializer reports.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a value. What the type says is enforced, except for constraints: those are [`check`](Self::check)ed.
    ///
    /// # Errors
    /// What the deserializer reports, with the path of the field in front.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Adds every constraint this value breaks to `found`. Called before sending and after reading.
    fn check(&self, at: &At<'_>, found: &mut Violations) {
        let _ = (at, found);
    }

    /// A sentence for people, of a value that is raised as an error.
    #[doc(hidden)]
    #[must_use]
    fn sentence(&self) -> String {
        "the worker raised an error".to_owned()
    }

    /// What an absent field of this type means; none when it must be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// The bytes themselves, for the type whose payload may travel raw.
    #[doc(hidden)]
    #[must_use]
    fn as_raw(&self) -> Option<&Bytes> {
        None
    }

    /// The value of a payload that travelled raw.
    #[doc(hidden)]
    #[must_use]
    fn from_raw(bytes: Bytes) -> Option<Self> {
        let _ = bytes;
        None
    }
}

/// The shape of a type, as a function that fits a descriptor.
#[must_use]
pub const fn shape<T: Type>() -> &'static Shape {
    T::SHAPE
}

/// A [`Type`] for serde, by value: what is read.
#[derive(Clone, Copy, Debug)]
pub struct As<T>(pub T);

impl<'de, T: Type> Deserialize<'de> for As<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

impl<T: Type> Serialize for As<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A [`Type`] for serde, by reference: what is written.
#[derive(Clone, Copy, Debug)]
pub struct AsRef<'a, T>(pub &'a T);

impl<T: Type> Serialize for AsRef<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// The error of a method that declares none: it has no values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl Type for Never {
    const SHAPE: &'static Shape = &Shape::builtin("never");

    fn write<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }

    fn read<'de, D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("this method declares no errors"))
    }
}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl From<Infallible> for Never {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// No value: nil on the wire. Reading takes whatever comes, since no one looks at it.
impl Type for () {
    const SHAPE: &'static Shape = &Shape::builtin("nil");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| ())
    }

    fn absent() -> Option<Self> {
        Some(())
    }

    fn from_raw(_: Bytes) -> Option<Self> {
        Some(())
    }
}

impl<T: Type> Type for Box<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).write(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self::new)
    }

    fn check(&self, at: &At<'_>, found: &mut Violations) {
        (**self).check(at, found);
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }
}
