//! Tells what happened, in the format asked for. Text goes to standard error, JSON and GitHub's commands to standard
//! output.
//!
//! Decides wording and colour; decides nothing that has an effect.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use procwire_schema::diagnostic::{github, json, render};
use procwire_schema::{Diagnostics, Sources};
use serde_json::{Value, json};
use similar::TextDiff;

use super::arguments::{Colour, Format, Output};
use super::paths;
use super::plan::{Change, differs_in_line_ends_only};
use crate::files::Ownership;

/// The two streams and the format.
pub(crate) struct Teller {
    format: Format,
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
}

impl Teller {
    pub(crate) fn new(output: Output) -> Self {
        let choice = match output.color {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        };
        Self {
            format: output.format,
            out: AutoStream::new(io::stdout(), choice),
            err: AutoStream::new(io::stderr(), choice),
        }
    }

    /// Text that was asked for: on standard output, whatever the format.
    pub(crate) fn answer(&mut self, text: &str) {
        // a reader that went away is no error of ours
        let _ = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
    }

    /// What the reading of one schema found.
    pub(crate) fn diagnostics(&mut self, found: &Diagnostics, sources: &Sources) {
        if found.is_empty() {
            return;
        }
        match self.format {
            // the stream takes the colours out again where they do not belong
            Format::Text => self.say(&render::all(found, sources, render::Color::Always)),
            Format::Github => self.answer(&github::lines(found, sources)),
            Format::Json => {
                for one in found.iter() {
                    let mut object = json::diagnostic(one, sources);
                    object["kind"] = "diagnostic".into();
                    self.object(&object);
                }
            }
        }
    }

    /// Something that ended the run, in one sentence.
    pub(crate) fn error(&mut self, sentence: &str) {
        match self.format {
            Format::Text => self.say(&format!("{RED}error{END}{BOLD}:{END} {sentence}\n")),
            Format::Github => self.answer(&format!("::error::{}\n", escaped(sentence))),
            Format::Json => self.object(&json!({ "kind": "error", "message": sentence })),
        }
    }

    /// Something worth knowing that changes nothing.
    pub(crate) fn note(&mut self, sentence: &str) {
        if self.format == Format::Text {
            self.say(&format!("{CYAN}note{END}{BOLD}:{END} {sentence}\n"));
        }
    }

    /// A change that was made.
    pub(crate) fn changed(&mut self, change: &Change) {
        let path = paths::shown(&change.path);
        match self.format {
            Format::Text => {
                let hint = match change.ownership {
                    Ownership::Yours => "  (yours: it will not be touched again)",
                    Ownership::Generated => "",
                };
                self.status(verb(change), &format!("{path}{hint}"));
            }
            Format::Github => {}
            Format::Json => self.object(&json!({
                "kind": "file",
                "action": verb(change).to_lowercase(),
                "path": path,
                "ownership": ownership(change),
            })),
        }
    }

    /// Files that are as they should be: a number for people, each of them for programs.
    pub(crate) fn fresh(&mut self, files: &[PathBuf]) {
        match (self.format, files.len()) {
            (Format::Json, _) => {
                for path in files {
                    self.object(&json!({
                        "kind": "file",
                        "action": "fresh",
                        "path": paths::shown(path),
                        "ownership": "generated",
                    }));
                }
            }
            (Format::Github, _) | (Format::Text, 0) => {}
            (Format::Text, 1) => self.status("Fresh", "1 file is up to date"),
            (Format::Text, number) => {
                self.status("Fresh", &format!("{number} files are up to date"))
            }
        }
    }

    /// A status line as cargo writes them.
    fn status(&mut self, verb: &str, what: &str) {
        self.say(&format!("{GREEN}{verb:>12}{END} {what}\n"));
    }

    /// A change that `--check` found to be due.
    pub(crate) fn due(&mut self, change: &Change) {
        let path = paths::shown(&change.path);
        let line_ends = match (&change.old, &change.new) {
            (Some(old), Some(new)) => differs_in_line_ends_only(old, new),
            _ => false,
        };
        let diff = if line_ends {
            String::new()
        } else {
            unified(change, &path)
        };
        let sentence = if line_ends {
            format!(
                "{path} differs only in its line ends, CRLF instead of LF: let git keep LF with a line `{} text eol=lf` in .gitattributes, then generate again",
                change.path.extension().map_or_else(
                    || path.clone(),
                    |ending| format!("*.{}", ending.to_string_lossy())
                )
            )
        } else {
            format!("{path} {}", due(change))
        };
        match self.format {
            Format::Text if line_ends => self.say(&format!("{sentence}\n")),
            Format::Text => self.say(&coloured(&diff)),
            Format::Github => {
                self.say(&coloured(&diff));
                self.answer(&format!(
                    "::error file={path},title=out of date::{}\n",
                    escaped(&sentence)
                ));
            }
            Format::Json => self.object(&json!({
                "kind": "stale",
                "action": verb(change).to_lowercase(),
                "path": path,
                "line_ends_only": line_ends,
                "diff": diff,
            })),
        }
    }

    /// Handlers that a user's file lacks.
    pub(crate) fn missing(&mut self, path: &Path, handlers: &str) {
        let path = paths::shown(path);
        match self.format {
            Format::Text => {
                let handlers = handlers.trim_end_matches('\n');
                self.say(&format!(
                    "{YELLOW}missing{END}{BOLD}:{END} {path} is yours and lacks handlers of this schema. Ready to paste:\n\n{handlers}\n\n"
                ));
            }
            Format::Github => self.answer(&format!(
                "::warning file={path},title=missing handlers::{}\n",
                escaped(&format!("lacks handlers of its schema:\n{handlers}"))
            )),
            Format::Json => self.object(&json!({
                "kind": "missing_handlers",
                "path": path,
                "handlers": handlers,
            })),
        }
    }

    fn object(&mut self, object: &Value) {
        self.answer(&format!("{object}\n"));
    }

    fn say(&mut self, text: &str) {
        let _ = self
            .err
            .write_all(text.as_bytes())
            .and_then(|()| self.err.flush());
    }
}

const fn verb(change: &Change) -> &'static str {
    match (&change.old, &change.new) {
        (None, _) => "Created",
        (_, None) => "Removed",
        _ => "Updated",
    }
}

const fn due(change: &Change) -> &'static str {
    match (&change.old, &change.new) {
        (None, _) => "is missing",
        (_, None) => "is no longer made and should be gone",
        _ => "is out of date",
    }
}

const fn ownership(change: &Change) -> &'static str {
    match change.ownership {
        Ownership::Generated => "generated",
        Ownership::Yours => "yours",
    }
}

fn unified(change: &Change, path: &str) -> String {
    let old = change.old.as_deref().unwrap_or_default();
    let new = change.new.as_deref().unwrap_or_default();
    let name = |text: &Option<String>, name: String| {
        text.as_ref()
            .map_or_else(|| "/dev/null".to_owned(), |_| name)
    };
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(
            &name(&change.old, path.to_owned()),
            &name(&change.new, format!("{path} (generated now)")),
        )
        .to_string()
}

fn coloured(diff: &str) -> String {
    let mut out = String::with_capacity(diff.len() * 2);
    for line in diff.split_inclusive('\n') {
        let colour = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => BOLD,
            [b'-', ..] => "\x1b[31m",
            [b'+', ..] => "\x1b[32m",
            [b'@', ..] => "\x1b[36m",
            _ => "",
        };
        let (text, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |text| (text, "\n"));
        if colour.is_empty() {
            out.push_str(line);
        } else {
            out.push_str(&format!("{colour}{text}{END}{end}"));
        }
    }
    out
}

/// As GitHub wants the data of a command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

const RED: &str = "\x1b[1;31m";
const GREEN: &str = "\x1b[1;32m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[1;36m";
const BOLD: &str = "\x1b[1m";
const END: &str = "\x1b[0m";
