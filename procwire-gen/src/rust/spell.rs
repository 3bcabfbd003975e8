//! How names and types of the schema are spelled in Rust.
//!
//! Everything is an absolute path, so that a user's own `Result` or `String` changes nothing. Knows the model; knows
//! nothing of what is emitted.

use std::collections::BTreeMap;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use procwire_schema::Schema;
use procwire_schema::model::name::pascal;
use procwire_schema::model::{DeclIndex, Decls, Type};
use quote::{format_ident, quote};

use crate::names::{RUST, RUST_NEVER_RAW};

/// A name as an identifier: raw where it is a keyword, with `_` behind it where it cannot be raw.
pub(crate) fn ident(name: &str) -> Ident {
    ident_at(name, Span::call_site())
}

/// [`ident`], found by the compiler's messages at `span`.
pub(crate) fn ident_at(name: &str, span: Span) -> Ident {
    if RUST_NEVER_RAW.contains(&name) {
        Ident::new(&format!("{name}_"), span)
    } else if RUST.contains(&name) {
        Ident::new_raw(name, span)
    } else {
        Ident::new(name, span)
    }
}

/// An identifier without its `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

/// Paths that somebody wrote, to be used instead of those the schema's names give.
#[derive(Clone, Debug, Default)]
pub struct Spelling {
    paths: BTreeMap<DeclIndex, TokenStream>,
    variants: BTreeMap<(String, String), Ident>,
}

impl Spelling {
    /// Names a declared type by this path.
    pub fn set(&mut self, decl: DeclIndex, path: TokenStream) {
        self.paths.entry(decl).or_insert(path);
    }

    /// Names a value of an enum by this identifier: `of` is the enum's bare name, `wire` the value on the wire.
    pub fn set_variant(&mut self, of: String, wire: String, variant: Ident) {
        self.variants.insert((of, wire), variant);
    }
}

/// Spells types as seen from one place: the module itself, or the one that holds an alias's types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speller<'a> {
    pub(crate) decls: &'a Decls,
    pub(crate) spelling: &'a Spelling,
    pub(crate) inside: Option<&'a str>,
    /// The schema and the declaration whose fields are spelled, to know what must stand behind a pointer.
    pub(crate) owner: Option<(&'a Schema, DeclIndex)>,
    /// Whether the module was refused; see [`super::Surface::stands_in`].
    pub(crate) stands_in: bool,
}

impl<'a> Speller<'a> {
    /// A declared type.
    pub(crate) fn path(&self, decl: DeclIndex) -> TokenStream {
        if let Some(path) = self.spelling.paths.get(&decl) {
            return path.clone();
        }
        let name = &self.decls.entry(decl).name;
        let ident = ident(&name.ident);
        match (&name.alias, self.inside) {
            (alias, inside) if alias.as_deref() == inside => quote!(#ident),
            (Some(alias), inside) => {
                let module = module_of(alias);
                let up = inside.map(|_| quote!(super::));
                quote!(#up #module::#ident)
            }
            (None, _) => quote!(super::#ident),
        }
    }

    /// A value of an enum.
    pub(crate) fn variant(&self, decl: DeclIndex, wire: &str) -> TokenStream {
        let path = self.path(decl);
        let of = &self.decls.entry(decl).name.ident;
        let written = self.spelling.variants.get(&(of.clone(), wire.to_owned()));
        let variant = written.cloned().unwrap_or_else(|| ident(&pascal(wire)));
        quote!(#path::#variant)
    }

    /// Where the compiler's messages about a type should point: at the first type in it that somebody declared.
    pub(crate) fn place(&self, ty: &Type) -> Option<Span> {
        let mut first = None;
        ty.each_ref(&mut |decl| {
            let path = self.spelling.paths.get(&decl).cloned();
            first = first.or_else(|| path?.into_iter().last().map(|token| token.span()));
        });
        first
    }

    /// The same place, where nothing needs a pointer of its own.
    pub(crate) const fn behind_pointer(self) -> Self {
        Self {
            owner: None,
            ..self
        }
    }

    /// Any type.
    pub(crate) fn ty(&self, ty: &Type) -> TokenStream {
        let p = p();
        match ty {
            Type::Bool => quote!(bool),
            Type::Int | Type::I64 => quote!(i64),
            Type::I8 => quote!(i8),
            Type::I16 => quote!(i16),
            Type::I32 => quote!(i32),
            Type::U8 => quote!(u8),
            Type::U16 => quote!(u16),
            Type::U32 => quote!(u32),
            Type::U64 => quote!(u64),
            Type::F32 => quote!(f32),
            Type::F64 => quote!(f64),
            Type::String => quote!(::std::string::String),
            Type::Bytes => quote!(#p::Bytes),
            Type::Timestamp => quote!(::std::time::SystemTime),
            Type::Duration => quote!(::core::time::Duration),
            Type::Decimal => quote!(#p::Decimal),
            Type::Uuid => quote!(#p::Uuid),
            Type::Json => quote!(#p::Value),
            Type::Optional(inner) => {
                let inner = self.ty(inner);
                quote!(::core::option::Option<#inner>)
            }
            Type::List(item) => {
                let item = self.behind_pointer().ty(item);
                quote!(::std::vec::Vec<#item>)
            }
            Type::Array(item, length) => {
                let item = self.ty(item);
                let length = proc_macro2::Literal::u32_unsuffixed(*length);
                quote!([#item; #length])
            }
            Type::Map(key, value) => {
                let at = self.behind_pointer();
                let (key, value) = (at.ty(key), at.ty(value));
                quote!(::std::collections::BTreeMap<#key, #value>)
            }
            Type::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.ty(part));
                quote!((#(#parts,)*))
            }
            Type::Ref(decl) => {
                let path = self.path(*decl);
                match self.owner {
                    Some((schema, owner)) if schema.is_boxed(owner, *decl) => {
                        quote!(::std::boxed::Box<#path>)
                    }
                    _ => path,
                }
            }
        }
    }
}

/// The module that holds the types imported under an alias.
pub(crate) fn module_of(alias: &str) -> Ident {
    ident(&alias.replace('.', "_"))
}

/// Whether a value is cheap to pass and copies itself: given by value, so that a literal finds its type.
pub(crate) fn is_scalar(ty: &Type) -> bool {
    matches!(
        ty,
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
            | Type::F32
            | Type::F64
            | Type::Timestamp
            | Type::Duration
            | Type::Uuid
    )
}

/// The same tokens, found by the compiler's messages at `span`. What they mean stays as it is, and so do the lints
/// that leave generated code alone.
pub(crate) fn located(tokens: TokenStream, span: Span) -> TokenStream {
    let one = |mut tree: TokenTree| {
        if let TokenTree::Group(group) = &tree {
            let delimiter = group.delimiter();
            let place = group.span();
            let mut inner = Group::new(delimiter, located(group.stream(), span));
            inner.set_span(place);
            tree = TokenTree::Group(inner);
        }
        tree.set_span(tree.span().located_at(span));
        tree
    };
    tokens.into_iter().map(one).collect()
}

/// The only path into the runtime.
pub(crate) fn p() -> TokenStream {
    quote!(::procwire::__private)
}

/// `PdfOpenArgs` from its parts.
pub(crate) fn join(parts: &[&str]) -> Ident {
    format_ident!("{}", parts.concat())
}
