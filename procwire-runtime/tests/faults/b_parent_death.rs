//! Group B: the parent dies, however it does, and takes its workers with it.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use procwire_runtime::__private::{Heartbeat, Restart};
use procwire_runtime::clock::Clock;

use crate::puppet::Puppet;
use crate::stage::{Stage, evil, exchange, play, settle, spawning};

/// A process that is the parent of an evil worker: this very program, asked for the one test that is none.
fn parent(stage: &Stage) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "b_parent_death::parent_instead", "--nocapture"])
        .envs(stage.variables())
        .env(PARENT, evil())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts a worker, has a call under way, and ends as it is told to; no test unless asked to be a parent.
#[test]
fn parent_instead() {
    let Ok(program) = std::env::var(PARENT) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.spawn(async move {
        let builder = crate::pdf::PdfClient::builder().command(program);
        let pdf = builder.restart(Restart::never()).spawn().await.unwrap();
        let _ = pdf.risky("under way").result().await;
    });
    let mut how = String::new();
    let _ = std::io::stdin().read_line(&mut how);
    match how.trim() {
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        _ => panic!("told to"),
    }
}

/// The parent is gone, and the worker with it.
async fn both_gone(mut parent: Child, mut worker: Puppet) {
    worker.gone().await;
    parent.wait().unwrap();
}

async fn under_way(stage: &Stage) -> (Child, Puppet) {
    let parent = parent(stage);
    let mut worker = stage.puppet().await;
    // It neither reads its stdin nor minds the end of its data channel: only a signal ends it.
    worker.serve_mute(stage).await;
    worker.next().await;
    (parent, worker)
}

#[test]
fn b01_a_killed_parent_takes_a_worker_along_that_minds_nothing() {
    play(async |stage| {
        for _ in 0..5 {
            let (mut parent, worker) = under_way(stage).await;
            parent.kill().unwrap();
            both_gone(parent, worker).await;
        }
    });
}

#[test]
fn b01_a_killed_parent_takes_a_worker_along_that_is_not_ready_yet() {
    play(async |stage| {
        let mut parent = parent(stage);
        let worker = stage.puppet().await;
        parent.kill().unwrap();
        both_gone(parent, worker).await;
    });
}

#[test]
fn b02_a_worker_that_listens_to_nothing_is_killed_by_the_kernel() {
    play(async |stage| {
        let (mut parent, mut worker) = under_way(stage).await;
        // It stands in the middle of a step, as in a call into C that never returns.
        worker.begin(&serde_json::json!(["take", 1]));
        parent.kill().unwrap();
        both_gone(parent, worker).await;
    });
}

#[test]
fn b04_a_worker_outlives_the_thread_that_asked_for_it() {
    play(async |stage| {
        for _ in 0..10 {
            let (runtime, builder) = (tokio::runtime::Handle::current(), stage.builder());
            let (tell, told) = tokio::sync::oneshot::channel();
            let thread = std::thread::spawn(move || {
                let _ = tell.send(runtime.block_on(builder.spawn()));
            });
            let mut worker = stage.serving().await;
            let pdf = told.await.unwrap().unwrap();
            thread.join().unwrap();
            exchange(&pdf, &mut worker).await;
        }
    });
}

#[test]
fn b06_a_parent_that_aborts_exits_or_panics_takes_its_worker_along() {
    play(async |stage| {
        for how in ["abort\n", "exit\n", "panic\n"] {
            let (mut parent, worker) = under_way(stage).await;
            let mut stdin = parent.stdin.take().unwrap();
            stdin.write_all(how.as_bytes()).unwrap();
            both_gone(parent, worker).await;
        }
    });
}

#[test]
fn b07_a_parent_that_stood_still_kills_no_worker_for_it() {
    play(async |stage| {
        let clock = Clock::manual();
        let heartbeat = Heartbeat::new(Duration::from_secs(2), Duration::from_secs(6));
        let builder = stage.builder().heartbeat(heartbeat).clock(clock.clone());
        let spawning = spawning(builder);
        let mut worker = stage.serving().await;
        let pdf = spawning.await.unwrap().unwrap();
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            settle().await;
            clock.advance(Duration::from_secs(3600));
            settle().await;
            exchange(&pdf, &mut worker).await;
        }
    });
}

/// Makes a parent of this program; the worker to start.
const PARENT: &str = "EVIL_PARENT";
