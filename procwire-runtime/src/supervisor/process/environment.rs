//! Which variables of this process a worker gets.

use std::ffi::{OsStr, OsString};
use std::process::Command;

/// What a worker inherits of this process's environment. What the builder sets comes on top; what belongs to a worker of ours
/// (`PROCWIRE_…`) is never inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Everything.
    #[default]
    Inherit,
    /// What programs need to run at all and nothing that may be secret: `PATH`, `HOME`, `USER`, `LOGNAME`, `SHELL`, `TZ`, `LANG`,
    /// `LANGUAGE`, `LC_…`, `TMPDIR`, `TEMP`, `TMP`, `XDG_RUNTIME_DIR`, `SYSTEMROOT`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `PYENV_ROOT`,
    /// `NVM_DIR`, `LD_LIBRARY_PATH`, `DYLD_LIBRARY_PATH`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
    Minimal,
    /// The variables of these names; none when there is none.
    Only(Vec<OsString>),
}

impl Environment {
    /// Whether a variable of this process reaches the worker.
    pub(super) fn passes(&self, key: &OsStr) -> bool {
        if is_ours(key) {
            return false;
        }
        match self {
            Self::Inherit => true,
            Self::Minimal => key
                .to_str()
                .is_some_and(|key| MINIMAL.contains(&key) || key.starts_with("LC_")),
            Self::Only(names) => names.iter().any(|name| name == key),
        }
    }

    /// Gives a command its share.
    pub(super) fn apply(&self, command: &mut Command) {
        if *self != Self::Inherit {
            command.env_clear();
        }
        for (key, value) in std::env::vars_os() {
            match (self, self.passes(&key)) {
                (Self::Inherit, true) => {} // it does without our doing
                (Self::Inherit, false) => drop(command.env_remove(key)),
                (_, true) => drop(command.env(key, value)),
                (_, false) => {}
            }
        }
    }
}

/// A token or a descriptor that this process was given by its own parent is not its workers'.
fn is_ours(key: &OsStr) -> bool {
    key.as_encoded_bytes().starts_with(b"PROCWIRE_")
}

const MINIMAL: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "LANG",
    "LANGUAGE",
    "TMPDIR",
    "TEMP",
    "TMP",
    "XDG_RUNTIME_DIR",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYENV_ROOT",
    "NVM_DIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(environment: &Environment, key: &str) -> bool {
        environment.passes(key.as_ref())
    }

    #[test]
    fn each_policy_passes_what_it_says_and_no_policy_passes_what_is_ours() {
        let only = Environment::Only(vec!["AWS_REGION".into(), "PROCWIRE_TOKEN".into()]);
        for (key, expected) in [
            ("PATH", [true, true, false, false]),
            ("LC_ALL", [true, true, false, false]),
            ("HOME", [true, true, false, false]),
            ("AWS_SECRET", [true, false, false, false]),
            ("AWS_REGION", [true, false, true, false]),
            ("PROCWIRE_TOKEN", [false; 4]),
            ("PROCWIRE_FD", [false; 4]),
        ] {
            let policies = [
                &Environment::Inherit,
                &Environment::Minimal,
                &only,
                &Environment::Only(Vec::new()),
            ];
            assert_eq!(
                policies.map(|policy| passes(policy, key)),
                expected,
                "{key}"
            );
        }
    }
}
