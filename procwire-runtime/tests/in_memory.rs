//! Calls, streams, acks, oneway requests and events through the real frames and codecs, without a process.

#[path = "support/pdf.rs"]
mod pdf;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pdf::{Handlers, PdfClient, PdfError};
use procwire_runtime::__private as P;
use procwire_runtime::__private::{CallError, Outcome};

fn client() -> (PdfClient, Arc<AtomicU32>) {
    let cancelled = Arc::new(AtomicU32::new(0));
    let counter = cancelled.clone();
    (
        PdfClient::in_memory(move |events| Handlers {
            events,
            cancelled: counter,
        }),
        cancelled,
    )
}

#[tokio::test]
async fn every_kind_of_call() {
    let (pdf, _) = client();
    let document = pdf.open("a.pdf").password("secret").await.unwrap();
    assert_eq!(
        (
            document.id.as_str(),
            document.pages,
            document.title.as_deref()
        ),
        ("a.pdf", 3, Some("secret"))
    );
    assert_eq!(document.labels["a"], "b");
    let blocks = pdf
        .blocks(3, 1)
        .stream()
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(blocks, ["0:x", "1:x", "2:x"]);
    pdf.index("2").result().await.unwrap();
    let mut latest = pdf.latest();
    pdf.log("hello").oneway().await.unwrap();
    assert_eq!(latest.next().await, Some(5));
    assert_eq!(pdf.concat(b"ab").result().await.unwrap(), "ab");
    assert_eq!(pdf.act("method").result().await.unwrap(), "act");
    assert_eq!(pdf.module().in_flight(), 0);
}

#[tokio::test]
async fn declared_errors_are_typed_and_executed() {
    let (pdf, _) = client();
    let error = pdf.open("missing").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Executed);
    assert!(matches!(error, CallError::App(PdfError::NotFound { path }) if path == "missing"));
    assert!(matches!(
        pdf.open("locked").await,
        Err(CallError::App(PdfError::Encrypted))
    ));
    let mut blocks = pdf.blocks(2, 7).stream().await.unwrap();
    assert!(blocks.try_next().await.unwrap().is_some());
    assert!(blocks.try_next().await.unwrap().is_some());
    assert!(matches!(
        blocks.try_next().await,
        Err(CallError::App(PdfError::Encrypted))
    ));
    assert!(
        blocks.try_next().await.unwrap().is_none(),
        "nothing follows an error"
    );
}

#[tokio::test]
async fn a_panic_is_an_error_of_that_call_only() {
    let (pdf, _) = client();
    let CallError::Remote(error) = pdf.open("panic").await.unwrap_err() else {
        panic!()
    };
    assert_eq!(error.type_name.as_deref(), Some("panic"));
    assert!(error.message.contains("no such page"), "{error}");
    assert!(pdf.open("fine").await.is_ok());
}

#[tokio::test]
async fn constraints_are_checked_before_anything_is_sent() {
    let (pdf, _) = client();
    let error = pdf.open("").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(
        error.to_string(),
        "pdf.open: invalid arguments: $.path: length 0 is outside 1..=200"
    );
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_in_the_worker() {
    let (pdf, cancelled) = client();
    let call = tokio::spawn(pdf.sleep(60_000).result());
    while pdf.module().in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    pdf.act("barrier").result().await.unwrap(); // the request before it was taken in
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // ABORT is read before the next request.
    pdf.act("barrier").result().await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), async {
        while cancelled.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the handler was dropped");
    assert_eq!(pdf.module().in_flight(), 0);
}

#[tokio::test]
async fn a_dropped_stream_is_cancelled_in_the_worker() {
    let (pdf, cancelled) = client();
    let mut ticks = pdf.blocks(0, u32::MAX).stream().await.unwrap();
    assert_eq!(ticks.try_next().await.unwrap().as_deref(), Some("tick"));
    drop(ticks);
    tokio::time::timeout(Duration::from_secs(5), async {
        while cancelled.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the stream was dropped");
}

#[tokio::test]
async fn a_deadline_ends_the_call_and_the_handler() {
    let (pdf, cancelled) = client();
    let error = pdf
        .sleep(60_000)
        .timeout(Duration::from_millis(30))
        .result()
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted);
    assert_eq!(
        error.to_string(),
        "pdf.sleep: the worker gave no answer within 30ms (it may have been executed)"
    );
    tokio::time::timeout(Duration::from_secs(5), async {
        while cancelled.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the handler was dropped");
}

#[tokio::test]
async fn a_silent_stream_ends_at_its_deadline_and_a_lively_one_does_not() {
    let (pdf, _) = client();
    let mut ticks = pdf
        .blocks(0, u32::MAX)
        .timeout(Duration::from_millis(200))
        .stream()
        .await
        .unwrap();
    for _ in 0..60 {
        assert!(
            ticks.try_next().await.unwrap().is_some(),
            "5 ms apart, for longer than 200 ms in all"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_once_get_their_own_answers() {
    let (pdf, _) = client();
    let calls: Vec<_> = (0..1000)
        .map(|i| {
            let call = pdf.act(format!("echo {i}")).result();
            tokio::spawn(async move { (i, call.await.unwrap()) })
        })
        .collect();
    for call in calls {
        let (i, answer) = call.await.unwrap();
        assert_eq!(answer, format!("echo {i}"));
    }
    assert_eq!(pdf.module().in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_nobody_reads_holds_nobody_up() {
    let (pdf, _) = client();
    let mut blocks = pdf.blocks(3000, 1000).stream().await.unwrap();
    assert!(blocks.try_next().await.unwrap().is_some());
    for i in 0..100 {
        let answer = pdf
            .act(format!("echo {i}"))
            .timeout(Duration::from_secs(5))
            .result()
            .await
            .unwrap();
        assert_eq!(answer, format!("echo {i}"));
    }
    assert_eq!(blocks.collect().await.unwrap().len(), 2999);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_payloads_cross_whole() {
    let (pdf, _) = client();
    for size in [0, 1, 47 << 10, 49 << 10, 64 << 10, (1 << 20) + 1, 64 << 20] {
        let data: Vec<u8> = (0..size).map(|i: usize| (i % 251) as u8).collect();
        let back = pdf.concat(data.clone()).result().await.unwrap();
        assert!(back == data, "{size}");
    }
}

#[tokio::test]
async fn events_are_kept_counted_or_replaced() {
    let (pdf, _) = client();
    let (mut progress, mut latest) = (pdf.progress(), pdf.latest());
    pdf.index("1500").result().await.unwrap();
    let first = progress.next().await.unwrap();
    assert_eq!((first.done, first.total), (1, 1500));
    assert_eq!(progress.dropped(), 1500 - 1024);
    assert_eq!(latest.next().await, Some(1500));
}

#[tokio::test]
async fn after_shutdown_calls_fail_as_not_running_and_readers_end() {
    let (pdf, _) = client();
    let mut progress = pdf.progress();
    pdf.module().shutdown().await;
    let error = pdf.open("a").await.unwrap_err();
    assert!(matches!(error, CallError::NotRunning { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(progress.next().await.is_none());
    assert_eq!(pdf.module().state(), P::ModuleState::Closed);
}

#[test]
fn without_a_runtime_calls_fail_and_nothing_panics() {
    let (pdf, _) = client();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = runtime.block_on(async { pdf.open("a").await }).unwrap_err();
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
}
