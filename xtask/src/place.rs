//! Where things are in the repository, and which folders hold what. Reads names, runs nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
}

impl Place {
    /// The repository at a folder.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root: fs::canonicalize(&root).unwrap_or(root),
        }
    }

    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root, written with `/`.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        path.split('/')
            .fold(self.root.clone(), |place, part| place.join(part))
    }

    /// The virtual environment.
    pub(crate) fn venv(&self) -> PathBuf {
        self.root.join(".venv")
    }

    /// Where the virtual environment keeps its programs.
    pub(crate) fn venv_programs(&self) -> PathBuf {
        self.venv()
            .join(if cfg!(windows) { "Scripts" } else { "bin" })
    }

    /// Where this program keeps what it makes.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.target().join("xtask")
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.root.join("target"), |target| self.root.join(target))
    }

    /// The npm packages: every folder with a `package.json`, the worker package first, since others depend on it.
    pub(crate) fn npm_packages(&self) -> Vec<PathBuf> {
        let mut folders = self.folders_with("package.json");
        let first = self.at("workers/typescript");
        folders.sort_by_key(|folder| (*folder != first, folder.clone()));
        folders
    }

    /// The Python projects: every folder with a `pyproject.toml`.
    pub(crate) fn python_projects(&self) -> Vec<PathBuf> {
        self.folders_with("pyproject.toml")
    }

    /// What the examples and tests need of PyPI: every `requirements.txt`.
    pub(crate) fn requirements(&self) -> Vec<PathBuf> {
        self.folders_with("requirements.txt")
            .into_iter()
            .map(|folder| folder.join("requirements.txt"))
            .collect()
    }

    /// The cases of the golden tests, each a folder.
    pub(crate) fn golden_cases(&self) -> Vec<PathBuf> {
        entries(&self.at("procwire-gen/tests/golden"))
            .into_iter()
            .filter(|path| path.is_dir())
            .collect()
    }

    /// A path as a person reads it: relative to the root, with `/`.
    pub(crate) fn show(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        shown.to_string_lossy().replace('\\', "/")
    }

    fn folders_with(&self, name: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for top in ["workers", "examples", "tests", "benches"] {
            collect(&self.root.join(top), name, &mut found);
        }
        found.sort();
        found
    }
}

/// The entries of a folder, sorted; none if it cannot be read.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// The files below a folder whose names end so, sorted. Installed and built things are left out.
pub(crate) fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            if !is_made(&path) {
                found.extend(files_below(&path, endings));
            }
        } else if endings
            .iter()
            .any(|ending| path.to_string_lossy().ends_with(ending))
        {
            found.push(path);
        }
    }
    found
}

fn collect(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    if folder.join(name).is_file() {
        found.push(folder.to_owned());
    }
    for path in entries(folder) {
        if path.is_dir() && !is_made(&path) {
            collect(&path, name, found);
        }
    }
}

/// Whether a folder holds what tools made rather than what we wrote.
fn is_made(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    matches!(
        &*name,
        "node_modules" | "target" | "dist" | "build" | "__pycache__" | "golden"
    ) || name.starts_with('.')
        || name.ends_with(".egg-info")
}
