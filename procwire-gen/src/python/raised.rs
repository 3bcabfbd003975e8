//! The exceptions of the unions that methods throw: one base class for each union, one class for each variant.

use procwire_schema::model::DeclKind;

use super::naming::error_field;
use super::prose::{docstring, quoted};
use super::reach::variant_fields;
use super::types::{Item, Purpose, Types, renames};

impl Types<'_> {
    /// The exceptions of every union that is thrown.
    pub(super) fn errors(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for (index, _, decl) in self.schema.declared() {
            let DeclKind::Union(union) = &decl.kind else {
                continue;
            };
            if !self.reach.is_thrown(index) {
                continue;
            }
            let family = self.naming.error(index);
            items.push(Item::Class {
                decorator: None,
                docs: docstring(&decl.docs, None, "    "),
                name: family.to_owned(),
                bases: "_pw.DeclaredError".to_owned(),
                constants: Vec::new(),
                fields: Vec::new(),
            });
            for (at, variant) in union.variants.iter().enumerate() {
                let fields = variant_fields(self.schema.decls(), &variant.body);
                let speller = self
                    .speller()
                    .inside(fields.iter().map(|field| error_field(&field.name.text)));
                let class_var = self.imports.from("_t", "ClassVar");
                let mut constants = vec![format!(
                    "TAG: {class_var}[{}] = {}",
                    speller.builtin("str"),
                    quoted(&variant.name.text)
                )];
                if let Some(renamed) = renames(fields, error_field) {
                    constants.push(format!(
                        "RENAMED: {class_var}[{dict}[{str}, {str}]] = {renamed}",
                        dict = speller.builtin("dict"),
                        str = speller.builtin("str"),
                    ));
                }
                items.push(Item::Class {
                    decorator: Some(format!(
                        "@{}(eq=False)",
                        self.imports.from("_dc", "dataclass")
                    )),
                    docs: docstring(&variant.docs, None, "    "),
                    name: self.naming.raised(index, at).to_owned(),
                    bases: family.to_owned(),
                    constants,
                    fields: self.fields(fields, Purpose::Raised),
                });
            }
        }
        items
    }
}
