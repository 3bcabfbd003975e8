//! Front end 1: TOML files, through `toml_edit`.
//!
//! Reads a schema and every file it imports, and builds one [`Draft`]. Reports what concerns the writing (syntax,
//! keys, kinds of values, imports); what the words mean is the checker's part.

use std::collections::HashMap;
use std::path::Path;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources};
use crate::model::Draft;
use files::File;
use types::Names;

mod declared;
mod field;
mod files;
mod keys;
mod module;
mod spawn;
mod tree;
mod types;

/// How a file's bytes are got; tests and editors have other ways than the disk.
pub type Fetch<'a> = dyn Fn(&Path) -> std::io::Result<Vec<u8>> + 'a;

/// Reads the schema at `path` and what it imports.
pub fn read(
    path: &Path,
    fetch: &Fetch<'_>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Draft {
    build(&files::load(path, fetch, sources, found), found)
}

/// Lowers every file into one draft.
fn build(files: &[File], found: &mut Diagnostics) -> Draft {
    let mut draft = Draft::default();
    let mut lowered = Vec::new();
    let mut broken = Vec::new();
    for file in files {
        let aliases: HashMap<String, String> = file
            .imports
            .iter()
            .filter_map(|import| Some((import.alias.clone(), files[import.target].own.clone()?)))
            .collect();
        let mut names = Names {
            decls: &mut draft.decls,
            own: file.own.clone(),
            aliases,
            used: Vec::new(),
            broken: Vec::new(),
        };
        declared::read(&file.entries, &mut names, found);
        if file.own.is_none() {
            draft.module = module::read(&file.entries, &mut names, found);
        }
        lowered.push(names.used);
        broken.extend(names.broken);
    }
    let unreadable: Vec<&String> = files
        .iter()
        .filter(|file| !file.readable)
        .filter_map(|file| file.own.as_ref())
        .collect();
    let of_unreadable = draft.decls.iter().filter(|(_, entry)| {
        let alias = entry.name.alias.as_ref();
        alias.is_some_and(|alias| unreadable.contains(&alias))
    });
    broken.extend(of_unreadable.map(|(index, _)| index).collect::<Vec<_>>());
    for index in broken {
        draft.decls.entry_mut(index).uses.clear();
    }
    // A file that could not be parsed leaves imports unused only because nobody could read it.
    if !found.has_errors() {
        for (file, used) in files.iter().zip(lowered) {
            for import in file
                .imports
                .iter()
                .filter(|import| !used.contains(&import.alias))
            {
                found.push(
                    Diagnostic::new(
                        Code::UnusedImport,
                        format!("import `{}` is never used", import.alias),
                    )
                    .at(import.span, "remove it"),
                );
            }
        }
    }
    draft
}
