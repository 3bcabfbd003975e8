//! Writes a plan to the disk: whole files or nothing, each put in place by a rename.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::paths;
use super::plan::Change;

/// Carries out a change, or says in one sentence why it could not.
pub(crate) fn apply(change: &Change) -> Result<(), String> {
    let done = match &change.new {
        Some(text) => write(&change.path, text),
        None => fs::remove_file(&change.path),
    };
    done.map_err(|error| {
        let verb = if change.new.is_some() {
            "written"
        } else {
            "removed"
        };
        format!("{} cannot be {verb}: {error}", paths::shown(&change.path))
    })
}

/// Writes a file beside its place and renames it, so that a reader sees the old text or the new one and an
/// interrupted run leaves the old.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // a link stays a link: what it points to is replaced
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = beside(&path);
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        if let Ok(there) = fs::metadata(&path) {
            file.set_permissions(there.permissions())?;
        }
        drop(file);
        fs::rename(&temporary, &path)
    })();
    if written.is_err() {
        // the reason is the caller's; a leftover that cannot be removed either has the same one
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("below").join("a.py");
        write(&path, "one\n").expect("written");
        write(&path, "two\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "two\n");
        let left: Vec<_> = fs::read_dir(path.parent().expect("a folder"))
            .expect("there")
            .collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn a_failed_write_keeps_what_was_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.py");
        fs::create_dir(&path).expect("made");
        assert!(write(&path, "text").is_err());
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }
}
