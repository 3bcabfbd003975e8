//! What is the user's: names, visibility, and types in their own words.
//!
//! The macros fill it from the tokens they were given; for a module that was not written in Rust it follows from the
//! model.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use procwire_schema::model::{DeclKind, Module, Name};
use quote::quote;

use crate::names::Scope;
use crate::rust::spell::{Spelling, ident};

/// What is the user's: the trait's name, its visibility, and the types as they spelled them.
#[derive(Clone, Debug)]
pub struct Surface {
    /// `pub`, `pub(crate)` or nothing.
    pub vis: TokenStream,
    /// The name of the trait.
    pub name: Ident,
    /// Paths of declared types.
    pub spelling: Spelling,
    /// Whether this module was refused, and its stub only stands in until the errors are gone.
    pub stands_in: bool,
    /// What was written of each method, and of each event, by its name on the wire.
    pub written: BTreeMap<String, Written>,
}

/// The types of one method or event, as somebody wrote them.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Its name, where it stands.
    pub name: Option<Ident>,
    /// Name and type of each parameter, in order.
    pub args: Vec<(Ident, TokenStream)>,
    /// The type of the answer.
    pub answer: Option<TokenStream>,
    /// The type of the declared error.
    pub error: Option<TokenStream>,
}

impl Surface {
    /// The surface of a module that was not written in Rust.
    #[must_use]
    pub fn of(module: &Module) -> Self {
        Self {
            vis: quote!(pub),
            name: ident(&module.name.pascal()),
            spelling: Spelling::default(),
            stands_in: false,
            written: BTreeMap::new(),
        }
    }
}

/// The names of an enum's or a union's variants in Rust, in order.
#[derive(Clone, Debug, Default)]
pub struct Variants {
    known: Vec<Ident>,
    unknown: Option<Ident>,
}

impl Variants {
    /// Variants as somebody wrote them: the known ones, and the one that keeps what is unknown.
    #[must_use]
    pub fn new(known: Vec<Ident>, unknown: Option<Ident>) -> Self {
        Self { known, unknown }
    }

    /// The variants that the names on the wire give.
    pub(crate) fn of(kind: &DeclKind) -> Self {
        let names: Vec<&Name> = match kind {
            DeclKind::Enum(choice) => choice.values.iter().map(|value| &value.name).collect(),
            DeclKind::Union(union) => union.variants.iter().map(|variant| &variant.name).collect(),
            DeclKind::Newtype(_) | DeclKind::Struct(_) | DeclKind::Table(_) => Vec::new(),
        };
        let mut scope = Scope::new(&["Self", "Unknown"]);
        let known = names
            .iter()
            .map(|name| ident(&scope.take(&name.pascal())))
            .collect();
        Self {
            known,
            unknown: None,
        }
    }

    pub(crate) fn known(&self) -> &[Ident] {
        &self.known
    }

    pub(crate) fn unknown(&self) -> Ident {
        self.unknown.clone().unwrap_or_else(|| ident("Unknown"))
    }
}
