//! The schema's file and those that it imports, each parsed once.
//!
//! Judges what concerns files: that they can be read, their language version, their top keys, aliases and cycles.

use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources};
use crate::span::Span;
use crate::text::tree::{self, Entry, Kind};
use crate::text::{Fetch, declared, keys, module};

/// One file, parsed.
pub(crate) struct File {
    path: PathBuf,
    /// The alias that the whole schema knows it by; none for the schema itself.
    pub(crate) own: Option<String>,
    /// Otherwise that was reported, and what others take from it is not.
    pub(crate) readable: bool,
    pub(crate) entries: Vec<Entry>,
    pub(crate) imports: Vec<Import>,
}

impl File {
    fn unreadable(path: PathBuf, own: String) -> Self {
        Self {
            path,
            own: Some(own),
            readable: false,
            entries: Vec::new(),
            imports: Vec::new(),
        }
    }
}

/// One line of `[import]`.
pub(crate) struct Import {
    pub(crate) alias: String,
    pub(crate) span: Span,
    /// The place in the list of files.
    pub(crate) target: usize,
}

/// Loads the root, then its imports, then theirs, breadth first: the nearer import names the file.
pub(crate) fn load(
    root: &Path,
    fetch: &Fetch<'_>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Vec<File> {
    let Some(text) = fetch_text(root, Span::NONE, fetch, found) else {
        return Vec::new();
    };
    let mut files = vec![parse(root, None, text, sources, found)];
    let mut at = 0;
    while at < files.len() {
        let importer = files[at].path.clone();
        for (alias, alias_span, written, span) in imports_of(&files[at].entries, found) {
            let path = normal(
                &importer
                    .parent()
                    .unwrap_or_else(|| Path::new(""))
                    .join(&written),
            );
            if let Some(double) = files[at]
                .imports
                .iter()
                .find(|import| files[import.target].path == path)
            {
                found.push(
                    Diagnostic::new(
                        Code::ImportAlias,
                        format!("\"{written}\" is imported twice"),
                    )
                    .at(alias_span, format!("use `{}` for both", double.alias))
                    .at(double.span, "imported here already"),
                );
                let target = double.target;
                files[at].imports.push(Import {
                    alias,
                    span: alias_span,
                    target,
                });
                continue;
            }
            let target = match files.iter().position(|file| file.path == path) {
                Some(known) => known,
                None => {
                    if let Some(taken) = files.iter().find(|file| file.own.as_ref() == Some(&alias))
                    {
                        found.push(
                            Diagnostic::new(
                                Code::ImportAlias,
                                format!("`{alias}` stands for two files"),
                            )
                            .at(
                                alias_span,
                                format!(
                                    "it is {} elsewhere in this schema: take another alias",
                                    display(&taken.path)
                                ),
                            ),
                        );
                        // An alias that no file can have, so that nothing of it is looked for elsewhere.
                        let target = files.len();
                        files.push(File::unreadable(
                            PathBuf::from(format!("{alias}?")),
                            format!("{alias}?"),
                        ));
                        files[at].imports.push(Import {
                            alias,
                            span: alias_span,
                            target,
                        });
                        continue;
                    }
                    files.push(match fetch_text(&path, span, fetch, found) {
                        Some(text) => parse(&path, Some(alias.clone()), text, sources, found),
                        None => File::unreadable(path, alias.clone()),
                    });
                    files.len() - 1
                }
            };
            files[at].imports.push(Import {
                alias,
                span: alias_span,
                target,
            });
        }
        at += 1;
    }
    judge_cycles(&files, found);
    files
}

fn parse(
    path: &Path,
    own: Option<String>,
    text: String,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> File {
    let number = sources.add(&display(path), Some(path), text);
    let faults = found.count().0;
    let entries = match sources.get(number) {
        Some(source) => tree::parse(number, &source.text, found),
        None => Vec::new(),
    };
    let readable = found.count().0 == faults;
    if readable {
        judge_top(number, &entries, own.is_some(), found);
    }
    File {
        path: path.to_path_buf(),
        own,
        readable,
        entries,
        imports: Vec::new(),
    }
}

/// The keys at the top of a file, and its language version.
fn judge_top(file: u32, entries: &[Entry], imported: bool, found: &mut Diagnostics) {
    let mut known = vec!["procwire", "import"];
    known.extend(module::SECTIONS);
    known.extend(declared::SECTIONS);
    keys::judge(entries, "a schema", &known, found);
    for entry in entries.iter().filter(|entry| entry.key != "module") {
        keys::lost_docs(std::slice::from_ref(entry), found);
    }
    let top = Span::new(file, 0, 0);
    match entries
        .iter()
        .find(|entry| entry.key == "procwire")
        .map(|entry| &entry.node)
    {
        None => found.push(
            Diagnostic::new(Code::LanguageMissing, "the language version is missing")
                .at(top, "add procwire = 1 at the top"),
        ),
        Some(node) => match &node.kind {
            Kind::Int(1) => {}
            Kind::Int(other) => found.push(
                Diagnostic::new(
                    Code::LanguageUnknown,
                    format!("unknown language version {other}"),
                )
                .at(node.span, "this Procwire reads version 1"),
            ),
            _ => keys::wrong(
                node,
                "the language version is a number: procwire = 1",
                found,
            ),
        },
    }
    if imported
        && let Some(entry) = entries
            .iter()
            .find(|entry| module::SECTIONS.contains(&entry.key.as_str()))
    {
        found.push(
            Diagnostic::new(
                Code::ImportModule,
                format!("an imported file has [{}]", entry.key),
            )
            .at(
                entry.node.span,
                "only types are imported: move them into a file of their own",
            ),
        );
    }
}

/// Alias, its place, path as written, its place.
fn imports_of(entries: &[Entry], found: &mut Diagnostics) -> Vec<(String, Span, String, Span)> {
    let Some(section) = entries.iter().find(|entry| entry.key == "import") else {
        return Vec::new();
    };
    let Kind::Table(imports) = &section.node.kind else {
        keys::wrong(
            &section.node,
            "imports are a table: [import], then alias = \"path.toml\"",
            found,
        );
        return Vec::new();
    };
    imports
        .iter()
        .filter_map(|entry| {
            let text = keys::string(
                &entry.node,
                "an import is a path: geo = \"common/geometry.toml\"",
                found,
            )?;
            let plain = entry.key.starts_with(|c: char| c.is_ascii_lowercase())
                && entry
                    .key
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if !plain {
                found.push(
                    Diagnostic::new(
                        Code::NameShape,
                        format!("import alias `{}` is not snake_case", entry.key),
                    )
                    .at(entry.span, "small letters, digits and `_`, a letter first"),
                );
                return None;
            }
            Some((
                entry.key.clone(),
                entry.span,
                text.to_owned(),
                entry.node.inside(0, text.len()),
            ))
        })
        .collect()
}

fn judge_cycles(files: &[File], found: &mut Diagnostics) {
    for (at, file) in files.iter().enumerate() {
        for import in &file.imports {
            // Each cycle is reported once: where the file met last imports one met before it, or itself.
            if import.target <= at && reaches(files, import.target, at) {
                found.push(
                    Diagnostic::new(
                        Code::ImportCycle,
                        format!("{} imports itself", display(&file.path)),
                    )
                    .at(
                        import.span,
                        format!("leads back through {}", display(&files[import.target].path)),
                    ),
                );
            }
        }
    }
}

fn reaches(files: &[File], from: usize, to: usize) -> bool {
    let mut seen = vec![false; files.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            open.extend(files[at].imports.iter().map(|import| import.target));
        }
    }
    false
}

fn fetch_text(
    path: &Path,
    span: Span,
    fetch: &Fetch<'_>,
    found: &mut Diagnostics,
) -> Option<String> {
    let place = |diagnostic: Diagnostic, label: &str| {
        if span == Span::NONE {
            diagnostic
        } else {
            diagnostic.at(span, label)
        }
    };
    match fetch(path).map(String::from_utf8) {
        Ok(Ok(text)) => Some(text),
        Ok(Err(error)) => {
            let at = error.utf8_error().valid_up_to();
            let diagnostic = Diagnostic::new(
                Code::NotUtf8,
                format!("{} is not UTF-8 text (byte {at})", display(path)),
            );
            found.push(place(diagnostic, "imported here"));
            None
        }
        Err(error) => {
            let diagnostic = Diagnostic::new(
                Code::Unreadable,
                format!("cannot read {}: {error}", display(path)),
            );
            found.push(place(
                diagnostic,
                "imported here; the path is relative to this file",
            ));
            None
        }
    }
}

/// A path with `.` and `a/..` taken out, so that one file has one path.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn display(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
