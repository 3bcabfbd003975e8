//! The control plane: what a worker prints, repeats, forges, floods or keeps to itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use procwire_runtime::__private::{CallError, Heartbeat, Lifecycle};
use tracing::field::{Field, Visit};
use tracing::span;

use super::{puppet, shell};

fn pulse() -> Heartbeat {
    Heartbeat::new(Duration::from_millis(20), Duration::from_millis(400))
}

/// Why the worker was ended.
async fn reason(module: &procwire_runtime::__private::Module) -> String {
    let mut lifecycle = module.lifecycle();
    while let Some(event) = lifecycle.next().await {
        if let Lifecycle::Crashed { reason, .. } = event {
            return reason.to_string();
        }
    }
    panic!("it was not ended")
}

#[tokio::test]
async fn c03_an_init_may_be_repeated_and_not_be_changed() {
    let pdf = puppet("", "inherited,tagged").spawn().await.unwrap();
    assert_eq!(pdf.act("init inherited").result().await.unwrap(), "said");
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_eq!(pdf.module().incarnation(), 1);
    let ended = tokio::spawn({
        let module = pdf.module().clone();
        async move { reason(&module).await }
    });
    tokio::task::yield_now().await;
    let _ = pdf.act("init /elsewhere").result().await;
    assert!(
        ended
            .await
            .unwrap()
            .contains("announced itself a second time")
    );
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn c12_a_message_without_the_nonce_is_a_print() {
    let pdf = puppet("untagged", "inherited,tagged")
        .heartbeat(pulse())
        .spawn()
        .await
        .unwrap();
    // It answers every ping, only not as was agreed on.
    assert!(reason(pdf.module()).await.contains("heartbeat"));
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn c12_forged_messages_change_nothing() {
    let pdf = puppet("", "inherited,tagged").spawn().await.unwrap();
    for forged in [
        r#"{"jsonrpc":"2.0","method":"$init","params":{"pipe":"/elsewhere"}}"#,
        r#"{"jsonrpc":"2.0","method":"$error","params":{"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","method":"$pong","nonce":"00000000000000000000000000000000"}"#,
    ] {
        assert_eq!(
            pdf.act(format!("print {forged}")).result().await.unwrap(),
            "printed"
        );
    }
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_eq!(pdf.module().incarnation(), 1);
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn tagged_pings_and_pongs_keep_a_worker() {
    // So patient that a busy machine does not decide.
    let patient = Heartbeat::new(Duration::from_millis(20), Duration::from_secs(20));
    let pdf = puppet("", "inherited,tagged")
        .heartbeat(patient)
        .spawn()
        .await
        .unwrap();
    let mut pongs = 0;
    while pongs < 40 {
        pongs = pdf.act("pongs").result().await.unwrap().parse().unwrap();
    }
    assert_eq!(pdf.module().incarnation(), 1);
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn c18_a_flood_of_pongs_ends_the_worker() {
    let pdf = puppet("", "inherited,tagged").spawn().await.unwrap();
    let ended = tokio::spawn({
        let module = pdf.module().clone();
        async move { reason(&module).await }
    });
    tokio::task::yield_now().await;
    let _ = pdf.act("flood").result().await;
    assert!(ended.await.unwrap().contains("floods the control plane"));
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn a13_calls_work_without_a_stdout() {
    let pdf = puppet("", "inherited").spawn().await.unwrap();
    assert_eq!(pdf.act("mute").result().await.unwrap(), "mute");
    for _ in 0..100 {
        assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    }
    assert_eq!(pdf.module().incarnation(), 1);
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn c15_a_worker_that_closes_its_stdin_goes_on_serving() {
    let often = Heartbeat::new(Duration::from_millis(1), Duration::from_secs(60));
    let pdf = puppet("deaf", "inherited")
        .heartbeat(often)
        .grace(Duration::from_millis(100))
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("deaf").result().await.unwrap(), "deaf");
    for _ in 0..100 {
        assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    }
    assert_eq!(pdf.module().incarnation(), 1);
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn c16_a_worker_that_reads_no_stdin_holds_nobody_up() {
    let pdf = puppet("deaf", "inherited")
        .heartbeat(pulse())
        .spawn()
        .await
        .unwrap();
    // Its supervisor comes round to missing it.
    assert!(reason(pdf.module()).await.contains("heartbeat"));
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn c08_c11_c13_noise_before_and_pieces_of_an_init_are_no_obstacle() {
    let base = tempfile::tempdir().unwrap();
    let socket = base.path().join("s.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let methods = [
        ("open", "result"),
        ("blocks", "stream"),
        ("index", "ack"),
        ("log", "none"),
        ("concat", "result"),
        ("sleep", "result"),
        ("act", "result"),
        ("stubborn", "result"),
        ("risky", "result"),
    ];
    let methods: Vec<String> = (1..)
        .zip(methods)
        .map(|(id, (name, kind))| format!(r#""{name}":{{"id":{id},"response":"{kind}"}}"#))
        .collect();
    let init = format!(
        r#"{{"method":"$init","params":{{"pipe":{socket:?},"schema":{{"methods":{{{}}},"events":{{"progress":{{"id":1}},"latest":{{"id":2}}}}}}}}}}"#,
        methods.join(",")
    );
    let (first, second) = init.split_at(init.len() / 2);
    let script = format!(
        "printf '\\377\\376\\000 binary\\n'; printf '\\033[1mbanner\\033[0m\\r\\n'; printf '%s' '{first}'; printf '%s\\r\\n' '{second}'; exec sleep 1000"
    );
    let pdf = shell(&script)
        .grace(Duration::from_millis(50))
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.module().incarnation(), 1);
    pdf.module().shutdown().await;
}

/// What was traced, as text.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn has(&self, parts: &[&str]) -> bool {
        let lines = self.0.lock().unwrap();
        lines
            .iter()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    }
}

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        *self.0 += &format!(" {field}={value:?}");
    }
}

impl tracing::Subscriber for Trace {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut text = format!("span {}", span.metadata().name());
        span.record(&mut Text(&mut text));
        let mut lines = self.0.lock().unwrap();
        lines.push(text);
        span::Id::from_u64(lines.len() as u64)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        let mut lines = self.0.lock().unwrap();
        let at = usize::try_from(span.into_u64()).unwrap() - 1;
        values.record(&mut Text(&mut lines[at]));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let about = event.metadata();
        let mut text = format!("{} {}", about.level(), about.target());
        event.record(&mut Text(&mut text));
        self.0.lock().unwrap().push(text);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test(flavor = "current_thread")]
async fn a_record_of_the_worker_becomes_an_event_with_its_request() {
    let trace = Trace::default();
    let _guard = tracing::subscriber::set_default(trace.clone());
    let pdf = puppet("", "inherited,tagged,log").spawn().await.unwrap();
    let log = r#"{"jsonrpc":"2.0","method":"$log","params":{"level":"warn","message":"low memory","request":7,"target":"torch"}}"#;
    pdf.act(format!("say {log}")).result().await.unwrap();
    let pid = format!("pid={}", pdf.module().pid().unwrap());
    let record = [
        "WARN procwire::worker",
        "low memory",
        "request=7",
        "part=\"torch\"",
        "module=\"pdf\"",
        &pid,
    ];
    super::until("the record arrives", || trace.has(&record)).await;
    assert!(trace.has(&[
        "span spawn",
        "module=\"pdf\"",
        "incarnation=1",
        &pid,
        "elapsed="
    ]));
    assert!(trace.has(&[
        "span handshake",
        "module=\"pdf\"",
        "incarnation=1",
        &pid,
        "elapsed="
    ]));
    assert!(!trace.has(&["PROCWIRE_TOKEN"]));
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn l10_no_error_shows_the_token() {
    let pdf = puppet("", "inherited").auth(true).spawn().await.unwrap();
    let token = pdf.act("env PROCWIRE_TOKEN").result().await.unwrap();
    assert_eq!(token.len(), 64);
    let error: CallError<_> = pdf.risky("die").result().await.unwrap_err();
    assert!(!format!("{error} {error:?} {pdf:?}").contains(&token));
    // The next one has another.
    assert_ne!(pdf.act("env PROCWIRE_TOKEN").result().await.unwrap(), token);
    pdf.module().shutdown().await;
}
