//! `procwire.toml`: what a bare `procwire-gen` does. Finds and reads it; generates nothing.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use super::paths;
use crate::target::Language;

/// One thing to generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The schema's file.
    pub(crate) schema: PathBuf,
    /// The language.
    pub(crate) language: Language,
    /// The folder to generate into.
    pub(crate) out: PathBuf,
}

/// The nearest `procwire.toml`, in a folder or above it.
pub(crate) fn find(from: &Path) -> Option<PathBuf> {
    from.ancestors()
        .map(|folder| folder.join(NAME))
        .find(|file| file.is_file())
}

/// Reads the targets of a `procwire.toml`, or says all that is wrong with it, each with its place.
pub(crate) fn read(file: &Path) -> Result<Vec<Target>, Vec<String>> {
    let text = fs::read_to_string(file)
        .map_err(|error| vec![format!("{} cannot be read: {error}", paths::shown(file))])?;
    let mut reader = Reader {
        name: paths::shown(file),
        folder: file.parent().map_or_else(PathBuf::new, Path::to_owned),
        text: &text,
        wrong: Vec::new(),
    };
    let targets = reader.document();
    if reader.wrong.is_empty() {
        Ok(targets)
    } else {
        Err(reader.wrong)
    }
}

struct Reader<'a> {
    name: String,
    folder: PathBuf,
    text: &'a str,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn document(&mut self) -> Vec<Target> {
        let document = match Document::parse(self.text) {
            Ok(document) => document,
            Err(error) => {
                let message = error.message().lines().collect::<Vec<_>>().join("; ");
                self.refuse(error.span(), &message);
                return Vec::new();
            }
        };
        let root = document.as_table();
        for (key, item) in root.iter() {
            if key != "target" {
                let span = root
                    .key(key)
                    .and_then(toml_edit::Key::span)
                    .or_else(|| item.span());
                self.refuse(
                    span,
                    &format!("unknown key `{key}`: this file holds [[target]] sections only"),
                );
            }
        }
        let tables: Vec<&dyn TableLike> = match root.get("target") {
            Some(Item::ArrayOfTables(list)) => {
                list.iter().map(|table| table as &dyn TableLike).collect()
            }
            Some(Item::Value(Value::Array(list))) => list
                .iter()
                .filter_map(|value| value.as_inline_table().map(|table| table as &dyn TableLike))
                .collect(),
            Some(other) => {
                self.refuse(
                    other.span(),
                    "a target is a section of a list: write [[target]], in double brackets",
                );
                return Vec::new();
            }
            None => Vec::new(),
        };
        if tables.is_empty() && self.wrong.is_empty() {
            self.refuse(
                None,
                "there is no [[target]]: add one with `schema`, `lang` and `out`",
            );
        }
        tables
            .into_iter()
            .flat_map(|table| self.target(table))
            .collect()
    }

    fn target(&mut self, table: &dyn TableLike) -> Vec<Target> {
        let place = table.iter().find_map(|(_, item)| item.span());
        for (key, item) in table.iter() {
            if !KEYS.contains(&key) {
                let hint = match key {
                    "language" | "langs" | "target" => ": did you mean `lang`?",
                    "output" | "dir" | "path" | "folder" => ": did you mean `out`?",
                    _ => ": a target has `schema`, `lang` and `out`",
                };
                let span = table
                    .key(key)
                    .and_then(toml_edit::Key::span)
                    .or_else(|| item.span());
                self.refuse(span, &format!("unknown key `{key}`{hint}"));
            }
        }
        let schema = self.path(table, "schema", place.clone());
        let out = self.path(table, "out", place.clone());
        let languages = self.languages(table, place);
        match (schema, out) {
            (Some(schema), Some(out)) => languages
                .into_iter()
                .map(|language| Target {
                    schema: schema.clone(),
                    language,
                    out: out.clone(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn path(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        place: Option<Range<usize>>,
    ) -> Option<PathBuf> {
        let Some(item) = table.get(key) else {
            self.refuse(place, &format!("a target lacks `{key}`"));
            return None;
        };
        match item.as_str() {
            Some(text) if !text.is_empty() => Some(paths::tidy(&self.folder.join(text))),
            _ => {
                self.refuse(
                    item.span(),
                    &format!("`{key}` is a path, written as a string"),
                );
                None
            }
        }
    }

    fn languages(&mut self, table: &dyn TableLike, place: Option<Range<usize>>) -> Vec<Language> {
        let values: Vec<&Value> = match table.get("lang") {
            None => {
                self.refuse(place, "a target lacks `lang`");
                return Vec::new();
            }
            Some(Item::Value(Value::Array(list))) if !list.is_empty() => list.iter().collect(),
            Some(Item::Value(value)) => vec![value],
            Some(item) => {
                self.refuse(item.span(), LANG);
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for value in values {
            match value.as_str().map(|name| (name, Language::parse(name))) {
                Some((_, Some(language))) => found.push(language),
                Some((name, None)) => {
                    self.refuse(
                        value.span(),
                        &format!("there is no language `{name}`: {LANG}"),
                    );
                }
                None => self.refuse(value.span(), LANG),
            }
        }
        found
    }

    fn refuse(&mut self, span: Option<Range<usize>>, message: &str) {
        let place = span.map_or_else(String::new, |span| {
            let before = self.text.get(..span.start).unwrap_or(self.text);
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            format!(":{line}:{column}")
        });
        self.wrong.push(format!("{}{place}: {message}", self.name));
    }
}

const NAME: &str = "procwire.toml";
const KEYS: &[&str] = &["schema", "lang", "out"];
const LANG: &str = "`lang` is \"rust\", \"python\" or \"typescript\", or a list of them";

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Target>, Vec<String>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(NAME);
        fs::write(&file, text).expect("written");
        read(&file)
            .map(|targets| {
                targets
                    .into_iter()
                    .map(|target| Target {
                        schema: paths::relative(&target.schema, folder.path()),
                        out: paths::relative(&target.out, folder.path()),
                        ..target
                    })
                    .collect()
            })
            .map_err(|wrong| {
                wrong
                    .into_iter()
                    .map(|line| line[line.find(NAME).unwrap_or(0)..].to_owned())
                    .collect()
            })
    }

    #[test]
    fn targets_with_one_language_and_with_several() {
        let targets = read_text(
            "[[target]]\nschema = \"a.toml\"\nlang = \"python\"\nout = \"w\"\n\
             [[target]]\nschema = \"./b.toml\"\nlang = [\"rust\", \"typescript\"]\nout = \"x/../y\"\n",
        )
        .expect("right");
        let rows: Vec<String> = targets
            .iter()
            .map(|target| {
                format!(
                    "{} {} {}",
                    target.schema.display(),
                    target.language.name(),
                    target.out.display()
                )
            })
            .collect();
        assert_eq!(
            rows,
            ["a.toml python w", "b.toml rust y", "b.toml typescript y"]
        );
    }

    #[test]
    fn everything_wrong_is_said_at_once_with_its_place() {
        let wrong = read_text(
            "[targets]\n[[target]]\nschema = 1\nlanguage = \"python\"\n[[target]]\nlang = \"perl\"\nout = \"x\"\n",
        )
        .expect_err("wrong");
        assert_eq!(
            wrong,
            [
                "procwire.toml:1:2: unknown key `targets`: this file holds [[target]] sections only",
                "procwire.toml:4:1: unknown key `language`: did you mean `lang`?",
                "procwire.toml:3:10: `schema` is a path, written as a string",
                "procwire.toml:3:10: a target lacks `out`",
                "procwire.toml:3:10: a target lacks `lang`",
                "procwire.toml:6:8: a target lacks `schema`",
                "procwire.toml:6:8: there is no language `perl`: `lang` is \"rust\", \"python\" or \"typescript\", or a list of them",
            ]
        );
    }

    #[test]
    fn an_empty_file_and_a_broken_one_are_refused() {
        assert_eq!(
            read_text("").expect_err("empty"),
            ["procwire.toml: there is no [[target]]: add one with `schema`, `lang` and `out`"]
        );
        let broken = read_text("[[target]\n").expect_err("broken");
        assert!(broken[0].starts_with("procwire.toml:1:"), "{broken:?}");
    }
}
