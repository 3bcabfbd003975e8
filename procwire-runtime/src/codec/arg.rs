//! What a caller may write where an argument of type `T` is asked for.

use bytes::Bytes;

/// A value that becomes an argument of type `T`: a `T`, a `&T` that can be cloned, a `&str` for a `String`,
/// and byte vectors or slices for `Bytes`.
#[diagnostic::on_unimplemented(
    message = "the argument must be `{T}`, not `{Self}`",
    label = "expected `{T}`",
    note = "pass a `{T}`, a reference to one, or what converts without loss (`&str` for `String`, `Vec<u8>` or `&[u8]` for `Bytes`)"
)]
pub trait IntoArg<T> {
    /// The argument.
    fn into_arg(self) -> T;
}

impl<T> IntoArg<T> for T {
    fn into_arg(self) -> T {
        self
    }
}

impl<T: Clone> IntoArg<T> for &T {
    fn into_arg(self) -> T {
        self.clone()
    }
}

/// An optional argument takes the bare value as well as an `Option`.
impl<T> IntoArg<Option<T>> for T {
    fn into_arg(self) -> Option<T> {
        Some(self)
    }
}

impl<T: Clone> IntoArg<Option<T>> for &T {
    fn into_arg(self) -> Option<T> {
        Some(self.clone())
    }
}

impl IntoArg<Option<String>> for &str {
    fn into_arg(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoArg<Option<Bytes>> for Vec<u8> {
    fn into_arg(self) -> Option<Bytes> {
        Some(self.into())
    }
}

impl IntoArg<Option<Bytes>> for &[u8] {
    fn into_arg(self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self))
    }
}

impl IntoArg<String> for &str {
    fn into_arg(self) -> String {
        self.to_owned()
    }
}

impl IntoArg<Bytes> for Vec<u8> {
    fn into_arg(self) -> Bytes {
        self.into()
    }
}

impl IntoArg<Bytes> for &[u8] {
    fn into_arg(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl<const N: usize> IntoArg<Bytes> for &[u8; N] {
    fn into_arg(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}
