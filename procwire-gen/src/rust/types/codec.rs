//! `impl Type`: shape, writer, reader and check of a declared type.
//!
//! The tokens never name the type of a field, so the derive can make them for a struct whose types it cannot see.
//! What can be said once for all types is the runtime's (`read_record`, `read_union`, `put`, …).

use proc_macro2::{Ident, Literal, TokenStream};
use procwire_schema::model::shape::{self, Local};
use procwire_schema::model::{Decl, DeclKind, Field, Newtype, Record};
use quote::{format_ident, quote};

use super::{check, choice};
use crate::rust::contract::shape_of;
use crate::rust::lints::allow;
use crate::rust::spell::{Speller, ident, p, plain};
use crate::rust::view::{FieldView, Need, Variants};

/// The implementations for one declaration.
pub(crate) fn implementation(at: Speller<'_>, decl: &Decl, variants: &Variants) -> TokenStream {
    let name = ident(&decl.name.text);
    let shape = shape::local(at.decls, decl);
    let declared = shape_of(at, &shape, &decl.name.text);
    match &decl.kind {
        DeclKind::Newtype(newtype) => self::newtype(at, &name, newtype, &shape_of(at, &shape, "")),
        DeclKind::Enum(values) => choice::choice(&name, values, variants, &declared),
        DeclKind::Struct(Record { fields }) => {
            record(at, &name, &FieldView::all(fields, at), &declared)
        }
        DeclKind::Union(union) => choice::union(at, &name, union, variants, &declared),
        DeclKind::Table(_) => TokenStream::new(),
    }
}

/// The shape of fields that nobody declared.
pub(crate) fn shape_of_fields(at: Speller<'_>, fields: &[FieldView<'_>]) -> Local {
    let fields: Vec<Field> = fields.iter().map(|field| field.field.clone()).collect();
    shape::local_fields(at.decls, &fields)
}

/// The implementations for a struct.
pub(crate) fn record(
    at: Speller<'_>,
    name: &Ident,
    fields: &[FieldView<'_>],
    shape: &TokenStream,
) -> TokenStream {
    let p = p();
    let members: Vec<TokenStream> = fields
        .iter()
        .map(|field| {
            let ident = &field.ident;
            quote!(&self.#ident)
        })
        .collect();
    let title = plain(name);
    let read = read_fields(fields, &quote!(Self));
    let count = count(fields, &members);
    let puts = puts(fields, &members);
    let check = check::fields(at, fields, &members);
    let implement = implement(
        name,
        shape,
        &quote!(#p::write_record(self, serializer)),
        &quote!(#p::read_record(deserializer)),
        &check,
        &TokenStream::new(),
    );
    let allow = allow();
    quote! {
        #allow
        impl #p::Record for #name {
            const NAME: &'static str = #title;

            fn read_fields<'de, A: #p::MapAccess<'de>>(
                mut map: A,
            ) -> ::core::result::Result<Self, A::Error> {
                #read
            }
        }

        #allow
        impl #p::WriteRecord for #name {
            fn count(&self) -> usize {
                #count
            }

            fn write_fields<M: #p::SerializeMap>(
                &self,
                map: &mut M,
            ) -> ::core::result::Result<(), M::Error> {
                #puts
                ::core::result::Result::Ok(())
            }
        }

        #implement
    }
}

fn newtype(at: Speller<'_>, name: &Ident, newtype: &Newtype, shape: &TokenStream) -> TokenStream {
    let p = p();
    let check = check::value(at, &newtype.ty.ty, &newtype.constraints, &quote!(&self.0));
    implement(
        name,
        shape,
        &quote!(#p::Type::write(&self.0, serializer)),
        &quote!(#p::Type::read(deserializer).map(Self)),
        &check,
        &TokenStream::new(),
    )
}

/// How many entries the fields make: `members` are the expressions of references to them.
pub(super) fn count(fields: &[FieldView<'_>], members: &[TokenStream]) -> TokenStream {
    let always = fields
        .iter()
        .filter(|field| !may_be_left_out(field))
        .count();
    let always = Literal::usize_unsuffixed(always);
    let sometimes = fields
        .iter()
        .zip(members)
        .filter(|(field, _)| may_be_left_out(field))
        .map(|(_, member)| quote!(+ ::core::primitive::usize::from((#member).is_some())));
    quote!(#always #(#sometimes)*)
}

/// Writes the fields into `map`.
pub(super) fn puts(fields: &[FieldView<'_>], members: &[TokenStream]) -> TokenStream {
    let p = p();
    let puts = fields.iter().zip(members).map(|(field, member)| {
        let wire = &field.field.name.text;
        let put = if may_be_left_out(field) {
            quote!(#p::put_some)
        } else {
            quote!(#p::put)
        };
        field.located(quote!(#put(map, #wire, #member)?;))
    });
    quote!(#(#puts)*)
}

/// `None` is left out, but for a field whose absence means something else.
fn may_be_left_out(field: &FieldView<'_>) -> bool {
    matches!(field.need, Need::Optional)
}

/// Reads the fields out of `map`, in any order; `constructor` takes them.
pub(super) fn read_fields(fields: &[FieldView<'_>], constructor: &TokenStream) -> TokenStream {
    let p = p();
    let wires: Vec<&String> = fields.iter().map(|field| &field.field.name.text).collect();
    let places: Vec<Literal> = (0..fields.len()).map(Literal::usize_unsuffixed).collect();
    let reads = fields.iter().zip(&wires).map(|(field, wire)| {
        field.located(quote!(::core::option::Option::Some(#p::field(&mut map, #wire)?)))
    });
    let slots: Vec<Ident> = (0..fields.len())
        .map(|place| format_ident!("field_{place}"))
        .collect();
    let values = fields.iter().zip(&slots).map(|(field, slot)| {
        let (ident, wire) = (&field.ident, &field.field.name.text);
        match &field.need {
            Need::Required => quote!(#ident: #slot.ok_or_else(|| #p::missing(#wire))?),
            Need::Optional => quote!(#ident: #slot.flatten()),
            Need::Default(default) => quote!(#ident: #slot.unwrap_or_else(|| #default)),
        }
    });
    quote! {
        #(let mut #slots = ::core::option::Option::None;)*
        while let ::core::option::Option::Some(place) = #p::key(&mut map, &[#(#wires),*])? {
            match place {
                #(#places => #slots = #reads,)*
                _ => #p::skip(&mut map)?,
            }
        }
        ::core::result::Result::Ok(#constructor { #(#values,)* })
    }
}

pub(super) fn implement(
    name: &Ident,
    shape: &TokenStream,
    write: &TokenStream,
    read: &TokenStream,
    check: &TokenStream,
    more: &TokenStream,
) -> TokenStream {
    let p = p();
    let allow = allow();
    let check = (!check.is_empty()).then(|| {
        quote! {
            fn check(&self, at: &#p::At<'_>, found: &mut #p::Violations) {
                #check
            }
        }
    });
    quote! {
        #allow
        impl #p::Type for #name {
            const SHAPE: &'static #p::Shape = #shape;

            fn write<S: #p::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                #write
            }

            fn read<'de, D: #p::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                #read
            }

            #check
            #more
        }
    }
}
