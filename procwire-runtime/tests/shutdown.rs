//! The end of a worker that was asked to end: each step only when the one before did not do, and what everyone hears of it.

#[path = "support/pdf.rs"]
mod pdf;

use std::path::Path;
use std::time::{Duration, Instant};

use pdf::PdfClient;
use procwire_runtime::__private as P;
use procwire_runtime::__private::{
    Exit, Farewell, Lifecycle, Means, ModuleManager, ModuleState, Outcome, Restart, Retry,
    SpawnError,
};

fn worker() -> &'static str {
    env!("CARGO_BIN_EXE_runtime-test-worker")
}

fn builder() -> P::Builder<PdfClient> {
    PdfClient::builder().command(worker())
}

/// One of the workers that misbehave; its ends are hurried.
fn evil(fault: &str) -> P::Builder<PdfClient> {
    builder()
        .args(["evil", fault])
        .drain(Duration::from_millis(50))
        .grace(Duration::from_millis(500))
}

fn is_there(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < give_up, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn shut_down(pdf: &PdfClient) -> Farewell {
    let pid = pdf.module().pid().expect("it serves");
    let farewell = tokio::time::timeout(Duration::from_secs(30), pdf.module().shutdown())
        .await
        .expect("it ends");
    assert_eq!(farewell.pid, Some(pid));
    assert!(!is_there(pid), "it is reaped when the shutdown is over");
    assert_eq!(pdf.module().state(), ModuleState::Closed);
    farewell
        .check()
        .expect("nobody is stuck in the kernel here")
}

/// J1
#[tokio::test]
async fn j01_what_is_under_way_may_finish_and_what_is_new_is_refused() {
    let pdf = builder().spawn().await.unwrap();
    let call = tokio::spawn(pdf.sleep(300).result());
    until("the call is under way", || pdf.module().in_flight() == 1).await;
    pdf.act("barrier").result().await.unwrap();
    let ending = tokio::spawn({
        let pdf = pdf.clone();
        async move { shut_down(&pdf).await }
    });
    // The first call that is refused was made after the shutdown had begun; from then on none is taken.
    let error = loop {
        match pdf.act("late").result().await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert_eq!(call.await.unwrap().unwrap(), 300);
    let farewell = ending.await.unwrap();
    assert_eq!((farewell.means, farewell.given_up), (Means::Asked, 0));
    assert_eq!(farewell.exit, Some(Exit::Code(0)));
    assert!(farewell.is_clean());
}

/// J1, when the time for that is over.
#[tokio::test]
async fn j01_what_does_not_finish_is_given_up() {
    let pdf = builder()
        .drain(Duration::from_millis(50))
        .spawn()
        .await
        .unwrap();
    let call = tokio::spawn(pdf.sleep(600_000).result());
    until("the call is under way", || pdf.module().in_flight() == 1).await;
    pdf.act("barrier").result().await.unwrap();
    let farewell = shut_down(&pdf).await;
    assert_eq!(farewell.given_up, 1);
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted, "{error}");
}

/// J1, J5: asked, then its channel closed, then terminated, then killed.
#[tokio::test]
async fn j05_each_step_comes_when_the_one_before_did_not_do() {
    let quiet = evil("waits-for-the-channel").spawn().await.unwrap();
    let farewell = shut_down(&quiet).await;
    assert_eq!(
        (farewell.means, farewell.exit),
        (Means::Asked, Some(Exit::Code(0)))
    );

    let stays = evil("stays").spawn().await.unwrap();
    let farewell = shut_down(&stays).await;
    assert_eq!(
        (farewell.means, farewell.exit),
        (Means::Terminated, Some(Exit::Signal(15)))
    );
    assert!(!farewell.is_clean());

    let deaf = "trap '' TERM; exec \"$0\" evil stays";
    let deaf = evil("stays").command("sh").args(["-c", deaf, worker()]);
    let farewell = shut_down(&deaf.spawn().await.unwrap()).await;
    assert_eq!(
        (farewell.means, farewell.exit),
        (Means::Killed, Some(Exit::Signal(9)))
    );
}

/// A11: SIGTERM cannot end a process that is stopped.
#[tokio::test]
async fn a_stopped_worker_is_killed() {
    let pdf = evil("stays").spawn().await.unwrap();
    let pid = i32::try_from(pdf.module().pid().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let farewell = shut_down(&pdf).await;
    assert_eq!(farewell.means, Means::Killed);
}

/// J2
#[tokio::test]
async fn j02_everyone_who_asks_hears_of_the_same_end() {
    let pdf = evil("sour").spawn().await.unwrap();
    let asked: Vec<_> = (0..100)
        .map(|_| {
            let module = pdf.module().clone();
            tokio::spawn(async move { module.shutdown().await })
        })
        .collect();
    let mut told = Vec::new();
    for asked in asked {
        told.push(asked.await.unwrap());
    }
    assert_eq!(told[0].exit, Some(Exit::Code(7)));
    assert!(told.iter().all(|farewell| *farewell == told[0]), "{told:?}");
    // Afterwards too.
    assert_eq!(pdf.module().shutdown().await, told[0]);
}

/// J2: it goes on when nobody waits for it.
#[tokio::test]
async fn j02_a_shutdown_that_nobody_waits_for_goes_on() {
    let pdf = builder().spawn().await.unwrap();
    let pid = pdf.module().pid().unwrap();
    {
        let shutdown = pdf.module().shutdown();
        tokio::pin!(shutdown);
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(shutdown.as_mut().poll(context).is_pending());
    }
    until("it is gone", || !is_there(pid)).await;
    until("it is closed", || {
        pdf.module().state() == ModuleState::Closed
    })
    .await;
}

/// J10
#[tokio::test]
async fn j10_a_code_at_the_end_is_told_and_no_reason_to_restart() {
    let pdf = evil("sour")
        .restart(Restart::default())
        .spawn()
        .await
        .unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    let farewell = shut_down(&pdf).await;
    assert_eq!(
        (farewell.means, farewell.exit),
        (Means::Asked, Some(Exit::Code(7)))
    );
    assert!(
        farewell.stderr_tail.contains("no hard feelings"),
        "{farewell:?}"
    );
    assert!(!farewell.is_clean());
    let mut told = Vec::new();
    while let Some(event) = lifecycle.next().await {
        told.push(event);
    }
    assert!(
        matches!(&told[..], [Lifecycle::State(ModuleState::Closed), Lifecycle::Ended(ended)] if *ended == farewell),
        "{told:?}"
    );
}

/// J8: its output is read until it is gone, so that it can end by itself.
#[tokio::test]
async fn j08_a_flood_at_the_end_is_read() {
    let pdf = evil("floods")
        .grace(Duration::from_secs(100))
        .spawn()
        .await
        .unwrap();
    let farewell = shut_down(&pdf).await;
    assert_eq!(
        (farewell.means, farewell.exit),
        (Means::Asked, Some(Exit::Code(0)))
    );
}

/// J3: nobody waits for a worker whose module is held by nobody.
#[tokio::test]
async fn j03_a_worker_that_nobody_holds_ends_whatever_it_ignores() {
    let deaf = "trap '' TERM; exec \"$0\" evil stays";
    let pdf = builder().command("sh").args(["-c", deaf, worker()]);
    let pdf = pdf.spawn().await.unwrap();
    let pid = pdf.module().pid().unwrap();
    drop(pdf);
    until("it is gone", || !is_there(pid)).await;
}

/// J3, in the manager, which holds its modules.
#[tokio::test]
async fn j03_a_manager_holds_its_workers_until_it_is_dropped() {
    let manager = ModuleManager::new();
    let pdf = manager.register(builder()).unwrap();
    manager.spawn("pdf").await.unwrap();
    let pid = pdf.module().pid().unwrap();
    drop(pdf);
    let pdf: PdfClient = manager.get().unwrap();
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    drop(pdf);
    drop(manager);
    until("it is gone", || !is_there(pid)).await;
}

/// A worker that notes its process id in `file` before it becomes what it is.
fn noting(file: &Path, mode: &str) -> P::Builder<PdfClient> {
    let script = format!("echo $$ >> '{}'; exec \"$0\" {mode}", file.display());
    builder().command("sh").args(["-c", &script, worker()])
}

fn noted(file: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// J4: while it waits for the greeting, between two attempts, and while it waits for a restart.
#[tokio::test]
async fn j04_a_shutdown_ends_a_start_in_every_phase() {
    let dir = tempfile::tempdir().unwrap();
    let greeting = dir.path().join("greeting");
    let manager = ModuleManager::new();
    manager
        .register_as("greeting", noting(&greeting, "mute"))
        .unwrap();
    let retry = dir.path().join("retry");
    let patient = Retry::fixed(5, Duration::from_secs(600));
    manager
        .register_as(
            "retry",
            noting(&retry, "evil nobody-listens").retry(patient),
        )
        .unwrap();
    let mut retries = manager.module("retry").unwrap().lifecycle();

    let spawn = |name: &'static str| {
        let manager = manager.clone();
        tokio::spawn(async move { manager.spawn(name).await })
    };
    let starts = [spawn("greeting"), spawn("retry")];
    until("it was started", || noted(&greeting).len() == 1).await;
    while !matches!(
        retries.next().await,
        Some(Lifecycle::Retrying { retry: 1, .. })
    ) {}

    for (name, farewell) in manager.shutdown_all().await {
        assert_eq!(farewell, Farewell::nothing(), "{name}: none had been ready");
    }
    for start in starts {
        let error = start.await.unwrap().unwrap_err();
        assert!(
            matches!(error, P::ManagerError::Spawn(SpawnError::ShutDown { .. })),
            "{error}"
        );
    }
    for file in [&greeting, &retry] {
        let pids = noted(file);
        assert_eq!(pids.len(), 1, "no new processes");
        until("nothing is left", || pids.iter().all(|pid| !is_there(*pid))).await;
    }
}

/// J4, and section 21: nothing comes back after a shutdown during the wait for a restart.
#[tokio::test]
async fn j04_a_shutdown_ends_the_wait_for_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    let slow = Restart::default().backoff(Duration::from_secs(600), Duration::from_secs(600));
    let pdf = noting(&file, "").restart(slow).spawn().await.unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    assert!(pdf.risky("abort").result().await.is_err());
    while !matches!(lifecycle.next().await, Some(Lifecycle::Restarting { .. })) {}
    assert_eq!(pdf.module().shutdown().await, Farewell::nothing());
    assert_eq!(pdf.module().state(), ModuleState::Closed);
    assert_eq!(noted(&file).len(), 1);
}

/// J7
#[test]
fn j07_a_runtime_that_ends_leaves_nobody_waiting_for_the_end() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let pdf = first.block_on(async { builder().spawn().await.unwrap() });
    let pid = pdf.module().pid().unwrap();
    let module = pdf.module().clone();
    let call = second.spawn(pdf.sleep(600_000).result());
    second.block_on(until("it is under way", || pdf.module().in_flight() == 1));
    drop(first);
    assert!(second.block_on(call).unwrap().is_err());
    assert_eq!(second.block_on(module.shutdown()), Farewell::nothing());
    second.block_on(until("it is gone", || !is_there(pid)));
}
