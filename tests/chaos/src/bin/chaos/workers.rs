//! The module in three languages, and how each is started.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use chaos::ChaosClient;
use clap::ValueEnum;
use procwire::Builder;

/// In which language the worker is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Rust,
    Python,
    Typescript,
}

impl Language {
    /// A worker that is not started yet.
    pub(crate) fn builder(self) -> anyhow::Result<Builder<ChaosClient>> {
        let root = root();
        let builder = ChaosClient::builder();
        Ok(match self {
            Self::Rust => {
                let program = std::env::current_exe()?.with_file_name("chaos-worker");
                ensure!(
                    program.exists(),
                    "{} is missing: build the package",
                    program.display()
                );
                builder.command(program)
            }
            Self::Python => {
                let python = root.join(".venv/bin/python");
                ensure!(
                    python.exists(),
                    "{} is missing: `cargo xtask test` makes it",
                    python.display()
                );
                builder
                    .command(python)
                    .arg("worker.py")
                    .cwd(root.join("tests/chaos/python"))
            }
            Self::Typescript => {
                let folder = root.join("workers/typescript");
                let package = folder.join("node_modules");
                ensure!(
                    package.exists(),
                    "{} is missing: `cargo xtask test` makes it",
                    package.display()
                );
                builder
                    .command("node")
                    .args([
                        "bin/procwire-worker.js",
                        "run",
                        "tests/workers/chaos/worker.ts",
                    ])
                    .cwd(folder)
            }
        })
    }
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// This program, to be run again.
pub(crate) fn myself() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("a program knows its own path")
}
