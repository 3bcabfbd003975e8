//! What the whole-system tests share: where the workers are, and waiting for what should happen.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nothing on a healthy machine takes this long; reached, it is a failure with a name instead of a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The future's output, or a panic that names what did not happen.
pub(crate) async fn soon<T>(what: &str, future: impl IntoFuture<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future.into_future())
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter with the worker package installed.
pub(crate) fn python() -> PathBuf {
    let path = root().join(".venv/bin/python");
    assert!(
        path.exists(),
        "{} is missing; `cargo xtask test` makes it",
        path.display()
    );
    path
}

/// An npm package folder whose dependencies are installed.
pub(crate) fn npm(folder: &str) -> PathBuf {
    let path = root().join(folder);
    assert!(
        path.join("node_modules").exists(),
        "{} has no node_modules; `cargo xtask test` makes them",
        path.display()
    );
    path
}

/// A binary of this workspace, built beside the tests.
pub(crate) fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let path = test
        .parent()
        .and_then(Path::parent)
        .map(|target| target.join(name))
        .unwrap_or_default();
    assert!(
        path.exists(),
        "{} is missing; build the whole workspace first",
        path.display()
    );
    path
}

/// Whether a process is still there and not merely waiting to be reaped.
pub(crate) fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with(['Z', 'X']))
    })
}

/// Sends a signal the way a person would.
pub(crate) fn kill(signal: &str, pid: u32) {
    let status = std::process::Command::new("kill")
        .arg(format!("-{signal}"))
        .arg(pid.to_string())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "kill -{signal} {pid}"
    );
}

/// Waits until a process is gone.
pub(crate) async fn gone(pid: u32) {
    soon("the process ends", async {
        while alive(pid) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
