//! Workers and parents that are killed, for a minute: the short form of what `cargo run -p chaos` does for hours.

use super::Failed;
use crate::shell::{Shell, Step};
use crate::tally::Tally;

pub(super) fn run(shell: &Shell<'_>) -> Result<Tally, Failed> {
    let build = ["build", "--locked", "--package", "chaos", "--bins"];
    shell.run(&Step::cargo().args(build))?;
    let mut passed = 0;
    // Nobody knows how busy the machine is: that something ends is proved here, how fast is measured elsewhere.
    for arguments in [
        ["storm", "--seconds=20", "--worker=rust"].as_slice(),
        &["storm", "--seconds=20", "--worker=python"],
        &["storm", "--seconds=20", "--worker=typescript"],
        &["orphans", "--rounds=20", "--within=20000", "--worker=rust"],
        &["orphans", "--rounds=4", "--within=20000", "--worker=python"],
        &[
            "orphans",
            "--rounds=4",
            "--within=20000",
            "--worker=typescript",
        ],
    ] {
        let run = [
            "run",
            "--locked",
            "--quiet",
            "--package",
            "chaos",
            "--bin",
            "chaos",
            "--",
        ];
        shell.run(&Step::cargo().args(run).args(arguments))?;
        passed += 1;
    }
    Ok(Tally {
        passed,
        ..Tally::default()
    })
}
