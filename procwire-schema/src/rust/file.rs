//! A whole Rust file and the modules it leads to: a closed world.
//!
//! Nothing is built or run: the files are read as text. Which module a type stands in matters only where a path says
//! so: the types of a module that is ever named in front of a type (`geo::Rect`) are the types of `geo`, those of all
//! other modules are the schema's own.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::TokenStream;
use syn::visit::Visit;
use syn::{ItemTrait, Meta};

use crate::diagnostic::suggest::closest;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources};
use crate::model::{Draft, TypeName};
use crate::rust::crawl::{self, Seen};
use crate::rust::types::{Scope, plain};
use crate::rust::{declared, module};
use crate::span::Span;

/// Reads the file at `path` and the modules it leads to through `mod name;`. `fetch` gets the bytes of a file.
pub fn read(
    path: &Path,
    fetch: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Draft {
    build(&crawl::read(path, fetch, sources, found), found)
}

fn build(seen: &Seen, found: &mut Diagnostics) -> Draft {
    let mut draft = Draft::default();
    let named = modules_in_paths(seen);
    let declared: Vec<TypeName> = seen
        .types
        .iter()
        .map(|(_, module, item)| TypeName {
            alias: module.clone().filter(|module| named.contains(module)),
            ident: plain(&item.ident),
        })
        .collect();
    // The schema's own types first, then those of each module, as with imports.
    let mut order: Vec<usize> = (0..declared.len()).collect();
    order.sort_by_key(|&at| declared[at].alias.is_some());
    for &at in &order {
        draft.decls.intern(&declared[at]);
    }
    for &at in &order {
        let (file, _, item) = &seen.types[at];
        let own = declared[at].alias.clone();
        let resolve = |path: &syn::Path| resolve(path, own.as_ref(), &declared);
        let mut scope = Scope {
            decls: &mut draft.decls,
            spans: &seen.spans[*file],
            found: &mut *found,
            resolve: &resolve,
            paths: Vec::new(),
        };
        let Some(decl) = declared::read(item, &mut scope) else {
            continue;
        };
        let again = decl.name.span;
        if let Err(index) = draft.decls.declare(&declared[at], decl) {
            let first = draft
                .decls
                .get(index)
                .map_or(Span::NONE, |decl| decl.name.span);
            found.push(
                Diagnostic::new(
                    Code::Duplicate,
                    format!("type `{}` is declared twice", declared[at]),
                )
                .at(again, "declared again here")
                .at(first, "first declared here"),
            );
        }
    }
    let Some((file, item)) = seen.traits.first() else {
        // Without a module a Rust file is a file of types, if it has any.
        if seen.types.is_empty() && !found.has_errors() {
            found.push(
                Diagnostic::new(
                    Code::NoModule,
                    "there is no trait under #[procwire::module] in this file",
                )
                .help(format!("looked in {}", seen.looked.join(", "))),
            );
        }
        report_unseen(seen, &draft, found);
        return draft;
    };
    if let Some((file, second)) = seen.traits.get(1) {
        found.push(
            Diagnostic::new(Code::TwoModules, "more than one module")
                .at(
                    seen.spans[*file].at(second.ident.span()),
                    "a schema describes one module: read the file of this one by itself",
                )
                .at(
                    seen.spans[seen.traits[0].0].at(item.ident.span()),
                    "the first one",
                ),
        );
    }
    let resolve = |path: &syn::Path| resolve(path, None, &declared);
    let mut scope = Scope {
        decls: &mut draft.decls,
        spans: &seen.spans[*file],
        found: &mut *found,
        resolve: &resolve,
        paths: Vec::new(),
    };
    draft.module = Some(module::read(&arguments(item), item, &mut scope));
    report_unseen(seen, &draft, found);
    draft
}

/// What stands in `#[procwire::module(…)]`.
fn arguments(item: &ItemTrait) -> TokenStream {
    item.attrs
        .iter()
        .find(|attribute| {
            attribute
                .path()
                .segments
                .last()
                .is_some_and(|segment| segment.ident == "module")
        })
        .and_then(|attribute| match &attribute.meta {
            Meta::List(list) => Some(list.tokens.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// The declared name behind a path: in the named module, in the same module, or the only one of that name.
fn resolve(path: &syn::Path, own: Option<&String>, declared: &[TypeName]) -> TypeName {
    let mut words = path
        .segments
        .iter()
        .rev()
        .map(|segment| plain(&segment.ident));
    let ident = words.next().unwrap_or_default();
    let qualifier = words
        .next()
        .filter(|word| !matches!(word.as_str(), "crate" | "self" | "super"));
    let with = |alias: Option<&String>| TypeName {
        alias: alias.cloned(),
        ident: ident.clone(),
    };
    let wanted = match &qualifier {
        Some(alias) => with(Some(alias)),
        None => with(own),
    };
    if declared.contains(&wanted) {
        return wanted;
    }
    let mut same = declared.iter().filter(|name| name.ident == ident);
    match (same.next(), same.next()) {
        (Some(only), None) if qualifier.is_none() || only.alias.is_none() => only.clone(),
        _ => wanted,
    }
}

/// The modules that are named in front of a type anywhere.
fn modules_in_paths(seen: &Seen) -> BTreeSet<String> {
    struct Qualifiers(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Qualifiers {
        fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
            if let Some(before) = path.path.segments.iter().rev().nth(1) {
                self.0.insert(plain(&before.ident));
            }
            syn::visit::visit_type_path(self, path);
        }
    }
    let mut qualifiers = Qualifiers(BTreeSet::new());
    for (_, item) in &seen.traits {
        qualifiers.visit_item_trait(item);
    }
    for (_, _, item) in &seen.types {
        qualifiers.visit_derive_input(item);
    }
    qualifiers.0
}

fn report_unseen(seen: &Seen, draft: &Draft, found: &mut Diagnostics) {
    for (_, entry) in draft.decls.iter().filter(|(_, entry)| entry.decl.is_none()) {
        // Its own declaration was faulty, and that was reported.
        if seen
            .types
            .iter()
            .any(|(_, _, item)| plain(&item.ident) == entry.name.ident)
            || seen.broken.contains(&entry.name.ident)
        {
            continue;
        }
        let declared = draft.decls.iter().filter(|(_, other)| other.decl.is_some());
        let known = declared.map(|(_, other)| other.name.ident.as_str());
        let label = closest(&entry.name.ident, known).map_or_else(
            || "no type of that name has #[derive(procwire::Type)]".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        for &span in &entry.uses {
            let mut diagnostic = Diagnostic::new(
                Code::RustUnseen,
                format!("type `{}` cannot be seen", entry.name),
            )
            .at(span, label.clone());
            let plain = seen
                .plain
                .iter()
                .find(|(name, ..)| *name == entry.name.ident);
            if let Some((_, there, hint)) = plain {
                diagnostic = diagnostic.at(*there, *hint);
            }
            found.push(diagnostic.help(format!("looked in {}", seen.looked.join(", "))));
        }
    }
}
