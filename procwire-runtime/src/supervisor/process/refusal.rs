//! What the system meant when it did not start a program.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::command::Launch;
use crate::connection::Exit;
use crate::supervisor::StartError;

impl Launch {
    /// The reason in terms of this launch. The system says the same of a program that is missing, of an interpreter that is and
    /// of a working directory that is; they are told apart by looking.
    pub(crate) fn refusal(&self, cause: io::Error) -> StartError {
        let program = self.program.to_string_lossy().into_owned();
        if let Some(cwd) = self.cwd.as_ref().filter(|cwd| !cwd.is_dir()) {
            let cwd = cwd.clone();
            return StartError::CwdMissing { program, cwd };
        }
        match Errno::from_io_error(&cause) {
            Some(Errno::NOENT | Errno::NOTDIR) => StartError::NotFound {
                program,
                exists: self.found().is_some(),
                searched: self.searched(),
            },
            Some(Errno::ACCESS | Errno::PERM) => StartError::PermissionDenied {
                program,
                is_dir: self.path().is_dir(),
            },
            Some(Errno::NOEXEC) => StartError::ExecFormat {
                program,
                exit: None,
                stderr_tail: Arc::from(""),
            },
            Some(Errno::MFILE | Errno::NFILE) => StartError::FdExhausted { program, cause },
            Some(Errno::NOSPC | Errno::DQUOT) => StartError::NoSpace { program, cause },
            Some(Errno::AGAIN | Errno::NOMEM) => StartError::ProcessLimit { program, cause },
            _ => StartError::Launch { program, cause },
        }
    }

    /// What a process that ended at once was, if it was no program at all: the C library gives such a file to a shell, which then
    /// ends with one of its own codes. A script without a first line may do so too, which is why its words are kept.
    pub(crate) fn is_no_program(&self, exit: Exit, stderr_tail: &Arc<str>) -> Option<StartError> {
        let file = self
            .found()
            .filter(|_| matches!(exit, Exit::Code(2 | 126 | 127)))?;
        let (own, other) = (head("/proc/self/exe".as_ref())?, head(&file)?);
        let is_script = other.starts_with(b"#!");
        let is_alike = own[..MAGIC] == other[..MAGIC] && own[MACHINE] == other[MACHINE];
        (!is_script && !is_alike).then(|| StartError::ExecFormat {
            program: self.program.to_string_lossy().into_owned(),
            exit: Some(exit),
            stderr_tail: stderr_tail.clone(),
        })
    }

    /// The program as a path, from where the worker would start.
    fn path(&self) -> PathBuf {
        let program = Path::new(&self.program);
        match &self.cwd {
            Some(cwd) => cwd.join(program),
            None => program.to_owned(),
        }
    }

    /// The `PATH` that was searched; none for a program that is a path.
    fn searched(&self) -> Option<String> {
        let is_path = self.program.as_encoded_bytes().contains(&b'/');
        (!is_path).then(|| {
            let path = self.variable("PATH");
            path.map_or_else(
                || "not set".to_owned(),
                |path| path.to_string_lossy().into_owned(),
            )
        })
    }

    /// The file that would have been executed, if there is one.
    fn found(&self) -> Option<PathBuf> {
        if self.searched().is_none() {
            return Some(self.path()).filter(|path| path.is_file());
        }
        let path = self.variable("PATH")?;
        std::env::split_paths(&path)
            .map(|dir| dir.join(&self.program))
            .find(|path| is_executable(path))
    }
}

/// The first bytes of a file, with zeros where it is shorter.
fn head(path: &Path) -> Option<[u8; 20]> {
    let mut head = [0; 20];
    let mut file = File::open(path).ok()?.take(20);
    let _ = file.read(&mut head).ok()?;
    Some(head)
}

/// Where a program says that it is one, and for which machine.
const MAGIC: usize = 6;
const MACHINE: std::ops::Range<usize> = 18..20;

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}
