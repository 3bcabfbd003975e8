//! Events and their readers: what is lost is counted, and no reader holds anybody up.

#[path = "support/pdf.rs"]
mod pdf;

use pdf::{Handlers, PdfClient};
use procwire_runtime::__private::{Lagged, Outcome, Overflow};

fn client() -> PdfClient {
    PdfClient::in_memory(|events| Handlers {
        events,
        cancelled: std::sync::Arc::default(),
    })
}

#[tokio::test]
async fn g07_a_flood_is_received_or_counted_to_the_last_event() {
    let pdf = client();
    let newest = pdf.progress().capacity(100);
    let oldest = pdf.progress().capacity(100).overflow(Overflow::DropOldest);
    pdf.index("5000").result().await.unwrap();
    for (mut reader, first) in [(newest, 1), (oldest, 4901)] {
        let (mut seen, mut missing) = (Vec::new(), 0);
        while seen.len() < 100 || missing == 0 {
            match reader.next_or_lagged().await.unwrap() {
                Ok(event) => seen.push(event.done),
                Err(Lagged { dropped }) => missing += dropped,
            }
        }
        assert_eq!((seen.len(), missing, seen[0]), (100, 4900, first));
        assert_eq!(
            (reader.received(), reader.dropped(), reader.emitted()),
            (100, 4900, 5000)
        );
    }
    let error = pdf
        .act("")
        .timeout(std::time::Duration::ZERO)
        .result()
        .await;
    assert_eq!(error.unwrap_err().outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn g08_a_reader_that_panics_harms_nobody() {
    let pdf = client();
    let (mut broken, mut sound) = (pdf.progress(), pdf.progress());
    let reader = tokio::spawn(async move {
        let event = broken.next().await;
        panic!("on purpose, at {event:?}");
    });
    pdf.index("10").result().await.unwrap();
    assert!(reader.await.unwrap_err().is_panic());
    pdf.index("10").result().await.unwrap();
    for _ in 0..20 {
        assert!(sound.next().await.is_some());
    }
    assert_eq!((sound.dropped(), sound.emitted()), (0, 20));
}

#[tokio::test]
async fn n03_a_reader_may_call_the_worker_whose_event_it_is_reading() {
    let pdf = client();
    let mut progress = pdf.progress();
    pdf.index("3").result().await.unwrap();
    for _ in 0..3 {
        let event = progress.next().await.unwrap();
        let echo = format!("echo {}", event.done);
        assert_eq!(pdf.act(echo.clone()).result().await.unwrap(), echo);
    }
}

#[tokio::test]
async fn g12_events_after_the_end_reach_nobody_and_readers_end() {
    let pdf = client();
    let mut before = pdf.progress();
    pdf.module().shutdown().await;
    assert!(before.next().await.is_none());
    assert!(pdf.progress().next_or_lagged().await.is_none());
    assert_eq!(before.emitted(), before.received() + before.dropped());
}
