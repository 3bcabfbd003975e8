//! The user's own tokens for what the model only knows by name.

use procwire_gen::rust::Spelling;
use procwire_schema::model::DeclIndex;
use procwire_schema::model::name::snake;
use quote::ToTokens;
use syn::visit::Visit;
use syn::{Attribute, Expr, ExprPath, Ident, Path};

/// The paths of declared types, and the variants that defaults name, as an item spells them.
pub(crate) fn of(item: &impl Defaults, paths: &[(DeclIndex, Path)]) -> Spelling {
    let mut spelling = Spelling::default();
    for (decl, path) in paths {
        spelling.set(*decl, path.to_token_stream());
    }
    item.visit_defaults(&mut Collect {
        spelling: &mut spelling,
    });
    spelling
}

/// An identifier without its `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

/// An item whose `#[default(…)]` can be visited.
pub(crate) trait Defaults {
    fn visit_defaults(&self, visitor: &mut Collect<'_>);
}

impl Defaults for syn::ItemTrait {
    fn visit_defaults(&self, visitor: &mut Collect<'_>) {
        visitor.visit_item_trait(self);
    }
}

impl Defaults for syn::DeriveInput {
    fn visit_defaults(&self, visitor: &mut Collect<'_>) {
        visitor.visit_derive_input(self);
    }
}

pub(crate) struct Collect<'a> {
    spelling: &'a mut Spelling,
}

impl<'ast> Visit<'ast> for Collect<'_> {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("default")
            && let Ok(value) = attribute.parse_args::<Expr>()
        {
            Paths {
                spelling: self.spelling,
            }
            .visit_expr(&value);
        }
    }
}

/// Finds `Enum::Value` inside a default.
struct Paths<'a> {
    spelling: &'a mut Spelling,
}

impl Visit<'_> for Paths<'_> {
    fn visit_expr_path(&mut self, path: &ExprPath) {
        let mut segments = path.path.segments.iter().rev();
        if let (Some(variant), Some(of)) = (segments.next(), segments.next()) {
            let wire = snake(&plain(&variant.ident));
            self.spelling
                .set_variant(plain(&of.ident), wire, variant.ident.clone());
        }
    }
}
