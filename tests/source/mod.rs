//! Sources as the law tests read them: Rust text without comments, strings and unit tests, and the paths it names.
//!
//! Textual on purpose: a law that needs a compiler to be checked is a law nobody runs.

#![allow(dead_code, reason = "each law test uses a part")]

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A text file of the repository; a missing one ends the test with its name.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder with this ending, sorted; a folder that is a file counts as itself.
pub(crate) fn files(at: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(at, ending, &mut found);
    found.sort();
    found
}

fn collect(at: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    if at.is_file() {
        if at.to_string_lossy().ends_with(ending) {
            found.push(at.to_owned());
        }
        return;
    }
    for entry in fs::read_dir(at).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if name != "node_modules" && name != "__pycache__" && name != "dist" {
            collect(&path, ending, found);
        }
    }
}

/// A path as messages show it: relative to the repository, with `/`.
pub(crate) fn show(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// Rust text as words and signs: comments, strings, characters and lifetimes are gone, `::` is one sign.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        if c == '/' && next == Some('/') {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if c == '/' && next == Some('*') {
            at = after_block_comment(&chars, at);
        } else if let Some(end) = after_string(&chars, at) {
            at = end;
        } else if c == '\'' {
            at = after_quote(&chars, at);
        } else if c.is_alphanumeric() || c == '_' {
            let start = at;
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                at += 1;
            }
            found.push(chars[start..at].iter().collect());
        } else if c == ':' && next == Some(':') {
            found.push("::".to_owned());
            at += 2;
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            at += 1;
        }
    }
    found
}

/// The tokens of a file without its unit tests, which may look wherever they like.
pub(crate) fn tokens_without_tests(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let test_module = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let end = tokens
        .windows(test_module.len())
        .position(|window| window == test_module)
        .unwrap_or(tokens.len());
    tokens[..end].to_vec()
}

/// What a list of tokens names below a root such as `crate`: `use crate::{wire::Header, codec}` names `wire` and
/// `codec`.
pub(crate) fn named_below(tokens: &[String], root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let is_path = tokens[at] == root
            && tokens.get(at + 1).is_some_and(|sign| sign == "::")
            && (at == 0 || tokens[at - 1] != "::");
        if !is_path {
            continue;
        }
        match tokens.get(at + 2).map(String::as_str) {
            Some("{") => heads_of_group(&tokens[at + 3..], &mut found),
            Some(name) => found.push(name.to_owned()),
            None => {}
        }
    }
    found
}

/// The first name of each branch of `{…}`; the opening bracket is already behind us.
fn heads_of_group(tokens: &[String], found: &mut Vec<String>) {
    let mut depth = 0;
    let mut at_head = true;
    for token in tokens {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => return,
            "}" => depth -= 1,
            "," if depth == 0 => at_head = true,
            name if depth == 0 && at_head => {
                found.push(name.to_owned());
                at_head = false;
            }
            _ => {}
        }
    }
}

fn after_block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// One past a string that starts here (`"…"`, `b"…"`, `c"…"`, `r#"…"#`, `br"…"`); none if none starts here.
fn after_string(chars: &[char], start: usize) -> Option<usize> {
    let starts_word =
        start == 0 || !(chars[start - 1].is_alphanumeric() || chars[start - 1] == '_');
    let mut at = start;
    let mut raw = false;
    if starts_word {
        while at < start + 2 && matches!(chars.get(at), Some('b' | 'c' | 'r')) {
            raw |= chars[at] == 'r';
            at += 1;
        }
    }
    let mut hashes = 0;
    while raw && chars.get(at) == Some(&'#') {
        hashes += 1;
        at += 1;
    }
    if chars.get(at) != Some(&'"') {
        return None;
    }
    at += 1;
    while at < chars.len() {
        if chars[at] == '\\' && !raw {
            at += 2;
            continue;
        }
        let closes = chars[at] == '"'
            && chars[at + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes;
        at += 1;
        if closes {
            return Some(at + hashes);
        }
    }
    Some(at)
}

/// One past a character (`'a'`, `'\n'`) or a lifetime (`'a`).
fn after_quote(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => {
            let mut at = start + 3;
            while at < chars.len() && chars[at] != '\'' {
                at += 1;
            }
            at + 1
        }
        (Some(_), Some('\'')) => start + 3,
        _ => {
            let mut at = start + 1;
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                at += 1;
            }
            at
        }
    }
}
