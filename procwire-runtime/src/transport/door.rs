//! Whether a path that a worker named may be connected to.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path};

use super::folder::{Folder, FolderError, is_secure};

/// Why a path is not connected to.
#[derive(Debug)]
pub enum Refused {
    /// Nothing can be found out about it.
    Missing(io::Error),
    /// It is not what it should be.
    Untrusted(&'static str),
    /// Others could replace it.
    Insecure(FolderError),
}

/// Looks at a path before it is connected to: a socket of this user, and in the folder, if it must be. Whoever is behind a
/// path that others can write to could read every call.
///
/// # Errors
/// It is no such socket.
pub fn inspect(path: &Path, folder: Option<&Folder>, inside: bool) -> Result<(), Refused> {
    let climbs = path
        .components()
        .any(|part| matches!(part, Component::ParentDir));
    if !path.is_absolute() || climbs {
        return Err(Refused::Untrusted(
            "it is not an absolute path without `..`",
        ));
    }
    let is_inside = folder.is_some_and(|folder| folder.holds(path));
    if inside && !is_inside {
        return Err(Refused::Untrusted(
            "it is not in the folder that this worker was given",
        ));
    }
    let about = fs::symlink_metadata(path).map_err(Refused::Missing)?;
    if !about.file_type().is_socket() {
        return Err(Refused::Untrusted("it is not a socket"));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(Refused::Untrusted("it belongs to another user"));
    }
    match path.parent() {
        Some(dir) if !is_inside => is_secure(dir).map_err(Refused::Insecure),
        _ => Ok(()),
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(cause) => cause.fmt(f),
            Self::Untrusted(why) => f.write_str(why),
            Self::Insecure(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_a_socket_of_ours_in_a_safe_place_is_connected_to() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        let _listener = UnixListener::bind(at("s.sock")).unwrap();
        fs::write(at("file"), "").unwrap();
        symlink(at("s.sock"), at("link")).unwrap();
        assert!(inspect(&at("s.sock"), None, false).is_ok());
        for (path, why) in [
            (at("file"), "not a socket"),
            (at("link"), "not a socket"),
            (at("../s.sock"), "absolute path"),
            ("s.sock".into(), "absolute path"),
            ("\0abstract".into(), "absolute path"),
            (at("none"), "No such file"),
            ("/tmp/\0".into(), "NUL"),
        ] {
            let refused = inspect(&path, None, false).unwrap_err().to_string();
            assert!(refused.contains(why), "{path:?}: {refused}");
        }
        let refused = inspect(&at("s.sock"), None, true).unwrap_err();
        assert!(refused.to_string().contains("not in the folder"));
        fs::set_permissions(base.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let refused = inspect(&at("s.sock"), None, false).unwrap_err();
        assert!(matches!(refused, Refused::Insecure(_)), "{refused}");
    }
}
