//! Reading a table key by key: what is known, what is missing, what is of the wrong kind.

use crate::diagnostic::suggest::closest;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::span::Span;
use crate::text::tree::{Entry, Kind, Node};

/// A table whose keys are fixed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys<'a> {
    entries: &'a [Entry],
    span: Span,
}

impl<'a> Keys<'a> {
    /// The table in `node`, which is called `what` in messages; keys not in `known` are reported.
    pub(crate) fn of(
        node: &'a Node,
        what: &str,
        known: &[&str],
        found: &mut Diagnostics,
    ) -> Option<Self> {
        let Kind::Table(entries) = &node.kind else {
            wrong(node, &format!("{what} is a table"), found);
            return None;
        };
        judge(entries, what, known, found);
        lost_docs(entries, found);
        Some(Self {
            entries,
            span: node.span,
        })
    }

    /// The entry of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The entry of a key that must be there.
    pub(crate) fn require(
        &self,
        key: &str,
        what: &str,
        label: &str,
        found: &mut Diagnostics,
    ) -> Option<&'a Entry> {
        let entry = self.get(key);
        if entry.is_none() {
            found.push(
                Diagnostic::new(Code::MissingKey, format!("{what} has no `{key}`"))
                    .at(self.span, label),
            );
        }
        entry
    }
}

/// Reports `##` comments above keys that are settings and no items of their own.
pub(crate) fn lost_docs(settings: &[Entry], found: &mut Diagnostics) {
    for entry in settings.iter().filter(|entry| !entry.docs.is_empty()) {
        found.push(
            Diagnostic::new(
                Code::LostDocs,
                format!("the `##` comment above `{}` documents nothing", entry.key),
            )
            .at(
                entry.span,
                "a setting has no docs: move the comment above the item, or write `#`",
            ),
        );
    }
}

/// Reports every key that is not `known`.
pub(crate) fn judge(entries: &[Entry], what: &str, known: &[&str], found: &mut Diagnostics) {
    for entry in entries
        .iter()
        .filter(|entry| !known.contains(&entry.key.as_str()))
    {
        let meant = closest(&entry.key, known.iter().copied())
            .or_else(|| habit(&entry.key).filter(|key| known.contains(key)));
        let label = meant.map_or_else(
            || format!("known here: {}", list(known)),
            |name| format!("did you mean `{name}`?"),
        );
        found.push(
            Diagnostic::new(
                Code::UnknownKey,
                format!("{what} has no key `{}`", entry.key),
            )
            .at(entry.span, label),
        );
    }
}

/// The text of a string.
pub(crate) fn string<'a>(
    node: &'a Node,
    expected: &str,
    found: &mut Diagnostics,
) -> Option<&'a str> {
    match &node.kind {
        Kind::String { text, .. } => Some(text),
        _ => {
            wrong(node, expected, found);
            None
        }
    }
}

/// A truth value.
pub(crate) fn truth(node: &Node, expected: &str, found: &mut Diagnostics) -> Option<bool> {
    match node.kind {
        Kind::Bool(truth) => Some(truth),
        _ => {
            wrong(node, expected, found);
            None
        }
    }
}

/// A whole number from 0 on that fits `u32`.
pub(crate) fn whole(node: &Node, expected: &str, found: &mut Diagnostics) -> Option<u32> {
    if let Kind::Int(number) = node.kind
        && let Ok(number) = u32::try_from(number)
    {
        return Some(number);
    }
    wrong(node, expected, found);
    None
}

/// A string that `read` understands; its complaint gets `code`.
pub(crate) fn spelled<T>(
    node: &Node,
    code: Code,
    expected: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
    found: &mut Diagnostics,
) -> Option<T> {
    let text = string(node, expected, found)?;
    match read(text) {
        Ok(value) => Some(value),
        Err(label) => {
            found.push(
                Diagnostic::new(code, format!("\"{text}\": {}", code.title()))
                    .at(node.inside(0, text.len()), label),
            );
            None
        }
    }
}

/// Reports a value of the wrong kind.
pub(crate) fn wrong(node: &Node, expected: &str, found: &mut Diagnostics) {
    found.push(
        Diagnostic::new(
            Code::WrongValue,
            format!("{} is not what belongs here", node.describe()),
        )
        .at(node.span, expected),
    );
}

fn list(known: &[&str]) -> String {
    known
        .iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What people write who come from another language.
fn habit(key: &str) -> Option<&'static str> {
    Some(match key {
        "arguments" | "params" | "parameters" | "input" | "request" | "takes" => "args",
        "result" | "output" | "response" | "yields" => "returns",
        "raises" | "errors" | "error" => "throws",
        "notification" | "fire_and_forget" => "oneway",
        "data" | "fields" | "body" => "payload",
        "description" | "docs" | "comment" => "doc",
        "regex" => "pattern",
        "length" | "size" => "len",
        "min" | "max" | "minimum" | "maximum" => "range",
        "message" | "record" | "object" => "struct",
        "oneof" | "variant" | "error_type" => "union",
        "procedure" | "function" | "rpc" | "methods" => "method",
        _ => return None,
    })
}
