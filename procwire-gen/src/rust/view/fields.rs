//! Arguments, payloads and the fields of declared types, decided: how each is given, read and left out.

use proc_macro2::{Ident, Span, TokenStream};
use procwire_schema::model::{Args, Field, Type, TypeExpr};
use quote::quote;

use super::surface::Written;
use crate::names::Scope;
use crate::rust::literal::literal;
use crate::rust::spell::{Speller, ident, is_scalar, located};

/// What a method takes, or an event carries.
#[derive(Debug)]
pub(crate) enum PayloadView<'a> {
    /// Nothing: nil on the wire.
    Nothing,
    /// Fields, in a struct of ours.
    Fields(RecordView<'a>),
    /// One value.
    Whole {
        name: Ident,
        ty: TokenStream,
        model: &'a Type,
    },
}

/// A struct of ours for fields written in place.
#[derive(Debug)]
pub(crate) struct RecordView<'a> {
    pub(crate) name: Ident,
    pub(crate) fields: Vec<FieldView<'a>>,
}

/// A field, decided.
#[derive(Debug)]
pub(crate) struct FieldView<'a> {
    pub(crate) field: &'a Field,
    pub(crate) ident: Ident,
    /// Its name as a setter of a call, which has setters of its own.
    pub(crate) setter: Ident,
    pub(crate) ty: TokenStream,
    pub(crate) need: Need,
    /// Where messages about its type should point, if that is known.
    pub(crate) place: Option<Span>,
}

/// What a reader does when the field is absent.
#[derive(Debug)]
pub(crate) enum Need {
    /// Refuses.
    Required,
    /// Takes `None`.
    Optional,
    /// Takes this expression.
    Default(TokenStream),
}

impl<'a> PayloadView<'a> {
    pub(super) fn new(
        args: &'a Args,
        record: Ident,
        at: Speller<'a>,
        written: Option<&Written>,
    ) -> Self {
        match args {
            Args::Fields(fields) if fields.is_empty() => Self::Nothing,
            Args::Fields(fields) => {
                let mut fields = FieldView::all(fields, at);
                for (view, (name, ty)) in fields
                    .iter_mut()
                    .zip(written.iter().flat_map(|written| &written.args))
                {
                    view.ident = name.clone();
                    view.ty = ty.clone();
                }
                Self::Fields(RecordView {
                    name: record,
                    fields,
                })
            }
            Args::Payload(TypeExpr { ty, .. }) => {
                let (name, spelled) = written
                    .and_then(|written| written.args.first().cloned())
                    .unwrap_or_else(|| (ident("payload"), at.ty(ty)));
                Self::Whole {
                    name,
                    ty: spelled,
                    model: ty,
                }
            }
        }
    }

    /// Its type in Rust.
    pub(crate) fn ty(&self) -> TokenStream {
        match self {
            Self::Nothing => quote!(()),
            Self::Fields(record) => {
                let name = &record.name;
                quote!(#name)
            }
            Self::Whole { ty, .. } => ty.clone(),
        }
    }

    pub(crate) const fn record(&self) -> Option<&RecordView<'a>> {
        match self {
            Self::Fields(record) => Some(record),
            Self::Nothing | Self::Whole { .. } => None,
        }
    }

    /// Name and type of each parameter of a handler.
    pub(crate) fn parameters(&self) -> Vec<(&Ident, &TokenStream)> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Fields(record) => record
                .fields
                .iter()
                .map(|field| (&field.ident, &field.ty))
                .collect(),
            Self::Whole { name, ty, .. } => vec![(name, ty)],
        }
    }
}

impl<'a> FieldView<'a> {
    /// The fields of a record.
    pub(crate) fn all(fields: &'a [Field], at: Speller<'_>) -> Vec<Self> {
        let mut setters = Scope::new(&[]).with(CALL_METHODS);
        fields
            .iter()
            .map(|field| {
                let ty = &field.ty.ty;
                Self {
                    field,
                    ident: ident(&field.name.text),
                    setter: ident(&setters.take(&field.name.text)),
                    ty: at.ty(ty),
                    place: at.place(ty),
                    need: match &field.default {
                        // A default may be what is wrong.
                        Some(_) if at.stands_in => Need::Default(quote!(::core::unreachable!())),
                        Some(default) => Need::Default(literal(&at, ty, &default.value)),
                        None if matches!(ty, Type::Optional(_)) => Need::Optional,
                        None => Need::Required,
                    },
                }
            })
            .collect()
    }

    pub(crate) const fn is_required(&self) -> bool {
        matches!(self.need, Need::Required)
    }

    /// Tokens about its type, found where that stands.
    pub(crate) fn located(&self, tokens: TokenStream) -> TokenStream {
        match self.place {
            Some(place) => located(tokens, place),
            None => tokens,
        }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        is_scalar(&self.field.ty.ty)
    }
}

/// What a call has of its own.
const CALL_METHODS: [&str; 2] = ["into_future", "timeout"];
