//! What is to be started, as often as needed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program, its arguments, and where and with what environment it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) cwd: Option<PathBuf>,
}

impl Launch {
    /// The command of one attempt.
    pub(super) fn command(&self, module: &str, token: Option<&str>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(key, value)| (key, value)));
        command
            .env("PROCWIRE_MODULE_NAME", module)
            .env("PROCWIRE_FEATURES", "");
        match token {
            Some(token) => command.env("PROCWIRE_TOKEN", token),
            None => command.env_remove("PROCWIRE_TOKEN"), // one that this process inherited is not the worker's
        };
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// How a person would write it.
    pub(crate) fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        words.map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// What may be wrong when it could not be started, beyond the system's words.
    pub(crate) fn hint(&self, error: &io::Error) -> &'static str {
        match error.kind() {
            io::ErrorKind::NotFound if self.cwd.as_ref().is_some_and(|cwd| !cwd.is_dir()) => {
                "; the working directory does not exist"
            }
            io::ErrorKind::NotFound => "; is it installed, and on the PATH of this process?",
            io::ErrorKind::PermissionDenied => "; is it executable?",
            _ => "",
        }
    }
}

fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '"') {
        format!("{text:?}")
    } else {
        text.into_owned()
    }
}
