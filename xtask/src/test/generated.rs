//! Generated code: what is checked in is fresh, and what the golden cases hold is judged by the languages' own
//! compilers, since a golden file only shows that the text did not change. (The Rust ones are compiled by a test of the
//! facade, `tests/golden_rust.rs`.)

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Failed;
use super::python::{is_generated, some};
use crate::place::files_below;
use crate::shell::{Failure, Shell, Step};
use crate::tally::Tally;

/// What `procwire.toml` lists is fresh, and it lists everything: a generated file that nobody renews goes stale unseen.
pub(super) fn fresh(shell: &Shell<'_>) -> Result<Tally, Failed> {
    let check = Step::cargo().args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "procwire-gen",
        "--",
        "--check",
    ]);
    shell.run(&check)?;
    let output = shell.run(&check.args(["--format", "json"]))?;
    let renewed: Vec<PathBuf> = output
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|object| object["kind"] == "file")
        .filter_map(|object| Some(shell.place.at(object["path"].as_str()?)))
        .collect();
    let forgotten: Vec<String> = ["workers", "examples", "tests", "benches", "src"]
        .into_iter()
        .flat_map(|top| files_below(&shell.place.at(top), &[".py", ".ts", ".rs"]))
        .filter(|path| is_generated(path) && !renewed.contains(path))
        .map(|path| shell.place.show(&path))
        .collect();
    if !forgotten.is_empty() {
        return Err(Failure::said(format!(
            "generated files that no target of procwire.toml makes: {}",
            forgotten.join(", ")
        ))
        .into());
    }
    Ok(Tally::passed(renewed.len()))
}

/// ruff and mypy one case at a time, since their files have the same names and their neighbours are what they import;
/// pyright all at once.
pub(super) fn golden_python(shell: &Shell<'_>) -> Result<Tally, Failed> {
    let place = shell.place;
    let cases = expected(shell, "python", ".py")?;
    let roots: Vec<serde_json::Value> = cases
        .iter()
        .map(|(case, _)| json!({ "root": case.join("expected").join("python") }))
        .collect();
    let config = place
        .scratch()
        .join("golden-python")
        .join("pyrightconfig.json");
    let text = json!({
        "include": cases.iter().map(|(case, _)| case.join("expected").join("python")).collect::<Vec<_>>(),
        "typeCheckingMode": "strict",
        "executionEnvironments": roots,
    });
    write(&config, &text.to_string())?;
    shell.run(
        &Step::new("pyright")
            .args(["--pythonpath".into(), place.venv_programs().join("python")])
            .args(["--project".into(), config]),
    )?;

    let cache = place.scratch().join("mypy");
    for (case, _) in &cases {
        shell.run(
            &Step::new("ruff")
                .args(["check", "--isolated", "--select", "E4,E7,E9,F,I", "."])
                .within(case.join("expected").join("python")),
        )?;
        shell.run(
            &Step::new("mypy")
                .args(["--strict", "--no-error-summary", "--cache-dir"])
                .args([&cache])
                .args(["."])
                .within(case.join("expected").join("python")),
        )?;
    }
    Ok(Tally::passed(cases.len()))
}

/// One `tsc` over every case, with the worker package found by path.
pub(super) fn golden_typescript(shell: &Shell<'_>) -> Result<Tally, Failed> {
    let place = shell.place;
    let cases = expected(shell, "typescript", ".ts")?;
    let worker = place.at("workers/typescript");
    let config = place
        .scratch()
        .join("golden-typescript")
        .join("tsconfig.json");
    let text = json!({
        "compilerOptions": {
            "target": "es2023",
            // modules wherever they stand: there is no package.json beside the cases to say so
            "module": "esnext",
            "moduleResolution": "bundler",
            "moduleDetection": "force",
            "lib": ["es2023"],
            "types": ["node"],
            "typeRoots": [worker.join("node_modules").join("@types")],
            "noEmit": true,
            "allowImportingTsExtensions": true,
            "strict": true,
            "exactOptionalPropertyTypes": true,
            "noUncheckedIndexedAccess": true,
            "noPropertyAccessFromIndexSignature": true,
            "noImplicitOverride": true,
            "noImplicitReturns": true,
            "noFallthroughCasesInSwitch": true,
            "erasableSyntaxOnly": true,
            "verbatimModuleSyntax": true,
            "isolatedModules": true,
            "paths": {
                "procwire-worker": [worker.join("dist").join("index.d.ts")],
                "procwire-worker/generated": [worker.join("dist").join("generated.d.ts")],
            },
        },
        "files": cases.iter().flat_map(|(_, files)| files).collect::<Vec<_>>(),
    });
    write(&config, &text.to_string())?;
    shell.run(&Step::new("tsc").args(["--project".into(), config]))?;
    Ok(Tally::passed(cases.len()))
}

/// The golden cases that expect files of a language, and those files.
fn expected(
    shell: &Shell<'_>,
    language: &str,
    ending: &str,
) -> Result<Vec<(PathBuf, Vec<PathBuf>)>, Failure> {
    let cases: Vec<(PathBuf, Vec<PathBuf>)> = shell
        .place
        .golden_cases()
        .into_iter()
        .map(|case| {
            let files = files_below(&case.join("expected").join(language), &[ending]);
            (case, files)
        })
        .filter(|(_, files)| !files.is_empty())
        .collect();
    some(&cases, &format!("golden cases with {language} files"))?;
    Ok(cases)
}

/// Writes a file unless it says so already: an untouched file is not compiled again.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::said(format!("{} could not be written: {error}", path.display())))
}
