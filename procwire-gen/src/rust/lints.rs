//! The lints that generated items are spared, and nothing else of the user's crate is.

use proc_macro2::TokenStream;
use quote::quote;

/// Stands on every item: a parent uses one half of a module and a worker the other, a schema's prose is not rustdoc,
/// absolute paths are the point, and whoever reads a deprecated field here is not to be told so.
pub(crate) fn allow() -> TokenStream {
    quote!(#[allow(warnings, missing_docs, clippy::all, reason = "generated")])
}
