//! What a caller is told when the worker is not there, dies, or is given up; asserted by the outcome.

#[path = "support/pdf.rs"]
mod pdf;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pdf::{Handlers, PdfClient};
use procwire_runtime::__private as P;
use procwire_runtime::__private::{
    CallError, Cancel, Exit, Outcome, Rejection, Restart, TimeoutPhase, WhenUnavailable,
};
use procwire_runtime::clock::Clock;

fn builder() -> P::Builder<PdfClient> {
    PdfClient::builder().command(env!("CARGO_BIN_EXE_runtime-test-worker"))
}

/// Restarts, but only when the clock is moved.
fn held(clock: &Clock) -> P::Builder<PdfClient> {
    let hour = Duration::from_secs(3600);
    let restart = Restart::new(50, hour).backoff(Duration::from_secs(5), Duration::from_secs(5));
    builder().restart(restart).clock(clock.clone())
}

/// A module whose worker is gone, and whose next one comes when the clock is moved.
async fn without_worker(builder: P::Builder<PdfClient>) -> PdfClient {
    let pdf = builder.spawn().await.unwrap();
    let error = pdf.risky("abort").result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted, "{error}");
    pdf
}

/// Moves the clock until the next worker is being started, and waits for `future`.
async fn move_on<T>(pdf: &PdfClient, clock: &Clock, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            biased;
            done = &mut future => return done,
            () = tokio::time::sleep(Duration::from_millis(2)) => {}
        }
        // Not beyond: the time that a worker has to get ready is the same clock's.
        if pdf.module().state() == P::ModuleState::Disconnected {
            clock.advance(Duration::from_millis(500));
        }
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn an_error_tells_the_worker_and_every_attempt() {
    let pdf = builder().spawn().await.unwrap();
    let (first, module) = (pdf.module().pid(), pdf.module().clone());
    let error = pdf.risky("abort").result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert!(!error.is_safe_to_retry());
    assert_eq!(error.exit(), Some(Exit::Signal(6)));
    assert!(error.stderr_tail().contains("about to abort"), "{error}");
    let call = error.call().unwrap();
    assert_eq!((call.module, call.method, call.slot), ("pdf", "risky", 0));
    assert_eq!((call.pid, call.incarnation), (first, 1));
    let attempt = P::Attempt {
        incarnation: 1,
        pid: first,
        outcome: Outcome::MaybeExecuted,
        exit: Some(Exit::Signal(6)),
    };
    assert_eq!(error.attempts(), [attempt]);
    drop(module);
}

#[tokio::test]
async fn i03_a_call_over_which_two_workers_died_is_poisoned() {
    let pdf = builder().spawn().await.unwrap();
    let error = pdf.act("abort").result().await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Poisoned {
                deaths: 2,
                exit: Exit::Signal(6),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    let incarnations: Vec<_> = error.attempts().iter().map(|one| one.incarnation).collect();
    assert_eq!(incarnations, [1, 2]);
    assert_eq!(pdf.act("fine").result().await.unwrap(), "fine");
    assert_eq!(pdf.module().incarnation(), 3);
}

#[tokio::test]
async fn a08_a_call_that_waits_for_a_worker_ends_at_its_deadline_unsent() {
    let clock = Clock::manual();
    let pdf = without_worker(held(&clock)).await;
    let mut call = pin!(pdf.act("x").timeout(Duration::from_secs(1)).result());
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(Duration::from_secs(1));
    let error = call.await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Timeout {
                phase: TimeoutPhase::Queue,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(error.attempts(), []);
}

#[tokio::test]
async fn a_timeout_after_a_possible_execution_does_not_claim_that_nothing_was_sent() {
    let clock = Clock::manual();
    let pdf = held(&clock).spawn().await.unwrap();
    let mut call = pin!(pdf.act("abort").timeout(Duration::from_secs(1)).result());
    let mut lifecycle = pdf.module().lifecycle();
    assert!(poll(call.as_mut()).is_pending());
    while !matches!(
        lifecycle.next().await,
        Some(P::Lifecycle::Restarting { .. })
    ) {}
    assert!(poll(call.as_mut()).is_pending(), "it is to be sent again");
    clock.advance(Duration::from_secs(1));
    let error = call.await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Timeout {
                phase: TimeoutPhase::Queue,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert_eq!(error.exit(), Some(Exit::Signal(6)));
    assert!(error.stderr_tail().contains("about to abort"));
}

#[tokio::test]
async fn i08_as_many_calls_wait_as_are_allowed_and_all_of_them_are_served() {
    let clock = Clock::manual();
    let pdf = without_worker(held(&clock)).await;
    let mut calls: Vec<_> = (0..1024)
        .map(|i| Box::pin(pdf.act(format!("echo {i}")).no_timeout().result()))
        .collect();
    for call in &mut calls {
        assert!(poll(call.as_mut()).is_pending());
    }
    let error = pdf.act("one too many").result().await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::Backpressure), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    drop(calls.pop());
    calls.push(Box::pin(pdf.act("echo 1023").no_timeout().result()));
    assert!(
        poll(calls[1023].as_mut()).is_pending(),
        "a place became free"
    );
    for (i, call) in calls.into_iter().enumerate() {
        assert_eq!(
            move_on(&pdf, &clock, call).await.unwrap(),
            format!("echo {i}")
        );
    }
}

#[tokio::test]
async fn the_bytes_of_calls_that_wait_are_bounded() {
    let clock = Clock::manual();
    let pdf = without_worker(held(&clock)).await;
    let mut first = pin!(pdf.concat(vec![0; 15 << 20]).no_timeout().result());
    assert!(poll(first.as_mut()).is_pending());
    let error = pdf.concat(vec![0; 2 << 20]).result().await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::Backpressure), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(move_on(&pdf, &clock, first).await.unwrap().len(), 15 << 20);
}

#[tokio::test]
async fn calls_that_are_not_to_wait_are_refused_at_once() {
    let clock = Clock::manual();
    let pdf = without_worker(held(&clock).when_unavailable(WhenUnavailable::FailFast)).await;
    let error = pdf.act("x").result().await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::NotReady), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(error.is_safe_to_retry());
}

#[tokio::test]
async fn a_call_that_waits_is_sent_when_a_worker_comes_though_nobody_polls_it() {
    let clock = Clock::manual();
    let pdf = without_worker(held(&clock)).await;
    let mut call = pin!(pdf.act("hello").no_timeout().result());
    assert!(poll(call.as_mut()).is_pending());
    let up = async {
        while pdf.module().in_flight() == 0 && pdf.module().incarnation() != 2 {
            tokio::task::yield_now().await;
        }
    };
    move_on(&pdf, &clock, up).await;
    assert_eq!(call.await.unwrap(), "hello");
}

#[tokio::test]
async fn a_stream_that_is_given_up_while_it_waits_is_never_sent() {
    let clock = Clock::manual();
    let pdf = without_worker(held(&clock)).await;
    {
        let mut stream = pin!(pdf.blocks(3, 1).stream());
        assert!(poll(stream.as_mut()).is_pending());
        let mut oneway = pin!(pdf.log("never").oneway());
        assert!(poll(oneway.as_mut()).is_pending());
    }
    assert_eq!(
        move_on(&pdf, &clock, pdf.act("x").no_timeout().result())
            .await
            .unwrap(),
        "x"
    );
    assert_eq!(pdf.module().in_flight(), 0);
}

#[tokio::test]
async fn h06_no_time_is_no_time_and_endless_time_is_endless() {
    let (pdf, _) = in_memory();
    let error = pdf
        .act("x")
        .timeout(Duration::ZERO)
        .result()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Timeout {
                phase: TimeoutPhase::Queue,
                after: Duration::ZERO,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
    for huge in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        assert_eq!(pdf.act("x").timeout(huge).result().await.unwrap(), "x");
        let blocks = pdf.blocks(2, 5).timeout(huge).stream().await.unwrap();
        assert_eq!(blocks.collect().await.unwrap().len(), 2);
    }
    assert_eq!(pdf.act("x").no_timeout().result().await.unwrap(), "x");
}

#[tokio::test]
async fn the_parents_limit_of_a_method_counts_more_than_the_modules() {
    let pdf = builder()
        .timeout(Duration::from_secs(600))
        .method_timeout("sleep", Duration::from_millis(50))
        .spawn()
        .await
        .unwrap();
    let error = pdf.sleep(60_000).result().await.unwrap_err();
    assert!(
        matches!(&error, CallError::Timeout { after, phase: TimeoutPhase::Execute, .. } if *after == Duration::from_millis(50)),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert_eq!(error.attempts().len(), 1);
    let patient = Duration::from_secs(60);
    assert_eq!(pdf.sleep(100).timeout(patient).result().await.unwrap(), 100);
}

#[tokio::test]
async fn h01_a_call_that_is_cancelled_before_it_is_sent_was_not_sent() {
    let (pdf, _) = in_memory();
    let error = pdf.sleep(60_000).result().cancel().await.unwrap_err();
    assert!(matches!(error, CallError::Cancelled { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    let cancel = Cancel::new();
    cancel.cancel();
    let error = pdf
        .sleep(60_000)
        .cancel_with(&cancel)
        .result()
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    let clock = Clock::manual();
    let waiting = without_worker(held(&clock)).await;
    let cancel = Cancel::new();
    let mut call = pin!(waiting.act("x").cancel_with(&cancel).result());
    assert!(poll(call.as_mut()).is_pending());
    cancel.cancel();
    let error = call.await.unwrap_err();
    assert!(matches!(error, CallError::Cancelled { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn h02_a_cancelled_call_waits_for_its_workers_last_word() {
    let (pdf, _) = in_memory();
    let cancel = Cancel::new();
    let call = tokio::spawn(pdf.sleep(60_000).cancel_with(&cancel).result());
    while pdf.module().in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    pdf.act("barrier").result().await.unwrap();
    cancel.cancel();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Cancelled { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert_eq!(pdf.module().in_flight(), 0);
}

#[tokio::test]
async fn an_answer_that_is_there_is_not_cancelled() {
    let (pdf, _) = in_memory();
    let mut call = Box::pin(pdf.act("x").result());
    assert!(poll(call.as_mut()).is_pending());
    pdf.act("after it").result().await.unwrap();
    assert_eq!(
        (*std::pin::Pin::into_inner(call)).cancel().await.unwrap(),
        "x"
    );
}

#[tokio::test]
async fn after_a_shutdown_calls_are_refused_as_such_and_after_too_many_deaths_too() {
    let (pdf, _) = in_memory();
    pdf.module().shutdown().await;
    let error = pdf.act("x").result().await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::ShuttingDown), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    let mut late = pdf.progress();
    assert!(
        late.next().await.is_none(),
        "a reader that comes too late does not wait for ever"
    );
    let pdf = builder().restart(Restart::never()).spawn().await.unwrap();
    let error = pdf.risky("abort").result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    let error = pdf.act("x").result().await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::CircuitOpen), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn arguments_beyond_the_limit_are_refused() {
    let pdf = builder().max_payload(100).spawn().await.unwrap();
    let error = pdf.concat(vec![0; 101]).result().await.unwrap_err();
    assert_eq!(
        error.rejection(),
        Some(Rejection::PayloadTooLarge),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn a_handler_sees_the_trace_of_its_call_and_a_broken_hook_stops_no_call() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let pdf = builder()
        .trace(|| Some(parent.to_owned()))
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("trace").result().await.unwrap(), parent);
    assert_eq!(pdf.act("trace").result().await.unwrap(), parent);
    pdf.module().shutdown().await;
    let pdf = builder()
        .trace(|| panic!("on purpose"))
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("trace").result().await.unwrap(), "none");
    let error = pdf
        .act("")
        .timeout(Duration::ZERO)
        .result()
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
}

fn in_memory() -> (PdfClient, std::sync::Arc<std::sync::atomic::AtomicU32>) {
    let cancelled = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = cancelled.clone();
    let make = move |events| Handlers {
        events,
        cancelled: counter,
    };
    (PdfClient::in_memory(make), cancelled)
}
