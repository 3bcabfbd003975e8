//! TOML as a plain tree: every key and value with its span, its `##` comments, and in the order written.
//!
//! The only file that knows `toml_edit`. It judges nothing: what a key means is for the files that walk the tree.

use toml_edit::{Decor, Document, Item, Key, RawString, TableLike, Value as TomlValue};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::span::Span;

/// A value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// The kinds of value.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Text; `verbatim` when it stands in the source without escapes, right behind one quotation mark.
    String {
        text: String,
        verbatim: bool,
    },
    Int(i64),
    Float(f64),
    Bool(bool),
    Datetime(String),
    List(Vec<Element>),
    Table(Vec<Entry>),
}

/// A key, its value, and what was written above it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) docs: Vec<String>,
    pub(crate) node: Node,
}

/// An element of a list.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) docs: Vec<String>,
    pub(crate) node: Node,
}

impl Node {
    /// What to call it in a message.
    pub(crate) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::String { .. } => "a string",
            Kind::Int(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Bool(_) => "a truth value",
            Kind::Datetime(_) => "a date",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }

    /// The bytes `start..end` of a string, as a place in the source.
    pub(crate) fn inside(&self, start: usize, end: usize) -> Span {
        match self.kind {
            Kind::String { verbatim: true, .. } => {
                let first = self.span.start + 1;
                Span::new(self.span.file, first + start as u32, first + end as u32)
            }
            _ => self.span,
        }
    }
}

/// Reads one file. What is not TOML is one diagnostic and an empty tree.
pub(crate) fn parse(file: u32, text: &str, found: &mut Diagnostics) -> Vec<Entry> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let range = error.span().unwrap_or(0..0);
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            let end = range.end.max(range.start + 1).min(text.len());
            let span = Span::new(file, range.start.min(end) as u32, end as u32);
            found.push(Diagnostic::new(Code::SyntaxToml, "not valid TOML").at(span, message));
            return Vec::new();
        }
    };
    let mut reader = Reader { file, text, found };
    let entries = reader.table(document.as_table());
    if let Some(range) = document.trailing().span() {
        reader.lost(range.start, range.end);
    }
    entries
}

struct Reader<'a> {
    file: u32,
    text: &'a str,
    found: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike) -> Vec<Entry> {
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        keys.iter()
            .filter_map(|key| table.get_key_value(key))
            .filter_map(|(key, item)| self.entry(key, item))
            .collect()
    }

    fn entry(&mut self, key: &Key, item: &Item) -> Option<Entry> {
        let span = self.span(key.span());
        let mut docs = self.docs(key.leaf_decor());
        let node = match item {
            Item::None => return None,
            Item::Value(value) => self.value(value),
            Item::Table(table) => {
                if !table.is_implicit() && !table.is_dotted() {
                    docs = self.docs(table.decor());
                }
                Node {
                    span: self.header(table.span(), span),
                    kind: Kind::Table(self.table(table)),
                }
            }
            Item::ArrayOfTables(tables) => Node {
                span,
                kind: Kind::List(
                    tables
                        .iter()
                        .map(|table| Element {
                            docs: self.docs(table.decor()),
                            node: Node {
                                span: self.header(table.span(), span),
                                kind: Kind::Table(self.table(table)),
                            },
                        })
                        .collect(),
                ),
            },
        };
        Some(Entry {
            key: key.get().to_owned(),
            span,
            docs,
            node,
        })
    }

    fn value(&mut self, value: &TomlValue) -> Node {
        let span = self.span(value.span());
        let kind = match value {
            TomlValue::String(text) => Kind::String {
                verbatim: self.is_verbatim(span, text.value()),
                text: text.value().clone(),
            },
            TomlValue::Integer(number) => Kind::Int(*number.value()),
            TomlValue::Float(number) => Kind::Float(*number.value()),
            TomlValue::Boolean(truth) => Kind::Bool(*truth.value()),
            TomlValue::Datetime(date) => Kind::Datetime(date.value().to_string()),
            TomlValue::Array(array) => Kind::List(
                array
                    .iter()
                    .map(|value| Element {
                        docs: self.docs(value.decor()),
                        node: self.value(value),
                    })
                    .collect(),
            ),
            TomlValue::InlineTable(table) => {
                self.judge_lines(span);
                Kind::Table(self.table(table))
            }
        };
        Node { span, kind }
    }

    /// An inline table over several lines is TOML 1.1, which few tools know. A list inside it may have several.
    fn judge_lines(&mut self, span: Span) {
        let Some(text) = self.text.get(span.start as usize..span.end as usize) else {
            return;
        };
        let first = text.lines().next().unwrap_or_default();
        if text.contains('\n')
            && !first.contains('[')
            && !first.contains("\"\"\"")
            && !first.contains("'''")
        {
            self.found.push(
                Diagnostic::new(Code::InlineTableLines, "inline table over several lines").at(
                    Span::new(self.file, span.start, span.start + 1),
                    "TOML 1.0 readers refuse this: use a table header instead",
                ),
            );
        }
    }

    fn is_verbatim(&self, span: Span, text: &str) -> bool {
        self.text
            .get(span.start as usize + 1..(span.end as usize).saturating_sub(1))
            == Some(text)
    }

    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        range.map_or(Span::NONE, |range| {
            Span::new(self.file, range.start as u32, range.end as u32)
        })
    }

    /// The header of a table; its key where it has none of its own.
    fn header(&self, range: Option<std::ops::Range<usize>>, key: Span) -> Span {
        let Some(range) = range else { return key };
        let line = self
            .text
            .get(range.clone())
            .map_or(0, |text| text.find(']').map_or(0, |at| at + 1));
        let end = if line == 0 {
            range.end
        } else {
            range.start + line
        };
        Span::new(self.file, range.start as u32, end as u32)
    }

    /// The `##` lines right above an item.
    fn docs(&mut self, decor: &Decor) -> Vec<String> {
        let Some(range) = decor.prefix().and_then(RawString::span) else {
            return Vec::new();
        };
        let Some(prefix) = self.text.get(range.clone()) else {
            return Vec::new();
        };
        // What follows an item on its own line belongs to that item and documents nothing.
        let own_line = range.start == 0 || self.text.as_bytes()[range.start - 1] == b'\n';
        let mut lines = prefix.split('\n');
        if !own_line && let Some(tail) = lines.next() {
            self.lost(range.start, range.start + tail.len());
        }
        lines
            .filter_map(|line| doc_line(line).map(str::to_owned))
            .collect()
    }

    fn lost(&mut self, start: usize, end: usize) {
        let mut at = start;
        for line in self.text.get(start..end).unwrap_or_default().split('\n') {
            if doc_line(line).is_some() {
                let first = at + line.len() - line.trim_start().len();
                let span = Span::new(self.file, first as u32, (at + line.trim_end().len()) as u32);
                self.found.push(
                    Diagnostic::new(Code::LostDocs, "this `##` comment documents nothing")
                        .at(span, "put it above the item it is about, or write `#`"),
                );
            }
            at += line.len() + 1;
        }
    }
}

/// `## text` as `text`. Three and more signs are an ordinary comment, as `////` is in Rust.
fn doc_line(line: &str) -> Option<&str> {
    let text = line.trim().strip_prefix("##")?;
    if text.starts_with('#') {
        return None;
    }
    Some(text.strip_prefix(' ').unwrap_or(text))
}
