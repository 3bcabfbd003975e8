//! The command line: arguments, files on disk, exit codes.
//!
//! Knows what generated text is called and where it goes; how it is made is the emitters'.

mod arguments;
mod disk;
mod explain;
mod generate;
mod new;
mod paths;
mod plan;
mod project;
mod tell;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use tell::Teller;

/// Runs the command line and says how it went.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let mut tell = Teller::new(arguments.output);
    match dispatch(&arguments, &mut tell) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            for sentence in &stop.sentences {
                tell.error(sentence);
            }
            stop.exit.into()
        }
    }
}

fn dispatch(arguments: &Arguments, tell: &mut Teller) -> Result<Exit, Stop> {
    match &arguments.command {
        None => generate::run(&arguments.generate, tell),
        Some(Command::New(new)) => new::run(new, tell),
        Some(Command::Explain { code }) => {
            tell.answer(&explain::explain(code.as_deref())?);
            Ok(Exit::Done)
        }
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(
                *shell,
                &mut Arguments::command(),
                "procwire-gen",
                &mut script,
            );
            tell.answer(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}

/// clap ends with 2 for wrong use, which is ours for a wrong schema.
fn refuse(error: &clap::Error) -> ExitCode {
    let asked_for = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if error.print().is_err() {
        return Exit::Usage.into();
    }
    if asked_for {
        Exit::Done.into()
    } else {
        Exit::Usage.into()
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Wrong use, or a file that cannot be read or written.
    Usage,
    /// The schema has errors.
    Schema,
    /// `--check` found something out of date.
    Stale,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Usage => 1,
            Exit::Schema => 2,
            Exit::Stale => 3,
        })
    }
}

/// Why a run ended early, and what is still to be said about it.
#[derive(Debug)]
struct Stop {
    exit: Exit,
    sentences: Vec<String>,
}

impl Stop {
    /// Everything has been told already.
    const fn told(exit: Exit) -> Self {
        Self {
            exit,
            sentences: Vec::new(),
        }
    }

    const fn sentences(exit: Exit, sentences: Vec<String>) -> Self {
        Self { exit, sentences }
    }

    fn usage(sentence: String) -> Self {
        Self::sentences(Exit::Usage, vec![sentence])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }
}
