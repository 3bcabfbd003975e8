//! Golden cases: `tests/golden/<case_as_a_sentence>/` holds one input, `schema.toml` or `schema.rs` (with the files that
//! it leads to), and real files of what must come out: `expected/<language>/…`, and `diagnostics.txt` where there is
//! something to say about the schema.
//!
//! A missing or an orphaned expectation fails. `BLESS=1 cargo test -p procwire-gen --test golden` writes what comes out
//! now; read the diff before committing it. Whether the files are any good is judged by rustc, mypy, pyright and tsc
//! in `cargo xtask test`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use procwire_gen::target::{Language, generate};
use procwire_schema::diagnostic::render;
use procwire_schema::{Diagnostics, read_with};
use similar::TextDiff;

#[test]
fn every_case_gives_what_it_expects() {
    let cases = cases();
    assert!(!cases.is_empty(), "no golden case found");
    let bless = std::env::var_os("BLESS").is_some_and(|value| value != "0");
    let mut wrong = Vec::new();
    for case in &cases {
        let actual = outcome(case);
        if bless {
            write(case, &actual);
        } else {
            wrong.extend(compare(case, &actual));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n\n{} differences; if they are meant, run again with BLESS=1 and read the diff",
        wrong.join("\n"),
        wrong.len()
    );
}

#[test]
fn generating_twice_gives_the_same_bytes() {
    for case in cases() {
        assert!(outcome(&case) == outcome(&case), "{}", case.display());
    }
}

#[test]
fn a_missing_an_orphaned_and_a_changed_expectation_fail() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let case = folder.path().join("a_case");
    fs::create_dir(&case).expect("made");
    fs::write(case.join("schema.toml"), MINIMAL).expect("written");
    let actual = outcome(&case);
    assert_eq!(
        compare(&case, &actual).len(),
        actual.len(),
        "all are missing"
    );

    write(&case, &actual);
    assert_eq!(compare(&case, &outcome(&case)), [""; 0]);

    let stub = case.join("expected/rust/echo.rs");
    let text = fs::read_to_string(&stub).expect("blessed");
    fs::write(&stub, format!("{text}\n")).expect("written");
    fs::write(case.join("expected/rust/old.rs"), "").expect("written");
    fs::write(case.join("diagnostics.txt"), "error\n").expect("written");
    let wrong = compare(&case, &actual);
    assert_eq!(wrong.len(), 3, "{wrong:?}");

    write(&case, &actual);
    assert_eq!(compare(&case, &actual), [""; 0], "blessing removes orphans");
}

const MINIMAL: &str = "procwire = 1\n[module]\nname = \"echo\"\nversion = \"1.0.0\"\n\
                       [method.say]\nargs = { text = \"string\" }\nreturns = \"string\"\n";

/// What a case gives: texts by path below its folder.
type Outcome = BTreeMap<String, String>;

fn outcome(case: &Path) -> Outcome {
    let inputs: Vec<PathBuf> = ["schema.toml", "schema.rs"]
        .into_iter()
        .map(|name| case.join(name))
        .filter(|path| path.is_file())
        .collect();
    let [input] = inputs.as_slice() else {
        panic!(
            "{}: one input is needed, schema.toml or schema.rs",
            case.display()
        );
    };
    let name = PathBuf::from(input.file_name().expect("a file"));
    // names in messages are below the case, wherever the repository is
    let reading = read_with(&name, &|path| fs::read(case.join(path)));

    let mut outcome = Outcome::new();
    let mut found = reading.diagnostics.clone();
    if let Some(schema) = &reading.schema {
        let mut refused = Diagnostics::new();
        for &language in Language::ALL {
            match generate(schema, language, &name.to_string_lossy()) {
                Ok(files) => outcome.extend(files.iter().map(|(path, file)| {
                    (
                        format!("expected/{}/{path}", language.name()),
                        file.text.clone(),
                    )
                })),
                Err(list) => refused.extend(list),
            }
        }
        found.extend(refused);
    }
    if !found.is_empty() {
        let text = render::all(&found, &reading.sources, render::Color::Never);
        outcome.insert("diagnostics.txt".to_owned(), text);
    }
    assert!(!outcome.is_empty(), "{}: nothing came out", case.display());
    outcome
}

fn compare(case: &Path, actual: &Outcome) -> Vec<String> {
    let there = expectations(case);
    let every: BTreeSet<&String> = actual.keys().chain(&there).collect();
    every
        .into_iter()
        .filter_map(|path| {
            let place = case.join(path);
            let name = case.file_name().unwrap_or_default().to_string_lossy();
            let shown = format!("{name}/{path}");
            let expected = there.contains(path).then(|| {
                fs::read_to_string(&place).unwrap_or_else(|error| panic!("{shown}: {error}"))
            });
            match (expected, actual.get(path)) {
                (None, Some(_)) => Some(format!("{shown} came out and is not expected")),
                (Some(_), None) => Some(format!("{shown} is expected and did not come out")),
                (Some(expected), Some(actual)) if expected != *actual => Some(
                    TextDiff::from_lines(expected.as_str(), actual.as_str())
                        .unified_diff()
                        .context_radius(3)
                        .header(&shown, &format!("{shown} (now)"))
                        .to_string(),
                ),
                _ => None,
            }
        })
        .collect()
}

fn write(case: &Path, actual: &Outcome) {
    for orphan in expectations(case) {
        if !actual.contains_key(&orphan) {
            fs::remove_file(case.join(orphan)).expect("an orphan can be removed");
        }
    }
    for (path, text) in actual {
        let place = case.join(path);
        fs::create_dir_all(place.parent().expect("below the case")).expect("a folder can be made");
        fs::write(place, text).expect("an expectation can be written");
    }
}

/// The expectations that a case has: `diagnostics.txt`, and everything below `expected`.
fn expectations(case: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if case.join("diagnostics.txt").is_file() {
        found.insert("diagnostics.txt".to_owned());
    }
    collect(case, "expected", &mut found);
    found
}

fn collect(case: &Path, below: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(case.join(below))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = format!("{below}/{name}");
        if entry.path().is_file() {
            found.insert(path);
        } else if !name.starts_with('.') && name != "__pycache__" {
            collect(case, &path, found);
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<PathBuf> = fs::read_dir(golden)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}
