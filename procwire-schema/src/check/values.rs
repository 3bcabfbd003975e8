//! Ranges, lengths and patterns: each fits the type it stands on, and the default fits them.
//!
//! The one rule that also writes: whole numbers on float types become floats, and the default of an enum becomes
//! [`crate::model::Value::Variant`], so that emitters find what they expect.

use crate::check::fit::{self, Constraint, Fit};
use crate::check::walk;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{
    Args, Bound, Constraints, Decl, DeclIndex, DeclKind, Decls, Default, Draft, Field, Len, Range,
    Type, VariantBody, pattern,
};
use crate::span::Span;

pub(super) fn check(draft: &mut Draft, found: &mut Diagnostics) {
    let decls = draft.decls.clone();
    let count = decls.iter().count();
    let mut judge = Judge {
        decls: &decls,
        found,
    };
    for at in 0..count {
        if let Some(decl) = &mut draft.decls.entry_mut(DeclIndex(at as u32)).decl {
            judge.decl(decl);
        }
    }
    if let Some(module) = &mut draft.module {
        for method in &mut module.methods {
            judge.args(&mut method.args);
        }
        for event in &mut module.events {
            judge.args(&mut event.payload);
        }
    }
}

struct Judge<'a> {
    decls: &'a Decls,
    found: &'a mut Diagnostics,
}

impl Judge<'_> {
    fn decl(&mut self, decl: &mut Decl) {
        match &mut decl.kind {
            DeclKind::Newtype(newtype) => {
                let what = format!("newtype `{}`", decl.name.text);
                self.constraints(&what, &newtype.ty.ty, &mut newtype.constraints);
            }
            DeclKind::Enum(_) => {}
            DeclKind::Struct(record) | DeclKind::Table(record) => {
                record.fields.iter_mut().for_each(|field| self.field(field))
            }
            DeclKind::Union(union) => {
                for variant in &mut union.variants {
                    if let VariantBody::Fields(fields) = &mut variant.body {
                        fields.iter_mut().for_each(|field| self.field(field));
                    }
                }
            }
        }
    }

    fn args(&mut self, args: &mut Args) {
        if let Args::Fields(fields) = args {
            fields.iter_mut().for_each(|field| self.field(field));
        }
    }

    fn field(&mut self, field: &mut Field) {
        let what = format!("field `{}`", field.name.text);
        self.constraints(&what, &field.ty.ty, &mut field.constraints);
        let Some(default) = &mut field.default else {
            return;
        };
        let fit = Fit { decls: self.decls };
        match fit.value(&default.value, &field.ty.ty) {
            Ok(value) => {
                default.value = value;
                self.default_holds(field);
            }
            Err(label) => self.found.push(
                Diagnostic::new(
                    Code::DefaultType,
                    format!("the default of {what} does not fit its type"),
                )
                .at(default.span, label)
                .at(field.ty.span, "the type"),
            ),
        }
    }

    /// The type below newtypes and an optional: what constraints and defaults are about.
    fn base<'t>(&self, ty: &'t Type) -> &'t Type
    where
        Self: 't,
    {
        match ty {
            Type::Optional(inner) => self.base(inner),
            ty => ty,
        }
    }

    fn constraints(&mut self, what: &str, ty: &Type, constraints: &mut Constraints) {
        let base = walk::bare(self.decls, self.base(ty)).clone();
        if let Some(range) = &mut constraints.range {
            self.range(what, &base, range);
        }
        if let Some(len) = &constraints.len {
            self.len(what, &base, len);
        }
        if let Some((text, span)) = &constraints.pattern {
            match base {
                Type::String => {
                    if let Err((code, label)) = pattern::judge(text) {
                        let is = match code {
                            Code::Pattern => "no regular expression",
                            _ => "not understood alike everywhere",
                        };
                        let message = format!("the pattern of {what} is {is}");
                        self.found
                            .push(Diagnostic::new(code, message).at(*span, label));
                    }
                }
                Type::Ref(index) if self.decls.get(index).is_none() => {}
                _ => self.found.push(
                    Diagnostic::new(
                        Code::PatternType,
                        format!("{what} has a `pattern` and is no string"),
                    )
                    .at(*span, "patterns are checked on strings"),
                ),
            }
        }
    }

    fn range(&mut self, what: &str, base: &Type, range: &mut Range) {
        let mut bounds = [range.min, range.max];
        match base {
            Type::F32 | Type::F64 => {
                for bound in bounds.iter_mut().flatten() {
                    if let Bound::Int(number) = *bound {
                        *bound = Bound::Float(number as f64);
                    }
                    if let Bound::Float(number) = *bound
                        && *base == Type::F32
                        && !(number as f32).is_finite()
                    {
                        self.found.push(
                            Diagnostic::new(
                                Code::RangeWider,
                                format!("the range of {what} reaches beyond its type"),
                            )
                            .at(range.span, format!("{number:?} is beyond `f32`")),
                        );
                    }
                }
                [range.min, range.max] = bounds;
            }
            Type::Ref(index) if self.decls.get(*index).is_none() => {}
            Type::Duration | Type::Timestamp | Type::Decimal => {
                self.found.push(
                    Diagnostic::new(
                        Code::RangeType,
                        format!("{what} has a `range` and is no number"),
                    )
                    .at(range.span, "ranges are checked on whole numbers and floats"),
                );
                return;
            }
            base => {
                let Some((least, greatest)) = base.int_bounds() else {
                    self.found.push(
                        Diagnostic::new(
                            Code::RangeType,
                            format!("{what} has a `range` and is no number"),
                        )
                        .at(
                            range.span,
                            "ranges are checked on numbers; for sizes there is `len`",
                        ),
                    );
                    return;
                };
                for (bound, is_max) in [(range.min, false), (range.max, true)] {
                    match bound {
                        Some(Bound::Float(number)) => {
                            self.found.push(
                                Diagnostic::new(
                                    Code::RangeType,
                                    format!(
                                        "{what} is a whole number and its `range` has fractions"
                                    ),
                                )
                                .at(range.span, format!("`{number}` is not a whole number")),
                            );
                            return;
                        }
                        // An end that is excluded may lie one beyond.
                        Some(Bound::Int(number))
                            if number < least
                                || number > greatest + i128::from(is_max && !range.inclusive) =>
                        {
                            self.found.push(
                                Diagnostic::new(
                                    Code::RangeWider,
                                    format!("the range of {what} reaches beyond its type"),
                                )
                                .at(range.span, format!("the type holds {least} to {greatest}")),
                            );
                        }
                        _ => {}
                    }
                }
            }
        }
        if fit::is_empty(range) {
            self.found.push(
                Diagnostic::new(
                    Code::EmptyRange,
                    format!("nothing fits the range of {what}"),
                )
                .at(range.span, "the least value lies above the greatest"),
            );
        }
    }

    fn len(&mut self, what: &str, base: &Type, len: &Len) {
        match base {
            Type::String | Type::Bytes | Type::List(_) | Type::Map(..) => {}
            Type::Ref(index) if self.decls.get(*index).is_none() => {}
            _ => self.found.push(
                Diagnostic::new(Code::LenType, format!("{what} has a `len` and no size"))
                    .at(len.span, "sizes are those of strings, bytes, lists and maps; for numbers there is `range`"),
            ),
        }
        if len.max.is_some_and(|max| max < len.min) {
            self.found.push(
                Diagnostic::new(
                    Code::EmptyRange,
                    format!("nothing fits the length of {what}"),
                )
                .at(len.span, "the least size lies above the greatest"),
            );
        }
    }

    fn default_holds(&mut self, field: &Field) {
        let Some(Default { value, span }) = &field.default else {
            return;
        };
        if let Err((place, why)) = fit::holds(value, &field.constraints) {
            let (code, word) = match place {
                Constraint::Range => (Code::RangeDefault, "range"),
                Constraint::Len => (Code::LenDefault, "length"),
                Constraint::Pattern => (Code::LenDefault, "pattern"),
            };
            let at = match place {
                Constraint::Range => field.constraints.range.as_ref().map(|range| range.span),
                Constraint::Len => field.constraints.len.as_ref().map(|len| len.span),
                Constraint::Pattern => field.constraints.pattern.as_ref().map(|(_, span)| *span),
            };
            self.found.push(
                Diagnostic::new(code, format!("{word} does not hold its own default: {why}"))
                    .at(*span, "the default")
                    .at(at.unwrap_or(Span::NONE), "what it breaks"),
            );
        }
    }
}
