//! The connection over a socket pair, with the worker's end held by hand: what is written, in which order, how often, and what
//! becomes of requests when the other end stalls, breaks the rules or goes away.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use procwire_runtime::clock::Clock;
use procwire_runtime::connection::{
    Bounds, Connection, Down, End, EventTarget, Expects, Limits, Link, MethodBinding, Outcome,
    Outgoing, Progress, Reply, SendRefused, Ticket, Violation,
};
use procwire_runtime::control::Features;
use procwire_runtime::transport::{Duplex, ReadHalf, WriteHalf};
use procwire_runtime::wire::{Decoder, Flags, Frame, Header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

const LIMITS: Limits = Limits {
    max_payload: 64 << 20,
    backlog: 1 << 20,
    bounds: Bounds {
        in_flight: 10_000,
        stream_bytes: 1 << 20,
        total_bytes: 1 << 20,
    },
};
const WINDOW: u32 = 1 << 10;
const STARTED: u16 = 0xFFFD;
const CREDIT: u16 = 0xFFFC;
const ABORT: u16 = 0xFFFF;

#[derive(Debug)]
struct NoEvents;

impl EventTarget for NoEvents {
    fn on_event(&self, _: usize, _: Bytes) {}
}

/// Both ends.
struct Pair {
    connection: Arc<Connection>,
    reading: JoinHandle<End>,
    clock: Clock,
    read: ReadHalf,
    write: WriteHalf,
    decoder: Decoder,
    frames: VecDeque<Frame>,
}

fn ours() -> Features {
    Features {
        started: true,
        credit: Some(WINDOW),
        ..Features::default()
    }
}

fn pair(features: Features) -> Pair {
    let (near, far) = Duplex::pair().unwrap();
    let clock = Clock::manual();
    let method = |starts| MethodBinding {
        id: 1,
        starts,
        timeout: None,
        mismatch: None,
    };
    let link = Link {
        pid: None,
        incarnation: 1,
        worker_version: "".into(),
        methods: [method(true), method(false)].into(),
        events: HashMap::new(),
        features,
    };
    let (connection, mut reading) =
        Connection::open(near, link, LIMITS, clock.clone(), Arc::new(NoEvents));
    let reading = tokio::spawn(async move { reading.run().await });
    let (read, write) = far.split();
    Pair {
        connection,
        reading,
        clock,
        read,
        write,
        decoder: Decoder::new(u32::MAX),
        frames: VecDeque::new(),
    }
}

impl Pair {
    fn send(&self, payload: &[u8], expects: Expects) -> Result<Ticket, SendRefused> {
        let mut frame = [&[0; 11][..], payload].concat();
        let outgoing = Outgoing {
            frame: &mut frame,
            big: None,
            method: 0,
            context: None,
        };
        self.connection.send(outgoing, expects, true, None, None)
    }

    fn send_big(&self, size: usize) -> Result<Ticket, SendRefused> {
        let outgoing = Outgoing {
            frame: &mut [0; 11],
            big: Some(&Bytes::from(vec![1; size])),
            method: 0,
            context: None,
        };
        self.connection
            .send(outgoing, Expects::Result, true, None, None)
    }

    fn call(&self, payload: &[u8]) -> Ticket {
        self.send(payload, Expects::Result).unwrap()
    }

    async fn next(&mut self) -> Frame {
        let mut buffer = vec![0; 64 << 10];
        while self.frames.is_empty() {
            let read = soon(self.read.read(&mut buffer)).await.unwrap();
            assert!(read > 0, "the parent closed");
            self.decoder
                .feed(&buffer[..read], |frame| self.frames.push_back(frame))
                .unwrap();
        }
        self.frames.pop_front().unwrap()
    }

    async fn write(&mut self, method: u16, flags: u8, request: u32, payload: &[u8]) {
        let header = Header {
            method,
            flags: Flags::from_byte(flags).unwrap(),
            request,
            length: payload.len() as u32,
        };
        let bytes = [&header.to_bytes()[..], payload].concat();
        self.write.write_all(&bytes).await.unwrap();
    }

    /// The worker is gone; everything is read, then everything fails.
    async fn bury(self) -> End {
        let Self {
            connection,
            reading,
            read,
            write,
            ..
        } = self;
        drop((read, write));
        connection.stop_writing();
        let end = soon(reading).await.unwrap();
        connection.fail(Down::new("gone"));
        end
    }
}

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("in time")
}

async fn reply(ticket: &mut Ticket) -> Reply {
    soon(poll_fn(|context| ticket.poll_reply(context))).await
}

fn outcome(reply: &Reply) -> Outcome {
    match reply {
        Reply::Lost(_, outcome) | Reply::TimedOut(outcome) | Reply::Violated(_, outcome) => {
            *outcome
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn io_01_requests_leave_in_order_and_once() {
    let mut pair = pair(ours());
    let tickets: Vec<Ticket> = (0..500_u32).map(|i| pair.call(&i.to_be_bytes())).collect();
    for i in 0..500_u32 {
        let frame = pair.next().await;
        assert_eq!(frame.payload, i.to_be_bytes()[..]);
        pair.write(STARTED, 0x01, frame.header.request, b"").await;
        pair.write(1, 0x03, frame.header.request, &frame.payload)
            .await;
    }
    for (i, mut ticket) in (0_u32..).zip(tickets) {
        let answer = reply(&mut ticket).await;
        assert!(matches!(answer, Reply::Answer(payload) if payload == i.to_be_bytes()[..]));
    }
    assert!(pair.connection.is_idle());
}

#[tokio::test]
async fn io_02_a_full_socket_duplicates_nothing_and_refuses_beyond_the_bound() {
    let mut pair = pair(ours());
    let mut tickets = Vec::new();
    // Nobody reads: the socket fills up, then the queue.
    let refused = loop {
        match pair.send(&[7; 5000], Expects::Result) {
            Ok(ticket) => tickets.push(ticket),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, SendRefused::Full));
    let ids: Vec<u32> = {
        let mut ids = Vec::new();
        for _ in 0..tickets.len() {
            ids.push(pair.next().await.header.request);
        }
        ids
    };
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), tickets.len(), "each once");
    assert!(ids.is_sorted(), "in order");
    assert!(
        pair.send(b"x", Expects::Result).is_ok(),
        "there is room again"
    );
}

#[tokio::test]
async fn io_03_and_04_what_was_accepted_and_what_was_not_is_told_apart() {
    let pair = pair(ours());
    let mut accepted = pair.call(b"x");
    let mut queued = pair.send_big(32 << 20).unwrap();
    let end = pair.bury().await;
    assert!(matches!(end, End::Closed | End::Lost(_)), "{end:?}");
    assert_eq!(outcome(&reply(&mut accepted).await), Outcome::NotStarted);
    assert_eq!(outcome(&reply(&mut queued).await), Outcome::NotSent);
}

#[tokio::test]
async fn io_05_and_06_a_connection_that_ended_takes_nothing() {
    let pair = pair(ours());
    let connection = pair.connection.clone();
    let mut queued = pair.send_big(900 << 10).unwrap();
    connection.fail(Down::new("destroyed"));
    assert_eq!(outcome(&reply(&mut queued).await), Outcome::NotSent);
    let refused = pair.send(b"late", Expects::Result);
    assert!(matches!(refused, Err(SendRefused::Down(down)) if &*down.reason == "destroyed"));
}

#[tokio::test]
async fn io_10_a_request_that_was_given_up_in_the_queue_never_executes() {
    let mut pair = pair(ours());
    let stuffing = pair.send_big(900 << 10).unwrap();
    let given_up = pair.send(b"never", Expects::Result);
    drop(given_up);
    let big = pair.next().await;
    pair.write(1, 0x07, big.header.request, b"").await;
    let ghost = pair.next().await;
    assert_eq!(ghost.header.method, ABORT, "of a request it never had");
    drop(stuffing);
}

#[tokio::test]
async fn io_11_frames_of_others_do_not_slip_into_a_large_one() {
    let mut pair = pair(ours());
    let _large = pair.send_big(8 << 20).unwrap();
    let large = pair.next();
    let large = soon(large).await;
    assert_eq!(large.payload.len(), 8 << 20);
    assert!(large.payload.iter().all(|byte| *byte == 1));
}

#[tokio::test]
async fn d13_a_caller_that_leaves_in_the_middle_of_a_write_leaves_whole_frames() {
    let mut pair = pair(ours());
    let large = pair.send_big(8 << 20).unwrap();
    let mut first = [0; 11];
    soon(pair.read.read_exact(&mut first)).await.unwrap();
    pair.decoder
        .feed(&first, |_| panic!("no frame so far"))
        .unwrap();
    drop(large);
    assert_eq!(pair.next().await.payload.len(), 8 << 20);
    assert_eq!(pair.next().await.header.method, ABORT);
}

#[tokio::test]
async fn e10_an_answer_before_the_request_is_written_whole_is_legal() {
    let mut pair = pair(ours());
    let mut large = pair.send_big(8 << 20).unwrap();
    pair.write(1, 0x07, 1, b"early").await;
    assert!(matches!(reply(&mut large).await, Reply::Error(_)));
    assert_eq!(pair.next().await.payload.len(), 8 << 20, "it is finished");
}

#[tokio::test]
async fn a03_and_boundary_2_after_the_stream_was_drained() {
    let mut pair = pair(ours());
    let (mut answered, mut started, mut silent) =
        (pair.call(b"a"), pair.call(b"b"), pair.call(b"c"));
    for _ in 0..3 {
        pair.next().await;
    }
    pair.write(STARTED, 0x01, 1, b"").await;
    pair.write(1, 0x03, 1, b"v").await;
    pair.write(STARTED, 0x01, 2, b"").await;
    pair.bury().await;
    assert!(matches!(reply(&mut answered).await, Reply::Answer(_)));
    assert_eq!(outcome(&reply(&mut started).await), Outcome::MaybeExecuted);
    assert_eq!(outcome(&reply(&mut silent).await), Outcome::NotStarted);
}

#[tokio::test]
async fn a15_without_the_end_of_the_stream_nothing_is_proved() {
    let mut pair = pair(ours());
    let mut silent = pair.call(b"c");
    pair.next().await;
    pair.reading.abort();
    pair.connection.fail(Down::new("escaped"));
    assert_eq!(outcome(&reply(&mut silent).await), Outcome::MaybeExecuted);
}

#[tokio::test]
async fn a11_for_every_cut_of_an_answer_its_call_may_have_been_executed() {
    let answer = Header {
        method: 1,
        flags: Flags::RESPONSE,
        request: 1,
        length: 4,
    };
    let answer = [&answer.to_bytes()[..], b"four"].concat();
    for cut in 1..answer.len() {
        let mut pair = pair(ours());
        let mut ticket = pair.call(b"x");
        pair.next().await;
        pair.write(STARTED, 0x01, 1, b"").await;
        pair.write.write_all(&answer[..cut]).await.unwrap();
        let end = pair.bury().await;
        assert!(matches!(end, End::Cut), "{end:?}");
        assert_eq!(outcome(&reply(&mut ticket).await), Outcome::MaybeExecuted);
    }
}

#[tokio::test]
async fn d09_frames_before_a_bad_one_are_delivered_and_the_violation_is_told() {
    for good in [0_u32, 1, 64] {
        let mut pair = pair(ours());
        let mut tickets: Vec<Ticket> = (0..=good).map(|_| pair.call(b"x")).collect();
        let mut bytes = Vec::new();
        for request in 1..=good {
            let started = (STARTED, Flags::TO_PARENT);
            for (method, flags) in [started, (1, Flags::RESPONSE)] {
                let header = Header {
                    method,
                    flags,
                    request,
                    length: 0,
                };
                bytes.extend(header.to_bytes());
            }
        }
        bytes.extend([0, 1, 0x03, 0, 0, 0, 0, 0, 0, 0, 0]); // an answer with id 0
        pair.write.write_all(&bytes).await.unwrap();
        let end = soon(&mut pair.reading).await.unwrap();
        let violation = Violation::Uncorrelated {
            flags: Flags::RESPONSE,
        };
        assert!(
            matches!(end, End::Breach(found) if found == violation),
            "{end:?}"
        );
        pair.connection.fail(Down::new(end.to_string()));
        let last = tickets.pop().unwrap();
        for mut ticket in tickets {
            assert!(matches!(reply(&mut ticket).await, Reply::Answer(_)));
        }
        let mut last = last;
        match reply(&mut last).await {
            Reply::Lost(down, Outcome::MaybeExecuted) => {
                assert_eq!(down.violation, Some(violation));
                assert!(down.reason.contains("with request id 0"), "{down}");
            }
            other => panic!("what follows a violation is not read: {other:?}"),
        }
    }
}

#[tokio::test]
async fn d06_half_a_frame_is_a_stall_only_while_a_call_waits() {
    let mut pair = pair(ours());
    pair.write.write_all(&[0, 1, 0x03, 0, 0]).await.unwrap();
    for _ in 0..5 {
        pair.clock.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
    }
    assert!(!pair.reading.is_finished());
    let mut ticket = pair.call(b"x");
    let clock = pair.clock.clone();
    let end = soon(async {
        loop {
            tokio::select! {
                end = &mut pair.reading => break end.unwrap(),
                () = tokio::task::yield_now() => clock.advance(Duration::from_secs(1)),
            }
        }
    })
    .await;
    assert!(matches!(end, End::Breach(Violation::FrameStall)), "{end:?}");
    pair.connection.fail(Down::new(end.to_string()));
    assert!(!matches!(reply(&mut ticket).await, Reply::Answer(_)));
}

#[tokio::test]
async fn g02_a_frozen_stream_leaves_other_calls_alone_and_goes_on_by_credit() {
    let mut pair = pair(ours());
    let mut stream = pair.send(b"s", Expects::Stream).unwrap();
    let id = pair.next().await.header.request;
    pair.write(STARTED, 0x01, id, b"").await;
    // A window of 1 KiB: items of 256 with what they cost.
    for _ in 0..4 {
        pair.write(1, 0x0B, id, &[0; 192]).await;
    }
    for _ in 0..100 {
        let mut ticket = pair.call(b"x");
        let frame = pair.next().await;
        assert_ne!(frame.header.method, CREDIT, "nobody has read anything");
        pair.write(STARTED, 0x01, frame.header.request, b"").await;
        pair.write(1, 0x03, frame.header.request, b"").await;
        assert!(matches!(reply(&mut ticket).await, Reply::Answer(_)));
    }
    // Item by item the stream goes on for many windows, as long as someone reads and the worker minds its balance.
    let (mut queue, mut items, mut sent, mut balance) = (VecDeque::new(), 0, 4, 0_i64);
    while items < 400 {
        let polled = poll_fn(|context| Poll::Ready(stream.poll_items(&mut queue, context))).await;
        if let Poll::Ready(progress) = polled {
            assert!(matches!(progress, Progress::Items), "{progress:?}");
            items += queue.drain(..).count();
            continue;
        }
        if balance <= 0 {
            let credit = pair.next().await;
            let of = (
                credit.header.method,
                credit.header.flags,
                credit.header.request,
            );
            assert_eq!(of, (CREDIT, Flags::REQUEST, id));
            balance += i64::from(u32::from_be_bytes(credit.payload[..].try_into().unwrap()));
        }
        while balance > 0 {
            pair.write(1, 0x0B, id, &[0; 192]).await;
            balance -= 256;
            sent += 1;
        }
        let next = poll_fn(|context| stream.poll_items(&mut queue, context));
        assert!(matches!(soon(next).await, Progress::Items));
        items += queue.drain(..).count();
    }
    assert!(items <= sent && !pair.reading.is_finished());
}

#[tokio::test]
async fn g03_a_dropped_stream_is_aborted_and_its_items_are_discarded() {
    let mut pair = pair(ours());
    let stream = pair.send(b"s", Expects::Stream).unwrap();
    let id = pair.next().await.header.request;
    pair.write(STARTED, 0x01, id, b"").await;
    drop(stream);
    assert_eq!(pair.next().await.header.method, ABORT);
    for _ in 0..4 {
        pair.write(1, 0x0B, id, &[0; 192]).await;
    }
    assert_eq!(pair.connection.given_up(), 1);
    pair.clock.advance(Duration::from_secs(6));
    assert_eq!(pair.connection.stuck(pair.clock.now()), 1);
    pair.write(1, 0x0F, id, b"").await;
    soon(async {
        while pair.connection.given_up() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(pair.connection.is_idle() && !pair.reading.is_finished());
}
