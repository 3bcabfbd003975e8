//! Diagnostics for people: the way rustc draws them, with the lines they are about.
//!
//! Lays out, and decides nothing: which places and words there are is in the [`Diagnostic`].

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::report::{Diagnostic, Diagnostics, Severity};
use super::source::Sources;

/// Whether the text has ANSI colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// ANSI escape sequences.
    Always,
}

/// Draws one finding, without a newline at its end.
#[must_use]
pub fn diagnostic(one: &Diagnostic, sources: &Sources, color: Color) -> String {
    let level = match one.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level
        .primary_title(one.message.as_str())
        .id(one.code.id())
        .elements(Vec::<Snippet<'_, annotate_snippets::Annotation<'_>>>::new());
    // One excerpt per file, in the order of the labels; the first label is the fault.
    let mut files: Vec<u32> = Vec::new();
    for label in &one.labels {
        if sources.get(label.span.file).is_some() && !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    for file in files {
        let Some(source) = sources.get(file) else {
            continue;
        };
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
        for (at, label) in one.labels.iter().enumerate() {
            if label.span.file != file {
                continue;
            }
            let kind = if at == 0 {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let range = in_text(&source.text, label.span.start, label.span.end);
            let mut annotation = kind.span(range);
            if !label.text.is_empty() {
                annotation = annotation.label(label.text.as_str());
            }
            snippet = snippet.annotation(annotation);
        }
        group = group.element(snippet);
    }
    for help in &one.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    renderer.render(&[group] as &[Group<'_>])
}

/// Draws all of them, a blank line between two, and a last line that counts.
///
/// ```
/// use procwire_schema::diagnostic::render::{Color, all};
///
/// let reading = procwire_schema::read_text("a.toml", "procwire = 2");
/// let drawn = all(&reading.diagnostics, &reading.sources, Color::Never);
/// assert!(drawn.starts_with("error[P0006]: unknown language version 2"));
/// assert!(drawn.ends_with("1 error\n"));
/// ```
#[must_use]
pub fn all(found: &Diagnostics, sources: &Sources, color: Color) -> String {
    let mut out = String::new();
    for one in found.iter() {
        out += &diagnostic(one, sources, color);
        out += "\n\n";
    }
    out + &summary(found)
}

/// `2 errors, 1 warning`, with a newline; empty when there is nothing to count.
#[must_use]
pub fn summary(found: &Diagnostics) -> String {
    let (errors, warnings) = found.count();
    let count = |number: usize, word: &str| {
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{number} {word}{plural}"))
    };
    let parts: Vec<String> = [count(errors, "error"), count(warnings, "warning")]
        .into_iter()
        .flatten()
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    parts.join(", ") + "\n"
}

/// The span as a range that the text can be cut at, whatever it was.
fn in_text(text: &str, start: u32, end: u32) -> std::ops::Range<usize> {
    let floor = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(start);
    start..floor(end).max(start)
}
