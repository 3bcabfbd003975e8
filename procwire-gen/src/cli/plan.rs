//! What a run would do to the disk: compares the files that should be there with those that are.
//!
//! Reads, never writes. The ownership rule lives here: only a file whose first line is our `@generated` line for the
//! same schema is overwritten or removed; anything else in the way is an obstacle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::paths;
use crate::files::{Files, Ownership, generated_from};
use crate::target::Language;

/// What one schema gives in one language, and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) language: Language,
    /// The schema as the `@generated` line names it.
    pub(crate) source: String,
    pub(crate) out: PathBuf,
    pub(crate) files: Files,
}

/// A file to be written or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: PathBuf,
    pub(crate) ownership: Ownership,
    /// What stands there; none for a new file.
    pub(crate) old: Option<String>,
    /// What shall stand there; none for one to be removed.
    pub(crate) new: Option<String>,
}

/// A user's file that is there already: the place to look for missing handlers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Which of the makings it belongs to.
    pub(crate) made: usize,
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    /// Our files that are as they should be.
    pub(crate) fresh: Vec<PathBuf>,
    pub(crate) kept: Vec<Kept>,
    /// Why it cannot be done, one sentence each.
    pub(crate) obstacles: Vec<String>,
}

/// Compares what was made with the disk.
pub(crate) fn plan(made: &[Made]) -> Plan {
    let mut plan = Plan::default();
    let mut places: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (at, making) in made.iter().enumerate() {
        for (path, file) in making.files.iter() {
            let path = place(&making.out, path);
            if let Some(other) = places.insert(path.clone(), at) {
                plan.obstacles.push(if made[other].source == making.source {
                    format!(
                        "{} would be made twice from {}: name that schema once for this language and folder",
                        paths::shown(&path),
                        making.source,
                    )
                } else {
                    format!(
                        "{} would be made twice, from {} and from {}: give them different `out` folders or module names",
                        paths::shown(&path),
                        made[other].source,
                        making.source,
                    )
                });
                continue;
            }
            match file.ownership {
                Ownership::Generated => plan.ours(path, &file.text, &making.source),
                Ownership::Yours => plan.yours(path, &file.text, at),
            }
        }
    }
    plan.stale(made, &places);
    plan.changes.sort_by(|a, b| a.path.cmp(&b.path));
    plan
}

impl Plan {
    fn ours(&mut self, path: PathBuf, text: &str, source: &str) {
        let old = match look(&path) {
            Ok(There::Nothing) => None,
            Ok(There::Text(old)) => Some(old),
            Ok(There::Other(what)) => {
                self.obstacles.push(format!(
                    "{} is {what}, and a generated file must go there: move it away, or choose another --out",
                    paths::shown(&path)
                ));
                return;
            }
            Err(sentence) => {
                self.obstacles.push(sentence);
                return;
            }
        };
        match old.as_deref().map(generated_from) {
            Some(None) => self.obstacles.push(format!(
                "{} is in the way: it does not open with the @generated line, so it is not ours to overwrite; move it away, or choose another --out",
                paths::shown(&path)
            )),
            Some(Some(other)) if !paths::same_source(other, source) => self.obstacles.push(format!(
                "{} is in the way: it was generated from {other}; remove it if that schema is gone, or choose another --out",
                paths::shown(&path)
            )),
            _ if old.as_deref() == Some(text) => self.fresh.push(path),
            _ => self.changes.push(Change {
                path,
                ownership: Ownership::Generated,
                old,
                new: Some(text.to_owned()),
            }),
        }
    }

    fn yours(&mut self, path: PathBuf, text: &str, made: usize) {
        match look(&path) {
            Ok(There::Nothing) => self.changes.push(Change {
                path,
                ownership: Ownership::Yours,
                old: None,
                new: Some(text.to_owned()),
            }),
            Ok(There::Text(text)) => self.kept.push(Kept { made, path, text }),
            // whatever it is, it is the user's
            Ok(There::Other(_)) => {}
            Err(sentence) => self.obstacles.push(sentence),
        }
    }

    /// Files of ours that the same schema made before and makes no longer, in the same language and folder.
    fn stale(&mut self, made: &[Made], places: &BTreeMap<PathBuf, usize>) {
        let folders: BTreeSet<(PathBuf, Language)> =
            made.iter()
                .flat_map(|making| {
                    let here = std::iter::once(paths::absolute(&making.out));
                    let below = making.files.iter().filter_map(|(path, _)| {
                        place(&making.out, path).parent().map(Path::to_owned)
                    });
                    here.chain(below).map(|folder| (folder, making.language))
                })
                .collect();
        for (folder, language) in folders {
            let sources: Vec<&str> = made
                .iter()
                .filter(|making| {
                    making.language == language && folder.starts_with(paths::absolute(&making.out))
                })
                .map(|making| making.source.as_str())
                .collect();
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let ours = path
                    .extension()
                    .is_some_and(|ending| ending == language.ending());
                if !ours || places.contains_key(&path) {
                    continue;
                }
                if let Ok(There::Text(old)) = look(&path)
                    && generated_from(&old).is_some_and(|source| sources.contains(&source))
                {
                    self.changes.push(Change {
                        path,
                        ownership: Ownership::Generated,
                        old: Some(old),
                        new: None,
                    });
                }
            }
        }
    }
}

/// Whether two texts differ, and only in how their lines end.
pub(crate) fn differs_in_line_ends_only(old: &str, new: &str) -> bool {
    old != new && old.replace("\r\n", "\n") == new.replace("\r\n", "\n")
}

enum There {
    Nothing,
    Text(String),
    Other(&'static str),
}

fn look(path: &Path) -> Result<There, String> {
    match fs::read(path) {
        Ok(bytes) => {
            Ok(String::from_utf8(bytes).map_or(There::Other("not a text file"), There::Text))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(There::Nothing),
        Err(_) if path.is_dir() => Ok(There::Other("a folder")),
        Err(error) => Err(format!("{} cannot be read: {error}", paths::shown(path))),
    }
}

/// Emitters write paths with `/`.
fn place(out: &Path, path: &str) -> PathBuf {
    let below: PathBuf = path.split('/').collect();
    paths::absolute(&out.join(below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Origin;

    fn made(out: &Path, source: &str, module: &str) -> Made {
        let mut files = Files::new();
        files.generated(format!("{module}.py"), "import procwire\n");
        files.yours("worker.py", "import pdf\n");
        let origin = Origin {
            source: source.to_owned(),
            module: Some(module.to_owned()),
            version: Some("1.0.0".to_owned()),
            fingerprint: "00000000".to_owned(),
        };
        Made {
            language: Language::Python,
            source: source.to_owned(),
            out: out.to_owned(),
            files: files.sign(&origin),
        }
    }

    fn names(plan: &Plan) -> Vec<String> {
        plan.changes
            .iter()
            .map(|change| {
                let verb = match (&change.old, &change.new) {
                    (None, _) => "create",
                    (_, None) => "remove",
                    _ => "update",
                };
                let name = change
                    .path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy();
                format!("{verb} {name}")
            })
            .collect()
    }

    #[test]
    fn a_renamed_module_leaves_no_file_of_ours_behind_and_touches_no_other() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path();
        let old = made(out, "schema/pdf.toml", "old");
        let ours = old.files.get("old.py").expect("made").text.clone();
        fs::write(out.join("old.py"), &ours).expect("written");
        fs::write(out.join("old.ts"), ours.replace("# ", "// ")).expect("written");
        fs::write(
            out.join("other.py"),
            ours.replace("schema/pdf.toml", "schema/x.toml"),
        )
        .expect("written");
        fs::write(out.join("mine.py"), "import old\n").expect("written");
        fs::write(out.join("worker.py"), "import old\n").expect("written");

        let plan = plan(&[made(out, "schema/pdf.toml", "pdf")]);
        assert_eq!(names(&plan), ["remove old.py", "create pdf.py"]);
        assert_eq!(plan.obstacles, [""; 0]);
        assert_eq!(plan.kept.len(), 1);
    }

    #[test]
    fn what_is_not_ours_is_an_obstacle_that_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path();
        let making = made(out, "pdf.toml", "pdf");
        for (text, says) in [
            (
                "print('mine')\n".to_owned(),
                "does not open with the @generated line",
            ),
            (
                making
                    .files
                    .get("pdf.py")
                    .expect("made")
                    .text
                    .replace("pdf.toml", "doc.toml"),
                "was generated from doc.toml",
            ),
        ] {
            fs::write(out.join("pdf.py"), text).expect("written");
            let plan = plan(std::slice::from_ref(&making));
            assert!(
                plan.obstacles[0].contains("pdf.py is in the way")
                    && plan.obstacles[0].contains(says),
                "{plan:?}"
            );
        }
        fs::remove_file(out.join("pdf.py")).expect("removed");
        fs::create_dir(out.join("pdf.py")).expect("made");
        assert!(plan(&[making]).obstacles[0].contains("is a folder"));
    }

    #[test]
    fn two_schemas_that_make_the_same_file_are_both_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plan = plan(&[
            made(folder.path(), "a.toml", "pdf"),
            made(folder.path(), "b.toml", "pdf"),
        ]);
        assert!(
            plan.obstacles[0].contains("from a.toml and from b.toml"),
            "{plan:?}"
        );
    }

    #[test]
    fn the_same_target_twice_is_said_as_such() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let making = made(folder.path(), "a.toml", "pdf");
        let plan = plan(&[making.clone(), making]);
        assert!(
            plan.obstacles[0].contains("would be made twice from a.toml:"),
            "{plan:?}"
        );
    }

    #[test]
    fn line_ends_alone_are_told_apart() {
        assert!(differs_in_line_ends_only("a\r\nb\r\n", "a\nb\n"));
        assert!(!differs_in_line_ends_only("a\nb\n", "a\nb\n"));
        assert!(!differs_in_line_ends_only("a\r\nc\r\n", "a\nb\n"));
    }
}
