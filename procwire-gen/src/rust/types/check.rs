//! The statements that check constraints: range, len, pattern, and the bounds of `int`.
//!
//! They stand where `at: &At` and `found: &mut Violations` are in scope. What a declared type asks of its own
//! values is left to its own `check`.

use proc_macro2::{Literal, TokenStream};
use procwire_schema::model::{Bound, Constraints, Len, Range, Type};
use quote::quote;

use crate::rust::literal::{float, integer};
use crate::rust::spell::{Speller, p};
use crate::rust::view::FieldView;

/// Checks every field; `members` are the expressions of references to them.
pub(crate) fn fields(
    at: Speller<'_>,
    fields: &[FieldView<'_>],
    members: &[TokenStream],
) -> TokenStream {
    let checks = fields.iter().zip(members).filter_map(|(view, member)| {
        let field = view.field;
        let check = value(at, &field.ty.ty, &field.constraints, member);
        let name = &field.name.text;
        (!check.is_empty()).then(|| {
            view.located(quote! {{
                let at = &at.field(#name);
                #check
            }})
        })
    });
    quote!(#(#checks)*)
}

/// Checks one value, given by an expression of a reference to it. Empty if nothing can be wrong.
pub(crate) fn value(
    at: Speller<'_>,
    ty: &Type,
    constraints: &Constraints,
    value: &TokenStream,
) -> TokenStream {
    if let Type::Optional(inner) = ty {
        let check = self::value(at, inner, constraints, &quote!(value));
        return if check.is_empty() {
            check
        } else {
            quote! {
                if let ::core::option::Option::Some(value) = #value {
                    #check
                }
            }
        };
    }
    let own = constraints_of(ty, constraints, value);
    let inner = parts(at, ty, value);
    quote!(#own #inner)
}

fn constraints_of(ty: &Type, constraints: &Constraints, value: &TokenStream) -> TokenStream {
    let p = p();
    let range = constraints
        .range
        .as_ref()
        .map(|range| range_of(ty, range, value));
    let len = constraints.len.as_ref().map(|Len { min, max, .. }| {
        let size = if matches!(ty, Type::String) {
            quote!((#value).chars().count())
        } else {
            quote!((#value).len())
        };
        let (min, max) = (
            Literal::u64_unsuffixed(*min),
            option(max.map(|max| {
                let max = Literal::u64_unsuffixed(max);
                quote!(#max)
            })),
        );
        quote!(#p::check_len(at, #size, #min, #max, found);)
    });
    let pattern = constraints.pattern.as_ref().map(|(source, _)| {
        quote! {{
            static PATTERN: #p::Pattern = #p::Pattern::new(#source);
            #p::check_pattern(at, #value, &PATTERN, found);
        }}
    });
    quote!(#range #len #pattern)
}

fn range_of(ty: &Type, range: &Range, value: &TokenStream) -> TokenStream {
    let p = p();
    if matches!(ty, Type::F32 | Type::F64) {
        let bound = |bound: Option<Bound>| {
            option(bound.map(|bound| match bound {
                Bound::Int(bound) => float(bound as f64),
                Bound::Float(bound) => float(bound),
            }))
        };
        let (min, max, inclusive) = (bound(range.min), bound(range.max), range.inclusive);
        return quote!(#p::check_float(at, ::core::convert::From::from(*#value), #min, #max, #inclusive, found););
    }
    let whole = |bound: Option<Bound>, less: i128| {
        option(bound.map(|bound| match bound {
            Bound::Int(bound) => integer(bound - less),
            Bound::Float(bound) => integer(bound as i128 - less),
        }))
    };
    let min = whole(range.min, 0);
    let max = whole(range.max, i128::from(!range.inclusive));
    quote!(#p::check_integer(at, ::core::convert::From::from(*#value), #min, #max, found);)
}

/// What the type itself asks of its parts.
fn parts(at: Speller<'_>, ty: &Type, value: &TokenStream) -> TokenStream {
    let p = p();
    match ty {
        Type::Int => quote!(#p::check_int(at, *#value, found);),
        ty if !has_int(ty) => {
            let mut declared = false;
            ty.each_ref(&mut |_| declared = true);
            if declared {
                quote!(#p::Type::check(#value, at, found);)
            } else {
                TokenStream::new()
            }
        }
        Type::Optional(_) => self::value(at, ty, &Constraints::default(), value),
        Type::List(item) | Type::Array(item, _) => {
            let check = self::value(at, item, &Constraints::default(), &quote!(value));
            quote! {
                for (index, value) in (#value).iter().enumerate() {
                    let at = &at.index(index);
                    #check
                }
            }
        }
        Type::Map(key, item) => {
            let none = Constraints::default();
            let key = self::value(at, key, &none, &quote!(key));
            let item = self::value(at, item, &none, &quote!(value));
            quote! {
                for (key, value) in (#value).iter() {
                    let shown = ::std::format!("{key:?}");
                    let at = &at.key(&shown);
                    let _ = value;
                    #key
                    #item
                }
            }
        }
        Type::Tuple(items) => {
            let checks = items.iter().enumerate().map(|(index, item)| {
                let place = Literal::usize_unsuffixed(index);
                let member = quote!(&(#value).#place);
                let check = self::value(at, item, &Constraints::default(), &member);
                (!check.is_empty()).then(|| {
                    quote! {{
                        let at = &at.index(#place);
                        #check
                    }}
                })
            });
            quote!(#(#checks)*)
        }
        _ => TokenStream::new(),
    }
}

/// Whether `int` is inside: in Rust an `i64`, which cannot know its own bounds.
pub(crate) fn has_int(ty: &Type) -> bool {
    match ty {
        Type::Int => true,
        Type::Optional(inner) | Type::List(inner) | Type::Array(inner, _) => has_int(inner),
        Type::Map(key, value) => has_int(key) || has_int(value),
        Type::Tuple(items) => items.iter().any(has_int),
        _ => false,
    }
}

fn option(tokens: Option<TokenStream>) -> TokenStream {
    match tokens {
        Some(tokens) => quote!(::core::option::Option::Some(#tokens)),
        None => quote!(::core::option::Option::None),
    }
}
