//! Diagnostics of the checker as errors of the compiler.

use proc_macro2::{Span, TokenStream};
use procwire_schema::diagnostic::render::{Color, diagnostic};
use procwire_schema::{Diagnostic, Severity, Sources};
use syn::Error;

/// Each error as text with its own excerpt, for a file that the compiler does not know. A macro cannot warn.
pub(crate) fn at_call<'a>(
    found: impl Iterator<Item = &'a Diagnostic>,
    sources: &Sources,
    span: Span,
) -> TokenStream {
    found
        .filter(|one| one.severity() == Severity::Error)
        .map(|one| {
            let text = diagnostic(one, sources, Color::Never);
            // The compiler says "error" itself.
            Error::new(span, text.strip_prefix("error").unwrap_or(&text)).to_compile_error()
        })
        .collect()
}
