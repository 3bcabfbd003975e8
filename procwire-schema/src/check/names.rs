//! Names: their shape, doubles, words of the target languages, and members that meet after a change of case.

use std::collections::HashMap;

use crate::check::keywords;
use crate::check::walk::{self, Of};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::name::{pascal, snake};
use crate::model::{Decl, DeclKind, Draft, Field, Module, Name};
use crate::span::Span;

pub(super) fn check(draft: &Draft, found: &mut Diagnostics) {
    for (_, decl) in walk::decls(draft) {
        judge_type(decl, found);
    }
    for list in walk::fields(draft) {
        judge_fields(&list.owner, list.of, list.fields, found);
    }
    if let Some(module) = &draft.module {
        judge_module(module, found);
    }
}

// ── shapes ───────────────────────────────────────────────────────────────────

/// Letters and digits, a capital first.
fn is_pascal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Small letters and digits in words with one `_` between two, a letter first.
fn is_snake(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('_').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

fn judge_snake(what: &str, name: &Name, found: &mut Diagnostics) {
    let text = &name.text;
    if text.starts_with('_') {
        found.push(
            Diagnostic::new(
                Code::ReservedKey,
                format!("{what} `{text}` starts with `_`"),
            )
            .at(name.span, "such names are the generator's own"),
        );
    } else if !is_snake(text) {
        let better = plain(&snake(text));
        let label = if is_snake(&better) {
            format!("write `{better}`")
        } else {
            "small letters and digits, words joined by one `_`, a letter first".to_owned()
        };
        found.push(
            Diagnostic::new(
                Code::NameShape,
                format!("{what} `{text}` is not snake_case"),
            )
            .at(name.span, label),
        );
    }
}

/// The letters and digits of a name, words joined by one `_`.
fn plain(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

fn judge_type(decl: &Decl, found: &mut Diagnostics) {
    let name = &decl.name;
    let kind = walk::kind(decl);
    if !is_pascal(&name.text) {
        let better = pascal(&plain(&name.text));
        let label = if is_pascal(&better) {
            format!("write `{better}`")
        } else {
            "letters and digits, a capital first".to_owned()
        };
        found.push(
            Diagnostic::new(
                Code::NameShape,
                format!("{kind} `{}` is not PascalCase", name.text),
            )
            .at(name.span, label),
        );
    }
    warn_keyword(kind, name, found);
    let members: Vec<&Name> = match &decl.kind {
        DeclKind::Enum(choice) => choice.values.iter().map(|value| &value.name).collect(),
        DeclKind::Union(union) => union.variants.iter().map(|variant| &variant.name).collect(),
        DeclKind::Newtype(_) | DeclKind::Struct(_) | DeclKind::Table(_) => return,
    };
    let (what, open) = match &decl.kind {
        DeclKind::Enum(choice) => ("value", choice.open),
        DeclKind::Union(union) => ("variant", union.open),
        _ => return,
    };
    for name in &members {
        judge_snake(what, name, found);
        if open && name.text == "unknown" {
            found.push(
                Diagnostic::new(
                    Code::GeneratedName,
                    format!("{what} `unknown` of an open {kind}"),
                )
                .at(
                    name.span,
                    "the arm for what is not known is called `Unknown`: take another name",
                ),
            );
        }
        if name.text == "self" {
            warn(what, name, "Rust", found);
        }
    }
    let owner = format!("{kind} `{}`", decl.name.text);
    judge_doubles(what, &owner, &members, found);
    judge_meeting(what, "Rust", &members, |name| name.pascal(), found);
}

fn judge_fields(owner: &str, of: Of, fields: &[Field], found: &mut Diagnostics) {
    let what = if of == Of::Table { "column" } else { "field" };
    let names: Vec<&Name> = fields.iter().map(|field| &field.name).collect();
    for name in &names {
        judge_snake(what, name, found);
        warn_keyword(what, name, found);
        if of == Of::Variant && name.text == "type" {
            found.push(
                Diagnostic::new(Code::TagField, format!("{owner} has a field `type`")).at(
                    name.span,
                    "on the wire `type` holds the name of the variant: take another name",
                ),
            );
        }
    }
    judge_doubles(what, owner, &names, found);
    judge_meeting(what, "TypeScript", &names, |name| name.camel(), found);
}

fn judge_module(module: &Module, found: &mut Diagnostics) {
    let name = &module.name;
    if !is_snake(&name.text) && name.span != Span::NONE {
        let better = plain(&snake(&name.text));
        let label = if is_snake(&better) {
            format!("write `{better}`")
        } else {
            "small letters and digits, a letter first".to_owned()
        };
        found.push(
            Diagnostic::new(
                Code::ModuleName,
                format!("module name `{}` is not snake_case", name.text),
            )
            .at(name.span, label),
        );
    }
    if keywords::PYTHON_MODULES.contains(&name.text.as_str())
        || keywords::PYTHON.contains(&name.text.as_str())
    {
        found.push(
            Diagnostic::new(
                Code::ReservedName,
                format!("a module cannot be called `{}`", name.text),
            )
            .at(
                name.span,
                format!(
                    "`{}.py` would stand in front of Python's own: take another name",
                    name.text
                ),
            ),
        );
    }
    let methods: Vec<&Name> = module.methods.iter().map(|method| &method.name).collect();
    let events: Vec<&Name> = module.events.iter().map(|event| &event.name).collect();
    for (what, names) in [("method", &methods), ("event", &events)] {
        for name in names {
            judge_snake(what, name, found);
            warn_keyword(what, name, found);
        }
        judge_doubles(
            what,
            &format!("module `{}`", module.name.text),
            names,
            found,
        );
        judge_meeting(what, "TypeScript", names, |name| name.camel(), found);
    }
    for name in methods {
        if keywords::TYPESCRIPT_METHODS.contains(&name.text.as_str()) {
            found.push(
                Diagnostic::new(Code::ReservedName, format!("a method cannot be called `{}`", name.text))
                    .at(name.span, "in TypeScript an object with such a member is something else: take another name"),
            );
        }
    }
}

// ── words of the targets ─────────────────────────────────────────────────────

fn warn_keyword(what: &str, name: &Name, found: &mut Diagnostics) {
    for (language, words) in [
        ("Python", keywords::PYTHON),
        ("Rust", keywords::RUST_NEVER_RAW),
    ] {
        if words.contains(&name.text.as_str()) && name.text != "_" {
            warn(what, name, language, found);
        }
    }
}

fn warn(what: &str, name: &Name, language: &str, found: &mut Diagnostics) {
    let text = &name.text;
    found.push(
        Diagnostic::new(
            Code::Keyword,
            format!("{what} `{text}` is a keyword in {language}; generated as `{text}_`"),
        )
        .at(name.span, "the name on the wire stays as it is"),
    );
}

// ── doubles and meetings ─────────────────────────────────────────────────────

fn judge_doubles(what: &str, owner: &str, names: &[&Name], found: &mut Diagnostics) {
    let mut first: HashMap<&str, Span> = HashMap::new();
    for name in names {
        if let Some(&span) = first.get(name.text.as_str()) {
            found.push(
                Diagnostic::new(
                    Code::Duplicate,
                    format!("{what} `{}` stands twice in {owner}", name.text),
                )
                .at(name.span, "again here")
                .at(span, "first here"),
            );
            continue;
        }
        first.insert(&name.text, name.span);
    }
}

/// Names that differ here and are spelled alike in a target language.
fn judge_meeting(
    what: &str,
    language: &str,
    names: &[&Name],
    spell: impl Fn(&Name) -> String,
    found: &mut Diagnostics,
) {
    let mut first: HashMap<String, &Name> = HashMap::new();
    for name in names {
        let spelled = spell(name);
        match first.get(&spelled) {
            Some(other) if other.text != name.text => found.push(
                Diagnostic::new(
                    Code::Collision,
                    format!(
                        "{what}s `{}` and `{}` are both `{spelled}` in {language}",
                        other.text, name.text
                    ),
                )
                .at(name.span, "rename this one")
                .at(other.span, "or this one"),
            ),
            Some(_) => {}
            None => {
                first.insert(spelled, name);
            }
        }
    }
}
