//! Names of types: declared ones against each other where a language has no namespaces, and against those that are
//! generated beside them.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::name::pascal;
use crate::model::{Args, Decl, Draft, Module};
use crate::span::Span;

/// A type that is generated beside the user's: its name, the languages that have it, why, and where from.
struct Generated {
    name: String,
    languages: &'static str,
    why: String,
    span: Span,
}

fn generated(module: &Module) -> Vec<Generated> {
    let base = module.name.pascal();
    let mut out = Vec::new();
    let mut add = |name: String, languages, why: &str, span| {
        out.push(Generated {
            name,
            languages,
            why: why.to_owned(),
            span,
        });
    };
    let of_module = format!("made for module `{}`", module.name.text);
    for (suffix, languages) in [
        ("", "Rust"),
        ("Client", "Rust"),
        ("Script", "Rust"),
        ("EventStreams", "Rust"),
        ("Dispatch", "Rust"),
        ("Worker", "Rust and Python"),
        ("Events", "every language"),
        ("Handlers", "Python and TypeScript"),
    ] {
        add(
            format!("{base}{suffix}"),
            languages,
            &of_module,
            module.name.span,
        );
    }
    for method in &module.methods {
        let pascal = method.name.pascal();
        let why = format!("made for method `{}`", method.name.text);
        add(
            format!("{base}{pascal}Call"),
            "Rust",
            &why,
            method.name.span,
        );
        if matches!(&method.args, Args::Fields(fields) if !fields.is_empty()) {
            add(
                format!("{pascal}Args"),
                "Python and TypeScript",
                &why,
                method.name.span,
            );
            add(
                format!("{base}{pascal}Args"),
                "Rust",
                &why,
                method.name.span,
            );
        }
    }
    for event in &module.events {
        if matches!(&event.payload, Args::Fields(fields) if !fields.is_empty()) {
            let pascal = event.name.pascal();
            let why = format!("made for event `{}`", event.name.text);
            add(
                format!("{pascal}Event"),
                "Python and TypeScript",
                &why,
                event.name.span,
            );
            add(
                format!("{base}{pascal}Event"),
                "Rust",
                &why,
                event.name.span,
            );
        }
    }
    out
}

pub(super) fn check(draft: &Draft, found: &mut Diagnostics) {
    // Where there are no namespaces, `geo.Rect` is `GeoRect`.
    let mut flat: HashMap<String, (&Decl, String)> = HashMap::new();
    for (_, entry) in draft.decls.iter() {
        let Some(decl) = &entry.decl else { continue };
        let alias = entry.name.alias.as_deref().map(pascal).unwrap_or_default();
        let name = format!("{alias}{}", entry.name.ident);
        if let Some((other, written)) = flat.get(&name) {
            found.push(
                Diagnostic::new(
                    Code::Collision,
                    format!(
                        "types `{written}` and `{}` are both `{name}` in Python and TypeScript",
                        entry.name
                    ),
                )
                .at(decl.name.span, "rename this one")
                .at(other.name.span, "or this one"),
            );
            continue;
        }
        flat.insert(name, (decl, entry.name.to_string()));
    }
    let Some(module) = &draft.module else { return };
    for made in generated(module) {
        let Some((decl, _)) = flat.get(&made.name) else {
            continue;
        };
        found.push(
            Diagnostic::new(
                Code::GeneratedName,
                format!(
                    "type `{}` is also generated in {}",
                    made.name, made.languages
                ),
            )
            .at(decl.name.span, "take another name")
            .at(made.span, made.why),
        );
    }
}
