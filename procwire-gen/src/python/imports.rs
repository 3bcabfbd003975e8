//! The modules a generated file uses, each under an alias that starts with `_`, as no name of a schema does: so a
//! schema may have a type called `Context` or `Enum`. Only those that are used are imported.

use std::cell::RefCell;
use std::collections::BTreeSet;

const MODULES: &[(&str, &str)] = &[
    ("abc", "_abc"),
    ("builtins", "_b"),
    ("collections.abc", "_c"),
    ("dataclasses", "_dc"),
    ("datetime", "_dt"),
    ("decimal", "_dec"),
    ("typing", "_t"),
    ("uuid", "_uuid"),
];

/// Collects what is used while a file is put together.
#[derive(Debug, Default)]
pub(super) struct Imports {
    used: RefCell<BTreeSet<&'static str>>,
}

impl Imports {
    /// `_dt.timedelta`, and `datetime` is imported. The alias is one of the table above, or `_pw` for the runtime.
    pub(super) fn from(&self, alias: &'static str, name: &str) -> String {
        self.used.borrow_mut().insert(alias);
        format!("{alias}.{name}")
    }

    /// Whether anything of the runtime is used under its alias.
    pub(super) fn has_runtime(&self) -> bool {
        self.used.borrow().contains("_pw")
    }

    /// The import lines of standard modules, sorted.
    pub(super) fn lines(&self) -> Vec<String> {
        let used = self.used.borrow();
        MODULES
            .iter()
            .filter(|(_, alias)| used.contains(alias))
            .map(|(module, alias)| format!("import {module} as {alias}"))
            .collect()
    }
}
