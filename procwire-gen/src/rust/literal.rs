//! Values of the schema (defaults) as Rust expressions.
//!
//! An expression never names the type of the field it fills: inference finds it, so that the same tokens fit a
//! `BTreeMap` and a user's `HashMap`. Knows that the checker has found the value to fit; what it cannot say for
//! sure (a type that only rustc can see) it leaves to rustc.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use procwire_schema::model::literal as read;
use procwire_schema::model::{DeclIndex, DeclKind, Type, Value};
use quote::quote;

use super::spell::{Speller, ident, p};

/// The expression of a value of a type.
pub(crate) fn literal(at: &Speller<'_>, ty: &Type, value: &Value) -> TokenStream {
    let p = p();
    match (ty, value) {
        (Type::Optional(_), Value::Nil) => quote!(::core::option::Option::None),
        (Type::Optional(inner), value) => {
            let inner = literal(at, inner, value);
            quote!(::core::option::Option::Some(#inner))
        }
        (Type::Json, value) => json(value),
        (Type::Ref(decl), value) => declared(at, *decl, value),
        (_, Value::Bool(value)) => quote!(#value),
        (Type::F32 | Type::F64, Value::Int(value)) => float(*value as f64),
        (_, Value::Int(value)) => integer(*value),
        (_, Value::Float(value)) => float(*value),
        (Type::Bytes, Value::String(text)) => {
            let bytes = Literal::byte_string(&read::base64(text).unwrap_or_default());
            quote!(#p::Bytes::from_static(#bytes))
        }
        (Type::Duration, Value::String(text)) => duration(read::duration(text).unwrap_or_default()),
        (Type::Timestamp, Value::String(text)) => instant(text),
        (Type::Decimal, Value::String(text)) => quote!(#p::decimal(#text)),
        (Type::Uuid, Value::String(text)) => {
            let bits = u128::from_be_bytes(read::uuid(text).unwrap_or_default());
            let bits = Literal::u128_unsuffixed(bits);
            quote!(#p::Uuid::from_u128(#bits))
        }
        (_, Value::String(text) | Value::Variant(text)) => {
            quote!(::std::string::String::from(#text))
        }
        (Type::Array(item, _), Value::List(values)) => {
            let values = values.iter().map(|value| literal(at, item, value));
            quote!([#(#values),*])
        }
        (Type::Tuple(parts), Value::List(values)) => {
            let values = parts
                .iter()
                .zip(values)
                .map(|(part, value)| literal(at, part, value));
            quote!((#(#values,)*))
        }
        (Type::List(item), Value::List(values)) if !values.is_empty() => {
            let values = values.iter().map(|value| literal(at, item, value));
            quote!(::core::iter::FromIterator::from_iter([#(#values),*]))
        }
        (Type::Map(key, item), Value::Map(entries)) if !entries.is_empty() => {
            let entries = entries.iter().map(|(name, value)| {
                let name = map_key(at, key, name);
                let value = literal(at, item, value);
                quote!((#name, #value))
            });
            quote!(::core::iter::FromIterator::from_iter([#(#entries),*]))
        }
        (_, Value::Nil | Value::List(_) | Value::Map(_)) => {
            quote!(::core::default::Default::default())
        }
    }
}

/// A value of a declared type. Enum values are named; newtypes go through `From`, which the user may have written.
fn declared(at: &Speller<'_>, decl: DeclIndex, value: &Value) -> TokenStream {
    let path = at.path(decl);
    if let Value::Variant(name) = value {
        return at.variant(decl, name);
    }
    match (at.decls.get(decl).map(|decl| &decl.kind), value) {
        (Some(DeclKind::Newtype(newtype)), value) => {
            let inner = literal(at, &newtype.ty.ty, value);
            quote!(<#path as ::core::convert::From<_>>::from(#inner))
        }
        (Some(DeclKind::Struct(record)), Value::Map(entries)) => {
            let fields = record.fields.iter().map(|field| {
                let name = ident(&field.name.text);
                let given = entries
                    .iter()
                    .find(|(key, _)| *key == field.name.text)
                    .map(|(_, value)| value)
                    .or_else(|| field.default.as_ref().map(|default| &default.value))
                    .unwrap_or(&Value::Nil);
                let value = literal(at, &field.ty.ty, given);
                quote!(#name: #value)
            });
            quote!(#path { #(#fields),* })
        }
        (Some(DeclKind::Enum(_)), Value::String(name)) => at.variant(decl, name),
        // Only rustc sees this type: it says so on the user's own literal if there is no such conversion.
        (_, value) => {
            let inner = match value {
                Value::Bool(value) => quote!(#value),
                Value::Int(value) => integer(*value),
                Value::Float(value) => float(*value),
                Value::String(text) | Value::Variant(text) => {
                    quote!(::std::string::String::from(#text))
                }
                Value::Nil | Value::List(_) | Value::Map(_) => {
                    return quote!(::core::default::Default::default());
                }
            };
            quote!(<#path as ::core::convert::From<_>>::from(#inner))
        }
    }
}

fn map_key(at: &Speller<'_>, key: &Type, name: &str) -> TokenStream {
    match key {
        Type::String => quote!(::std::string::String::from(#name)),
        Type::Ref(decl) => match at.decls.get(*decl).map(|decl| &decl.kind) {
            Some(DeclKind::Newtype(newtype)) => {
                let path = at.path(*decl);
                let inner = map_key(at, &newtype.ty.ty, name);
                quote!(<#path as ::core::convert::From<_>>::from(#inner))
            }
            _ => declared(at, *decl, &Value::Variant(name.to_owned())),
        },
        _ => integer(name.parse().unwrap_or_default()),
    }
}

fn json(value: &Value) -> TokenStream {
    let p = p();
    match value {
        Value::Nil => quote!(#p::Value::Null),
        Value::Bool(value) => quote!(#p::Value::from(#value)),
        Value::Int(value) => {
            let value = match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => Literal::i64_suffixed(value),
                (_, Ok(value)) => Literal::u64_suffixed(value),
                _ => Literal::f64_suffixed(*value as f64),
            };
            quote!(#p::Value::from(#value))
        }
        Value::Float(value) => {
            let value = float_suffixed(*value);
            quote!(#p::Value::from(#value))
        }
        Value::String(text) | Value::Variant(text) => quote!(#p::Value::from(#text)),
        Value::List(values) => {
            let values = values.iter().map(json);
            quote!(#p::Value::Array(::std::vec::Vec::from([#(#values),*])))
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let value = json(value);
                quote!((::std::string::String::from(#key), #value))
            });
            quote!(#p::Value::Object(::core::iter::FromIterator::from_iter([#(#entries),*])))
        }
    }
}

pub(crate) fn integer(value: i128) -> TokenStream {
    let size = Literal::u128_unsuffixed(value.unsigned_abs());
    if value < 0 {
        quote!(-#size)
    } else {
        quote!(#size)
    }
}

pub(crate) fn float(value: f64) -> TokenStream {
    if !value.is_finite() {
        return quote!(::core::default::Default::default());
    }
    let size = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() {
        quote!(-#size)
    } else {
        quote!(#size)
    }
}

fn float_suffixed(value: f64) -> TokenStream {
    let size = Literal::f64_suffixed(value.abs());
    if value.is_sign_negative() {
        quote!(-#size)
    } else {
        quote!(#size)
    }
}

/// `Duration::from_millis(1500)`, in the greatest unit that holds it.
pub(crate) fn duration(length: Duration) -> TokenStream {
    let nanos = length.subsec_nanos();
    let seconds = length.as_secs();
    if nanos == 0 {
        let seconds = Literal::u64_unsuffixed(seconds);
        quote!(::core::time::Duration::from_secs(#seconds))
    } else if nanos.is_multiple_of(1_000_000)
        && let Ok(millis) = u64::try_from(length.as_millis())
    {
        let millis = Literal::u64_unsuffixed(millis);
        quote!(::core::time::Duration::from_millis(#millis))
    } else {
        let (seconds, nanos) = (
            Literal::u64_unsuffixed(seconds),
            Literal::u32_unsuffixed(nanos),
        );
        quote!(::core::time::Duration::new(#seconds, #nanos))
    }
}

/// An instant, as its distance from 1970.
fn instant(text: &str) -> TokenStream {
    let (seconds, nanos) = read::timestamp(text).unwrap_or_default();
    let epoch = quote!(::std::time::UNIX_EPOCH);
    let since = Duration::from_secs(seconds.unsigned_abs());
    let fraction = Duration::from_nanos(nanos.into());
    if seconds < 0 {
        let before = duration(since.saturating_sub(fraction));
        quote!((#epoch - #before))
    } else {
        let after = duration(since + fraction);
        quote!((#epoch + #after))
    }
}
