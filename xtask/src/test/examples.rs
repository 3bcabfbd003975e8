//! Every cargo example, run to its end as a user would run it.
//!
//! An example that is a worker is started by another one and has nothing to do alone: its first line says
//! `//! Worker`, and it is left out.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::Failed;
use super::python::some;
use crate::shell::{Failure, Shell, Step};
use crate::tally::Tally;

pub(super) fn run(shell: &Shell<'_>) -> Result<Tally, Failed> {
    let examples = examples(shell)?;
    some(&examples, "examples")?;
    shell.run(&Step::cargo().args(["build", "--locked", "--workspace", "--examples", "--bins"]))?;
    let mut tally = Tally::default();
    for (package, example) in examples {
        let step = Step::cargo()
            .args([
                "run",
                "--quiet",
                "--locked",
                "--package",
                &package,
                "--example",
                &example,
            ])
            .limit(Duration::from_secs(180));
        match shell.run(&step) {
            Ok(_) => tally += Tally::passed(1),
            Err(failure) => {
                tally.failed += 1;
                return Err(Failed { failure, tally });
            }
        }
    }
    Ok(tally)
}

fn examples(shell: &Shell<'_>) -> Result<Vec<(String, String)>, Failure> {
    let output =
        shell.run(&Step::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    // cargo may say something about the lock file first
    let json = output
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap_or_default();
    let metadata: Value = serde_json::from_str(json).map_err(|error| Failure {
        reason: format!("`cargo metadata` printed no JSON: {error}"),
        output: output.clone(),
    })?;
    Ok(from_metadata(&metadata))
}

fn from_metadata(metadata: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            let is_example = list(&target["kind"]).iter().any(|kind| kind == "example");
            let source = target["src_path"].as_str().unwrap_or_default();
            let is_worker =
                fs::read_to_string(source).is_ok_and(|text| text.starts_with("//! Worker"));
            if let (true, false, Some(package), Some(name)) = (
                is_example,
                is_worker,
                package["name"].as_str(),
                target["name"].as_str(),
            ) {
                found.push((package.to_owned(), name.to_owned()));
            }
        }
    }
    found.sort();
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_not_run_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let worker = folder.path().join("worker.rs");
        fs::write(
            &worker,
            "//! Worker of the example `parent`.\nfn main() {}\n",
        )
        .expect("written");
        let metadata = serde_json::json!({"packages": [{"name": "procwire", "targets": [
            {"name": "worker", "kind": ["example"], "src_path": worker},
            {"name": "parent", "kind": ["example"], "src_path": "parent.rs"},
            {"name": "procwire", "kind": ["lib"], "src_path": "lib.rs"},
        ]}]});
        assert_eq!(
            from_metadata(&metadata),
            [("procwire".to_owned(), "parent".to_owned())]
        );
    }
}
