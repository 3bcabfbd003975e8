//! Group N, the parent's part: what its own code does in the middle of ours.

use procwire_runtime::__private::Outcome;

use crate::puppet::{EVENT, frame};
use crate::stage::{exchange, play, settle};
use crate::told::died;

#[test]
fn n01_a_task_that_panics_in_the_middle_of_a_call_harms_only_itself() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        for _ in 0..5 {
            let doomed = tokio::spawn({
                let pdf = pdf.clone();
                async move {
                    let mut call = std::pin::pin!(pdf.risky("x").result());
                    let mut latest = pdf.latest();
                    tokio::select! {
                        _ = &mut call => {}
                        _ = latest.next() => panic!("with a call under way"),
                    }
                }
            });
            let got = worker.next().await;
            worker.send(frame(2, EVENT, 0, b"\x01")).await;
            assert!(doomed.await.unwrap_err().is_panic());
            let abort = worker.next().await;
            assert_eq!(abort.id, got.id);
            worker.reply(&got, "too late").await;
            exchange(&pdf, &mut worker).await;
        }
        assert_eq!(pdf.module().in_flight(), 0);
    });
}

#[test]
fn n02_a_reader_that_never_reads_holds_nobody_up() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let _never = (pdf.latest(), pdf.progress(), pdf.module().lifecycle());
        worker
            .send(frame(2, EVENT, 0, b"\x01").repeat(10_000))
            .await;
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn n03_a_call_out_of_an_event_of_the_same_worker_is_served() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair_of(stage.builder().in_flight(1)).await;
        let reading = tokio::spawn({
            let pdf = pdf.clone();
            async move {
                let value = pdf.latest().next().await.unwrap();
                pdf.risky(value.to_string()).result().await
            }
        });
        settle().await;
        worker.send(frame(2, EVENT, 0, b"\x09")).await;
        let got = worker.next().await;
        assert_eq!(got.text(), "9");
        worker.reply(&got, "from within").await;
        assert_eq!(reading.await.unwrap().unwrap(), "from within");
    });
}

#[test]
fn n06_a_handler_that_ends_its_process_is_a_death_with_its_code() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let call = tokio::spawn(pdf.risky("x").result());
        worker.next().await;
        worker.last(serde_json::json!(["exit", 42])).await;
        let exit = died(call.await.unwrap(), Outcome::MaybeExecuted);
        assert_eq!(exit, procwire_runtime::__private::Exit::Code(42));
    });
}
