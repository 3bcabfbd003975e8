//! What is said about wrong schemas: `tests/diagnostics/<what_is_wrong>/`.
//!
//! Each folder holds a `schema.toml` or `schema.rs` (and what it imports), and `diagnostics.txt`: what is drawn for
//! it. A folder without the one or the other fails, and so does a code that no folder shows. `BLESS=1` writes the
//! expectations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use procwire_schema::diagnostic::render::{self, Color};
use procwire_schema::{Code, Reading, read_with};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    cases
}

/// Reads a case as if its folder were the current one, so that no path of this machine is in what is said.
fn read_case(case: &Path) -> Option<Reading> {
    let input = std::fs::read_dir(case)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .find(|name| name.starts_with("schema."))?;
    Some(read_with(Path::new(&input), &|path: &Path| {
        std::fs::read(case.join(path)).map_err(|error| match error.kind() {
            // Each system words it differently.
            std::io::ErrorKind::NotFound => {
                std::io::Error::new(error.kind(), "there is no such file")
            }
            _ => error,
        })
    }))
}

#[test]
fn every_case_says_what_is_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let name = case
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let Some(reading) = read_case(&case) else {
            wrong.push(format!(
                "{name}: no schema.toml and no schema.rs: an orphaned expectation?"
            ));
            continue;
        };
        let said = render::all(&reading.diagnostics, &reading.sources, Color::Never);
        let expectation = case.join("diagnostics.txt");
        if bless {
            std::fs::write(&expectation, &said).expect("written");
        }
        match std::fs::read_to_string(&expectation) {
            Err(_) => wrong.push(format!(
                "{name}: diagnostics.txt is missing; it would be:\n{said}"
            )),
            Ok(expected) if expected.replace("\r\n", "\n") != said => {
                wrong.push(format!("{name}: expected\n{expected}\nsaid\n{said}"));
            }
            Ok(_) => {}
        }
        if reading.diagnostics.is_empty() {
            wrong.push(format!("{name}: nothing is wrong with it"));
        }
        if reading.diagnostics.has_errors() == reading.schema.is_some() {
            wrong.push(format!(
                "{name}: a schema in spite of errors, or none without"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n────────\n"));
}

#[test]
fn every_code_has_a_case() {
    let shown: BTreeSet<Code> = cases()
        .iter()
        .filter_map(|case| read_case(case))
        .flat_map(|reading| {
            reading
                .diagnostics
                .iter()
                .map(|one| one.code)
                .collect::<Vec<_>>()
        })
        .collect();
    // The emitters say this one: a schema with tables is right as a schema.
    let elsewhere = BTreeSet::from([Code::TableNotEmitted]);
    let missing: Vec<&Code> = Code::ALL
        .iter()
        .filter(|code| !shown.contains(code) && !elsewhere.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

#[test]
fn json_and_github_forms_say_the_same_place() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/type_is_unknown");
    let reading = read_case(&case).expect("the case");
    let one = reading.diagnostics.iter().next().expect("a finding");
    let json = procwire_schema::diagnostic::json::diagnostic(one, &reading.sources);
    let label = &json["labels"][0];
    assert_eq!(
        (&json["code"], &json["severity"]),
        (&"P0103".into(), &"error".into())
    );
    assert_eq!(label["file"], "schema.toml");
    let line = procwire_schema::diagnostic::github::diagnostic(one, &reading.sources);
    let place = format!(
        "file=schema.toml,line={},col={},",
        label["line"], label["column"]
    );
    assert!(
        line.starts_with("::error ") && line.contains(&place),
        "{line}"
    );
    let lines = procwire_schema::diagnostic::json::lines(&reading.diagnostics, &reading.sources);
    assert!(
        lines
            .lines()
            .all(|line| line.starts_with('{') && line.ends_with('}'))
    );
}
