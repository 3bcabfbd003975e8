//! What `procwire-gen new` makes builds and runs, in every language, against this checkout.
//!
//! The environments are those of `cargo xtask test`: the Python package in `.venv`, the npm package built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

const SAID: &str = "4 x the\n2 x more\nthe more the merrier the more the better \n";

/// One build at a time: they share a target folder, and each takes all cores.
static BUILD: Mutex<()> = Mutex::new(());

#[test]
fn a_new_python_project_runs() {
    let project = Project::new("python", "sunny");
    link(&environment(), &project.folder.join(".venv"));
    project.is_up_to_date();
    project.says_what_it_should();
}

#[test]
fn a_new_typescript_project_runs() {
    let project = Project::new("typescript", "windy");
    let modules = project.folder.join("worker/node_modules");
    let package = root().join("workers/typescript");
    assert!(
        package.join("dist").is_dir(),
        "workers/typescript is not built: run `cargo xtask test` once"
    );
    fs::create_dir_all(modules.join(".bin")).expect("made");
    link(&package, &modules.join("procwire-worker"));
    link(
        &package.join("bin/procwire-worker.js"),
        &modules.join(".bin/procwire-worker"),
    );
    project.is_up_to_date();
    project.says_what_it_should();
}

#[test]
fn a_new_rust_project_runs() {
    let project = Project::new("rust", "rainy");
    project.says_what_it_should();
}

struct Project {
    folder: PathBuf,
    name: &'static str,
    _keep: TempDir,
}

impl Project {
    fn new(language: &str, name: &'static str) -> Self {
        let keep = tempfile::tempdir().expect("a temporary folder");
        let made = generator(
            keep.path(),
            &[
                "new",
                language,
                name,
                "--checkout",
                &root().to_string_lossy(),
            ],
        );
        assert!(made.0, "{}", made.1);
        Self {
            folder: keep.path().join(name),
            name,
            _keep: keep,
        }
    }

    /// Generating again changes nothing, and the worker lacks no handler.
    fn is_up_to_date(&self) {
        for arguments in [&["--check"][..], &[]] {
            let (good, text) = generator(&self.folder, arguments);
            assert!(good, "{text}");
            assert!(
                !text.contains("missing") && !text.contains("Updated") && !text.contains("Created"),
                "{text}"
            );
        }
    }

    fn says_what_it_should(&self) {
        let _alone = BUILD
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // the versions that are built here anyway
        fs::copy(root().join("Cargo.lock"), self.folder.join("Cargo.lock")).expect("copied");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
        let output = Command::new(env!("CARGO"))
            .args(["run", "--offline", "--quiet"])
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTFLAGS")
            .current_dir(&self.folder)
            .output()
            .expect("cargo starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {stderr}", self.name);
        assert_eq!(said, SAID, "{}: {stderr}", self.name);
    }
}

fn generator(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_procwire-gen"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).expect("the repository")
}

/// The virtual environment that holds the Python package.
fn environment() -> PathBuf {
    let venv = std::env::var_os("VIRTUAL_ENV").map_or_else(|| root().join(".venv"), PathBuf::from);
    assert!(
        venv.join("bin/python").exists(),
        "there is no .venv: run `cargo xtask test` once"
    );
    venv
}

fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from, to).expect("a link can be made");
}
