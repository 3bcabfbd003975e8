//! What is to be started, as often as needed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::environment::Environment;
use crate::control::{Features, Nonce};

/// A program, its arguments, and where and with what environment it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) environment: Environment,
    pub(crate) cwd: Option<PathBuf>,
    /// Where a simulation takes its processes from.
    #[cfg(test)]
    pub(crate) nursery: Option<std::sync::Arc<dyn super::simulated::Nursery>>,
}

/// What one worker is told besides, in variables that its runtime takes away before user code runs.
pub(crate) struct Birth<'a> {
    pub(crate) module: &'a str,
    pub(crate) features: Features,
    pub(crate) nonce: &'a Nonce,
    pub(crate) token: Option<&'a str>,
    pub(crate) folder: Option<&'a Path>,
    /// Where it finds the data channel that it is born with.
    pub(crate) channel: Option<String>,
}

impl Launch {
    /// The command of one attempt.
    pub(super) fn command(&self, birth: &Birth<'_>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        self.environment.apply(&mut command);
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
            .env("PROCWIRE_MODULE_NAME", birth.module)
            .env("PROCWIRE_FEATURES", birth.features.offer())
            .env("PROCWIRE_NONCE", birth.nonce.as_str());
        if let Some(token) = birth.token {
            command.env("PROCWIRE_TOKEN", token);
        }
        if let Some(folder) = birth.folder {
            command.env("PROCWIRE_DIR", folder);
        }
        if let Some(channel) = &birth.channel {
            command.env("PROCWIRE_FD", channel);
        }
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

    /// A variable as the worker will see it.
    pub(crate) fn variable(&self, key: &str) -> Option<OsString> {
        let set = self.env.iter().rev().find(|(name, _)| name == key);
        match set {
            Some((_, value)) => Some(value.clone()),
            None if self.environment.passes(key.as_ref()) => std::env::var_os(key),
            None => None,
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
