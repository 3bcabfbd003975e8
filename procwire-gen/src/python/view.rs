//! Everything a generated file says, decided; the template only prints it.

use askama::Template;
use procwire_schema::Schema;
use procwire_schema::model::{Args, Module};

use super::contract::ModuleView;
use super::imports::Imports;
use super::naming::Naming;
use super::prose::docstring;
use super::reach::Reach;
use super::types::{Item, Purpose, Types};

/// A generated file.
#[derive(Debug, Template)]
#[template(path = "python/module.py", escape = "none")]
pub(super) struct FileView {
    docs: String,
    imports: Vec<String>,
    items: Vec<Item>,
    module: Option<ModuleView>,
}

impl FileView {
    pub(super) fn of(schema: &Schema, naming: &Naming) -> Self {
        let imports = Imports::default();
        let types = Types {
            schema,
            naming,
            imports: &imports,
            reach: Reach::of(schema),
        };
        let mut items = types.declared();
        items.extend(types.errors());
        let mut docs = String::new();
        let mut view = None;
        if let Some(module) = schema.module() {
            items.extend(inline(&types, module, naming));
            docs = docstring(&module.docs, None, "");
            view = Some(ModuleView::of(schema, module, naming, &imports));
        }
        if items
            .iter()
            .any(|item| matches!(item, Item::OpenUnion { .. }))
        {
            imports.from("_t", "TYPE_CHECKING");
        }
        Self {
            docs,
            items,
            module: view,
            imports: imports.lines(),
        }
    }
}

fn inline(types: &Types<'_>, module: &Module, naming: &Naming) -> Vec<Item> {
    let args = module
        .methods
        .iter()
        .enumerate()
        .filter_map(|(at, method)| {
            let Args::Fields(fields) = &method.args else {
                return None;
            };
            Some(types.inline(naming.args(at)?, fields, Purpose::Read))
        });
    let payloads = module.events.iter().enumerate().filter_map(|(at, event)| {
        let Args::Fields(fields) = &event.payload else {
            return None;
        };
        Some(types.inline(naming.payload(at)?, fields, Purpose::Written))
    });
    args.chain(payloads).collect()
}
