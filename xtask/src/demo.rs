//! `cargo xtask demo`: installs what the demo's workers need, then runs it with the terminal all to itself.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::place::Place;
use crate::prepare::{Need, Prepared};
use crate::screen::{Screen, say};
use crate::shell::{Failure, Shell, Step, command};
use crate::toolbox;

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder of Markdown files; this repository's own documents unless given
    folder: Option<PathBuf>,
    /// Kill the Python worker in the middle: the site comes out complete all the same
    #[arg(long)]
    kill: bool,
}

/// Runs the demo.
pub(crate) fn run(place: &Place, options: &Options) -> Result<ExitCode, String> {
    toolbox::check_rust(false)?;
    toolbox::check_python()?;
    toolbox::check_node()?;

    let screen = Screen::new();
    let prepared = Prepared::default();
    let needs = [Need::Node, Need::Python];
    let installed: Result<(), Failure> = std::thread::scope(|scope| {
        scope.spawn(|| prepared.run(place, &screen, &needs));
        build(place, &screen)?;
        needs.into_iter().try_for_each(|need| prepared.wait(need))
    });
    if let Err(failure) = installed {
        say(failure.output.trim_end());
        return Err(failure.reason);
    }

    let mut step = Step::cargo().args(["run", "--quiet", "--locked", "--package", "site", "--"]);
    if let Some(folder) = &options.folder {
        // as typed, which is relative to where it was typed
        let folder = std::path::absolute(folder)
            .map_err(|error| format!("{} cannot be found: {error}", folder.display()))?;
        step = step.args([folder]);
    }
    if options.kill {
        step = step.args(["--kill"]);
    }
    let status = command(place, &step)
        .env_remove("NO_COLOR")
        .status()
        .map_err(|error| format!("the demo could not be started: {error}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn build(place: &Place, screen: &Screen) -> Result<(), Failure> {
    let line = screen.line("build");
    let shell = Shell::new(place, &line, "build");
    let built = shell.run(&Step::cargo().args(["build", "--locked", "--package", "site"]));
    line.end(built.is_ok(), "");
    built.map(|_| ())
}
