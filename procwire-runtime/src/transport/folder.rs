//! A private folder for one worker's socket: made before the worker starts, gone as soon as it is connected.
//!
//! Owned by the parent, because a worker that is killed removes nothing. A parent that is killed removes nothing either: its
//! caretaker does, which hears of a folder before it is made. Should that be killed as well, the next parent tells the folders of
//! the dead by their locks.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::{Debug, Write as _};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, Mode, OFlags};

use super::address::{MAX_PATH, random};

/// A folder that nobody else can look into. It is removed when this is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    base: PathBuf,
    name: String,
    caretaker: &'static dyn Caretaker,
    /// Locked for as long as this process lives and wants the folder.
    _lock: OwnedFd,
}

/// Who removes folders when this process is gone. Both may be called from any thread and must not wait long.
pub trait Caretaker: Debug + Send + Sync {
    /// A folder of this name may be there from now on.
    fn expect(&self, base: &Path, name: &str);
    /// It is not there any more.
    fn release(&self, base: &Path, name: &str);
}

/// There is no place for a private folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The name of a socket in it would be too long.
    #[error(
        "a socket in {path:?} would have a path of {len} bytes, the system allows {max}: \
         set XDG_RUNTIME_DIR or TMPDIR to a directory with a shorter name"
    )]
    TooLong {
        /// The directory.
        path: PathBuf,
        /// The length of the path.
        len: usize,
        /// What the system allows.
        max: usize,
    },
    /// Others could replace what is in the directory.
    #[error(
        "the directory {path:?} is not safe for a socket: its mode is {mode:o} and its owner is {uid}"
    )]
    Insecure {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// Its owner.
        uid: u32,
    },
    /// The system refused.
    #[error("no folder for a socket in {path:?}: {cause}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
}

impl Folder {
    /// A fresh folder, mode 0700, in the first of `XDG_RUNTIME_DIR`, `TMPDIR` and `/tmp` that can hold it. The first folder
    /// of this process in a directory takes those of dead processes away.
    ///
    /// # Errors
    /// None of the directories can; why the first one cannot.
    pub fn make(
        env: impl Fn(&str) -> Option<OsString>,
        caretaker: &'static dyn Caretaker,
    ) -> Result<Self, FolderError> {
        let named = ["XDG_RUNTIME_DIR", "TMPDIR"].into_iter().filter_map(env);
        let bases = named
            .map(PathBuf::from)
            .filter(|base| base.is_absolute())
            .chain([PathBuf::from("/tmp")]);
        let mut first = None;
        for base in bases {
            match Self::make_in(&base, caretaker) {
                Ok(folder) => return Ok(folder),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| failed("/tmp".as_ref(), io::ErrorKind::NotFound.into())))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a path names something directly in it.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        path.parent() == Some(&self.path) && path.file_name().is_some()
    }

    fn make_in(base: &Path, caretaker: &'static dyn Caretaker) -> Result<Self, FolderError> {
        let len = base.as_os_str().len() + 1 + PREFIX.len() + DIGITS + 1 + LONGEST_NAME;
        if len > MAX_PATH {
            let (path, max) = (base.to_owned(), MAX_PATH);
            return Err(FolderError::TooLong { path, len, max });
        }
        is_secure(base)?;
        sweep_once(base);
        let mut last = io::ErrorKind::AlreadyExists.into();
        for _ in 0..TRIES {
            match Self::try_make(base, caretaker) {
                Ok(folder) => return Ok(folder),
                Err(cause) => {
                    // The name is taken, or someone who cleans up was faster than our lock.
                    let again = matches!(
                        cause.kind(),
                        io::ErrorKind::AlreadyExists
                            | io::ErrorKind::NotFound
                            | io::ErrorKind::WouldBlock
                    );
                    last = cause;
                    if !again {
                        break;
                    }
                }
            }
        }
        Err(failed(base, last))
    }

    fn try_make(base: &Path, caretaker: &'static dyn Caretaker) -> io::Result<Self> {
        let mut name = PREFIX.to_owned();
        for byte in
            random::<{ DIGITS / 2 }>().map_err(|error| io::Error::other(error.to_string()))?
        {
            let _ = write!(name, "{byte:02x}");
        }
        let path = base.join(&name);
        caretaker.expect(base, &name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        let lock = made.and_then(|()| {
            locked(&path).inspect_err(|_| {
                let _ = fs::remove_dir(&path); // not if someone else has done that
            })
        });
        match lock {
            Ok(lock) => Ok(Self {
                path,
                base: base.to_owned(),
                name,
                caretaker,
                _lock: lock,
            }),
            Err(error) => {
                caretaker.release(base, &name);
                Err(error)
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
        self.caretaker.release(&self.base, &self.name);
    }
}

/// Refuses a directory in which others could put something else in the place of ours.
pub(super) fn is_secure(dir: &Path) -> Result<(), FolderError> {
    let about = fs::metadata(dir).map_err(|cause| failed(dir, cause))?;
    let own = rustix::process::geteuid().as_raw();
    let (mode, uid) = (about.mode() & 0o7777, about.uid());
    let open_to_others = mode & 0o022 != 0 && mode & 0o1000 == 0;
    if !about.is_dir() || open_to_others || (uid != own && uid != 0) {
        let path = dir.to_owned();
        return Err(FolderError::Insecure { path, mode, uid });
    }
    Ok(())
}

/// The folder, locked. Fails when it is not the one that was made.
fn locked(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags, Mode::empty())?;
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
    let (held, named) = (rustix::fs::fstat(&folder)?, fs::symlink_metadata(path)?);
    let own = rustix::process::geteuid().as_raw();
    if held.st_ino != named.ino() || held.st_uid != own || held.st_mode & 0o077 != 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(folder)
}

/// Removes what dead processes of this user left in a directory, once in the life of this process.
fn sweep_once(base: &Path) {
    static SWEPT: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);
    let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if swept.get_or_insert_default().insert(base.to_owned()) {
        drop(swept);
        sweep(base);
    }
}

fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_ours = digits.is_some_and(|digits| {
            digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        // One that is locked has an owner that lives.
        if is_ours && let Ok(_lock) = locked(&entry.path()) {
            remove(&entry.path());
        }
    }
}

/// Removes a folder with the sockets in it. Anything else that may be there is not ours, and keeps it.
fn remove(path: &Path) {
    // A worker that is being killed may be at binding its socket.
    for _ in 0..TRIES {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_socket()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            _ => return,
        }
    }
}

fn failed(path: &Path, cause: io::Error) -> FolderError {
    let path = path.to_owned();
    FolderError::Io { path, cause }
}

const PREFIX: &str = "procwire-";
const DIGITS: usize = 12;
/// Room for the name of a socket: `procwire-<pid>-<32 hex digits>.sock`.
const LONGEST_NAME: usize = 58;
const TRIES: usize = 8;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    /// Every order: whether it is to expect the folder, and whether the folder was there.
    static TOLD: Mutex<Vec<(bool, bool, PathBuf)>> = Mutex::new(Vec::new());

    #[derive(Debug)]
    struct Listener;

    impl Caretaker for Listener {
        fn expect(&self, base: &Path, name: &str) {
            note(true, base.join(name));
        }

        fn release(&self, base: &Path, name: &str) {
            note(false, base.join(name));
        }
    }

    fn note(expected: bool, path: PathBuf) {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        told.push((expected, path.exists(), path));
    }

    #[test]
    fn b05_the_caretaker_knows_of_it_as_long_as_it_may_be_there() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::make_in(base.path(), &Listener).unwrap();
        let path = folder.path().to_owned();
        drop(folder);
        let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = told.iter().filter(|(.., told)| *told == path);
        let orders: Vec<_> = orders
            .map(|(expected, there, _)| (*expected, *there))
            .collect();
        assert_eq!(orders, [(true, false), (false, false)]);
    }

    fn only(base: &Path) -> impl Fn(&str) -> Option<OsString> {
        let base = base.as_os_str().to_owned();
        move |key| (key == "XDG_RUNTIME_DIR").then(|| base.clone())
    }

    fn count(path: &Path) -> usize {
        fs::read_dir(path).unwrap().count()
    }

    #[test]
    fn it_is_private_and_goes_with_the_socket_in_it() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::make(only(base.path()), &Listener).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
        let socket = folder.path().join("s.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(folder.holds(&socket));
        assert!(!folder.holds(&base.path().join("s.sock")));
        assert!(!folder.holds(&folder.path().join("a/s.sock")));
        assert!(!folder.holds(&folder.path().join("../s.sock")));
        assert!(!folder.holds(&folder.path().join("..")));
        drop(folder);
        assert_eq!(count(base.path()), 0);
    }

    #[test]
    fn a_folder_of_the_dead_is_swept_and_one_of_the_living_is_not() {
        let base = tempfile::tempdir().unwrap();
        let living = Folder::make_in(base.path(), &Listener).unwrap();
        let dead = base.path().join("procwire-0123456789ab");
        fs::DirBuilder::new().mode(0o700).create(&dead).unwrap();
        drop(UnixListener::bind(dead.join("s.sock")).unwrap());
        let foreign = base.path().join("procwire-notes");
        fs::create_dir(&foreign).unwrap();
        sweep(base.path());
        assert!(living.path().exists() && !dead.exists() && foreign.exists());
    }

    #[test]
    fn what_is_not_a_socket_is_never_removed() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::make_in(base.path(), &Listener).unwrap();
        let (path, file) = (folder.path().to_owned(), folder.path().join("notes"));
        fs::write(&file, "mine").unwrap();
        drop(folder);
        assert_eq!(fs::read_to_string(file).unwrap(), "mine");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn k05_a_directory_with_a_long_name_is_passed_over() {
        let base = tempfile::tempdir().unwrap();
        let long = base.path().join("x".repeat(200));
        fs::create_dir(&long).unwrap();
        let error = Folder::make_in(&long, &Listener).unwrap_err();
        assert!(
            matches!(error, FolderError::TooLong { max: 107, .. }),
            "{error}"
        );
        assert!(
            Folder::make(only(&long), &Listener)
                .unwrap()
                .path()
                .starts_with("/tmp")
        );
    }

    #[test]
    fn k07_a_directory_that_others_can_write_to_is_refused() {
        let base = tempfile::tempdir().unwrap();
        fs::set_permissions(base.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = Folder::make_in(base.path(), &Listener).unwrap_err();
        assert!(
            matches!(error, FolderError::Insecure { mode: 0o777, .. }),
            "{error}"
        );
        fs::set_permissions(base.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(Folder::make_in(base.path(), &Listener).is_ok());
    }
}
