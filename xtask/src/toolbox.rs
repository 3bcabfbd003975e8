//! The three tools a machine must have, each checked once, each missing one told in one sentence with the fix.

use std::path::PathBuf;
use std::process::Command;

/// A version's first two numbers.
type Version = (u32, u32);

const RUST: Version = (1, 90);
const PYTHON: Version = (3, 10);
const NODE: Version = (20, 0);

/// Checks rustc, and the two components that `test` uses.
pub(crate) fn check_rust(components: bool) -> Result<(), String> {
    let found = version_of("rustc", &["--version"]);
    let Some(found) = found else {
        return Err(sentence(
            "Rust",
            RUST,
            None,
            "install it from https://rustup.rs",
        ));
    };
    if found < RUST {
        return Err(sentence(
            "Rust",
            RUST,
            Some(found),
            "run `rustup update stable`",
        ));
    }
    for component in ["clippy", "rustfmt"] {
        let program = if component == "clippy" {
            "cargo-clippy"
        } else {
            component
        };
        if components && version_of(program, &["--version"]).is_none() {
            return Err(format!(
                "Rust's `{component}` is needed and not installed: run `rustup component add {component}`."
            ));
        }
    }
    Ok(())
}

/// Checks Python and gives the program to call.
pub(crate) fn check_python() -> Result<PathBuf, String> {
    let mut newest = None;
    for program in [
        "python3",
        "python",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ] {
        let found = version_of(
            program,
            &["-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        );
        if found >= Some(PYTHON) {
            return Ok(PathBuf::from(program));
        }
        newest = newest.max(found);
    }
    Err(sentence(
        "Python",
        PYTHON,
        newest,
        "install it from your system's packages (`apt install python3 python3-venv`, `brew install python`) or from https://www.python.org",
    ))
}

/// Checks Node and npm.
pub(crate) fn check_node() -> Result<(), String> {
    let found = version_of("node", &["--version"]);
    if found < Some(NODE) {
        return Err(sentence(
            "Node.js",
            NODE,
            found,
            "install it from https://nodejs.org or with a version manager (`nvm install 22`, `fnm install 22`)",
        ));
    }
    if version_of(NPM, &["--version"]).is_none() {
        return Err(
            "npm is needed and was not found on PATH: it comes with Node.js; some systems package it apart (`apt install npm`)."
                .to_owned(),
        );
    }
    Ok(())
}

/// How npm is called.
pub(crate) const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

fn sentence(tool: &str, least: Version, found: Option<Version>, fix: &str) -> String {
    let (major, minor) = least;
    let least = if minor == 0 {
        major.to_string()
    } else {
        format!("{major}.{minor}")
    };
    let found = found.map_or_else(
        || "was not found on PATH".to_owned(),
        |(major, minor)| format!("only {major}.{minor} was found"),
    );
    format!("{tool} {least} or newer is needed and {found}: {fix}.")
}

fn version_of(program: &str, arguments: &[&str]) -> Option<Version> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| parse(&String::from_utf8_lossy(&output.stdout)))
        .flatten()
}

/// The first `N.N` in a text.
fn parse(text: &str) -> Option<Version> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        assert_eq!(parse("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(parse("v20.20.2\n"), Some((20, 20)));
        assert_eq!(parse("3.11\n"), Some((3, 11)));
        assert_eq!(parse("command not found"), None);
    }

    #[test]
    fn a_missing_and_an_old_tool_are_one_sentence_with_the_fix() {
        assert_eq!(
            sentence("Python", PYTHON, None, "install it"),
            "Python 3.10 or newer is needed and was not found on PATH: install it."
        );
        assert_eq!(
            sentence("Node.js", NODE, Some((18, 3)), "install it"),
            "Node.js 20 or newer is needed and only 18.3 was found: install it."
        );
    }
}
