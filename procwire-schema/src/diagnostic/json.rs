//! Diagnostics for programs: one JSON object each.

use serde_json::{Value, json};

use super::report::{Diagnostic, Diagnostics};
use super::source::Sources;

/// One finding as an object with `severity`, `code`, `title`, `message`, `labels` (`file`, `line`, `column`,
/// `end_line`, `end_column`, `start`, `end`, `text`, `primary`) and `help`. Lines and columns count from 1, `start` and `end` are bytes.
#[must_use]
pub fn diagnostic(one: &Diagnostic, sources: &Sources) -> Value {
    let labels: Vec<Value> = one
        .labels
        .iter()
        .enumerate()
        .filter_map(|(at, label)| {
            let (source, start, end) = sources.locate(label.span)?;
            Some(json!({
                "file": source.name,
                "line": start.line,
                "column": start.column,
                "end_line": end.line,
                "end_column": end.column,
                "start": label.span.start,
                "end": label.span.end,
                "text": label.text,
                "primary": at == 0,
            }))
        })
        .collect();
    json!({
        "severity": one.severity().to_string(),
        "code": one.code.id(),
        "title": one.code.title(),
        "message": one.message,
        "labels": labels,
        "help": one.help,
    })
}

/// All of them, one object per line.
#[must_use]
pub fn lines(all: &Diagnostics, sources: &Sources) -> String {
    all.iter()
        .map(|one| format!("{}\n", diagnostic(one, sources)))
        .collect()
}
