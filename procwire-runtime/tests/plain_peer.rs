//! The parent's receive rules against a peer that writes raw frames: what resolves, what is passed over, what is given up.

#[path = "support/pdf.rs"]
mod pdf;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pdf::{PDF, PdfClient, PdfError};
use procwire_runtime::__private::{CallError, Client, Module, Outcome};
use procwire_runtime::clock::Clock;
use procwire_runtime::connection::{Bounds, Connection, Down, End, Limits, Link, MethodBinding};
use procwire_runtime::module::{Farewell, Hub, Journal, Options, Owner, Slot, SlotState};
use procwire_runtime::transport::{Duplex, ReadHalf, WriteHalf};
use procwire_runtime::wire::{Decoder, Flags, Frame, Header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

struct Nobody;

impl Owner for Nobody {
    fn shutdown(&self) -> Pin<Box<dyn Future<Output = Farewell> + Send + '_>> {
        Box::pin(async { Farewell::nothing() })
    }

    fn abandoned(&self) {}
}

/// The worker's end, by hand.
struct Peer {
    read: ReadHalf,
    write: WriteHalf,
    decoder: Decoder,
    frames: std::collections::VecDeque<Frame>,
    connection: Arc<Connection>,
    reading: JoinHandle<End>,
    clock: Clock,
}

const LIMITS: Limits = Limits {
    max_payload: 1 << 20,
    backlog: 1 << 20,
    bounds: Bounds {
        in_flight: 4,
        stream_bytes: 10_000,
        total_bytes: 20_000,
    },
};

fn connect() -> (PdfClient, Peer) {
    let (near, far) = Duplex::pair().unwrap();
    let (slot, hub, journal) = (
        Arc::new(Slot::new()),
        Arc::new(Hub::new(&PDF)),
        Arc::new(Journal::new()),
    );
    let clock = Clock::manual();
    let methods = (1..=PDF.methods.len() as u16).map(|id| MethodBinding {
        id,
        starts: true,
        timeout: None,
        mismatch: None,
    });
    let link = Link {
        pid: Some(77),
        incarnation: 1,
        worker_version: "1.4.0".into(),
        methods: methods.collect(),
        events: HashMap::from([(1, 0), (2, 1)]),
        features: Default::default(),
    };
    let (connection, mut reading) =
        Connection::open(near, link, LIMITS, clock.clone(), hub.clone());
    slot.set(SlotState::Up(connection.clone()));
    let reading = tokio::spawn(async move { reading.run().await });
    let options = Options {
        timeout: Some(Duration::from_secs(30)),
        max_payload: LIMITS.max_payload,
        ..Options::default()
    };
    let module = Module::new(
        &PDF,
        (slot, hub, journal),
        options,
        clock.clone(),
        Box::new(Nobody),
    );
    let (read, write) = far.split();
    let peer = Peer {
        read,
        write,
        decoder: Decoder::new(u32::MAX),
        frames: Default::default(),
        connection,
        reading,
        clock,
    };
    (PdfClient::from_module(module), peer)
}

impl Peer {
    async fn next(&mut self) -> Frame {
        let mut buffer = [0; 4096];
        while self.frames.is_empty() {
            let read = tokio::time::timeout(Duration::from_secs(5), self.read.read(&mut buffer))
                .await
                .expect("a frame")
                .unwrap();
            assert!(read > 0, "the parent closed");
            self.decoder
                .feed(&buffer[..read], |frame| self.frames.push_back(frame))
                .unwrap();
        }
        self.frames.pop_front().unwrap()
    }

    async fn send(&mut self, method: u16, flags: u8, request: u32, payload: &[u8]) {
        let header = Header {
            method,
            flags: Flags::from_byte(flags).unwrap(),
            request,
            length: payload.len() as u32,
        };
        self.write
            .write_all(&[&header.to_bytes()[..], payload].concat())
            .await
            .unwrap();
    }

    async fn answer(&mut self, to: &Frame, flags: u8, payload: &[u8]) {
        self.send(to.header.method, flags, to.header.request, payload)
            .await;
    }
}

#[tokio::test]
async fn requests_look_as_the_protocol_says() {
    let (pdf, mut peer) = connect();
    let call = tokio::spawn(pdf.sleep(7).result());
    let request = peer.next().await;
    assert_eq!(
        (
            request.header.method,
            request.header.flags,
            request.header.request
        ),
        (6, Flags::REQUEST, 1)
    );
    assert_eq!(request.payload, &b"\x81\xa2ms\x07"[..]);
    peer.answer(&request, 0x03, b"\x07").await;
    assert_eq!(call.await.unwrap().unwrap(), 7);
    pdf.log("x").oneway().await.unwrap();
    assert_eq!(peer.next().await.header.request, 0);
}

#[tokio::test]
async fn what_is_not_for_a_result_is_passed_over() {
    let (pdf, mut peer) = connect();
    let call = tokio::spawn(pdf.act("x").result());
    let request = peer.next().await;
    let id = request.header.request;
    peer.answer(&request, 0x23, b"\xa3ack").await; // an ack
    peer.answer(&request, 0x27, b"\xa3ack").await; // even with the error bit
    peer.answer(&request, 0x0B, b"\xa4item").await; // stream frames
    peer.answer(&request, 0x0F, b"\xa4boom").await;
    peer.answer(&request, 0x1B, b"").await;
    peer.answer(&request, 0x05, b"\xa4boom").await; // no response bit
    peer.send(7, 0x03, id + 1, b"\xa5other").await; // an unknown id
    peer.send(7, 0x03, id | 1 << 20, b"\xa5other").await; // another life of the same place
    peer.send(0xFFFF, 0x00, id, b"").await;
    peer.send(0xFFFE, 0x00, 0, b"").await;
    peer.send(99, 0x01, 0, b"\x01").await; // an unknown event
    // The method id and the direction of a reply do not matter.
    peer.send(42, 0x02, id, b"\xa2ok").await;
    assert_eq!(call.await.unwrap().unwrap(), "ok");
}

#[tokio::test]
async fn acks_may_be_empty_or_plain_answers() {
    let (pdf, mut peer) = connect();
    for (flags, payload) in [
        (0x23, &b""[..]),
        (0x23, b"\xc0"),
        (0x23, b"\xa1x"),
        (0x03, b"\xc0"),
        (0x03, b""),
    ] {
        let call = tokio::spawn(pdf.index("x").result());
        let request = peer.next().await;
        peer.answer(&request, flags, payload).await;
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn stream_items_before_the_error_are_delivered_and_nothing_after_the_end() {
    let (pdf, mut peer) = connect();
    let mut blocks = pdf.blocks(1, 1).stream().await.unwrap();
    let request = peer.next().await;
    peer.answer(&request, 0x03, b"\xa1?").await; // not for a stream
    peer.answer(&request, 0x0B, b"\xa1a").await;
    peer.answer(&request, 0x0B, b"\xa1b").await;
    peer.answer(&request, 0x07, b"\xa4boom").await; // an old worker's error
    peer.answer(&request, 0x0B, b"\xa1c").await;
    assert_eq!(blocks.try_next().await.unwrap().as_deref(), Some("a"));
    assert_eq!(blocks.try_next().await.unwrap().as_deref(), Some("b"));
    let error = blocks.try_next().await.unwrap_err();
    assert_eq!(error.to_string(), "pdf.blocks: worker 77 raised boom");
    assert!(blocks.try_next().await.unwrap().is_none());
    let mut blocks = pdf.blocks(1, 1).stream().await.unwrap();
    let request = peer.next().await;
    peer.answer(&request, 0x1B, b"ignored").await;
    assert!(blocks.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn errors_of_every_kind_have_their_place() {
    let (pdf, mut peer) = connect();
    let mut fail = async |payload: &'static [u8]| {
        let call = tokio::spawn(pdf.open("x").into_future());
        let request = peer.next().await;
        peer.answer(&request, 0x07, payload).await;
        call.await.unwrap().unwrap_err()
    };
    let error =
        fail(b"\x83\xa7message\xa1m\xa4kind\xa3app\xa5error\x82\xa4path\xa1p\xa4type\xa9not_found")
            .await;
    assert!(
        matches!(&error, CallError::App(PdfError::NotFound { path }) if path == "p"),
        "the tag may come last: {error}"
    );
    let error =
        fail(b"\x83\xa7message\xa1m\xa4kind\xa3app\xa5error\x82\xa4type\xa3new\xa1x\x01").await;
    assert!(
        matches!(&error, CallError::App(PdfError::Unknown(raw)) if raw.get("x").is_some()),
        "{error}"
    );
    let error = fail(b"\x83\xa7message\xa3bad\xa4kind\xa7invalid\xa5field\xa5$.dpi").await;
    assert_eq!(
        (error.to_string().as_str(), error.outcome()),
        (
            "pdf.open: invalid arguments: $.dpi: bad",
            Outcome::NotStarted
        )
    );
    let error = fail(b"\x82\xa7message\xa1m\xa4kind\xabunsupported").await;
    assert!(matches!(error, CallError::Unsupported { .. }), "{error}");
    let error = fail(b"\x83\xa7message\xa1m\xa4kind\xa9exception\xa4type\xaaValueError").await;
    assert_eq!(
        error.to_string(),
        "pdf.open: worker 77 raised ValueError: m"
    );
    let error = fail(b"\xc1").await;
    assert!(matches!(error, CallError::Remote(_)), "{error}");
    let error = fail(b"\x82\xa7message\xa1m\xa4kind\xaaoverloaded").await;
    assert!(error.is_safe_to_retry(), "{error}");
}

use std::future::IntoFuture;

#[tokio::test]
async fn an_answer_that_does_not_fit_fails_that_call_only_and_names_the_field() {
    let (pdf, mut peer) = connect();
    for (payload, words) in [
        (
            &b"\x82\xa2id\xa1a\xa5pages\xa3ten"[..],
            "$.pages: invalid type: string \"ten\", expected u32",
        ),
        (b"\x81\xa2id\xa1a", "$.pages: missing"),
        (
            b"\x82\xa2id\xa0\xa5pages\x01",
            "$.id: length 0 is outside 1..=",
        ),
        (b"", "the payload is empty"),
        (b"\x01", "$: invalid type: integer `1`"),
        (b"\x01\x01", "$: bytes follow the value"),
    ] {
        let call = tokio::spawn(pdf.open("x").into_future());
        let request = peer.next().await;
        peer.answer(&request, 0x03, payload).await;
        let error = call.await.unwrap().unwrap_err();
        assert!(
            matches!(error, CallError::Decode { .. }) && error.to_string().contains(words),
            "{error}"
        );
        assert_eq!(error.outcome(), Outcome::Executed);
    }
    let call = tokio::spawn(pdf.open("x").into_future());
    let request = peer.next().await;
    peer.answer(
        &request,
        0x03,
        b"\x84\xa2id\xa1a\xa5pages\xca\x40\x40\x00\x00\xa5title\xc0\xa5extra\x91\x01",
    )
    .await;
    assert_eq!(
        call.await.unwrap().unwrap().pages,
        3,
        "a float without a fraction, nil for absent, an unknown key"
    );
}

#[tokio::test]
async fn a_dropped_call_is_aborted_and_its_id_is_not_used_before_the_last_frame() {
    let (pdf, mut peer) = connect();
    let call = tokio::spawn(pdf.sleep(1).result());
    let first = peer.next().await;
    call.abort();
    let _ = call.await;
    let abort = peer.next().await;
    assert_eq!(
        (
            abort.header.method,
            abort.header.request,
            abort.header.length
        ),
        (0xFFFF, first.header.request, 0)
    );
    assert!(!peer.connection.is_idle(), "the worker may still answer");
    let call = tokio::spawn(pdf.sleep(1).result());
    let second = peer.next().await;
    assert_ne!(
        second.header.request & 0xF_FFFF,
        first.header.request & 0xF_FFFF
    );
    peer.answer(&first, 0x03, b"\x09").await; // late, and for nobody
    peer.answer(&second, 0x03, b"\x02").await;
    assert_eq!(call.await.unwrap().unwrap(), 2);
    assert!(peer.connection.is_idle());
}

#[tokio::test]
async fn a_method_that_cannot_be_cancelled_is_not_aborted() {
    let (pdf, mut peer) = connect();
    let call = tokio::spawn(pdf.stubborn(1).result());
    let first = peer.next().await;
    call.abort();
    let _ = call.await;
    pdf.log("next").oneway().await.unwrap();
    assert_eq!(
        peer.next().await.header.method,
        4,
        "the next frame is no abort"
    );
    peer.answer(&first, 0x03, b"\x01").await;
}

#[tokio::test]
async fn time_runs_from_the_first_poll_to_the_answer_and_then_the_worker_is_told() {
    let (pdf, mut peer) = connect();
    let call = tokio::spawn(pdf.sleep(1).timeout(Duration::from_secs(10)).result());
    let request = peer.next().await;
    peer.clock.advance(Duration::from_millis(9_999));
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    peer.clock.advance(Duration::from_millis(1));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "pdf.sleep: worker 77 gave no answer within 10s (it may have been executed)"
    );
    let abort = peer.next().await;
    assert_eq!(
        (abort.header.method, abort.header.request),
        (0xFFFF, request.header.request)
    );
    peer.answer(&request, 0x07, b"\xa9cancelled").await;
    // The default of the module: 30 s.
    let call = tokio::spawn(pdf.sleep(1).result());
    peer.next().await;
    peer.clock.advance(Duration::from_secs(30));
    assert!(matches!(
        call.await.unwrap(),
        Err(CallError::Timeout { .. })
    ));
}

#[tokio::test]
async fn a_stream_may_last_but_not_be_silent() {
    let (pdf, mut peer) = connect();
    let mut blocks = pdf
        .blocks(1, 1)
        .timeout(Duration::from_secs(10))
        .stream()
        .await
        .unwrap();
    let request = peer.next().await;
    for _ in 0..5 {
        peer.clock.advance(Duration::from_secs(9));
        peer.answer(&request, 0x0B, b"\xa1a").await;
        assert!(blocks.try_next().await.unwrap().is_some());
    }
    peer.clock.advance(Duration::from_secs(11));
    assert!(matches!(
        blocks.try_next().await,
        Err(CallError::Timeout { .. })
    ));
    assert_eq!(peer.next().await.header.method, 0xFFFF);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_fails_alone_at_its_bound() {
    let (pdf, mut peer) = connect();
    let mut blocks = pdf.blocks(1, 1).stream().await.unwrap();
    let request = peer.next().await;
    let item = [b"\xda\x03\xe8".as_slice(), &[b'x'; 1000]].concat();
    for _ in 0..20 {
        peer.answer(&request, 0x0B, &item).await;
    }
    assert_eq!(
        peer.next().await.header.method,
        0xFFFF,
        "the worker is told to stop"
    );
    let call = tokio::spawn(pdf.act("x").result());
    let other = peer.next().await;
    peer.answer(&other, 0x03, b"\xa2ok").await;
    assert_eq!(call.await.unwrap().unwrap(), "ok");
    let (mut items, error) = (
        0,
        loop {
            match blocks.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("an error is due"),
                Err(error) => break error,
            }
        },
    );
    items += 1;
    assert!(
        items == 1 && matches!(error, CallError::Overloaded { .. }),
        "{error}"
    );
    peer.answer(&request, 0x0F, b"\xa9cancelled").await;
}

#[tokio::test]
async fn more_calls_than_allowed_wait_for_their_turn() {
    let (pdf, mut peer) = connect();
    let calls: Vec<_> = (0..10)
        .map(|_| tokio::spawn(pdf.sleep(1).result()))
        .collect();
    let mut requests = Vec::new();
    for _ in 0..4 {
        requests.push(peer.next().await);
    }
    assert_eq!(pdf.module().in_flight(), 4);
    for _ in 0..10 {
        let request = requests.pop().unwrap();
        peer.answer(&request, 0x03, b"\x01").await;
        if requests.len() < 4 && peer.connection.in_flight() > 0 {
            let next = tokio::time::timeout(Duration::from_millis(500), peer.next()).await;
            requests.extend(next.ok());
        }
    }
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn what_was_not_sent_is_known_not_to_be_executed() {
    let (pdf, mut peer) = connect();
    // More than a socket holds, and nobody reads it.
    let stuck = tokio::spawn(pdf.concat(vec![1; 1 << 20]).result());
    while pdf.module().in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let behind = tokio::spawn(pdf.risky("x").result());
    while pdf.module().in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    // Given up before its turn: the worker will see no more of it than the abort of a request it never had.
    let third = tokio::spawn(pdf.risky("y").timeout(Duration::from_secs(1)).result());
    while pdf.module().in_flight() < 3 {
        tokio::task::yield_now().await;
    }
    peer.clock.advance(Duration::from_secs(1));
    let error = third.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    let first = peer.next().await;
    assert_eq!(first.header.length, 1 << 20);
    let second = peer.next().await;
    assert_eq!(second.header.method, 9);
    assert_eq!(peer.next().await.header.method, 0xFFFF);
    peer.answer(&second, 0x03, b"\xa2ok").await;
    assert_eq!(behind.await.unwrap().unwrap(), "ok");
    stuck.abort();
}

#[tokio::test]
async fn the_end_of_a_connection_settles_every_call_once_with_what_is_known() {
    let (pdf, mut peer) = connect();
    let sent = tokio::spawn(pdf.risky("x").result());
    peer.next().await;
    let answered = tokio::spawn(pdf.risky("y").result());
    let request = peer.next().await;
    let mut stream = pdf.blocks(1, 1).stream().await.unwrap();
    let streamed = peer.next().await;
    peer.answer(&streamed, 0x0B, b"\xa1a").await;
    peer.answer(&request, 0x03, b"\xa2ok").await;
    drop((peer.read, peer.write));
    let end = peer.reading.await.unwrap();
    peer.connection.fail(Down::new(end.to_string()));
    assert_eq!(answered.await.unwrap().unwrap(), "ok", "it had arrived");
    let error = sent.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), Outcome::MaybeExecuted, "{error}");
    assert_eq!(stream.try_next().await.unwrap().as_deref(), Some("a"));
    assert!(stream.try_next().await.is_err());
    assert!(stream.try_next().await.unwrap().is_none());
    assert!(peer.connection.is_idle());
}

#[tokio::test]
async fn events_need_no_request_and_a_bad_one_is_passed_over() {
    let (pdf, mut peer) = connect();
    let mut latest = pdf.latest();
    peer.send(2, 0x01, 5, b"\x01").await; // a request id: no event
    peer.send(2, 0x00, 0, b"\x02").await; // not to the parent
    peer.send(2, 0x03, 0, b"\x03").await; // a response
    peer.send(1, 0x01, 0, b"\x04").await; // another event
    peer.send(2, 0x01, 0, b"\xa1x").await; // not a number
    peer.send(2, 0x29, 0, b"\x06").await; // other bits do not matter
    assert_eq!(latest.next().await, Some(6));
}
