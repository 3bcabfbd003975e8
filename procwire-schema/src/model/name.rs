//! Names as written, and their spellings.

use crate::span::Span;

/// A name as it stands in the schema and on the wire, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The text: snake_case for fields, methods, events, enum values and variants; PascalCase for types.
    pub text: String,
    /// Where it was written.
    pub span: Span,
}

impl Name {
    /// A name with its place.
    #[must_use]
    pub fn new(text: impl Into<String>, span: Span) -> Self {
        Self {
            text: text.into(),
            span,
        }
    }

    /// `document_id` as `DocumentId`; a PascalCase name stays as it is.
    #[must_use]
    pub fn pascal(&self) -> String {
        pascal(&self.text)
    }

    /// `document_id` as `documentId`.
    #[must_use]
    pub fn camel(&self) -> String {
        camel(&self.text)
    }

    /// `DocumentId` as `document_id`; a snake_case name stays as it is.
    #[must_use]
    pub fn snake(&self) -> String {
        snake(&self.text)
    }

    /// `not_found` as `NOT_FOUND`.
    #[must_use]
    pub fn screaming(&self) -> String {
        snake(&self.text).to_uppercase()
    }
}

/// `not_found` and `NotFound` as `NotFound`.
#[must_use]
pub fn pascal(text: &str) -> String {
    text.split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(chars).collect()
            })
        })
        .collect()
}

/// `not_found` as `notFound`.
#[must_use]
pub fn camel(text: &str) -> String {
    let pascal = pascal(text);
    let mut chars = pascal.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

/// `NotFound` and `not_found` as `not_found`; `HTTPError` as `http_error`.
#[must_use]
pub fn snake(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let starts_word = c.is_uppercase()
            && i > 0
            && chars[i - 1] != '_'
            && (!chars[i - 1].is_uppercase()
                || chars.get(i + 1).is_some_and(|next| next.is_lowercase()));
        if starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
