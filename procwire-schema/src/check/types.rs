//! Types: map keys, tables, columns, variants, choices, and what stands where.

use crate::check::walk::{self, Of, bare};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Decl, DeclKind, Decls, Draft, Type, TypeExpr, VariantBody};

pub(super) fn check(draft: &Draft, found: &mut Diagnostics) {
    let mut judge = Judge {
        decls: &draft.decls,
        found,
    };
    for (_, decl) in walk::decls(draft) {
        judge.decl(decl);
    }
    for list in walk::fields(draft) {
        for field in list.fields {
            let what = format!("field `{}` of {}", field.name.text, list.owner);
            if list.of == Of::Table {
                judge.column(&what, &field.ty);
            } else {
                judge.no_table(&what, &field.ty);
            }
            judge.parts(&field.ty);
        }
    }
    if let Some(module) = &draft.module {
        for (what, ty) in walk::payloads(module) {
            // A table is allowed as the whole payload, and only so.
            if !matches!(ty.ty, Type::Ref(_)) {
                judge.no_table(&what, ty);
            }
            judge.parts(ty);
        }
    }
}

struct Judge<'a> {
    decls: &'a Decls,
    found: &'a mut Diagnostics,
}

impl<'a> Judge<'a> {
    fn decl(&mut self, decl: &'a Decl) {
        let name = &decl.name;
        match &decl.kind {
            DeclKind::Newtype(newtype) => {
                let what = format!("newtype `{}`", name.text);
                self.no_table(&what, &newtype.ty);
                self.parts(&newtype.ty);
                if matches!(newtype.ty.ty, Type::Optional(_)) {
                    self.found.push(
                        Diagnostic::new(Code::Optional, format!("{what} is optional")).at(
                            newtype.ty.span,
                            format!(
                                "name the value itself, and write `{}?` where it may be absent",
                                name.text
                            ),
                        ),
                    );
                }
            }
            DeclKind::Enum(choice) if choice.values.is_empty() => self.found.push(
                Diagnostic::new(
                    Code::EmptyChoice,
                    format!("enum `{}` has no values", name.text),
                )
                .at(name.span, "add at least one"),
            ),
            DeclKind::Union(union) => {
                if union.variants.is_empty() {
                    self.found.push(
                        Diagnostic::new(
                            Code::EmptyChoice,
                            format!("union `{}` has no variants", name.text),
                        )
                        .at(name.span, "add at least one"),
                    );
                }
                for variant in &union.variants {
                    if let VariantBody::Struct(body) = &variant.body {
                        self.variant(
                            &format!("variant `{}` of union `{}`", variant.name.text, name.text),
                            body,
                        );
                    }
                }
            }
            DeclKind::Enum(_) | DeclKind::Struct(_) | DeclKind::Table(_) => {}
        }
    }

    fn variant(&mut self, what: &str, body: &TypeExpr) {
        let decl = match &body.ty {
            Type::Ref(index) => match self.decls.get(*index) {
                // An unknown name is reported as such, or is for rustc to judge.
                None => return,
                decl => decl,
            },
            _ => None,
        };
        let Some(DeclKind::Struct(record)) = decl.map(|decl| &decl.kind) else {
            let is = match decl.map(walk::kind) {
                None => "a built-in type".to_owned(),
                Some("enum") => "an enum".to_owned(),
                Some(kind) => format!("a {kind}"),
            };
            self.found.push(
                Diagnostic::new(Code::VariantNotStruct, format!("{what} is no struct")).at(
                    body.span,
                    format!("this is {is}: name a struct, or write fields in place"),
                ),
            );
            return;
        };
        if let Some(tag) = record.fields.iter().find(|field| field.name.text == "type") {
            self.found.push(
                Diagnostic::new(Code::TagField, format!("{what} has a field `type`"))
                    .at(
                        body.span,
                        "on the wire `type` holds the name of the variant",
                    )
                    .at(tag.name.span, "rename this field"),
            );
        }
    }

    /// Map keys, wherever a map stands.
    fn parts(&mut self, expr: &TypeExpr) {
        let mut bad: Vec<&str> = Vec::new();
        walk_maps(&expr.ty, &mut |key| {
            if let Some(why) = self.no_key(key) {
                bad.push(why);
            }
        });
        for why in bad {
            self.found.push(
                Diagnostic::new(Code::MapKey, "a map has a key that is no key").at(expr.span, why),
            );
        }
        if matches!(&expr.ty, Type::List(item) if **item == Type::U8) {
            self.found.push(
                Diagnostic::new(Code::ByteList, "a list of `u8` is not `bytes`").at(
                    expr.span,
                    "each element travels as a number; did you mean `bytes` (in Rust `Bytes`)?",
                ),
            );
        }
    }

    fn no_key(&self, key: &Type) -> Option<&'static str> {
        match bare(self.decls, key) {
            Type::String => None,
            Type::Ref(index) => match self.decls.get(*index).map(|decl| &decl.kind) {
                None | Some(DeclKind::Enum(_)) => None,
                Some(_) => Some("keys are strings, whole numbers, enums and newtypes of those"),
            },
            Type::F32 | Type::F64 => {
                Some("fractions do not compare exactly: use a string or a whole number")
            }
            Type::Optional(_) => Some("a key is always there"),
            key if key.int_bounds().is_some() => None,
            _ => Some("keys are strings, whole numbers, enums and newtypes of those"),
        }
    }

    fn no_table(&mut self, what: &str, expr: &TypeExpr) {
        let mut table = None;
        expr.ty.each_ref(&mut |index| {
            if let Some(Decl {
                name,
                kind: DeclKind::Table(_),
                ..
            }) = self.decls.get(index)
            {
                table = Some(name);
            }
        });
        if let Some(name) = table {
            self.found.push(
                Diagnostic::new(
                    Code::TableInside,
                    format!("{what} holds table `{}`", name.text),
                )
                .at(expr.span, "a table is a whole payload and no part of one")
                .at(name.span, "a table"),
            );
        }
    }

    fn column(&mut self, what: &str, expr: &TypeExpr) {
        if !self.is_column(&expr.ty) {
            self.found.push(
                Diagnostic::new(Code::TableColumn, format!("{what} is no column"))
                    .at(expr.span, "numbers, `bool`, `string`, `bytes`, `timestamp`, `[f32; 384]`, and `T?` or `[T]` of those"),
            );
        }
    }

    fn is_column(&self, ty: &Type) -> bool {
        let scalar = |ty: &Type| {
            ty.int_bounds().is_some()
                || matches!(
                    ty,
                    Type::Bool
                        | Type::F32
                        | Type::F64
                        | Type::String
                        | Type::Bytes
                        | Type::Timestamp
                )
        };
        match ty {
            Type::Optional(inner) | Type::List(inner) => {
                scalar(inner) || matches!(&**inner, Type::Array(..)) && self.is_column(inner)
            }
            Type::Array(item, _) => {
                matches!(**item, Type::F32 | Type::F64) || item.int_bounds().is_some()
            }
            ty => scalar(ty),
        }
    }
}

fn walk_maps<'t>(ty: &'t Type, visit: &mut impl FnMut(&'t Type)) {
    match ty {
        Type::Optional(inner) | Type::List(inner) | Type::Array(inner, _) => {
            walk_maps(inner, visit)
        }
        Type::Map(key, value) => {
            visit(key);
            walk_maps(key, visit);
            walk_maps(value, visit);
        }
        Type::Tuple(items) => items.iter().for_each(|item| walk_maps(item, visit)),
        _ => {}
    }
}
