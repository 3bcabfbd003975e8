//! Pure modules do no I/O, read no clock and never wait: bytes and `now` go in, values come out. In all three runtimes.

mod source;

use source::{files, read, root, show, tokens_without_tests};

/// Modules that must stay pure; a path that is missing fails, so that a move is noticed.
const RUST: &[&str] = &[
    "procwire-schema/src/model",
    "procwire-schema/src/check",
    "procwire-schema/src/diagnostic",
    "procwire-schema/src/span.rs",
    "procwire-gen/src/files.rs",
    "procwire-gen/src/names.rs",
    "procwire-runtime/src/ids.rs",
    "procwire-runtime/src/wire",
    "procwire-runtime/src/codec",
    "procwire-runtime/src/control",
    "procwire-runtime/src/supervisor/restart.rs",
    "procwire-runtime/src/supervisor/heartbeat.rs",
];

/// Emitters: texts come out, which may wait as much as they like.
const EMITTERS: &[&str] = &[
    "procwire-gen/src/rust",
    "procwire-gen/src/python",
    "procwire-gen/src/typescript",
];

const PYTHON: &[&str] = &[
    "workers/python/src/procwire/ids.py",
    "workers/python/src/procwire/wire",
    "workers/python/src/procwire/codec",
    "workers/python/src/procwire/control",
];

const TYPESCRIPT: &[&str] = &[
    "workers/typescript/src/ids.ts",
    "workers/typescript/src/wire",
    "workers/typescript/src/codec",
    "workers/typescript/src/control",
];

/// Runs of tokens that a pure Rust module does not hold.
const RUST_IMPURE: &[&[&str]] = &[
    &["std", "::", "fs"],
    &["std", "::", "net"],
    &["std", "::", "process"],
    &["std", "::", "thread"],
    &["std", "::", "env"],
    &["tokio", "::"],
    &["rustix", "::"],
    &["Instant", "::", "now"],
    &["SystemTime", "::", "now"],
    &["async", "fn"],
    &["async", "move"],
    &["async", "{"],
    &[".", "await"],
    &["println", "!"],
    &["eprintln", "!"],
    &["getrandom", "::"],
];

/// Python modules that a pure one does not import, and calls it does not make.
const PYTHON_IMPURE: &[&str] = &[
    "import socket",
    "import os",
    "import asyncio",
    "import threading",
    "import time",
    "import select",
    "import signal",
    "import sys",
    "import subprocess",
    "from os ",
    "from socket ",
    "from asyncio ",
    "from threading ",
    "from time ",
    "from sys ",
    "open(",
    "print(",
    ".now(",
    "async def",
    "await ",
];

/// Likewise in TypeScript.
const TYPESCRIPT_IMPURE: &[&str] = &[
    "\"node:fs",
    "\"node:net",
    "\"node:process",
    "\"node:os",
    "\"node:child_process",
    "\"node:timers",
    "\"node:crypto",
    "\"node:worker_threads",
    "\"node:perf_hooks",
    "\"node:events",
    "process.",
    "Date.now",
    "new Date()",
    "performance.",
    "setTimeout",
    "setImmediate",
    "setInterval",
    "queueMicrotask",
    "console.",
    "async ",
    "await ",
    "new Promise",
];

#[test]
fn pure_rust_modules_stay_pure() {
    check(RUST, ".rs", impure_rust);
}

#[test]
fn emitters_read_and_write_nothing() {
    check(EMITTERS, ".rs", |text| {
        let found = impure_rust(text);
        found
            .into_iter()
            .filter(|what| !what.starts_with("async") && what != ".await")
            .collect()
    });
}

#[test]
fn pure_python_modules_stay_pure() {
    check(PYTHON, ".py", |text| impure_lines(text, "#", PYTHON_IMPURE));
}

#[test]
fn pure_typescript_modules_stay_pure() {
    check(TYPESCRIPT, ".ts", |text| {
        impure_lines(text, "//", TYPESCRIPT_IMPURE)
    });
}

fn check(places: &[&str], ending: &str, impure: impl Fn(&str) -> Vec<String>) {
    let mut broken = Vec::new();
    for place in places {
        let found = files(&root().join(place), ending);
        assert!(
            !found.is_empty(),
            "{place} has no {ending} file: if it moved, move it in tests/purity.rs too"
        );
        for path in found {
            broken.extend(
                impure(&read(&path))
                    .into_iter()
                    .map(|what| format!("{}: {what}", show(&path))),
            );
        }
    }
    assert!(
        broken.is_empty(),
        "pure modules that are not:\n{}",
        broken.join("\n")
    );
}

fn impure_rust(text: &str) -> Vec<String> {
    let tokens = tokens_without_tests(text);
    RUST_IMPURE
        .iter()
        .filter(|run| tokens.windows(run.len()).any(|window| window == **run))
        .map(|run| run.concat())
        .collect()
}

/// Comments are cut off; docstrings and block comments are prose, so a line of theirs is skipped by what it starts with.
fn impure_lines(text: &str, comment: &str, impure: &[&str]) -> Vec<String> {
    let mut in_prose = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start();
        let quotes = line.matches("\"\"\"").count();
        if quotes > 0 || bare.starts_with('*') || bare.starts_with("/*") {
            in_prose ^= quotes == 1;
            continue;
        }
        let code = line.split(comment).next().unwrap_or_default();
        let without_strings = outside_quotes(code);
        let found_in = |what: &str| {
            // the name of a module is a string, and what a string says is not done
            if what.starts_with('"') {
                code.contains(what)
            } else {
                without_strings.contains(what)
            }
        };
        if !in_prose && let Some(what) = impure.iter().find(|what| found_in(what)) {
            found.push(format!("`{what}` in `{}`", code.trim()));
        }
    }
    found
}

fn outside_quotes(code: &str) -> String {
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[test]
fn planted_impurities_are_found() {
    assert_eq!(
        impure_rust("fn f() { let t = std::time::Instant::now(); }"),
        ["Instant::now"]
    );
    assert_eq!(impure_rust("use std::fs::File;"), ["std::fs"]);
    assert_eq!(
        impure_rust("async fn f() { g().await }"),
        ["asyncfn", ".await"]
    );
    assert_eq!(
        impure_rust(
            "//! Never calls `Instant::now`.\nfn f(now: Instant) {}\n#[cfg(test)]\nmod tests { use std::fs; }"
        ),
        [""; 0]
    );
    let python =
        "\"\"\"Does not import socket.\n\nimport socket\n\"\"\"\nimport socket  # for real\n";
    assert_eq!(
        impure_lines(python, "#", PYTHON_IMPURE),
        ["`import socket` in `import socket`"]
    );
    assert_eq!(
        impure_lines(
            "raise Error(\"use datetime.now(utc)\")\n",
            "#",
            PYTHON_IMPURE
        ),
        [""; 0]
    );
    let imports = "import { readFileSync } from \"node:fs\";\n";
    assert_eq!(impure_lines(imports, "//", TYPESCRIPT_IMPURE).len(), 1);
    let typescript = "/** Uses no Date.now */\n// setTimeout\nconst t = Date.now();\n";
    assert_eq!(
        impure_lines(typescript, "//", TYPESCRIPT_IMPURE),
        ["`Date.now` in `const t = Date.now();`"]
    );
}
