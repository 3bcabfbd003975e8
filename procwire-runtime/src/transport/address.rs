//! Where a worker listens: a random name in a private directory.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A path that a socket can be bound to. The file is removed when this is dropped.
#[derive(Debug)]
pub struct Address {
    path: PathBuf,
}

/// There is no usable path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The directory's name leaves no room for a socket's.
    #[error(
        "the socket path {path:?} is {len} bytes long, the system allows {MAX_PATH}: \
         set XDG_RUNTIME_DIR or TMPDIR to a directory with a shorter name"
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        len: usize,
    },
    /// The path is not UTF-8, so that it cannot be announced.
    #[error(
        "the socket path {0:?} is not UTF-8: set XDG_RUNTIME_DIR or TMPDIR to a directory whose name is"
    )]
    NotUtf8(PathBuf),
    /// The system gave no random numbers.
    #[error("no random numbers for the name of the socket: {0}")]
    NoEntropy(getrandom::Error),
}

impl Address {
    /// A fresh path: `<base>/procwire-<pid>-<32 hex digits>.sock`, where base is the first of `XDG_RUNTIME_DIR`, `TMPDIR`
    /// and `/tmp` that is set and not empty.
    ///
    /// # Errors
    /// The path would be too long or not UTF-8, or there are no random numbers.
    pub fn fresh(env: impl Fn(&str) -> Option<OsString>, pid: u32) -> Result<Self, AddressError> {
        let base = ["XDG_RUNTIME_DIR", "TMPDIR"]
            .into_iter()
            .filter_map(env)
            .find(|value| !value.is_empty());
        let base = base.unwrap_or_else(|| OsString::from("/tmp"));
        let mut name = format!("procwire-{pid}-");
        for byte in random::<16>().map_err(AddressError::NoEntropy)? {
            let _ = write!(name, "{byte:02x}");
        }
        name.push_str(".sock");
        let path = Path::new(&base).join(name);
        let len = path.as_os_str().len();
        if len > MAX_PATH {
            return Err(AddressError::TooLong { path, len });
        }
        if path.to_str().is_none() {
            return Err(AddressError::NotUtf8(path));
        }
        Ok(Self { path })
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path as text, as it is announced.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.to_str().unwrap_or_default() // `fresh` has made sure that it is text
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        // It may never have been bound, or be gone already; neither matters.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// What `sockaddr_un` holds, less the final zero.
pub(super) const MAX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_the_first_that_is_set_and_not_empty() {
        let env = |key: &str| match key {
            "XDG_RUNTIME_DIR" => Some(OsString::new()),
            "TMPDIR" => Some(OsString::from("/var/tmp/")),
            _ => None,
        };
        let address = Address::fresh(env, 7).unwrap();
        assert!(
            address.as_str().starts_with("/var/tmp/procwire-7-"),
            "{address:?}"
        );
        assert_eq!(
            address.as_str().len(),
            "/var/tmp/procwire-7-.sock".len() + 32
        );
        let address = Address::fresh(|_| None, 7).unwrap();
        assert!(address.as_str().starts_with("/tmp/procwire-7-"));
    }

    #[test]
    fn a_path_that_cannot_be_bound_is_refused_before_it_is_tried() {
        let error = Address::fresh(
            |_| Some(OsString::from("/tmp/".to_owned() + &"x".repeat(80))),
            1,
        )
        .unwrap_err();
        assert!(
            matches!(error, AddressError::TooLong { len: 134, .. }),
            "{error}"
        );
    }
}
