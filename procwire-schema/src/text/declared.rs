//! Declared types: `[newtype]`, `[enum]`, `[struct.Name]`, `[union.Name]`, `[table.Name]`.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{
    Decl, DeclKind, Enum, EnumValue, Name, Newtype, Record, TypeName, Union, Variant, VariantBody,
};
use crate::text::field;
use crate::text::keys;
use crate::text::tree::{Entry, Kind, Node};
use crate::text::types::{self, Names};

/// The sections that declare types.
pub(crate) const SECTIONS: &[&str] = &["newtype", "enum", "struct", "union", "table"];

/// Declares every type of a file, in the order written.
pub(crate) fn read(file: &[Entry], names: &mut Names<'_>, found: &mut Diagnostics) {
    let written = in_order(file, found);
    // Names first, so that the order of declarations does not depend on who mentions whom.
    for (_, entry) in &written {
        names.decls.intern(&full_name(names.own.as_ref(), entry));
    }
    for (section, entry) in written {
        let name = full_name(names.own.as_ref(), entry);
        let Some(kind) = kind(section, entry, names, found) else {
            names.broken.push(names.decls.intern(&name));
            continue;
        };
        let decl = Decl {
            name: Name::new(entry.key.as_str(), entry.span),
            docs: match section {
                // A struct may have a field called `doc`: only comments document it.
                "struct" | "union" | "table" => entry.docs.clone(),
                _ => field::docs(entry),
            },
            kind,
        };
        if let Err(index) = names.decls.declare(&name, decl) {
            let mut diagnostic = Diagnostic::new(
                Code::Duplicate,
                format!("type `{}` is declared twice", entry.key),
            )
            .at(entry.span, "declared again here");
            if let Some(first) = names.decls.get(index) {
                diagnostic = diagnostic.at(first.name.span, "first declared here");
            }
            found.push(diagnostic);
        }
    }
}

fn full_name(own: Option<&String>, entry: &Entry) -> TypeName {
    TypeName {
        alias: own.cloned(),
        ident: entry.key.clone(),
    }
}

fn in_order<'a>(file: &'a [Entry], found: &mut Diagnostics) -> Vec<(&'a str, &'a Entry)> {
    let mut written = Vec::new();
    for section in file
        .iter()
        .filter(|entry| SECTIONS.contains(&entry.key.as_str()))
    {
        let Kind::Table(entries) = &section.node.kind else {
            keys::wrong(
                &section.node,
                &format!("`{0}` holds declarations: [{0}.Name]", section.key),
                found,
            );
            continue;
        };
        written.extend(entries.iter().map(|entry| (section.key.as_str(), entry)));
    }
    written.sort_by_key(|(_, entry)| entry.span.start);
    written
}

fn kind(
    section: &str,
    entry: &Entry,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<DeclKind> {
    let what = format!("{section} `{}`", entry.key);
    Some(match section {
        "newtype" => {
            let form = field::long_form(
                &entry.node,
                &what,
                &["type", "range", "len", "pattern"],
                names,
                found,
            )?;
            DeclKind::Newtype(Newtype {
                ty: form.ty,
                constraints: form.constraints,
            })
        }
        "enum" => DeclKind::Enum(read_enum(&entry.node, found)?),
        "union" => DeclKind::Union(read_union(&entry.node, &what, names, found)?),
        "table" => DeclKind::Table(Record {
            fields: field::read_all(&entry.node, &what, names, found),
        }),
        _ => DeclKind::Struct(Record {
            fields: field::read_all(&entry.node, &what, names, found),
        }),
    })
}

fn read_enum(node: &Node, found: &mut Diagnostics) -> Option<Enum> {
    let Kind::List(elements) = &node.kind else {
        keys::wrong(
            node,
            "an enum is a list of its values: [\"a\", \"b\"]",
            found,
        );
        return None;
    };
    let mut values = Vec::new();
    let mut open = false;
    for (at, element) in elements.iter().enumerate() {
        let Some(text) = keys::string(&element.node, "a value of an enum is a string", found)
        else {
            continue;
        };
        if text == "..." {
            open = true;
            judge_open(at + 1 == elements.len(), element.node.span, found);
            continue;
        }
        values.push(EnumValue {
            name: Name::new(text, element.node.inside(0, text.len())),
            docs: element.docs.clone(),
        });
    }
    Some(Enum { values, open })
}

fn read_union(
    node: &Node,
    what: &str,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<Union> {
    let Kind::Table(entries) = &node.kind else {
        keys::wrong(
            node,
            "a union is a table of its variants: name = { field = \"type\" }",
            found,
        );
        return None;
    };
    let mut variants = Vec::new();
    let mut open = false;
    for (at, entry) in entries.iter().enumerate() {
        if entry.key == "..." {
            open = true;
            let bare = matches!(&entry.node.kind, Kind::Table(fields) if fields.is_empty());
            if !bare {
                found.push(
                    Diagnostic::new(Code::OpenMarker, "`...` carries nothing")
                        .at(entry.node.span, "write \"...\" = {}"),
                );
            }
            judge_open(at + 1 == entries.len(), entry.span, found);
            continue;
        }
        let body = match &entry.node.kind {
            Kind::String { .. } => types::read(&entry.node, names, found).map(VariantBody::Struct),
            _ => Some(VariantBody::Fields(field::read_all(
                &entry.node,
                &format!("variant `{}` of {what}", entry.key),
                names,
                found,
            ))),
        };
        variants.extend(body.map(|body| Variant {
            name: Name::new(entry.key.as_str(), entry.span),
            docs: entry.docs.clone(),
            body,
        }));
    }
    Some(Union { variants, open })
}

fn judge_open(last: bool, span: crate::span::Span, found: &mut Diagnostics) {
    if !last {
        found.push(
            Diagnostic::new(Code::OpenMarker, "`...` is not last").at(span, "move it to the end"),
        );
    }
}
