//! Paths as they are shown and stored: lexical, relative, with `/`, alike on every machine. Asks the disk only where
//! a project begins.

use std::path::{Component, Path, PathBuf};

/// A path without `.` and with `..` worked in where that is possible without looking at the disk.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}

/// The absolute form of a path, tidied.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    tidy(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// How to reach `path` from the folder `from`; both absolute and tidy. On another drive it stays absolute.
pub(crate) fn relative(path: &Path, from: &Path) -> PathBuf {
    let mut ours = path.components().peekable();
    let mut theirs = from.components().peekable();
    let mut shared = 0;
    while let (Some(a), Some(b)) = (ours.peek(), theirs.peek())
        && a == b
    {
        ours.next();
        theirs.next();
        shared += 1;
    }
    if shared == 0 {
        return path.to_owned();
    }
    let up = theirs.map(|_| Component::ParentDir);
    let there: PathBuf = up.chain(ours).collect();
    if there.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        there
    }
}

/// A path for a person: as seen from the folder they are in, with `/`. One that would climb out of more than two
/// folders is shown whole.
pub(crate) fn shown(path: &Path) -> String {
    let path = absolute(path);
    let seen = std::env::current_dir().map_or_else(
        |_| path.clone(),
        |here| {
            let seen = relative(&path, &tidy(&here));
            if seen.starts_with("../../..") {
                path.clone()
            } else {
                seen
            }
        },
    );
    slashed(&seen)
}

/// A path with `/` between its parts, whatever the system writes.
pub(crate) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// The name of a schema in generated files: its path below the folder where its project begins (a `procwire.toml`, or
/// else a repository), so that it is the same wherever the command was typed. Without a project, the file's name.
pub(crate) fn source_name(schema: &Path) -> String {
    let schema = absolute(schema);
    let begins = |mark: &str| {
        schema
            .ancestors()
            .skip(1)
            .find(|folder| folder.join(mark).exists())
    };
    let name = begins("procwire.toml")
        .or_else(|| begins(".git"))
        .and_then(|folder| schema.strip_prefix(folder).ok())
        .or_else(|| schema.file_name().map(Path::new));
    slashed(name.unwrap_or(&schema))
}

/// Whether two names of schemas may mean the same file, one of them seen from further up.
pub(crate) fn same_source(a: &str, b: &str) -> bool {
    Path::new(a).ends_with(b) || Path::new(b).ends_with(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_tidied_without_the_disk() {
        assert_eq!(tidy(Path::new("./a/../b/./c")), Path::new("b/c"));
        assert_eq!(tidy(Path::new("../a")), Path::new("../a"));
        assert_eq!(tidy(Path::new("a/..")), Path::new("."));
    }

    #[test]
    fn a_path_is_reached_from_a_folder() {
        let to = |path: &str, from: &str| slashed(&relative(Path::new(path), Path::new(from)));
        assert_eq!(to("/p/schema/a.toml", "/p"), "schema/a.toml");
        assert_eq!(to("/p/schema/a.toml", "/p/src/x"), "../../schema/a.toml");
        assert_eq!(to("/p", "/p"), ".");
    }

    #[test]
    fn a_schema_is_named_from_where_its_project_begins() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let schema = folder.path().join("schema").join("pdf.toml");
        assert_eq!(source_name(&schema), "pdf.toml");
        std::fs::create_dir_all(folder.path().join(".git")).expect("made");
        assert_eq!(source_name(&schema), "schema/pdf.toml");
        std::fs::create_dir_all(folder.path().join("schema")).expect("made");
        std::fs::write(folder.path().join("schema/procwire.toml"), "").expect("written");
        assert_eq!(source_name(&schema), "pdf.toml");
    }

    #[test]
    fn a_name_seen_from_further_up_is_the_same_schema() {
        assert!(same_source("pdf.toml", "schema/pdf.toml"));
        assert!(same_source("schema/pdf.toml", "schema/pdf.toml"));
        assert!(!same_source("old/pdf.toml", "schema/pdf.toml"));
        assert!(!same_source("df.toml", "schema/pdf.toml"));
    }
}
