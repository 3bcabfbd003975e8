//! That `docs/faults.md` has every row, and that every test it names exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows of each group.
const ROWS: &[(&str, usize)] = &[
    ("A", 19),
    ("B", 7),
    ("C", 18),
    ("D", 14),
    ("E", 13),
    ("F", 10),
    ("G", 12),
    ("H", 8),
    ("I", 14),
    ("J", 10),
    ("K", 13),
    ("L", 12),
    ("M", 5),
    ("N", 13),
    ("TB-", 18),
    ("P21-", 12),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The third cell of every row.
fn listed() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let mut listed = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        if let [row, _, proof] = cells[..]
            && row != "| row"
        {
            let row = row.trim_start_matches("| ").to_owned();
            let proof = proof.trim_end_matches(" |").to_owned();
            assert!(!listed.contains_key(&row), "{row} is there twice");
            listed.insert(row, proof);
        }
    }
    listed
}

#[test]
fn every_row_of_the_catalogue_is_listed() {
    let mut listed = listed();
    for (group, count) in ROWS {
        for number in 1..=*count {
            let row = format!("{group}{number}");
            let proof = listed.remove(&row);
            let proof = proof.unwrap_or_else(|| panic!("{row} is missing"));
            let is_reason = proof.starts_with("does not apply") || proof.starts_with("open: ");
            assert!(is_reason || proof.starts_with('`'), "{row}: {proof}");
        }
    }
    assert!(listed.is_empty(), "no such rows: {listed:?}");
}

#[test]
fn every_test_that_is_named_exists() {
    let here = root().join("procwire-runtime/tests/faults");
    let own: String = fs::read_dir(here)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for (row, proof) in listed() {
        for named in proof.split("<br>").filter(|part| part.starts_with('`')) {
            let named = named.trim_matches('`');
            let exists = match named.split_once("::") {
                None => own.contains(&format!("fn {named}()")),
                Some((path, name)) => {
                    let text = fs::read_to_string(root().join(path));
                    let text = text.unwrap_or_else(|error| panic!("{row}: {path}: {error}"));
                    [
                        format!("fn {name}("),
                        format!("def {name}("),
                        format!("test(\"{name}\""),
                    ]
                    .iter()
                    .any(|definition| text.contains(definition))
                }
            };
            assert!(exists, "{row} names a test that is not there: {named}");
        }
    }
}
