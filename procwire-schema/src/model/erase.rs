//! A model without its places, so that two can be compared whatever they were read from.

use super::decls::{Decl, DeclIndex, DeclKind, Decls};
use super::field::Field;
use super::module::{Answer, Args, Draft, Module};
use super::name::Name;
use super::ty::{TypeExpr, VariantBody};
use crate::span::Span;

/// The same model with every [`Span`] set to [`Span::NONE`] and no uses noted.
#[must_use]
pub fn erase_spans(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    if let Some(found) = &mut draft.module {
        module(found);
    }
    decls(&mut draft.decls);
    draft
}

fn module(module: &mut Module) {
    name(&mut module.name);
    module.version.1 = Span::NONE;
    if let Some(spawn) = &mut module.spawn {
        spawn.span = None;
    }
    for method in &mut module.methods {
        name(&mut method.name);
        args(&mut method.args);
        match &mut method.answer {
            Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) => expr(ty),
            Some(Answer::Acks(None) | Answer::Oneway) | None => {}
        }
        if let Some(throws) = &mut method.throws {
            throws.span = Span::NONE;
        }
        if let Some((_, span)) = &mut method.codec {
            *span = Span::NONE;
        }
    }
    for event in &mut module.events {
        name(&mut event.name);
        args(&mut event.payload);
    }
}

fn decls(decls: &mut Decls) {
    for at in 0..decls.iter().count() {
        let entry = decls.entry_mut(DeclIndex(at as u32));
        entry.uses.clear();
        if let Some(found) = &mut entry.decl {
            decl(found);
        }
    }
}

fn decl(decl: &mut Decl) {
    name(&mut decl.name);
    match &mut decl.kind {
        DeclKind::Newtype(newtype) => {
            expr(&mut newtype.ty);
            constraints(&mut newtype.constraints);
        }
        DeclKind::Enum(decl) => decl
            .values
            .iter_mut()
            .for_each(|value| name(&mut value.name)),
        DeclKind::Struct(record) | DeclKind::Table(record) => {
            record.fields.iter_mut().for_each(field)
        }
        DeclKind::Union(decl) => {
            for variant in &mut decl.variants {
                name(&mut variant.name);
                match &mut variant.body {
                    VariantBody::Fields(fields) => fields.iter_mut().for_each(field),
                    VariantBody::Struct(ty) => expr(ty),
                }
            }
        }
    }
}

fn args(args: &mut Args) {
    match args {
        Args::Fields(fields) => fields.iter_mut().for_each(field),
        Args::Payload(ty) => expr(ty),
    }
}

fn field(field: &mut Field) {
    name(&mut field.name);
    expr(&mut field.ty);
    if let Some(default) = &mut field.default {
        default.span = Span::NONE;
    }
    constraints(&mut field.constraints);
}

fn constraints(constraints: &mut super::field::Constraints) {
    if let Some(range) = &mut constraints.range {
        range.span = Span::NONE;
    }
    if let Some(len) = &mut constraints.len {
        len.span = Span::NONE;
    }
    if let Some((_, span)) = &mut constraints.pattern {
        *span = Span::NONE;
    }
}

fn expr(ty: &mut TypeExpr) {
    ty.span = Span::NONE;
}

fn name(name: &mut Name) {
    name.span = Span::NONE;
}
