//! Places in Rust source: from `proc_macro2` spans to ours and back.
//!
//! In a file our spans are byte ranges. In a macro there is no text to point into: there our spans are places in a
//! table of the user's own tokens, so that an error lands on the token and not on the attribute.

use std::cell::RefCell;

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::span::Span;

/// The way from tokens to our spans.
#[derive(Debug)]
pub struct Spans {
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file, and how many bytes of it were cut off before it was parsed.
    File { file: u32, skipped: u32 },
    /// First and last token of everything that was asked for.
    Tokens(RefCell<Vec<(proc_macro2::Span, proc_macro2::Span)>>),
}

impl Spans {
    pub(crate) fn of_file(file: u32, skipped: usize) -> Self {
        Self {
            place: Place::File {
                file,
                skipped: skipped as u32,
            },
        }
    }

    pub(crate) fn of_tokens() -> Self {
        Self {
            place: Place::Tokens(RefCell::default()),
        }
    }

    /// Our span of some syntax.
    pub(crate) fn of(&self, syntax: &impl ToTokens) -> Span {
        let mut tokens = syntax.to_token_stream().into_iter();
        let Some(first) = tokens.next().map(|token| token.span()) else {
            return Span::NONE;
        };
        let last = tokens.last().map_or(first, |token| token.span());
        self.between(first, last)
    }

    /// Our span of a single token.
    pub(crate) fn at(&self, span: proc_macro2::Span) -> Span {
        self.between(span, span)
    }

    fn between(&self, first: proc_macro2::Span, last: proc_macro2::Span) -> Span {
        match &self.place {
            Place::File { file, skipped } => {
                let (start, end) = (first.byte_range().start, last.byte_range().end);
                Span::new(
                    *file,
                    start as u32 + skipped,
                    (end as u32 + skipped).max(start as u32 + skipped),
                )
            }
            Place::Tokens(table) => {
                let mut table = table.borrow_mut();
                table.push((first, last));
                let at = table.len() as u32 - 1;
                Span::new(0, at, at + 1)
            }
        }
    }

    /// The user's tokens at one of our spans; none in a file, and for [`Span::NONE`].
    #[must_use]
    pub fn tokens(&self, span: Span) -> Option<(proc_macro2::Span, proc_macro2::Span)> {
        match &self.place {
            Place::File { .. } => None,
            Place::Tokens(table) if span == Span::NONE => {
                let _ = table;
                None
            }
            Place::Tokens(table) => table.borrow().get(span.start as usize).copied(),
        }
    }

    /// Every error as a `compile_error!` on the user's own tokens. Warnings are left out: rustc gives a macro no
    /// way to say them.
    #[must_use]
    pub fn compile_errors(&self, found: &Diagnostics) -> TokenStream {
        found
            .iter()
            .filter(|one| one.severity() == Severity::Error)
            .flat_map(|one| self.compile_error(one))
            .collect()
    }

    fn compile_error(&self, one: &Diagnostic) -> TokenStream {
        let call_site = proc_macro2::Span::call_site();
        let (first, last) = self.tokens(one.span()).unwrap_or((call_site, call_site));
        let mut text = format!("{} [{}]", one.message, one.code);
        for (at, label) in one
            .labels
            .iter()
            .enumerate()
            .filter(|(_, label)| !label.text.is_empty())
        {
            let sign = if at == 0 { "\n" } else { "\nnote: " };
            text += &format!("{sign}{}", label.text);
        }
        for help in &one.help {
            text += &format!("\nhelp: {help}");
        }
        // Spans at both ends make rustc underline everything in between.
        let word = |text: &str| TokenTree::Ident(Ident::new(text, first));
        let sign = |sign: char, spacing| {
            let mut punct = Punct::new(sign, spacing);
            punct.set_span(first);
            TokenTree::Punct(punct)
        };
        let mut message = Literal::string(&text);
        message.set_span(last);
        let mut body = Group::new(
            Delimiter::Brace,
            TokenStream::from(TokenTree::Literal(message)),
        );
        body.set_span(last);
        [
            sign(':', Spacing::Joint),
            sign(':', Spacing::Alone),
            word("core"),
            sign(':', Spacing::Joint),
            sign(':', Spacing::Alone),
            word("compile_error"),
            sign('!', Spacing::Alone),
            TokenTree::Group(body),
        ]
        .into_iter()
        .collect()
    }
}
