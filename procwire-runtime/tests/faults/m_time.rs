//! Group M: clocks that jump, and numbers of time that are too large.

use std::path::Path;
use std::time::Duration;

use procwire_runtime::__private::Heartbeat;
use procwire_runtime::clock::Clock;

use crate::stage::{exchange, play, settle};

#[test]
fn m01_no_decision_reads_the_time_of_day() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for folder in [
        "connection",
        "module",
        "supervisor",
        "worker",
        "wire",
        "control",
    ] {
        let mut folders = vec![source.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(!text.contains("SystemTime::now"), "{}", path.display());
                }
            }
        }
    }
}

#[test]
fn m05_times_without_end_are_no_overflow() {
    play(async |stage| {
        let clock = Clock::manual();
        let builder = stage
            .builder()
            .clock(clock.clone())
            .timeout(Duration::MAX)
            .ready(Duration::MAX)
            .grace(Duration::MAX)
            .heartbeat(Heartbeat::new(Duration::from_secs(1), Duration::MAX));
        let (pdf, mut worker) = stage.pair_of(builder).await;
        for _ in 0..5 {
            // 49.7 days, and then some: a u32 of milliseconds would begin again.
            clock.advance(Duration::from_millis(u64::from(u32::MAX) + 1));
            settle().await;
            exchange(&pdf, &mut worker).await;
        }
    });
}
