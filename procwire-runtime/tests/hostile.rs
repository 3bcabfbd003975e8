//! The corpus of hostile payloads, whose verdicts the three languages share: each is read as the built-in type `json`.
//!
//! One test alone in its process, since it looks at how much memory that takes.

use procwire_runtime::__private::Value;
use procwire_runtime::codec::msgpack;
use serde_json::Value as Json;

#[test]
fn the_verdict_on_every_hostile_payload_is_the_shared_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/hostile.json");
    let text = std::fs::read_to_string(path).expect("the corpus is part of the repository");
    let corpus: Vec<Json> = serde_json::from_str(&text).expect("the corpus is JSON");
    assert!(corpus.len() > 100, "{}", corpus.len());
    for case in &corpus {
        let payload = payload(case);
        let _ = msgpack::decode::<Value>(b"\xc1"); // whatever is only needed once is there from here on
        forget_peak();
        let before = peak();
        let verdict = match msgpack::decode::<Value>(&payload) {
            Ok(_) => "ok",
            Err(error) => {
                assert!(error.to_string().len() < 200, "{case}: {error}");
                "refused"
            }
        };
        let grown = peak().saturating_sub(before);
        assert_eq!(case["verdict"], verdict, "{case}");
        if verdict == "refused" {
            assert!(grown < 1 << 20, "{case}: {grown} bytes to refuse it");
        } else {
            assert!(grown < 64_000_000, "{case}: {grown} bytes to read it");
        }
    }
}

fn payload(case: &Json) -> Vec<u8> {
    let hex = |text: &Json| -> Vec<u8> {
        let text = text.as_str().expect("hex is text");
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
            .collect()
    };
    match case["repeat"].as_array() {
        None => hex(&case["hex"]),
        Some(parts) => parts
            .iter()
            .flat_map(|part| {
                let times = part["times"].as_u64().expect("a count");
                hex(&part["hex"]).repeat(usize::try_from(times).expect("a count"))
            })
            .collect(),
    }
}

/// The most memory this process has held, in bytes; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// From here on [`peak`] is about what comes.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
