//! Runs other programs: with the project's environments on PATH, no standard input, what they print kept.
//!
//! Knows no stage. Every command's whole output goes to a log file, its last line to the screen, and all of it to
//! the caller, who needs it to count or to show it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::screen::Line;

/// A command to run.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    program: OsString,
    arguments: Vec<OsString>,
    folder: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
    limit: Duration,
}

impl Step {
    /// A program, found on PATH.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            folder: None,
            variables: Vec::new(),
            limit: LIMIT,
        }
    }

    /// `cargo`, the one that started this program.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// More arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(
            arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned()),
        );
        self
    }

    /// Where to run it; the root unless said.
    pub(crate) fn within(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// A variable of its environment.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// How long it may take.
    pub(crate) const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    fn shown(&self, place: &Place) -> String {
        let mut text = self.folder.as_ref().map_or_else(String::new, |folder| {
            format!("(in {}) ", place.show(folder))
        });
        let program = Path::new(&self.program);
        let name = program.file_stem().unwrap_or(&self.program);
        text.push_str(&name.to_string_lossy());
        for argument in &self.arguments {
            let _ = write!(text, " {}", place.show(Path::new(argument)));
        }
        text
    }
}

/// Why a step failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// One line: which command, and how it ended.
    pub reason: String,
    /// Everything it printed.
    pub output: String,
}

impl Failure {
    /// A failure that no command printed anything about.
    pub(crate) fn said(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            output: String::new(),
        }
    }

    /// The end of what was printed, which is where the reasons stand, under the name of what failed.
    pub(crate) fn excerpt(&self, name: &str) -> String {
        let lines: Vec<&str> = self.output.lines().collect();
        let from = lines.len().saturating_sub(EXCERPT);
        let mut text = format!("──── {name}: {}\n", self.reason);
        if from > 0 {
            let _ = writeln!(text, "… {from} lines before");
        }
        for line in &lines[from..] {
            let _ = writeln!(text, "{line}");
        }
        text + "────"
    }
}

/// Runs steps one after the other for one line of the screen.
pub(crate) struct Shell<'a> {
    /// The repository.
    pub place: &'a Place,
    line: &'a Line,
    log: PathBuf,
}

impl<'a> Shell<'a> {
    /// A shell that logs under a name.
    pub(crate) fn new(place: &'a Place, line: &'a Line, name: &str) -> Self {
        let folder = place.scratch().join("log");
        let log = folder.join(format!("{name}.log"));
        let _ = fs::create_dir_all(&folder);
        let _ = fs::remove_file(&log);
        Self { place, line, log }
    }

    /// Where everything it ran is logged.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Shows what is going on.
    pub(crate) fn note(&self, text: &str) {
        self.line.note(text);
    }

    /// Runs a command to its end and gives what it printed, standard output and error as they came.
    pub(crate) fn run(&self, step: &Step) -> Result<String, Failure> {
        let shown = step.shown(self.place);
        self.line.note(&shown);
        self.append_to_log(&format!("$ {shown}\n"));
        let result = self.run_shown(step, &shown);
        self.append_to_log("\n");
        result
    }

    fn run_shown(&self, step: &Step, shown: &str) -> Result<String, Failure> {
        let mut child = command(self.place, step)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::said(format!("`{shown}` could not be started: {error}")))?;
        let (sender, lines) = mpsc::channel();
        for pipe in [
            child
                .stdout
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
            child
                .stderr
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ]
        .into_iter()
        .flatten()
        {
            let sender = sender.clone();
            std::thread::spawn(move || forward(pipe, &sender));
        }
        drop(sender);

        let started = Instant::now();
        let mut output = String::new();
        loop {
            let left = step.limit.saturating_sub(started.elapsed());
            match lines.recv_timeout(left.min(TICK)) {
                Ok(line) => {
                    self.line.note(&line);
                    // at once, so that a command that hangs can be looked at
                    self.append_to_log(&format!("{line}\n"));
                    output.push_str(&line);
                    output.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break,
                // a grandchild may hold the pipes open after the command itself has ended
                Err(RecvTimeoutError::Timeout) if matches!(child.try_wait(), Ok(Some(_))) => break,
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Failure {
                        reason: format!(
                            "`{shown}` was stopped after {} minutes",
                            step.limit.as_secs() / 60
                        ),
                        output,
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(output),
            Ok(status) => Err(Failure {
                reason: format!("`{shown}` ended with {status}"),
                output,
            }),
            Err(error) => Err(Failure {
                reason: format!("`{shown}` could not be waited for: {error}"),
                output,
            }),
        }
    }

    fn append_to_log(&self, text: &str) {
        use std::io::Write as _;
        // a log that cannot be written must not fail what it is about
        if let Ok(mut file) = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
        {
            let _ = file.write_all(text.as_bytes());
        }
    }
}

/// The command as the system runs it: the project's own tools first on PATH, cargo's traces of us taken out.
pub(crate) fn command(place: &Place, step: &Step) -> Command {
    let mut command = Command::new(&step.program);
    command
        .args(&step.arguments)
        .current_dir(step.folder.as_deref().unwrap_or_else(|| place.root()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ]
        .iter()
        .any(|prefix| text.starts_with(prefix));
        if ours || matches!(&*text, "PYTHONHOME" | "PYTHONPATH") {
            command.env_remove(&name);
        }
    }
    command
        .env("PATH", search_path(place))
        .env("VIRTUAL_ENV", place.venv())
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "never")
        .env("NO_COLOR", "1")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .envs(step.variables.iter().map(|(name, value)| (name, value)));
    command
}

fn search_path(place: &Place) -> OsString {
    let ours = [
        place.venv_programs(),
        place.at("workers/typescript/node_modules/.bin"),
    ];
    let theirs = std::env::var_os("PATH").unwrap_or_default();
    let last = place.target().join("tools").join("bin");
    let all = ours
        .into_iter()
        .chain(std::env::split_paths(&theirs))
        .chain([last]);
    std::env::join_paths(all).unwrap_or(theirs)
}

fn forward(pipe: impl Read, lines: &Sender<String>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        // a progress bar rewrites its line: the last state is the one to keep
        let text = text.trim_end_matches(['\n', '\r']);
        let text = text.rsplit('\r').next().unwrap_or_default();
        if lines.send(text.to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}

const LIMIT: Duration = Duration::from_secs(30 * 60);
const EXCERPT: usize = 200;
const TICK: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Screen;

    fn run(step: &Step) -> Result<String, Failure> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Place::new(folder.path().to_owned());
        let line = Screen::new().line("test");
        let shell = Shell::new(&place, &line, "test");
        let result = shell.run(step);
        assert!(
            fs::read_to_string(shell.log())
                .expect("a log")
                .starts_with("$ ")
        );
        result
    }

    #[test]
    fn output_of_both_kinds_is_kept_and_a_failure_carries_it() {
        let failure = run(&Step::new("sh").args(["-c", "echo one; echo two >&2; exit 3"]))
            .expect_err("exit 3");
        assert!(failure.output.contains("one\n") && failure.output.contains("two\n"));
        assert!(
            failure.reason.contains("exit status: 3"),
            "{}",
            failure.reason
        );
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let failure = run(&Step::new("no-such-program-here")).expect_err("not there");
        assert!(
            failure
                .reason
                .starts_with("`no-such-program-here` could not be started")
        );
    }

    #[test]
    fn a_command_that_never_ends_is_stopped() {
        let step = Step::new("tail")
            .args(["-f", "/dev/null"])
            .limit(Duration::ZERO);
        let failure = run(&step).expect_err("stopped");
        assert!(failure.reason.contains("was stopped"), "{}", failure.reason);
    }
}
