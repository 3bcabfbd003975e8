//! The declared types themselves: what a user would write by hand before `#[derive(procwire::Type)]`.
//!
//! Items and the conveniences that go with them (`From`, `Display`, `Default`). The codec is not here: the derive
//! makes it alone, for types that somebody else defined.

use proc_macro2::{Ident, TokenStream};
use procwire_schema::model::{
    Decl, DeclKind, Decls, Enum, Field, Newtype, Record, Type, Union, Variant, VariantBody,
};
use quote::quote;

use crate::rust::lints::allow;
use crate::rust::prose::{docs, docs_or};
use crate::rust::spell::{Speller, ident, p, plain};
use crate::rust::view::{FieldView, Need, Variants};

/// The item of one declaration. `thrown`: some method declares it as its error.
pub(crate) fn definition(at: Speller<'_>, decl: &Decl, thrown: bool) -> TokenStream {
    let name = ident(&decl.name.text);
    let text = docs_or(&decl.docs, &format!("`{}` of the schema.", plain(&name)));
    let allow = allow();
    let names = Variants::of(&decl.kind);
    let item = match &decl.kind {
        DeclKind::Newtype(newtype) => newtype_item(at, &name, newtype),
        DeclKind::Enum(choice) => enum_item(&name, choice, &names),
        DeclKind::Struct(record) => struct_item(at, &name, record),
        DeclKind::Union(union) => union_item(at, &name, union, &names, thrown),
        DeclKind::Table(_) => return TokenStream::new(),
    };
    quote!(#text #allow #item)
}

fn newtype_item(at: Speller<'_>, name: &Ident, newtype: &Newtype) -> TokenStream {
    let allow = allow();
    let inner = at.ty(&newtype.ty.ty);
    let key = is_key(at.decls, &newtype.ty.ty).then(
        || quote!(, ::core::cmp::Eq, ::core::hash::Hash, ::core::cmp::PartialOrd, ::core::cmp::Ord),
    );
    let copy = is_copy(at.decls, &newtype.ty.ty).then(|| quote!(, ::core::marker::Copy));
    let text = matches!(newtype.ty.ty, Type::String).then(|| {
        quote! {
            #allow
            impl ::core::convert::From<&str> for #name {
                fn from(value: &str) -> Self {
                    Self(::std::string::String::from(value))
                }
            }

            #allow
            impl ::core::convert::AsRef<str> for #name {
                fn as_ref(&self) -> &str {
                    &self.0
                }
            }
        }
    });
    let display = is_shown(at.decls, &newtype.ty.ty).then(|| {
        quote! {
            #allow
            impl ::core::fmt::Display for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Display::fmt(&self.0, f)
                }
            }
        }
    });
    quote! {
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq #key #copy)]
        pub struct #name(pub #inner);

        #allow
        impl ::core::convert::From<#inner> for #name {
            fn from(value: #inner) -> Self {
                Self(value)
            }
        }

        #allow
        impl ::core::convert::From<#name> for #inner {
            fn from(value: #name) -> Self {
                value.0
            }
        }

        #text
        #display
    }
}

fn enum_item(name: &Ident, choice: &Enum, names: &Variants) -> TokenStream {
    let allow = allow();
    let copy = (!choice.open).then(|| quote!(, ::core::marker::Copy));
    let variants = choice
        .values
        .iter()
        .zip(names.known())
        .map(|(value, variant)| {
            let text = docs(&value.docs);
            quote!(#text #variant)
        });
    let arms = choice
        .values
        .iter()
        .zip(names.known())
        .map(|(value, variant)| {
            let wire = &value.name.text;
            quote!(Self::#variant => #wire)
        });
    let (unknown, unknown_arm) = if choice.open {
        (
            Some(quote! {
                #[doc = " A value that this program's schema does not have, as it came."]
                Unknown(::std::string::String)
            }),
            Some(quote!(Self::Unknown(value) => value)),
        )
    } else {
        (None, None)
    };
    let variants = variants.chain(unknown);
    let arms = arms.chain(unknown_arm);
    quote! {
        #[derive(
            ::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq,
            ::core::hash::Hash, ::core::cmp::PartialOrd, ::core::cmp::Ord #copy
        )]
        pub enum #name {
            #(#variants,)*
        }

        #allow
        impl #name {
            #[doc = " The value as it stands on the wire."]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(#arms,)*
                }
            }
        }

        #allow
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    }
}

fn struct_item(at: Speller<'_>, name: &Ident, record: &Record) -> TokenStream {
    let fields = FieldView::all(&record.fields, at);
    let members = fields.iter().map(|field| member(field, &quote!(pub)));
    let default = defaults(name, &fields);
    quote! {
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub struct #name {
            #(#members,)*
        }

        #default
    }
}

/// One field of a struct or variant.
pub(crate) fn member(field: &FieldView<'_>, vis: &TokenStream) -> TokenStream {
    let text = docs(&field.field.docs);
    let deprecated = deprecated(field.field);
    let (ident, ty) = (&field.ident, &field.ty);
    quote!(#text #deprecated #vis #ident: #ty)
}

fn deprecated(field: &Field) -> Option<TokenStream> {
    field
        .deprecated
        .as_ref()
        .map(|note| quote!(#[deprecated(note = #note)]))
}

/// `Default`, for a struct all of whose fields may be absent: what a reader makes of an empty map.
fn defaults(name: &Ident, fields: &[FieldView<'_>]) -> Option<TokenStream> {
    if fields.iter().any(FieldView::is_required) {
        return None;
    }
    let allow = allow();
    let values = fields.iter().map(|field| {
        let ident = &field.ident;
        match &field.need {
            Need::Default(value) => quote!(#ident: #value),
            Need::Required | Need::Optional => quote!(#ident: ::core::option::Option::None),
        }
    });
    Some(quote! {
        #allow
        impl ::core::default::Default for #name {
            #[doc = " What a reader makes of an empty map."]
            fn default() -> Self {
                Self { #(#values,)* }
            }
        }
    })
}

fn union_item(
    at: Speller<'_>,
    name: &Ident,
    union: &Union,
    names: &Variants,
    thrown: bool,
) -> TokenStream {
    let p = p();
    let variants = union
        .variants
        .iter()
        .zip(names.known())
        .map(|(variant, name)| variant_item(at, variant, name));
    let unknown = union.open.then(|| {
        quote! {
            #[doc = " A variant that this program's schema does not have, as it came."]
            Unknown(#p::RawValue)
        }
    });
    let variants = variants.chain(unknown);
    let error = thrown.then(|| error_impls(name, union, names));
    quote! {
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub enum #name {
            #(#variants,)*
        }

        #error
    }
}

fn variant_item(at: Speller<'_>, variant: &Variant, name: &Ident) -> TokenStream {
    let text = docs(&variant.docs);
    match &variant.body {
        VariantBody::Fields(fields) if fields.is_empty() => quote!(#text #name),
        VariantBody::Fields(fields) => {
            let fields = FieldView::all(fields, at);
            let members = fields
                .iter()
                .map(|field| member(field, &TokenStream::new()));
            quote!(#text #name { #(#members,)* })
        }
        VariantBody::Struct(ty) => {
            let ty = at.ty(&ty.ty);
            quote!(#text #name(#ty))
        }
    }
}

/// What makes a union an error: a sentence for each variant, and `std::error::Error`.
fn error_impls(name: &Ident, union: &Union, names: &Variants) -> TokenStream {
    let arms = union.variants.iter().zip(names.known()).map(|(variant, ident)| {
        let sentence = variant.name.text.replace('_', " ");
        match &variant.body {
            VariantBody::Fields(fields) if fields.is_empty() => {
                quote!(Self::#ident => f.write_str(#sentence))
            }
            VariantBody::Fields(fields) => {
                let names: Vec<_> = fields.iter().map(|field| self::ident(&field.name.text)).collect();
                let shown: Vec<String> = fields
                    .iter()
                    .map(|field| format!("{}: {{:?}}", field.name.text))
                    .collect();
                let format = format!("{sentence} ({})", shown.join(", "));
                let bound = (0..names.len()).map(|at| quote::format_ident!("field_{at}"));
                let used = bound.clone();
                quote!(Self::#ident { #(#names: #bound,)* } => ::core::write!(f, #format, #(#used),*))
            }
            VariantBody::Struct(_) => {
                let format = format!("{sentence} ({{:?}})");
                quote!(Self::#ident(value) => ::core::write!(f, #format, value))
            }
        }
    });
    let unknown = union
        .open
        .then(|| quote!(Self::Unknown(value) => ::core::write!(f, "an error this program does not know: {value:?}")));
    let arms = arms.chain(unknown);
    let allow = allow();
    quote! {
        #allow
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(#arms,)*
                }
            }
        }

        #allow
        impl ::core::error::Error for #name {}
    }
}

/// Whether values can be keys of a map: compared and ordered without exception.
fn is_key(decls: &Decls, ty: &Type) -> bool {
    match ty {
        Type::Bool
        | Type::Int
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::String
        | Type::Bytes
        | Type::Timestamp
        | Type::Duration
        | Type::Uuid => true,
        Type::F32 | Type::F64 | Type::Decimal | Type::Json => false,
        Type::Optional(inner) | Type::List(inner) | Type::Array(inner, _) => is_key(decls, inner),
        Type::Map(key, value) => is_key(decls, key) && is_key(decls, value),
        Type::Tuple(parts) => parts.iter().all(|part| is_key(decls, part)),
        Type::Ref(decl) => match decls.get(*decl).map(|decl| &decl.kind) {
            Some(DeclKind::Enum(_)) => true,
            Some(DeclKind::Newtype(newtype)) => is_key(decls, &newtype.ty.ty),
            _ => false,
        },
    }
}

fn is_copy(decls: &Decls, ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) | Type::Array(inner, _) => is_copy(decls, inner),
        Type::Tuple(parts) => parts.iter().all(|part| is_copy(decls, part)),
        Type::Ref(decl) => match decls.get(*decl).map(|decl| &decl.kind) {
            Some(DeclKind::Enum(choice)) => !choice.open,
            Some(DeclKind::Newtype(newtype)) => is_copy(decls, &newtype.ty.ty),
            _ => false,
        },
        ty => crate::rust::spell::is_scalar(ty),
    }
}

fn is_shown(decls: &Decls, ty: &Type) -> bool {
    match ty {
        Type::String | Type::Decimal | Type::Uuid => true,
        Type::Timestamp | Type::Duration => false,
        Type::Ref(decl) => match decls.get(*decl).map(|decl| &decl.kind) {
            Some(DeclKind::Enum(_)) => true,
            Some(DeclKind::Newtype(newtype)) => is_shown(decls, &newtype.ty.ty),
            _ => false,
        },
        ty => crate::rust::spell::is_scalar(ty),
    }
}
