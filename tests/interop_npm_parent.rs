//! The published `@procwire/core` parent, unmodified, drives our workers in three languages.

mod support;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use support::{built, npm, python, root};

/// Every scenario of `tests/interop/npm-parent`, with the worker given.
fn drives(worker: impl IntoIterator<Item = OsString>, cwd: &Path) {
    let parent = npm("tests/interop/npm-parent").join("parent.mjs");
    let run = Command::new("node")
        .arg(parent)
        .args(worker)
        .current_dir(cwd)
        .output();
    let run = run.expect("node is installed");
    let said = String::from_utf8_lossy(&run.stdout);
    let closing = said.lines().last().unwrap_or_default();
    assert!(
        run.status.success()
            && closing.ends_with(" passed, 0 failed")
            && !closing.starts_with("0 "),
        "{said}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn the_published_parent_drives_a_python_worker() {
    let folder = root().join("tests/interop/python-worker");
    drives([python().into(), "worker.py".into()], &folder);
}

#[test]
fn the_published_parent_drives_a_typescript_worker() {
    let worker = [
        "node",
        "bin/procwire-worker.js",
        "run",
        "tests/workers/interop/worker.ts",
    ];
    drives(worker.map(OsString::from), &npm("workers/typescript"));
}

#[test]
fn the_published_parent_drives_a_rust_worker() {
    drives([built("interop-rust-worker").into()], root());
}
