//! Fields: `name = "type"`, or `name = { type = …, default = …, range = … }`. One grammar wherever fields stand.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Constraints, Default, Field, Name, TypeExpr, Value, literal};
use crate::text::keys::{self, Keys};
use crate::text::tree::{Entry, Kind, Node};
use crate::text::types::{self, Names};

const KEYS: &[&str] = &["type", "default", "range", "len", "pattern", "deprecated"];

/// The fields of a table.
pub(crate) fn read_all(
    node: &Node,
    what: &str,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Vec<Field> {
    let Kind::Table(entries) = &node.kind else {
        keys::wrong(
            node,
            &format!("{what} is a table of fields: {{ name = \"type\" }}"),
            found,
        );
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|entry| read(entry, names, found))
        .collect()
}

fn read(entry: &Entry, names: &mut Names<'_>, found: &mut Diagnostics) -> Option<Field> {
    let long = long_form(
        &entry.node,
        &format!("field `{}`", entry.key),
        KEYS,
        names,
        found,
    )?;
    Some(Field {
        name: Name::new(entry.key.as_str(), entry.span),
        docs: docs(entry),
        ty: long.ty,
        default: long.default,
        constraints: long.constraints,
        deprecated: long.deprecated,
    })
}

/// What both forms of a field, and of a newtype, say.
pub(crate) struct LongForm {
    pub(crate) ty: TypeExpr,
    pub(crate) default: Option<Default>,
    pub(crate) constraints: Constraints,
    pub(crate) deprecated: Option<String>,
}

/// Reads `"type"` or `{ type = "type", … }` with the given keys.
pub(crate) fn long_form(
    node: &Node,
    what: &str,
    known: &[&str],
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<LongForm> {
    if matches!(node.kind, Kind::String { .. }) {
        return Some(LongForm {
            ty: types::read(node, names, found)?,
            default: None,
            constraints: Constraints::default(),
            deprecated: None,
        });
    }
    if !matches!(node.kind, Kind::Table(_)) {
        keys::wrong(
            node,
            "write a type, or a table: { type = \"u32\", default = 1 }",
            found,
        );
        return None;
    }
    let mut known = known.to_vec();
    known.push("doc");
    let table = Keys::of(node, what, &known, found)?;
    let constraints = Constraints {
        range: table.get("range").and_then(|entry| {
            let span = entry.node.span;
            keys::spelled(
                &entry.node,
                Code::RangeSyntax,
                "a range is a string: \"1..=10\"",
                |text| literal::range(text, span),
                found,
            )
        }),
        len: table.get("len").and_then(|entry| {
            let span = entry.node.span;
            keys::spelled(
                &entry.node,
                Code::LenSyntax,
                "a length is a string: \"1..=500\"",
                |text| literal::len(text, span),
                found,
            )
        }),
        pattern: table.get("pattern").and_then(|entry| {
            keys::string(&entry.node, "a pattern is a string: \"^[a-z]+$\"", found)
                .map(|text| (text.to_owned(), entry.node.inside(0, text.len())))
        }),
    };
    let default = table
        .get("default")
        .filter(|_| known.contains(&"default"))
        .map(|entry| Default {
            value: value(&entry.node),
            span: entry.node.span,
        });
    let deprecated = deprecated(table, found);
    let ty = table.require("type", what, "add type = \"…\"", found)?;
    Some(LongForm {
        ty: types::read(&ty.node, names, found)?,
        default,
        constraints,
        deprecated,
    })
}

/// `deprecated = "use labels.author"`
pub(crate) fn deprecated(table: Keys<'_>, found: &mut Diagnostics) -> Option<String> {
    let entry = table.get("deprecated")?;
    match &entry.node.kind {
        Kind::String { text, .. } if !text.trim().is_empty() => Some(text.clone()),
        _ => {
            found.push(
                Diagnostic::new(Code::Deprecated, "`deprecated` needs a reason").at(
                    entry.node.span,
                    "say what to use instead: deprecated = \"use … instead\"",
                ),
            );
            None
        }
    }
}

/// The docs of an entry: the `##` lines above it, or `doc = "…"`.
pub(crate) fn docs(entry: &Entry) -> Vec<String> {
    if !entry.docs.is_empty() {
        return entry.docs.clone();
    }
    let Kind::Table(entries) = &entry.node.kind else {
        return Vec::new();
    };
    match entries
        .iter()
        .find(|entry| entry.key == "doc")
        .map(|entry| &entry.node.kind)
    {
        Some(Kind::String { text, .. }) => text.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A literal as it stands; whether it fits is the checker's question.
fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::String { text, .. } => Value::String(text.clone()),
        Kind::Int(number) => Value::Int(i128::from(*number)),
        Kind::Float(number) => Value::Float(*number),
        Kind::Bool(truth) => Value::Bool(*truth),
        Kind::Datetime(date) => Value::String(date.clone()),
        Kind::List(elements) => Value::List(
            elements
                .iter()
                .map(|element| value(&element.node))
                .collect(),
        ),
        Kind::Table(entries) => Value::Map(
            entries
                .iter()
                .map(|entry| (entry.key.clone(), value(&entry.node)))
                .collect(),
        ),
    }
}
