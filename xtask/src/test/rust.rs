//! The stages that are cargo's.

use super::Failed;
use crate::shell::{Shell, Step};
use crate::tally::{Runner, Tally, count};

pub(super) fn fmt(shell: &Shell<'_>) -> Result<Tally, Failed> {
    shell.run(&Step::cargo().args(["fmt", "--all", "--", "--check", "--color", "never"]))?;
    Ok(Tally::default())
}

pub(super) fn clippy(shell: &Shell<'_>) -> Result<Tally, Failed> {
    shell.run(&Step::cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Tally::default())
}

/// A feature may only add: each must stand alone, and all of them together.
pub(super) fn features(shell: &Shell<'_>) -> Result<Tally, Failed> {
    for (package, sets) in [
        (
            "procwire-schema",
            ["", "text", "rust", "text,rust,render"].as_slice(),
        ),
        ("procwire-gen", &["", "rust", "python", "typescript", "cli"]),
        ("procwire-runtime", &["", "metrics"]),
    ] {
        for set in sets {
            shell.run(&Step::cargo().args([
                "clippy",
                "--locked",
                "--package",
                package,
                "--no-default-features",
                "--features",
                set,
                "--",
                "-D",
                "warnings",
            ]))?;
        }
    }
    Ok(Tally::default())
}

pub(super) fn docs(shell: &Shell<'_>) -> Result<Tally, Failed> {
    shell.run(
        &Step::cargo()
            .args([
                "doc",
                "--locked",
                "--workspace",
                "--lib",
                "--no-deps",
                "--keep-going",
            ])
            .with("RUSTDOCFLAGS", "-D warnings -D missing_docs"),
    )?;
    Ok(Tally::default())
}

/// Off unless asked for; the tests that look at numbers ask for it.
const METRICS: &str = "procwire/metrics";

pub(super) fn nextest(shell: &Shell<'_>) -> Result<Tally, Failed> {
    // tests start workers that are programs of packages without tests, which a test run does not build
    shell.run(&Step::cargo().args([
        "build",
        "--locked",
        "--workspace",
        "--features",
        METRICS,
        "--bins",
        "--examples",
    ]))?;
    counted(
        shell,
        Runner::Nextest,
        &Step::cargo().args([
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--features",
            METRICS,
            "--no-fail-fast",
        ]),
    )
}

pub(super) fn doctest(shell: &Shell<'_>) -> Result<Tally, Failed> {
    counted(
        shell,
        Runner::CargoTest,
        &Step::cargo().args(["test", "--locked", "--workspace", "--doc", "--no-fail-fast"]),
    )
}

/// Runs a test runner and counts what it says. One that ran nothing has proved nothing, so it failed.
pub(super) fn counted(shell: &Shell<'_>, runner: Runner, step: &Step) -> Result<Tally, Failed> {
    match shell.run(step) {
        Ok(output) => match count(runner, &output) {
            Some(tally) if tally.ran() > 0 && tally.failed == 0 => Ok(tally),
            counted => Err(Failed {
                failure: crate::shell::Failure {
                    reason: "the runner ended well and counted no passing test".to_owned(),
                    output,
                },
                tally: counted.unwrap_or_default(),
            }),
        },
        Err(failure) => {
            let tally = count(runner, &failure.output).unwrap_or_default();
            Err(Failed { failure, tally })
        }
    }
}
