//! A worker in Rust with a life of its own: what it is told of a request, what its death looks like, and how it comes back.
//!
//! `cargo run --example rust_worker`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks, and is as short as a program of one's own"
)]

use std::time::Duration;

use procwire::{CallError, Lifecycle, ModuleState, Oneway, Restart};

/// Does risky things in a process of its own.
#[procwire::module(version = "1.0.0")]
pub trait Risky {
    /// Works for this long, unless it is told to stop.
    async fn work(&self, length: Duration) -> String;

    /// Which process this is.
    #[idempotent]
    async fn pid(&self) -> u32;

    /// Ends the process, as a fault in native code would.
    async fn fall_over(&self) -> u8;

    /// Says something on standard output, which harms nobody.
    async fn say(&self, words: String) -> Oneway;
}

struct Daredevil;

impl Risky for Daredevil {
    async fn work(&self, length: Duration) -> String {
        let request = procwire::ctx();
        tokio::select! {
            () = tokio::time::sleep(length) => "finished".to_owned(),
            () = request.cancelled() => {
                eprintln!("request {} was given up", request.request_id());
                "given up".to_owned()
            }
        }
    }

    async fn pid(&self) -> u32 {
        std::process::id()
    }

    async fn fall_over(&self) -> u8 {
        eprintln!("about to fall over");
        std::process::abort()
    }

    async fn say(&self, words: String) -> Oneway {
        println!("{words}");
        Oneway
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before there is a second thread: later nobody may change the environment any more.
    procwire::prepare_worker();
    run()
}

#[tokio::main]
async fn run() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return Ok(RiskyWorker::serve(|_events| Daredevil).await?);
    }
    let risky = RiskyClient::builder()
        .command(std::env::current_exe()?)
        .arg("worker")
        .restart(Restart::new(3, Duration::from_secs(60)))
        .spawn()
        .await?;
    let first = risky.pid().await?;
    println!(
        "worker {first}: {}",
        risky.work(Duration::from_millis(5)).await?
    );
    risky
        .say("this line is a log line, not a protocol error")
        .await?;

    // A deadline is end to end; the worker is told when it has passed.
    let late = risky
        .work(Duration::from_secs(60))
        .timeout(Duration::from_millis(50))
        .await;
    println!("{}", late.expect_err("a minute is longer than 50 ms"));

    // A crash is an error value, with the end of the worker's stderr …
    let mut life = risky.module().lifecycle();
    match risky.fall_over().await {
        Err(CallError::Crashed {
            exit, stderr_tail, ..
        }) => println!("{exit}: {:?}", stderr_tail.lines().last()),
        other => return Err(format!("expected a crash, got {other:?}").into()),
    }
    // … and the next call is answered by the next worker.
    while let Some(event) = life.next().await {
        if matches!(event, Lifecycle::State(ModuleState::Ready)) {
            break;
        }
    }
    let second = risky.pid().await?;
    println!("worker {second} took over");
    assert_ne!(first, second);

    risky.shutdown().await;
    Ok(())
}
