//! Group L: who may speak to whom, and what a worker is given.

use procwire_runtime::supervisor::{Environment, StartError};
use serde_json::json;

use crate::puppet::{AUTH, RISKY, init};
use crate::stage::{exchange, play, spawning};
use crate::told::start_error;

#[test]
fn l03_every_start_has_a_token_of_its_own() {
    play(async |stage| {
        let mut seen = Vec::new();
        for _ in 0..3 {
            let spawning = spawning(stage.builder().auth(true));
            let mut worker = stage.serving().await;
            let pdf = spawning.await.unwrap().unwrap();
            let token = worker.env("PROCWIRE_TOKEN").unwrap().to_owned();
            let auth = worker.next().await;
            assert_eq!((auth.method, auth.id), (AUTH, 0));
            assert_eq!(auth.payload, token.as_bytes());
            assert!(token.len() >= 64 && !seen.contains(&token));
            seen.push(token);
            exchange(&pdf, &mut worker).await;
        }
    });
}

#[test]
fn l08_a_socket_that_is_not_where_a_worker_of_ours_was_told_to_listen_is_not_connected_to() {
    play(async |stage| {
        let error = stage
            .refused(async |worker| {
                let elsewhere = stage.path("elsewhere.sock");
                worker.step(json!(["listen", elsewhere])).await;
                let mut line = init(elsewhere.to_str().unwrap(), &["log"]);
                line["params"]["procwire"]["generation"] = json!(1);
                worker.say(format!("{line}\n")).await;
            })
            .await;
        let error = start_error(error);
        assert!(
            matches!(*error, StartError::SocketRefused { .. }),
            "{error}"
        );
        std::fs::remove_file(stage.path("elsewhere.sock")).unwrap();
    });
}

#[test]
fn l09_a_worker_gets_the_environment_that_its_policy_says() {
    play(async |stage| {
        let kept = |worker: &crate::puppet::Puppet| {
            let names = worker.environment().keys();
            let mut kept: Vec<_> = names.filter(|name| name.starts_with("CARGO")).collect();
            kept.sort();
            kept.len()
        };
        let (_inherit, worker) = stage.pair().await;
        assert!(kept(&worker) > 0, "cargo sets a few");
        assert!(worker.env("PATH").is_some());
        let minimal = stage.builder().environment(Environment::Minimal);
        let (_minimal, worker) = stage.pair_of(minimal).await;
        assert_eq!(kept(&worker), 0);
        assert!(worker.env("PATH").is_some());
        let only = Environment::Only(vec!["CARGO_MANIFEST_DIR".into()]);
        let (_only, worker) = stage.pair_of(stage.builder().environment(only)).await;
        assert_eq!((kept(&worker), worker.env("PATH")), (1, None));
        let none = Environment::Only(Vec::new());
        let (_none, worker) = stage.pair_of(stage.builder().environment(none)).await;
        assert_eq!((kept(&worker), worker.env("PATH")), (0, None));
    });
}

#[test]
fn l10_a_token_is_in_no_text_and_nobody_gets_one_who_is_not_to_show_it() {
    play(async |stage| {
        let (_plain, worker) = stage.pair().await;
        assert_eq!(worker.env("PROCWIRE_TOKEN"), None);
        let starting = spawning(stage.builder().auth(true));
        let mut worker = stage.puppet().await;
        let token = worker.env("PROCWIRE_TOKEN").unwrap().to_owned();
        worker.last(json!(["exit", 4])).await;
        let error = starting.await.unwrap().unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("code 4") && !text.contains(&token), "{text}");
    });
}

#[test]
fn l11_lengths_that_are_lies_allocate_nothing() {
    play(async |stage| {
        let before = crate::c_control::resident();
        let mut pairs = Vec::new();
        for _ in 0..16 {
            let (pdf, mut worker) = stage.pair().await;
            let call = tokio::spawn(pdf.risky("x").result());
            let got = worker.next().await;
            // Within the limit, and never followed by what it announces.
            let mut header = crate::puppet::frame(RISKY, 0x03, got.id, b"");
            header[7..].copy_from_slice(&(1_u32 << 30).to_be_bytes());
            worker.send(header).await;
            pairs.push((pdf, worker, call));
        }
        crate::stage::settle().await;
        let grown = crate::c_control::resident().saturating_sub(before);
        assert!(grown < 64 << 20, "{grown} bytes");
        for (_, mut worker, call) in pairs {
            worker.kill().await;
            crate::told::died(
                call.await.unwrap(),
                procwire_runtime::__private::Outcome::MaybeExecuted,
            );
        }
    });
}
