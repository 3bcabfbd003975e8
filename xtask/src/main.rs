//! The project's two commands: `cargo xtask demo` and `cargo xtask test`.
//!
//! Owns the command line and the exit code. What a stage runs stands in `test/`, what must be installed first in
//! `prepare`, how it is shown in `screen`.

mod demo;
mod place;
mod prepare;
mod screen;
mod shell;
mod tally;
mod test;
mod toolbox;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use place::Place;

/// Everything there is to do in this repository, in two commands.
///
/// Both need Rust, Python 3.10 or newer and Node 20 or newer, and bring the rest themselves: a `.venv`, the npm
/// packages, the test runner. What is up to date is not installed again.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Turn a folder of Markdown into a site, through a Python and a TypeScript worker.
    Demo(demo::Options),
    /// Prove the project healthy: formatting, lints, tests in three languages, examples, generated code.
    Test(test::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let place = Place::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".."));
    let done = match arguments.command {
        Task::Demo(options) => demo::run(&place, &options),
        Task::Test(options) => test::run(&place, &options),
    };
    match done {
        Ok(code) => code,
        Err(sentence) => {
            screen::say(&format!("error: {sentence}"));
            ExitCode::FAILURE
        }
    }
}
