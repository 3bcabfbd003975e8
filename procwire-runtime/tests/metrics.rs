//! What a recorder of the `metrics` facade gets to see. Needs the feature `metrics`.

#[path = "support/pdf.rs"]
mod pdf;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use pdf::PdfClient;

/// Keeps the sum of everything, by name and labels.
#[derive(Clone, Debug, Default)]
struct Sums(Arc<Mutex<BTreeMap<String, f64>>>);

#[derive(Debug)]
struct Cell(Sums, String);

impl Sums {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()));
        let name = format!("{}{{{}}}", key.name(), labels.collect::<Vec<_>>().join(","));
        Arc::new(Cell(self.clone(), name))
    }

    fn get(&self, name: &str) -> f64 {
        let sums = self.0.lock().unwrap();
        sums.get(name).copied().unwrap_or_default()
    }
}

impl Cell {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut sums = self.0.0.lock().unwrap();
        let sum = sums.entry(self.1.clone()).or_default();
        *sum = change(*sum);
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.change(|sum| sum + value as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|_| value as f64);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, value: f64) {
        self.change(|sum| sum + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|sum| sum - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Cell {
    /// How many there were.
    fn record(&self, value: f64) {
        assert!(value >= 0.0);
        self.change(|sum| sum + 1.0);
    }
}

impl Recorder for Sums {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

#[tokio::test]
async fn calls_and_workers_are_counted() {
    let sums = Sums::default();
    metrics::set_global_recorder(sums.clone()).unwrap();
    let worker = env!("CARGO_BIN_EXE_runtime-test-worker");
    let pdf = PdfClient::builder().command(worker).spawn().await.unwrap();
    for _ in 0..3 {
        pdf.act("hello").result().await.unwrap();
    }
    assert!(pdf.open("missing").await.is_err());
    assert_eq!(
        pdf.blocks(5, 1)
            .stream()
            .await
            .unwrap()
            .collect()
            .await
            .unwrap()
            .len(),
        5
    );
    assert!(pdf.risky("abort").result().await.is_err());
    let slow = pdf.sleep(600_000).timeout(Duration::from_millis(1));
    assert!(slow.result().await.is_err());
    drop(pdf.blocks(1, u32::MAX).stream().await.unwrap());
    pdf.module().shutdown().await;
    assert!(pdf.act("late").result().await.is_err());

    let calls = |method: &str, outcome: &str| {
        sums.get(&format!(
            "procwire_calls_total{{module=pdf,method={method},outcome={outcome}}}"
        ))
    };
    assert_eq!(calls("act", "ok"), 3.0);
    assert_eq!(calls("act", "not_sent"), 1.0);
    assert_eq!(calls("open", "executed"), 1.0);
    assert_eq!(calls("blocks", "ok"), 1.0);
    assert_eq!(calls("blocks", "dropped"), 1.0);
    assert_eq!(calls("risky", "maybe_executed"), 1.0);
    assert_eq!(
        sums.get("procwire_call_seconds{module=pdf,method=act}"),
        4.0
    );
    assert_eq!(sums.get("procwire_calls_in_flight{module=pdf}"), 0.0);
    assert_eq!(sums.get("procwire_worker_deaths_total{module=pdf}"), 1.0);
    assert_eq!(sums.get("procwire_worker_restarts_total{module=pdf}"), 1.0);
    assert_eq!(sums.get("procwire_spawn_seconds{module=pdf}"), 2.0);
    assert_eq!(
        sums.get("procwire_protocol_violations_total{module=pdf}"),
        0.0
    );
}
