//! Group I: restarts, and what must not come of them.

use std::time::Duration;

use procwire_runtime::__private::{Lifecycle, ModuleState, Outcome, Restart};
use procwire_runtime::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::puppet::{ACT, RESPONSE, RISKY, frame, init, packed};
use crate::stage::{exchange, play, settle, spawning, until};
use crate::told::failed;

const SOON: Restart =
    Restart::new(100, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);

#[test]
fn i01_a_worker_that_crashes_at_every_start_is_given_up_after_exactly_so_many() {
    play(async |stage| {
        let restart =
            Restart::new(3, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(restart)).await;
        let mut lifecycle = pdf.module().lifecycle();
        worker.kill().await;
        let waiting = tokio::spawn(pdf.risky("x").result());
        for _ in 0..3 {
            stage.puppet().await.last(json!(["exit", 1])).await;
        }
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        let (mut failures, mut given_up) = (0, false);
        while let Some(event) = lifecycle.next().await {
            failures += usize::from(matches!(event, Lifecycle::StartFailed { .. }));
            given_up |= matches!(event, Lifecycle::GaveUp { .. });
        }
        assert_eq!((failures, given_up), (3, true));
        assert_eq!(pdf.module().state(), ModuleState::Closed);
        failed(pdf.risky("y").result().await, Outcome::NotSent, "pdf.risky");
    });
}

#[test]
fn i02_being_ready_for_a_moment_resets_nothing() {
    play(async |stage| {
        let restart =
            Restart::new(3, Duration::from_secs(60)).backoff(Duration::ZERO, Duration::ZERO);
        let builder = stage.builder().restart(restart).clock(Clock::manual());
        let (pdf, mut worker) = stage.pair_of(builder).await;
        let mut lifecycle = pdf.module().lifecycle();
        worker.kill().await;
        for _ in 0..3 {
            let mut worker = stage.serving().await;
            exchange(&pdf, &mut worker).await;
            worker.kill().await;
        }
        let mut given_up = false;
        while let Some(event) = lifecycle.next().await {
            given_up |= matches!(event, Lifecycle::GaveUp { .. });
        }
        assert!(given_up);
    });
}

#[test]
fn i04_a_worker_that_comes_back_with_other_ids_is_spoken_to_in_them() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        exchange(&pdf, &mut worker).await;
        worker.kill().await;
        let mut next = stage.puppet().await;
        let mut other = init(&next.socket(stage), &[]);
        other["params"]["schema"]["methods"]["risky"]["id"] = 901.into();
        other["params"]["schema"]["methods"]["more"] = json!({ "id": 9, "response": "result" });
        other["params"]["schema"]["events"]["latest"]["id"] = 77.into();
        next.announce(stage, &other).await;
        next.step(json!(["accept"])).await;
        next.step(json!(["manners"])).await;
        let mut latest = pdf.latest();
        let call = tokio::spawn(pdf.risky("x").result());
        let got = next.next().await;
        assert_eq!(got.method, 901);
        next.send(frame(77, 0x01, 0, b"\x08")).await;
        next.reply(&got, "ok").await;
        assert_eq!(call.await.unwrap().unwrap(), "ok");
        assert_eq!(latest.next().await, Some(8));
    });
}

#[test]
fn i04_a_worker_that_comes_back_without_a_method_is_the_end() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        worker.kill().await;
        let waiting = tokio::spawn(pdf.act("x").result());
        let mut next = stage.puppet().await;
        let mut other = init(&next.socket(stage), &[]);
        let methods = other["params"]["schema"]["methods"].as_object_mut();
        methods.unwrap().remove("act");
        next.announce(stage, &other).await;
        next.gone().await;
        let _ = std::fs::remove_file(next.socket(stage));
        failed(waiting.await.unwrap(), Outcome::NotSent, "`act`");
        assert_eq!(pdf.module().state(), ModuleState::Closed);
    });
}

#[test]
fn i05_a_death_and_a_shutdown_at_once_leave_nothing() {
    play(async |stage| {
        for turns in 0..30 {
            let (pdf, worker) = stage.pair_of(stage.builder().restart(SOON)).await;
            worker.signal(Signal::KILL);
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let shutdowns: Vec<_> = (0..3)
                .map(|_| {
                    let pdf = pdf.clone();
                    tokio::spawn(async move {
                        pdf.module().shutdown().await;
                    })
                })
                .collect();
            for shutdown in shutdowns {
                shutdown.await.unwrap();
            }
            assert_eq!(pdf.module().state(), ModuleState::Closed, "{turns}");
            failed(pdf.risky("x").result().await, Outcome::NotSent, "pdf.risky");
        }
    });
}

#[test]
fn i05_a_start_that_is_given_up_at_any_moment_leaves_nothing() {
    play(async |stage| {
        for turns in 0..30 {
            let spawning = spawning(stage.builder());
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            spawning.abort();
            if let Ok(started) = spawning.await {
                drop(started);
            }
        }
    });
}

#[test]
fn i06_the_late_end_of_an_old_channel_is_not_the_new_workers() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        // Out of reach of every signal, it holds the old channel open.
        let holder = worker.step(json!(["fork_hold", "apart"])).await;
        let holder = Pid::from_raw(holder.as_i64().unwrap() as i32).unwrap();
        worker.kill().await;
        let mut next = stage.serving().await;
        exchange(&pdf, &mut next).await;
        kill_process(holder, Signal::KILL).unwrap();
        for _ in 0..20 {
            exchange(&pdf, &mut next).await;
        }
        assert_eq!(pdf.module().incarnation(), 2);
    });
}

#[test]
fn i13_no_call_goes_to_a_worker_that_is_known_to_be_dead() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        worker.kill().await;
        until("the death is known", || {
            pdf.module().pid() != Some(worker.pid)
        })
        .await;
        let calls: Vec<_> = (0..300)
            .map(|i| tokio::spawn(pdf.risky(i.to_string()).result()))
            .collect();
        settle().await;
        let mut next = stage.serving().await;
        let read = next.read(300).await;
        let answers: Vec<u8> = read
            .iter()
            .flat_map(|got| frame(RISKY, RESPONSE, got.id, &packed(&got.text())))
            .collect();
        next.send(answers).await;
        for (i, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), i.to_string());
        }
    });
}

#[test]
fn i13_calls_that_race_with_the_death_are_all_settled() {
    play(async |stage| {
        let (pdf, worker) = stage.pair_of(stage.builder().restart(SOON)).await;
        worker.signal(Signal::KILL);
        // Idempotent: whatever was sent to the dead one is sent again.
        let calls: Vec<_> = (0..300)
            .map(|i| tokio::spawn(pdf.act(i.to_string()).result()))
            .collect();
        let mut next = stage.serving().await;
        for got in next.read(300).await {
            assert_eq!(got.method, ACT);
            next.reply(&got, &got.text()).await;
        }
        for (i, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), i.to_string());
        }
    });
}
