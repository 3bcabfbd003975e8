//! Group J: shutting down, and handles that are dropped.

use std::path::Path;
use std::time::Duration;

use procwire_runtime::__private::{ModuleState, Outcome, Restart};
use procwire_runtime::clock::Clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::json;

use crate::puppet::{EVENT, frame, hex, init};
use crate::stage::{exchange, play, settle, spawning};
use crate::told::failed;

fn shutting_down(pdf: &crate::pdf::PdfClient) -> tokio::task::JoinHandle<()> {
    let pdf = pdf.clone();
    tokio::spawn(async move {
        pdf.module().shutdown().await;
    })
}

#[test]
fn j01_what_is_under_way_may_finish_and_nothing_new_begins() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        let call = tokio::spawn(pdf.risky("x").result());
        let got = worker.next().await;
        let shutdown = shutting_down(&pdf);
        let order = worker.step(json!(["line"])).await;
        assert!(order.as_str().unwrap().contains("$shutdown"), "{order}");
        failed(pdf.risky("y").result().await, Outcome::NotSent, "shut");
        worker.reply(&got, "finished").await;
        assert_eq!(call.await.unwrap().unwrap(), "finished");
        worker.last(json!(["exit", 0])).await;
        shutdown.await.unwrap();
        assert_eq!(pdf.module().state(), ModuleState::Closed);
    });
}

#[test]
fn j02_a_hundred_shutdowns_are_one() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let shutdowns: Vec<_> = (0..100).map(|_| shutting_down(&pdf)).collect();
        for shutdown in shutdowns {
            shutdown.await.unwrap();
        }
        worker.gone().await;
        pdf.module().shutdown().await;
        assert_eq!(pdf.module().state(), ModuleState::Closed);
    });
}

#[test]
fn j03_dropping_the_last_handle_ends_the_worker_wherever_it_happens() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        drop(pdf);
        worker.gone().await;
        let (pdf, mut worker) = stage.pair().await;
        // On a thread that knows no runtime.
        std::thread::spawn(move || drop(pdf)).join().unwrap();
        worker.gone().await;
    });
}

#[test]
fn j04_a_start_may_be_given_up_in_every_phase() {
    play(async |stage| {
        for phase in 0..4 {
            let starting = spawning(stage.builder());
            let mut worker = stage.puppet().await;
            if phase == 1 {
                worker.say("half a li").await;
            }
            if phase >= 2 {
                let path = worker.socket(stage);
                worker.step(json!(["listen", path])).await;
            }
            if phase == 3 {
                let line = format!("{}\n", init(&worker.socket(stage), &[]));
                worker.at_once(json!(["stdout", hex(line.as_bytes())]));
            }
            starting.abort();
            let _ = starting.await;
            worker.gone().await;
            let _ = std::fs::remove_file(worker.socket(stage));
        }
    });
}

#[test]
fn j04_a_start_that_is_given_up_when_its_process_is_just_there_leaves_nothing() {
    play(async |stage| {
        let starting = spawning(stage.builder());
        // Until the process runs, of which the parent, standing still meanwhile, has not yet heard.
        loop {
            tokio::task::yield_now().await;
            let mut listener = [PollFd::new(&stage.listener, PollFlags::IN)];
            let moment = Timespec {
                tv_sec: 0,
                tv_nsec: 100_000_000,
            };
            if poll(&mut listener, Some(&moment)).unwrap() > 0 {
                break;
            }
        }
        starting.abort();
        // It may not even come to greet; that it is gone is seen by its mark.
        assert!(starting.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn j04_a_shutdown_does_not_wait_for_a_backoff() {
    play(async |stage| {
        let hour = Duration::from_secs(3600);
        let restart = Restart::new(5, hour).backoff(hour, hour);
        let builder = stage.builder().restart(restart).clock(Clock::manual());
        let (pdf, mut worker) = stage.pair_of(builder).await;
        worker.kill().await;
        let waiting = tokio::spawn(pdf.risky("x").result());
        settle().await;
        pdf.module().shutdown().await;
        failed(waiting.await.unwrap(), Outcome::NotSent, "shut down");
    });
}

#[test]
fn j05_a_worker_that_ignores_every_request_to_end_is_killed_and_reaped() {
    play(async |stage| {
        // TERM is ignored before the worker is started, and an ignored signal stays ignored.
        let shell = crate::pdf::PdfClient::builder()
            .command("sh")
            .args(["-c", "trap '' TERM; exec \"$0\""])
            .arg(crate::stage::evil());
        let builder = stage.dressed(shell).grace(Duration::from_millis(50));
        let spawning = spawning(builder);
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        pdf.module().shutdown().await;
        let entry = format!("/proc/{}", worker.pid);
        assert!(!Path::new(&entry).exists(), "it returns after the reaping");
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::MaybeExecuted, "{error}");
    });
}

#[test]
fn j07_a_runtime_that_ends_leaves_nobody_waiting() {
    play(async |stage| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let spawning = runtime.spawn(stage.builder().spawn());
        let mut worker = stage.serving().await;
        let pdf = spawning.await.unwrap().unwrap();
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        runtime.shutdown_background();
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::MaybeExecuted, "{error}");
        failed(pdf.risky("y").result().await, Outcome::NotSent, "runtime");
        worker.gone().await;
    });
}

#[test]
fn j08_a_worker_that_floods_stdout_is_read_to_its_end() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        let noise = hex(b"cleaning up, one thing after the other\n");
        let shutdown = shutting_down(&pdf);
        let order = worker.step(json!(["line"])).await;
        assert!(order.as_str().unwrap().contains("$shutdown"), "{order}");
        // Far more than a pipe holds: the step ends only when it was read.
        let flood = json!(["flood", "stdout", noise, 100, 500]);
        worker.step(flood).await;
        worker.last(json!(["exit", 0])).await;
        shutdown.await.unwrap();
    });
}

#[test]
fn j09_a_call_out_of_an_event_during_shutdown_is_refused_and_blocks_nothing() {
    play(async |stage| {
        let spawning = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        let reading = tokio::spawn({
            let pdf = pdf.clone();
            async move {
                pdf.latest().next().await;
                pdf.risky("from an event").result().await
            }
        });
        settle().await;
        let shutdown = shutting_down(&pdf);
        worker.step(json!(["line"])).await;
        worker.send(frame(2, EVENT, 0, b"\x01")).await;
        failed(reading.await.unwrap(), Outcome::NotSent, "shut");
        worker.last(json!(["exit", 0])).await;
        shutdown.await.unwrap();
    });
}

#[test]
fn j10_a_bad_exit_on_request_is_no_reason_to_start_again() {
    play(async |stage| {
        let restart =
            Restart::new(9, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);
        let spawning = spawning(stage.builder().restart(restart));
        let mut worker = stage.puppet().await;
        worker.serve_mute(stage).await;
        let pdf = spawning.await.unwrap().unwrap();
        exchange(&pdf, &mut worker).await;
        let shutdown = shutting_down(&pdf);
        worker.step(json!(["line"])).await;
        worker.last(json!(["exit", 3])).await;
        shutdown.await.unwrap();
        assert_eq!(pdf.module().state(), ModuleState::Closed);
        failed(pdf.risky("x").result().await, Outcome::NotSent, "shut");
    });
}
