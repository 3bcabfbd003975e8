//! `schemas/interop.toml` on our own crate.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use procwire::{Ack, Answers, Bytes, Oneway, Value};

procwire::include_schema!("../../../schemas/interop.toml");

struct Worker {
    events: InteropEvents,
    cancelled: AtomicU32,
}

/// Counts a `slow` call that ends before its time.
struct Unfinished<'a>(&'a AtomicU32);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Interop for Worker {
    async fn echo(&self, payload: Value) -> Value {
        payload
    }

    async fn raw(&self, payload: Bytes) -> Bytes {
        payload
    }

    fn count(&self, n: u32) -> Answers<u32> {
        Answers::from_iter(0..n)
    }

    fn count_then_fail(&self, n: u32) -> Answers<u32> {
        Answers::from_iter((0..=n).inspect(move |i| assert!(*i < n, "after the items")))
    }

    async fn note(&self, text: String) -> Ack {
        // the event may overtake the ack: it is sent from here
        let _ = self.events.noted(text).await;
        Ack::default()
    }

    async fn fire(&self, tag: String) -> Oneway {
        let _ = self.events.fired(tag).await;
        Oneway
    }

    async fn fail(&self, message: String) -> String {
        panic!("{message}")
    }

    async fn slow(&self, ms: u32) -> String {
        let unfinished = Unfinished(&self.cancelled);
        tokio::time::sleep(Duration::from_millis(ms.into())).await;
        std::mem::forget(unfinished);
        "done".to_owned()
    }

    async fn cancelled(&self) -> u32 {
        self.cancelled.load(Ordering::SeqCst)
    }

    async fn pid(&self) -> u32 {
        std::process::id()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before there is a second thread: later nobody may change the environment any more.
    procwire::prepare_worker();
    run()
}

#[tokio::main]
async fn run() -> Result<(), Box<dyn std::error::Error>> {
    InteropWorker::serve(|events| Worker {
        events,
        cancelled: AtomicU32::new(0),
    })
    .await?;
    Ok(())
}
