//! One finding, and the list of them that every stage adds to.
//!
//! Knows codes and spans. Knows neither sources nor any output format.

use std::collections::HashSet;

use super::codes::Code;
use crate::span::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the schema is still used.
    Warning,
    /// The schema is refused.
    Error,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be said there; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Its row in the table of codes.
    pub code: Code,
    /// One sentence that stands alone, without capital and full stop.
    pub message: String,
    /// The places: the first is where the fault is, the others explain it. Empty when there is no place.
    pub labels: Vec<Label>,
    /// What else helps, one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A finding without a place yet.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Adds a place: the first one is where the fault is, the next ones explain it.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// How bad it is: a property of the code.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Where the fault is.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map_or(Span::NONE, |label| label.span)
    }
}

impl std::fmt::Display for Diagnostic {
    /// `error[P0103]: unknown type …`, on one line, without its place.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]: {}", self.severity(), self.code, self.message)
    }
}

/// Everything found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    known: HashSet<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. The same finding at the same place is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.known.insert(diagnostic.clone()) {
            self.found.push(diagnostic);
        }
    }

    /// Whether a schema must not be made from what was read.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|one| one.severity() == Severity::Error)
    }

    /// How many errors and how many warnings.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let errors = self
            .found
            .iter()
            .filter(|one| one.severity() == Severity::Error)
            .count();
        (errors, self.found.len() - errors)
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// In the order of the places, those without one first.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// Puts them into the order a reader meets them: by file and place, what has no place first.
    pub fn sort(&mut self) {
        self.found.sort_by_key(|one| {
            let span = one.span();
            (span != Span::NONE, span.file, span.start, one.code)
        });
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        for one in iter {
            self.push(one);
        }
    }
}
