//! What must be installed before a stage can run: the virtual environment, the npm packages, the test runner.
//!
//! Each is a [`Need`], prepared at most once, in the background, while stages that do without it already run. What is
//! up to date is left alone: a stamp inside the installed folder holds a hash of the manifests it was made from, so
//! that removing the folder removes the stamp.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::place::{Place, files_below};
use crate::screen::Screen;
use crate::shell::{Failure, Shell, Step};
use crate::toolbox;

/// Something to be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// `.venv` with the Python package, its development tools and what the examples ask for.
    Python,
    /// The npm packages of every folder that has some, and the built worker package.
    Node,
    /// `cargo nextest`.
    Nextest,
}

impl Need {
    /// Every need, in the order of preparing.
    pub(crate) const ALL: [Self; 3] = [Self::Node, Self::Python, Self::Nextest];

    /// Its name on the screen.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Python => "install py",
            Self::Node => "install npm",
            Self::Nextest => "test runner",
        }
    }

    fn prepare(self, shell: &Shell<'_>) -> Result<String, Failure> {
        match self {
            Self::Python => python(shell),
            Self::Node => node(shell),
            Self::Nextest => nextest(shell),
        }
    }
}

/// What has been prepared so far.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    done: Mutex<BTreeMap<Need, Result<(), Failure>>>,
    changed: Condvar,
}

impl Prepared {
    /// Prepares the needs one after the other, showing each.
    pub(crate) fn run(&self, place: &Place, screen: &Screen, needs: &[Need]) {
        for &need in needs {
            let line = screen.line(need.label());
            let shell = Shell::new(place, &line, need.label());
            let result = need.prepare(&shell);
            match &result {
                Ok(detail) => {
                    line.end(true, detail);
                }
                Err(failure) => {
                    line.end(false, "");
                    screen.print(&failure.excerpt(need.label()));
                }
            }
            self.done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(need, result.map(|_| ()));
            self.changed.notify_all();
        }
    }

    /// Waits until a need has been prepared, and gives its failure if there was one.
    pub(crate) fn wait(&self, need: Need) -> Result<(), Failure> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(result) = done.get(&need) {
                return result.clone();
            }
            done = self
                .changed
                .wait(done)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn python(shell: &Shell<'_>) -> Result<String, Failure> {
    let place = shell.place;
    let program = toolbox::check_python().map_err(Failure::said)?;
    let venv = place.venv();
    let inside = place.venv_programs().join("python");
    let works = |python: &Path| {
        std::process::Command::new(python)
            .args(["-m", "pip", "--version"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !works(&inside) {
        // also when the interpreter it was made with has gone
        let _ = fs::remove_dir_all(&venv);
        shell
            .run(&Step::new(program).args(["-m", "venv", ".venv"]))
            .map_err(|failure| Failure {
                reason: "Python cannot make virtual environments: install its `venv` module (`apt install python3-venv`)."
                    .to_owned(),
                ..failure
            })?;
    }
    let package = place.at("workers/python");
    let requirements = place.requirements();
    let stamp = Stamp::of(
        venv.join(".procwire-stamp"),
        place
            .python_projects()
            .iter()
            .map(|folder| folder.join("pyproject.toml"))
            .chain(requirements.iter().cloned()),
    );
    if stamp.is_fresh() {
        return Ok("up to date".to_owned());
    }
    let mut editable = package.into_os_string();
    editable.push("[dev]");
    let mut step = Step::new(&inside)
        .args(["-m", "pip", "install", "--editable"])
        .args([editable]);
    for file in &requirements {
        step = step.args(["--requirement".as_ref(), file.as_os_str()]);
    }
    shell.run(&step)?;
    stamp.write()?;
    Ok("installed".to_owned())
}

fn node(shell: &Shell<'_>) -> Result<String, Failure> {
    toolbox::check_node().map_err(Failure::said)?;
    let place = shell.place;
    let worker = place.at("workers/typescript");
    let mut installed = 0;
    for folder in place.npm_packages() {
        let manifest = folder.join("package.json");
        let lock = folder.join("package-lock.json");
        let stamp = Stamp::of(
            folder.join("node_modules").join(".procwire-stamp"),
            [manifest, lock],
        );
        if !stamp.is_fresh() {
            // the locked versions, and the lock file stays as it is: `npm ci` would refuse one that lacks packages
            // of other systems, which npm leaves out where the registry does not offer them
            shell.run(
                &Step::new(toolbox::NPM)
                    .args([
                        "install",
                        "--no-save",
                        "--no-audit",
                        "--no-fund",
                        "--loglevel=error",
                    ])
                    .within(&folder),
            )?;
            stamp.write()?;
            installed += 1;
        }
        if folder == worker {
            build_worker_package(shell, &folder)?;
        }
    }
    Ok(if installed == 0 {
        "up to date".to_owned()
    } else {
        format!("installed in {installed} folders")
    })
}

/// What other packages import of `procwire-worker` is what `tsc` made of it.
fn build_worker_package(shell: &Shell<'_>, folder: &Path) -> Result<(), Failure> {
    let mut sources = files_below(&folder.join("src"), &[""]);
    sources.push(folder.join("package.json"));
    sources.extend(crate::place::entries(folder).into_iter().filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("tsconfig")
    }));
    let stamp = Stamp::of(folder.join("dist").join(".procwire-stamp"), sources);
    if stamp.is_fresh() {
        return Ok(());
    }
    shell.run(
        &Step::new(toolbox::NPM)
            .args(["run", "build"])
            .within(folder),
    )?;
    stamp.write()
}

fn nextest(shell: &Shell<'_>) -> Result<String, Failure> {
    let asks = Step::cargo().args(["nextest", "--version"]);
    if shell.run(&asks).is_ok() {
        return Ok("up to date".to_owned());
    }
    shell.note("building cargo-nextest, once; this takes some minutes");
    let root = shell.place.target().join("tools");
    shell.run(
        &Step::cargo()
            .args([
                "install",
                "cargo-nextest",
                "--locked",
                "--version",
                NEXTEST,
                "--debug",
            ])
            // without the part that updates itself, which is a third of it
            .args([
                "--no-default-features",
                "--features",
                "default-no-update",
                "--root",
            ])
            .args([root]),
    )?;
    Ok("built".to_owned())
}

/// Whether something was made from what is there now.
struct Stamp {
    path: PathBuf,
    hash: String,
}

impl Stamp {
    fn of(path: PathBuf, sources: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut hasher = DefaultHasher::new();
        for source in sources {
            hasher.write(source.to_string_lossy().as_bytes());
            hasher.write(&fs::read(&source).unwrap_or_default());
        }
        Self {
            path,
            hash: format!("{:016x}\n", hasher.finish()),
        }
    }

    fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|hash| hash == self.hash)
    }

    fn write(&self) -> Result<(), Failure> {
        let folder = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        folder
            .and_then(|()| fs::write(&self.path, &self.hash))
            .map_err(|error| {
                Failure::said(format!(
                    "{} could not be written: {error}",
                    self.path.display()
                ))
            })
    }
}

const NEXTEST: &str = "0.9.143";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_fresh_until_a_source_changes_or_the_folder_goes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let source = folder.path().join("manifest");
        let made = folder.path().join("made");
        fs::write(&source, "one").expect("written");
        let stamp = || Stamp::of(made.join("stamp"), [source.clone()]);
        assert!(!stamp().is_fresh());
        stamp().write().expect("written");
        assert!(stamp().is_fresh());
        fs::write(&source, "two").expect("written");
        assert!(!stamp().is_fresh());
        stamp().write().expect("written");
        fs::remove_dir_all(&made).expect("removed");
        assert!(!stamp().is_fresh());
    }
}
