//! The macros of Procwire. Thin: what they read goes to the schema crate's checker, what they write comes from the
//! generator, and both are ordinary functions over `proc_macro2` that tests can call.
//!
//! Documented where users meet them, in the crate `procwire`.

mod agreement;
mod answer;
mod derive;
mod fallback;
mod include;
mod module;
mod report;
mod spelling;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// See `procwire::module`.
#[proc_macro_attribute]
pub fn module(attr: TokenStream, item: TokenStream) -> TokenStream {
    joined(module::expand(attr.into(), item.into()))
}

/// See `procwire::Type`.
#[proc_macro_derive(Type, attributes(default, len, pattern, range, table, unknown))]
pub fn derive_type(item: TokenStream) -> TokenStream {
    joined(derive::expand(item.into()))
}

/// See `procwire::include_schema`.
#[proc_macro]
pub fn include_schema(input: TokenStream) -> TokenStream {
    joined(include::expand(input.into()))
}

/// See `procwire::assert_schema`.
#[proc_macro]
pub fn assert_schema(input: TokenStream) -> TokenStream {
    joined(agreement::expand(input.into()))
}

/// Output first, then the errors, each at its own place.
fn joined((output, errors): (proc_macro2::TokenStream, proc_macro2::TokenStream)) -> TokenStream {
    quote::quote!(#output #errors).into()
}
