//! What becomes of a worker that does not start, prints what it should not, or loses its parent: in three languages.

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use support::{built, gone, npm, python, root, soon};

procwire::include_schema!("schemas/interop.toml");

/// Starts what cannot start, and returns what the caller is told.
async fn told(builder: procwire::Builder<InteropClient>) -> String {
    match soon(
        "the start fails",
        builder.ready(Duration::from_secs(10)).spawn(),
    )
    .await
    {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let error = told(InteropClient::builder().command("no-such-program-anywhere")).await;
    assert!(error.contains("no-such-program-anywhere"), "{error}");
}

#[tokio::test]
async fn a_worker_that_exits_at_once_is_quoted() {
    let error = told(
        InteropClient::builder()
            .command("sh")
            .args(["-c", "echo the reason >&2; exit 3"]),
    )
    .await;
    assert!(error.contains("code 3"), "{error}");
    assert!(error.contains("the reason"), "{error}");
}

#[tokio::test]
async fn a_python_worker_that_cannot_import_is_quoted() {
    let error = told(
        InteropClient::builder()
            .command(python())
            .args(["-c", "import no_such_module"]),
    )
    .await;
    assert!(
        error.contains("ModuleNotFoundError") && error.contains("no_such_module"),
        "{error}"
    );
}

#[tokio::test]
async fn a_typescript_worker_that_cannot_import_is_quoted() {
    let program = InteropClient::builder().command("node").args([
        "--input-type=module",
        "-e",
        "import 'no-such-package'",
    ]);
    let error = told(program).await;
    assert!(error.contains("no-such-package"), "{error}");
}

#[tokio::test]
async fn a_worker_that_never_speaks_runs_into_the_bound() {
    let builder = InteropClient::builder()
        .command("sh")
        .args(["-c", "echo waiting >&2; exec sleep 600"]);
    match soon(
        "the start fails",
        builder.ready(Duration::from_millis(300)).spawn(),
    )
    .await
    {
        Ok(_) => panic!("it started"),
        Err(error) => {
            let error = error.to_string();
            assert!(
                error.contains("300ms") && error.contains("waiting"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_worker_that_lacks_a_method_is_refused_by_its_name() {
    // serves interop_crate: no `raw`, no `fire`, no events
    let error = told(InteropClient::builder().command(built("interop-crate-worker"))).await;
    assert!(error.contains("`raw`"), "{error}");
}

/// Everything a handler might do to stdout, and the worker still answers.
async fn prints_and_answers(builder: procwire::Builder<InteropClient>) {
    let worker = soon("the worker starts", builder.spawn())
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    for round in 0..20 {
        let storm = json!({ "print": "{\"jsonrpc\":\"2.0\",\"method\":\"$error\",\"params\":{\"message\":\"no\"}}\n", "round": round });
        assert_eq!(
            soon("the answer", worker.echo(&storm)).await.unwrap(),
            storm
        );
    }
    worker.shutdown().await;
}

#[tokio::test]
async fn what_a_python_handler_prints_harms_nobody() {
    prints_and_answers(
        InteropClient::builder()
            .command(python())
            .arg("printing.py")
            .cwd(root().join("tests/lifecycle")),
    )
    .await;
}

#[tokio::test]
async fn what_a_typescript_handler_prints_harms_nobody() {
    let worker = [
        "bin/procwire-worker.js",
        "run",
        "tests/workers/interop/printing.ts",
    ];
    prints_and_answers(
        InteropClient::builder()
            .command("node")
            .args(worker)
            .cwd(npm("workers/typescript")),
    )
    .await;
}

/// Kills a parent the hard way while its worker is busy.
async fn does_not_outlive_its_parent(program: PathBuf, args: &[&str], cwd: PathBuf) {
    let mut parent = Command::new(built("interop-parent"))
        .arg(program)
        .args(args)
        .current_dir(cwd)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the parent starts");
    let mut line = String::new();
    BufReader::new(parent.stdout.take().expect("it is piped"))
        .read_line(&mut line)
        .expect("it prints");
    let worker: u32 = line
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("not a process id: {line}"));
    assert!(support::alive(worker));
    parent.kill().expect("it can be killed");
    parent.wait().expect("it can be waited for");
    gone(worker).await;
}

#[tokio::test]
async fn a_python_worker_does_not_outlive_its_parent() {
    does_not_outlive_its_parent(
        python(),
        &["worker.py"],
        root().join("tests/interop/python-worker"),
    )
    .await;
}

#[tokio::test]
async fn a_typescript_worker_does_not_outlive_its_parent() {
    let worker = [
        "bin/procwire-worker.js",
        "run",
        "tests/workers/interop/worker.ts",
    ];
    does_not_outlive_its_parent("node".into(), &worker, npm("workers/typescript")).await;
}

/// What `npx`, `uv run` and the like do: the worker is a child of what was started, and nobody kills it directly.
#[tokio::test]
async fn a_worker_behind_a_launcher_does_not_outlive_its_parent() {
    let worker = "node bin/procwire-worker.js run tests/workers/interop/worker.ts; exit $?";
    does_not_outlive_its_parent("sh".into(), &["-c", worker], npm("workers/typescript")).await;
    let worker = "../../../.venv/bin/python worker.py; exit $?";
    does_not_outlive_its_parent(
        "sh".into(),
        &["-c", worker],
        root().join("tests/interop/python-worker"),
    )
    .await;
}

#[tokio::test]
async fn a_rust_worker_does_not_outlive_its_parent() {
    does_not_outlive_its_parent(built("interop-rust-worker"), &[], root().to_owned()).await;
}

#[tokio::test]
async fn a_worker_on_the_published_package_does_not_outlive_its_parent() {
    does_not_outlive_its_parent(
        "node".into(),
        &["worker.mjs"],
        npm("tests/interop/npm-worker"),
    )
    .await;
}
