//! Reads the folder: its documents, and the files that could not be read, by name.
//!
//! Knows nothing of Markdown or the site.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use ignore::WalkBuilder;

use crate::texts::Text;

/// A document longer than this is left out.
const MOST_BYTES: u64 = 8 << 20;

/// A folder of Markdown.
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) root: PathBuf,
    /// What it is called.
    pub(crate) name: String,
    /// Its documents, folder by folder, each folder's README first.
    pub(crate) documents: Vec<Document>,
    /// Files that are no documents for us, and why.
    pub(crate) left_out: BTreeSet<Problem>,
}

/// A Markdown file.
#[derive(Clone)]
pub(crate) struct Document {
    /// Its path within the folder, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) markdown: String,
}

impl Document {
    /// As the Python worker is given it.
    pub(crate) fn text(&self) -> Text {
        Text {
            path: self.path.clone(),
            markdown: self.markdown.clone(),
        }
    }
}

/// A file by name, and what is wrong with it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// The file.
    pub(crate) path: String,
    /// What is wrong, as the end of a sentence.
    pub(crate) reason: String,
}

impl Folder {
    /// Reads every `.md` file below `root` that no `.gitignore` hides; `except` is not entered.
    pub(crate) fn read(root: &Path, except: &Path) -> Result<Self> {
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot open the folder {}", root.display()))?;
        if !root.is_dir() {
            bail!("{} is a file; give the folder it is in", root.display());
        }
        let except = except.canonicalize().ok();
        let name = root.file_name().map_or_else(
            || "documents".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let mut folder = Self {
            root,
            name,
            documents: Vec::new(),
            left_out: BTreeSet::new(),
        };

        let walk = WalkBuilder::new(&folder.root)
            .require_git(false)
            .filter_entry(move |entry| {
                entry.file_name() != "node_modules" && except.as_deref() != Some(entry.path())
            })
            .build();
        for entry in walk {
            match entry {
                Ok(entry) if is_markdown(entry.path()) && !entry.path().is_dir() => {
                    folder.take(entry.path())
                }
                Ok(_) => {}
                Err(error) => drop(folder.left_out.insert(Problem {
                    path: folder.name.clone(),
                    reason: error.to_string(),
                })),
            }
        }
        folder.documents.sort_by_cached_key(|document| {
            let (within, file) = document
                .path
                .rsplit_once('/')
                .unwrap_or(("", &document.path));
            (
                within.to_owned(),
                !file.eq_ignore_ascii_case("readme.md"),
                file.to_owned(),
            )
        });
        Ok(folder)
    }

    fn take(&mut self, file: &Path) {
        let within = file.strip_prefix(&self.root).unwrap_or(file);
        let path = within
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        let read = if within.to_str().is_none() {
            Err("its name is not Unicode".to_owned())
        } else {
            read_text(file)
        };
        match read {
            Ok(markdown) => self.documents.push(Document { path, markdown }),
            Err(reason) => drop(self.left_out.insert(Problem { path, reason })),
        }
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

fn read_text(file: &Path) -> Result<String, String> {
    let found = fs::metadata(file).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if found.len() > MOST_BYTES {
        return Err(format!("it is longer than {} MiB", MOST_BYTES >> 20));
    }
    let bytes = fs::read(file).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        format!("it is not UTF-8 (byte {good}, line {line})")
    })
}
