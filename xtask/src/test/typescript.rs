//! The stages on TypeScript sources: every npm package of the repository says itself, by its scripts `check`, `lint`,
//! `test` and `test:bun`, what there is to run.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failed;
use super::python::some;
use super::rust::counted;
use crate::place::Place;
use crate::shell::{Failure, Shell, Step};
use crate::tally::{Runner, Tally};
use crate::toolbox::NPM;

pub(super) fn tsc(shell: &Shell<'_>) -> Result<Tally, Failed> {
    run_all(shell, "check")
}

pub(super) fn lint(shell: &Shell<'_>) -> Result<Tally, Failed> {
    run_all(shell, "lint")
}

pub(super) fn node(shell: &Shell<'_>) -> Result<Tally, Failed> {
    count_all(shell, "test", Runner::Node)
}

pub(super) fn bun(shell: &Shell<'_>) -> Result<Tally, Failed> {
    count_all(shell, "test:bun", Runner::Bun)
}

fn run_all(shell: &Shell<'_>, script: &str) -> Result<Tally, Failed> {
    for folder in with_script(shell.place, script)? {
        shell.run(&npm(script, folder))?;
    }
    Ok(Tally::default())
}

fn count_all(shell: &Shell<'_>, script: &str, runner: Runner) -> Result<Tally, Failed> {
    let mut tally = Tally::default();
    for folder in with_script(shell.place, script)? {
        match counted(shell, runner, &npm(script, folder)) {
            Ok(counted) => tally += counted,
            Err(mut failed) => {
                failed.tally += tally;
                return Err(failed);
            }
        }
    }
    Ok(tally)
}

fn npm(script: &str, folder: PathBuf) -> Step {
    Step::new(NPM)
        .args(["run", "--silent", script])
        .within(folder)
}

fn with_script(place: &Place, script: &str) -> Result<Vec<PathBuf>, Failure> {
    let folders: Vec<PathBuf> = place
        .npm_packages()
        .into_iter()
        .filter(|folder| has_script(folder, script))
        .collect();
    some(&folders, &format!("npm package with a script `{script}`"))?;
    Ok(folders)
}

fn has_script(folder: &Path, script: &str) -> bool {
    fs::read_to_string(folder.join("package.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .is_some_and(|manifest| manifest["scripts"][script].is_string())
}
