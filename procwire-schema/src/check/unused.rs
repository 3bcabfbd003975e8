//! Warnings about types that nothing leads to.

use std::collections::HashSet;

use crate::check::walk;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{DeclIndex, DeclKind, Draft, Module, VariantBody};

/// Reports the schema's own types that no method and no event reaches. In a file of types all are meant for others.
pub(super) fn check(draft: &Draft, found: &mut Diagnostics) {
    let Some(module) = &draft.module else { return };
    let mut reached = HashSet::new();
    let mut open = roots(draft, module);
    while let Some(index) = open.pop() {
        if reached.insert(index) {
            open.extend(mentioned(draft, index));
        }
    }
    for (index, entry) in draft.decls.iter() {
        let Some(decl) = &entry.decl else { continue };
        if entry.name.alias.is_none() && !reached.contains(&index) {
            found.push(
                Diagnostic::new(
                    Code::UnusedType,
                    format!("{} `{}` is never used", walk::kind(decl), decl.name.text),
                )
                .at(decl.name.span, "no method and no event leads to it"),
            );
        }
    }
}

fn roots(draft: &Draft, module: &Module) -> Vec<DeclIndex> {
    let mut out = Vec::new();
    let mut add = |index| out.push(index);
    for (_, ty) in walk::payloads(module) {
        ty.ty.each_ref(&mut add);
    }
    for list in walk::fields(draft)
        .iter()
        .filter(|list| matches!(list.of, walk::Of::Args | walk::Of::Event))
    {
        list.fields
            .iter()
            .for_each(|field| field.ty.ty.each_ref(&mut add));
    }
    module
        .methods
        .iter()
        .filter_map(|method| method.throws)
        .for_each(|throws| add(throws.decl));
    out
}

fn mentioned(draft: &Draft, index: DeclIndex) -> Vec<DeclIndex> {
    let mut out = Vec::new();
    let Some(decl) = draft.decls.get(index) else {
        return out;
    };
    let mut add = |index| out.push(index);
    match &decl.kind {
        DeclKind::Newtype(newtype) => newtype.ty.ty.each_ref(&mut add),
        DeclKind::Union(union) => {
            for variant in &union.variants {
                if let VariantBody::Struct(ty) = &variant.body {
                    ty.ty.each_ref(&mut add);
                }
            }
        }
        DeclKind::Enum(_) | DeclKind::Struct(_) | DeclKind::Table(_) => {}
    }
    for list in walk::fields_of(decl) {
        list.fields
            .iter()
            .for_each(|field| field.ty.ty.each_ref(&mut add));
    }
    out
}
