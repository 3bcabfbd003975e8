//! `chaos`: worker processes are killed under load, at any moment and in every way, and what callers were told about their
//! calls is compared with what the workers wrote down when a handler was entered.
//!
//! ```text
//! chaos storm --seconds 60 --worker rust     calls against a worker that keeps dying
//! chaos orphans --rounds 100                 parents that are killed: does anything outlive them?
//! chaos figures                              how long things take, how much memory they cost
//! ```

mod figures;
mod injector;
mod leaks;
mod ledger;
mod load;
mod orphans;
mod report;
mod storm;
mod workers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Kills workers under load and compares what callers were told with what happened.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Call workers that keep dying.
    Storm(storm::Options),
    /// Kill parents, and look for what outlives them.
    Orphans(orphans::Options),
    /// Measure what a death, a storm of cancellations and a flood cost.
    Figures(figures::Options),
    /// A parent with workers, to be killed.
    #[command(hide = true)]
    Victim(orphans::VictimOptions),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Storm(options) => storm::run(&options),
        Command::Orphans(options) => orphans::run(&options),
        Command::Figures(options) => figures::run(&options),
        Command::Victim(options) => orphans::be_a_victim(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
