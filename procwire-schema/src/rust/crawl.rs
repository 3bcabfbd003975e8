//! Going through a Rust file and the files that its `mod` lines lead to, and keeping the items that matter.
//!
//! Reads and cuts; what the items mean is not known here.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::TokenStream;
use syn::{DeriveInput, ItemTrait};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources};
use crate::rust::items::{self, Item};
use crate::rust::spans::Spans;
use crate::rust::types::plain;
use crate::span::Span;

/// How a file's bytes are got.
type Fetch<'a> = dyn Fn(&Path) -> std::io::Result<Vec<u8>> + 'a;

/// What was found in all files.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// One per file.
    pub(crate) spans: Vec<Spans>,
    /// File, item.
    pub(crate) traits: Vec<(usize, ItemTrait)>,
    /// File, module, item.
    pub(crate) types: Vec<(usize, Option<String>, DeriveInput)>,
    /// Types without the derive, and what to do about each.
    pub(crate) plain: Vec<(String, Span, &'static str)>,
    /// Types that have the derive and could not be parsed, which was reported.
    pub(crate) broken: Vec<String>,
    /// The names of the files, and of those that were looked for.
    pub(crate) looked: Vec<String>,
}

/// Reads the file at `path` and all that it leads to.
pub(crate) fn read(
    path: &Path,
    fetch: &Fetch<'_>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Seen {
    let mut crawl = Crawl {
        fetch,
        sources,
        found,
        seen: Seen::default(),
    };
    match (crawl.fetch)(path) {
        Ok(bytes) => crawl.file(path, bytes, None),
        Err(error) => crawl.found.push(Diagnostic::new(
            Code::Unreadable,
            format!("cannot read {}: {error}", path.display()),
        )),
    }
    crawl.seen
}

struct Crawl<'a> {
    fetch: &'a Fetch<'a>,
    sources: &'a mut Sources,
    found: &'a mut Diagnostics,
    seen: Seen,
}

impl Crawl<'_> {
    fn file(&mut self, path: &Path, bytes: Vec<u8>, module: Option<String>) {
        let name = path.to_string_lossy().replace('\\', "/");
        let Ok(text) = String::from_utf8(bytes) else {
            self.found.push(Diagnostic::new(
                Code::NotUtf8,
                format!("{name} is not UTF-8 text"),
            ));
            return;
        };
        self.seen.looked.push(name.clone());
        let skipped = prelude(&text);
        let parsed = TokenStream::from_str(text.get(skipped..).unwrap_or_default());
        let file = self.sources.add(&name, Some(path), text);
        self.seen.spans.push(Spans::of_file(file, skipped));
        match parsed {
            Ok(tokens) => {
                let at = self.seen.spans.len() - 1;
                self.items(tokens, at, path, module.as_deref(), 0);
            }
            Err(error) => {
                let span = self.seen.spans[self.seen.spans.len() - 1].at(error.span());
                self.found.push(
                    Diagnostic::new(Code::SyntaxRust, format!("{name} is not valid Rust"))
                        .at(
                        span,
                        "a bracket or quotation mark without its partner, or a character that Rust does not know",
                    ),
                );
            }
        }
    }

    fn items(
        &mut self,
        tokens: TokenStream,
        at: usize,
        path: &Path,
        module: Option<&str>,
        depth: usize,
    ) {
        // Modules inside modules, deeper than anyone nests them.
        if depth > 16 {
            return;
        }
        for item in items::split(tokens) {
            match item {
                Item::Trait(tokens) => {
                    if let Some(item) = self.parse::<ItemTrait>(tokens, at) {
                        self.seen.traits.push((at, item));
                    }
                }
                Item::Type(tokens) => {
                    let name = items::type_name(&tokens);
                    if let Some(item) = self.parse::<DeriveInput>(tokens, at) {
                        self.seen.types.push((at, module.map(str::to_owned), item));
                    } else {
                        self.seen.broken.extend(name);
                    }
                }
                Item::Plain(ident) => {
                    let span = self.seen.spans[at].at(ident.span());
                    let hint = "add #[derive(procwire::Type)] here";
                    self.seen.plain.push((plain(&ident), span, hint));
                }
                Item::Alias(ident) => {
                    let span = self.seen.spans[at].at(ident.span());
                    let hint = "an alias is not followed: write the type itself, or a newtype";
                    self.seen.plain.push((plain(&ident), span, hint));
                }
                Item::Module {
                    name,
                    body: Some(body),
                    ..
                } => self.items(body, at, path, Some(&name), depth + 1),
                Item::Module {
                    name,
                    path: given,
                    body: None,
                } => self.follow(&name, given.as_deref(), path),
            }
        }
    }

    fn parse<T: syn::parse::Parse>(&mut self, tokens: TokenStream, at: usize) -> Option<T> {
        if items::is_too_deep(&tokens) {
            let span = tokens
                .into_iter()
                .next()
                .map_or(Span::NONE, |token| self.seen.spans[at].at(token.span()));
            self.found.push(
                Diagnostic::new(Code::SyntaxRust, "an item is nested too deeply to be read")
                    .at(span, "this item"),
            );
            return None;
        }
        match syn::parse2::<T>(tokens) {
            Ok(item) => Some(item),
            Err(error) => {
                let span = self.seen.spans[at].at(error.span());
                self.found.push(
                    Diagnostic::new(Code::SyntaxRust, "not valid Rust").at(span, error.to_string()),
                );
                None
            }
        }
    }

    /// `mod name;`: beside the file, or in the folder named like it. A crate's root may be called anything, so both
    /// are tried. A file that is not there is remembered; it matters only when a type is not found.
    fn follow(&mut self, name: &str, given: Option<&str>, path: &Path) {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let inner = path.with_extension("");
        let candidates: Vec<PathBuf> = match given {
            Some(given) => vec![folder.join(given)],
            None => [&inner, folder]
                .into_iter()
                .flat_map(|folder| {
                    [
                        folder.join(format!("{name}.rs")),
                        folder.join(name).join("mod.rs"),
                    ]
                })
                .collect(),
        };
        for candidate in &candidates {
            if self
                .sources
                .iter()
                .any(|source| source.path.as_ref() == Some(candidate))
            {
                return;
            }
            if let Ok(bytes) = (self.fetch)(candidate) {
                self.file(candidate, bytes, Some(name.to_owned()));
                return;
            }
        }
        let last = candidates
            .iter()
            .map(|path| path.to_string_lossy().replace('\\', "/"));
        self.seen.looked.push(format!(
            "{} (not there)",
            last.collect::<Vec<_>>().join(" or ")
        ));
    }
}

/// How many bytes to leave out: a byte order mark and a `#!` line.
fn prelude(text: &str) -> usize {
    let mark = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let rest = &text[mark..];
    if rest.starts_with("#!") && !rest.trim_start_matches("#!").trim_start().starts_with('[') {
        return mark + rest.find('\n').unwrap_or(rest.len());
    }
    mark
}
