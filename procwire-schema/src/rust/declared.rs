//! Types under `#[derive(procwire::Type)]`: newtypes, structs, enums, unions, tables.

use syn::{Data, DeriveInput, Fields, FieldsNamed};

use crate::diagnostic::Code;
use crate::model::name::snake;
use crate::model::{
    Decl, DeclKind, Enum, EnumValue, Field, Name, Newtype, Record, TypeExpr, Union, Variant,
    VariantBody,
};
use crate::rust::attribute::Attributes;
use crate::rust::types::{Scope, plain};

const FIELD: &[&str] = &["default", "range", "len", "pattern"];

/// The declaration of one item; none when it has no place in the contract, which is reported.
pub(crate) fn read(item: &DeriveInput, scope: &mut Scope<'_>) -> Option<Decl> {
    let ident = plain(&item.ident);
    if !item.generics.params.is_empty() || item.generics.where_clause.is_some() {
        scope.fault(
            Code::RustGenerics,
            format!("`{ident}` is generic"),
            &item.generics,
            "types of the contract have no parameters: write a type of its own for each use",
        );
        return None;
    }
    let attributes = Attributes::of(&item.attrs);
    attributes.judge("a type", &["table"], scope);
    let table = attributes.flag("table", scope);
    let kind = match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if table => DeclKind::Table(record(fields, scope)),
            Fields::Named(fields) => DeclKind::Struct(record(fields, scope)),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 && !table => {
                let field = &fields.unnamed[0];
                let attributes = Attributes::of(&field.attrs);
                attributes.judge("a newtype", &["range", "len", "pattern"], scope);
                let constraints = attributes.constraints(scope);
                DeclKind::Newtype(Newtype {
                    ty: scope.ty(&field.ty)?,
                    constraints,
                })
            }
            _ => {
                scope.fault(
                    Code::RustItem,
                    format!("struct `{ident}` has no named fields"),
                    &item.ident,
                    "fields travel by name: write `{ name: Type }`, or one unnamed field for a newtype",
                );
                return None;
            }
        },
        Data::Enum(data) => choice(&data.variants.iter().collect::<Vec<_>>(), scope),
        Data::Union(_) => {
            scope.fault(
                Code::RustItem,
                format!("`{ident}` is a Rust union"),
                &item.ident,
                "write an enum",
            );
            return None;
        }
    };
    Some(Decl {
        name: Name::new(ident, scope.spans.of(&item.ident)),
        docs: attributes.docs(),
        kind,
    })
}

fn record(fields: &FieldsNamed, scope: &mut Scope<'_>) -> Record {
    Record {
        fields: named(fields, scope),
    }
}

fn named(fields: &FieldsNamed, scope: &mut Scope<'_>) -> Vec<Field> {
    fields
        .named
        .iter()
        .filter_map(|field| {
            let ident = field.ident.as_ref()?;
            let attributes = Attributes::of(&field.attrs);
            attributes.judge("a field", FIELD, scope);
            read_field(
                Name::new(plain(ident), scope.spans.of(ident)),
                attributes,
                &field.ty,
                scope,
            )
        })
        .collect()
}

/// A field or a parameter: the same attributes mean the same on both.
pub(crate) fn read_field(
    name: Name,
    attributes: Attributes<'_>,
    ty: &syn::Type,
    scope: &mut Scope<'_>,
) -> Option<Field> {
    let constraints = attributes.constraints(scope);
    let default = attributes.default(scope);
    let deprecated = attributes.deprecated(scope);
    Some(Field {
        name,
        docs: attributes.docs(),
        ty: scope.ty(ty)?,
        default,
        constraints,
        deprecated,
    })
}

/// An enum whose variants all stand bare is a choice of strings; braces, even empty ones, make it a union.
fn choice(variants: &[&syn::Variant], scope: &mut Scope<'_>) -> DeclKind {
    let mut open = None;
    for (at, variant) in variants.iter().enumerate() {
        let attributes = Attributes::of(&variant.attrs);
        // `#[default]` on a variant belongs to `#[derive(Default)]`.
        attributes.judge("a variant", &["unknown", "default"], scope);
        if let Some((_, expression)) = &variant.discriminant {
            scope.fault(
                Code::RustItem,
                "a variant has a number",
                expression,
                "variants travel by name: remove it",
            );
        }
        if !attributes.flag("unknown", scope) {
            continue;
        }
        open = Some(*variant);
        let holds = unknown_holds(variant);
        if !matches!(holds.as_deref(), Some("String" | "Value" | "RawValue")) {
            scope.fault(
                Code::RustAttribute,
                "#[unknown] stands on a variant that keeps what came",
                &variant.ident,
                "write Unknown(String) in an enum, Unknown(Value) where variants have fields",
            );
        }
        if at + 1 != variants.len() {
            scope.fault(
                Code::OpenMarker,
                "#[unknown] is not last",
                &variant.ident,
                "move it to the end",
            );
        }
    }
    let known: Vec<&syn::Variant> = variants
        .iter()
        .copied()
        .filter(|variant| Attributes::of(&variant.attrs).get("unknown").is_none())
        .collect();
    let bare = known
        .iter()
        .all(|variant| matches!(variant.fields, Fields::Unit));
    let text = open.is_none_or(|variant| unknown_holds(variant).as_deref() == Some("String"));
    let name = |variant: &syn::Variant, scope: &Scope<'_>| {
        Name::new(
            snake(&plain(&variant.ident)),
            scope.spans.of(&variant.ident),
        )
    };
    if bare && text {
        let values = known.iter().map(|variant| EnumValue {
            name: name(variant, scope),
            docs: Attributes::of(&variant.attrs).docs(),
        });
        return DeclKind::Enum(Enum {
            values: values.collect(),
            open: open.is_some(),
        });
    }
    let variants = known
        .iter()
        .filter_map(|variant| {
            Some(Variant {
                name: name(variant, scope),
                docs: Attributes::of(&variant.attrs).docs(),
                body: body(variant, scope)?,
            })
        })
        .collect();
    DeclKind::Union(Union {
        variants,
        open: open.is_some(),
    })
}

fn body(variant: &syn::Variant, scope: &mut Scope<'_>) -> Option<VariantBody> {
    match &variant.fields {
        Fields::Unit => Some(VariantBody::Fields(Vec::new())),
        Fields::Named(fields) => Some(VariantBody::Fields(named(fields, scope))),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let TypeExpr { ty, span } = scope.ty(&fields.unnamed[0].ty)?;
            Some(VariantBody::Struct(TypeExpr { ty, span }))
        }
        Fields::Unnamed(fields) => {
            scope.fault(
                Code::RustItem,
                format!("variant `{}` has unnamed fields", variant.ident),
                fields,
                "fields travel by name: write `{ name: Type }`, or one struct",
            );
            None
        }
    }
}

/// The type that an `Unknown(…)` variant holds.
fn unknown_holds(variant: &syn::Variant) -> Option<String> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => match &fields.unnamed[0].ty {
            syn::Type::Path(path) => path
                .path
                .segments
                .last()
                .map(|segment| plain(&segment.ident)),
            _ => None,
        },
        _ => None,
    }
}
