//! The table of declarations, and the names that were used.

use std::collections::BTreeMap;

use super::name::Name;
use super::ty::{Enum, Newtype, Record, Union};
use crate::span::Span;

/// A place in [`Decls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeclIndex(pub u32);

/// A type's name as it is used: `Rect`, or `geo.Rect` for an imported one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeName {
    /// The import's alias; none for the schema's own types.
    pub alias: Option<String>,
    /// The bare name.
    pub ident: String,
}

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(alias) = &self.alias {
            write!(f, "{alias}.")?;
        }
        f.write_str(&self.ident)
    }
}

/// A declared type.
#[derive(Clone, Debug, PartialEq)]
pub struct Decl {
    /// The bare name, where it is declared.
    pub name: Name,
    /// `##` comments.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: DeclKind,
}

/// The kinds of declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum DeclKind {
    /// `[newtype]`
    Newtype(Newtype),
    /// `[enum]`
    Enum(Enum),
    /// `[struct.Name]`
    Struct(Record),
    /// `[union.Name]`
    Union(Union),
    /// `[table.Name]`
    Table(Record),
}

/// A name and, unless it is only used, its declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name.
    pub name: TypeName,
    /// Every place that used it.
    pub uses: Vec<Span>,
    /// Its declaration; none while (or because) nobody declared it. In a closed world the checker refuses that.
    /// In an open one (the trait macro sees a trait and not its types) it stays so, and rustc is the judge.
    pub decl: Option<Decl>,
}

/// Every type name of a schema, interned: declared ones in the order written, used ones as they come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decls {
    entries: Vec<Entry>,
    by_name: BTreeMap<TypeName, DeclIndex>,
}

impl Decls {
    /// The index of a name, which need not be declared (yet).
    pub fn intern(&mut self, name: &TypeName) -> DeclIndex {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let index = DeclIndex(u32::try_from(self.entries.len()).expect("fewer than 2^32 names"));
        self.entries.push(Entry {
            name: name.clone(),
            uses: Vec::new(),
            decl: None,
        });
        self.by_name.insert(name.clone(), index);
        index
    }

    /// Notes that a name is used at `span`.
    pub fn refer(&mut self, name: &TypeName, span: Span) -> DeclIndex {
        let index = self.intern(name);
        self.entries[index.0 as usize].uses.push(span);
        index
    }

    /// Declares a name. `Err` is the index of the declaration that stands in the way, which is kept.
    pub fn declare(&mut self, name: &TypeName, decl: Decl) -> Result<DeclIndex, DeclIndex> {
        let index = self.intern(name);
        let entry = &mut self.entries[index.0 as usize];
        if entry.decl.is_some() {
            return Err(index);
        }
        entry.decl = Some(decl);
        Ok(index)
    }

    /// The entry at an index.
    #[must_use]
    pub fn entry(&self, index: DeclIndex) -> &Entry {
        &self.entries[index.0 as usize]
    }

    /// The declaration at an index, if there is one.
    #[must_use]
    pub fn get(&self, index: DeclIndex) -> Option<&Decl> {
        self.entry(index).decl.as_ref()
    }

    /// The entry at an index, to be changed by a front end or the checker.
    pub fn entry_mut(&mut self, index: DeclIndex) -> &mut Entry {
        &mut self.entries[index.0 as usize]
    }

    /// Every entry, in order.
    pub fn iter(&self) -> impl Iterator<Item = (DeclIndex, &Entry)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (DeclIndex(at as u32), entry))
    }
}
