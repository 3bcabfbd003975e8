//! What fuzzing has found interesting, tried again: every file of `tests/corpus/<target>`.

mod exercise;

use std::fs;
use std::path::Path;

fn replay(target: &str, exercise: fn(&[u8])) {
    exercise(b"");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the corpus is part of the repository") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        exercise(&bytes);
        count += 1;
    }
    assert!(count > 0, "no corpus for {target}");
}

#[test]
fn frames() {
    replay("frames", exercise::frames);
}

#[test]
fn control() {
    replay("control", exercise::control);
}

#[test]
fn init() {
    replay("init", exercise::init);
}

#[test]
fn scan() {
    replay("scan", exercise::scan);
}
