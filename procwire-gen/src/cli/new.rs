//! `procwire-gen new`: a project that runs. A schema, a worker whose handlers answer, a Rust program that calls them.
//!
//! Decides what goes where and fills the templates in `templates/new`; the generated file comes from the emitters, as
//! in any other run.

use std::fs;
use std::path::Path;

use procwire_schema::read_text;

use super::arguments::New;
use super::disk;
use super::paths;
use super::plan::Change;
use super::tell::Teller;
use super::{Exit, Stop};
use crate::files::{Files, Ownership};
use crate::names::{self, Scope};
use crate::target::{Language, generate};

/// Makes the project.
pub(crate) fn run(new: &New, tell: &mut Teller) -> Result<Exit, Stop> {
    let folder = Path::new(&new.name);
    if folder.exists() {
        return Err(Stop::usage(format!(
            "{} is there already: choose another name, or move it away",
            paths::shown(folder)
        )));
    }
    check_name(&new.name)?;
    let project = Project::of(new)?;
    let files = project.files()?;
    for (path, file) in files.iter() {
        let place = folder.join(path.split('/').collect::<std::path::PathBuf>());
        let change = Change {
            path: place,
            ownership: Ownership::Generated,
            old: None,
            new: Some(file.text.clone()),
        };
        disk::apply(&change).map_err(Stop::usage)?;
        tell.changed(&change);
    }
    tell.note(&format!(
        "{} is ready. Run it with:\n\n{}",
        new.name,
        project
            .steps
            .lines()
            .map(|line| format!("  {}\n", line.trim_start_matches("$ ")))
            .collect::<String>()
    ));
    Ok(Exit::Done)
}

/// A name that is a folder, a module, a crate, a file in three languages and a variable in Rust.
fn check_name(name: &str) -> Result<(), Stop> {
    let mut chars = name.chars();
    let snake = chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !snake {
        return Err(Stop::usage(format!(
            "`{name}` cannot be the name of a module: use small letters, digits and `_`, a letter first, as in `page_search`"
        )));
    }
    let free = [names::RUST, names::PYTHON, names::TYPESCRIPT]
        .into_iter()
        .all(|words| Scope::new(words).with(TAKEN.iter().copied()).is_free(name));
    if !free {
        return Err(Stop::usage(format!(
            "`{name}` means something else in Rust, Python, TypeScript or in the project itself: choose another name"
        )));
    }
    Ok(())
}

/// What differs from project to project.
struct Project {
    language: Language,
    name: String,
    pascal: String,
    /// The dependency on Procwire, as each package manager writes it.
    crates: String,
    pypi: String,
    npm: String,
    steps: String,
}

impl Project {
    fn of(new: &New) -> Result<Self, Stop> {
        let version = env!("CARGO_PKG_VERSION");
        let (crates, pypi, npm) = match &new.checkout {
            None => (
                format!("\"{version}\""),
                format!("procwire~={version}"),
                format!("^{version}"),
            ),
            Some(path) => {
                let path = fs::canonicalize(path)
                    .ok()
                    .filter(|path| path.join("procwire-runtime").is_dir())
                    .ok_or_else(|| {
                        Stop::usage(format!(
                            "{} is not a checkout of Procwire",
                            paths::shown(path)
                        ))
                    })?;
                let path = paths::slashed(&path);
                (
                    format!("{{ path = \"{path}\" }}"),
                    format!("--editable {path}/workers/python"),
                    format!("file:{path}/workers/typescript"),
                )
            }
        };
        let install = match new.language {
            Language::Rust => "",
            Language::Python => {
                "$ python3 -m venv .venv && .venv/bin/pip install -r worker/requirements.txt\n"
            }
            Language::TypeScript => "$ npm --prefix worker install\n",
        };
        Ok(Self {
            language: new.language,
            name: new.name.clone(),
            pascal: procwire_schema::model::name::pascal(&new.name),
            crates,
            pypi,
            npm,
            steps: format!("$ cd {}\n{install}$ cargo run", new.name),
        })
    }

    fn files(&self) -> Result<Files, Stop> {
        let mut files = Files::new();
        let (command, worker, ignored) = match self.language {
            Language::Rust => (
                format!(
                    "[\"cargo\", \"run\", \"--quiet\", \"--bin\", \"{}_worker\"]",
                    self.name
                ),
                format!("src/bin/{}_worker.rs", self.name),
                "",
            ),
            Language::Python => (
                "[\".venv/bin/python\", \"worker/worker.py\"]".to_owned(),
                "worker/worker.py".to_owned(),
                "/.venv\n__pycache__/",
            ),
            Language::TypeScript => (
                "[\"worker/node_modules/.bin/procwire-worker\", \"run\", \"worker/worker.ts\"]"
                    .to_owned(),
                "worker/worker.ts".to_owned(),
                "node_modules/",
            ),
        };
        let schema = self.fill(SCHEMA, &[("{command}", &command)]);
        let mut add = |path: &str, template: &str, more: &[(&str, &str)]| {
            files.yours(path, self.fill(template, more));
        };
        add("Cargo.toml", CARGO, &[("{procwire}", &self.crates)]);
        add("src/main.rs", MAIN, &[]);
        add(".gitignore", IGNORE, &[("{ignored}", ignored)]);
        add(
            "README.md",
            README,
            &[
                ("{steps}", &self.steps),
                ("{worker}", &worker),
                ("{language}", spoken(self.language)),
            ],
        );
        match self.language {
            Language::Rust => add(&worker, WORKER_RS, &[]),
            Language::Python => {
                add(&worker, WORKER_PY, &[]);
                add(
                    "worker/requirements.txt",
                    REQUIREMENTS,
                    &[("{procwire}", &self.pypi)],
                );
            }
            Language::TypeScript => {
                add(&worker, WORKER_TS, &[]);
                add("worker/package.json", PACKAGE, &[("{procwire}", &self.npm)]);
                add("worker/tsconfig.json", TSCONFIG, &[]);
            }
        }
        if self.language != Language::Rust {
            add(
                "procwire.toml",
                TARGETS,
                &[("{lang}", self.language.name())],
            );
            for (path, text) in self.generated(&schema)? {
                files.yours(format!("worker/{path}"), text);
            }
        }
        files.yours(format!("schema/{}.toml", self.name), schema);
        Ok(files)
    }

    /// Our file of the worker; the user's one is there already, with handlers that answer.
    fn generated(&self, schema: &str) -> Result<Vec<(String, String)>, Stop> {
        let source = format!("schema/{}.toml", self.name);
        let reading = read_text(&source, schema);
        // the template is right; what can be wrong is the name
        let refused = |message: String| {
            Stop::usage(format!(
                "`{}` cannot be the name of this module: {message}",
                self.name
            ))
        };
        let Some(schema) = reading.schema else {
            let first = reading.diagnostics.iter().next();
            return Err(refused(
                first.map_or_else(String::new, |one| one.message.clone()),
            ));
        };
        let files = generate(&schema, self.language, &source).map_err(|list| {
            refused(
                list.first()
                    .map_or_else(String::new, |one| one.message.clone()),
            )
        })?;
        Ok(files
            .iter()
            .filter(|(_, file)| file.ownership == Ownership::Generated)
            .map(|(path, file)| (path.to_owned(), file.text.clone()))
            .collect())
    }

    fn fill(&self, template: &str, more: &[(&str, &str)]) -> String {
        let text = template
            .replace("{name}", &self.name)
            .replace("{Name}", &self.pascal);
        more.iter()
            .fold(text, |text, (place, value)| text.replace(place, value))
    }
}

const fn spoken(language: Language) -> &'static str {
    match language {
        Language::Rust => "Rust",
        Language::Python => "Python",
        Language::TypeScript => "TypeScript",
    }
}

/// Names that the project, its build or a standard library has given away.
const TAKEN: &[&str] = &[
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "main",
    "procwire",
    "proc_macro",
    "std",
    "test",
    "text",
    "times",
    "tokio",
    "word",
    "words",
    "worker",
];

const SCHEMA: &str = include_str!("../../templates/new/project/schema.toml.txt");
const CARGO: &str = include_str!("../../templates/new/project/Cargo.toml.txt");
const MAIN: &str = include_str!("../../templates/new/project/main.rs.txt");
const IGNORE: &str = include_str!("../../templates/new/project/gitignore.txt");
const README: &str = include_str!("../../templates/new/project/README.md.txt");
const TARGETS: &str = include_str!("../../templates/new/project/procwire.toml.txt");
const WORKER_RS: &str = include_str!("../../templates/new/rust/worker.rs.txt");
const WORKER_PY: &str = include_str!("../../templates/new/python/worker.py.txt");
const REQUIREMENTS: &str = include_str!("../../templates/new/python/requirements.txt");
const WORKER_TS: &str = include_str!("../../templates/new/typescript/worker.ts.txt");
const PACKAGE: &str = include_str!("../../templates/new/typescript/package.json.txt");
const TSCONFIG: &str = include_str!("../../templates/new/typescript/tsconfig.json.txt");
