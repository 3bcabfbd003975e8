//! What goes beyond the plain protocol, when the parent has agreed on it, and that nothing does when it has not.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tokio::sync::Semaphore;

use super::*;
use crate::codec::Never;
use crate::control::Features;
use crate::ids::{CONTEXT, CREDIT, HEADER_SIZE, STARTED};
use crate::worker::{Answers, ctx};

const SAFE: u16 = 1;
const RISKY: u16 = 2;
const MANY: u16 = 3;
const SILENT: u16 = 4;

static AGREED: Contract = Contract {
    name: "agreed",
    version: "1.0.0",
    methods: &[
        Method {
            idempotent: true,
            ..method("safe", Kind::Result, Codec::Msgpack, true)
        },
        method("risky", Kind::Result, Codec::Msgpack, true),
        method("many", Kind::Stream, Codec::Msgpack, true),
        method("silent", Kind::None, Codec::Msgpack, true),
    ],
    events: &[],
};

#[test]
fn what_is_told_of_is_announced_by_name_to_who_wants_to_know() {
    use crate::control::{Message, announce};

    let starts = |features| {
        let line = announce(&AGREED, "inherited", 1, &features);
        let Message::Init(init) = Message::parse(line.as_bytes()) else {
            panic!("{line}")
        };
        let starts = init.unwrap().ours.unwrap().starts;
        starts.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(starts(Features::all()), ["many", "risky", "silent"]);
    assert_eq!(starts(Features::default()), [""; 0]);
}

fn parent(features: Features, hands: impl Fn(u16, Request) + Send + Sync + 'static) -> Parent {
    let limits = Limits {
        features,
        ..Limits::default()
    };
    Parent::serving(&AGREED, &EventSink::new(&AGREED), limits, hands)
}

/// A worker with threads of its own: where one of them blocks, the parent of the test must not.
fn parent_of_threads(
    threads: usize,
    features: Features,
    hands: impl Fn(u16, Request) + Send + Sync + 'static,
) -> Parent {
    let (near, far) = UnixStream::pair().unwrap();
    let (phase, told) = watch::channel(Phase::Serving);
    let limits = Limits {
        features,
        ..Limits::default()
    };
    let worker = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let far = Duplex::from_std(far).unwrap();
            let events = EventSink::new(&AGREED);
            let serving = serve_stream(far, &AGREED, Hands(hands), events, told, limits);
            tokio::spawn(serving).await.unwrap()
        })
    });
    let (read, write) = Duplex::from_std(near).unwrap().split();
    Parent {
        reader: Reader::new(read, DEFAULT_MAX_PAYLOAD),
        write,
        inbox: VecDeque::new(),
        phase,
        worker,
    }
}

const STARTS: Features = Features {
    started: true,
    ..NOTHING
};
const NOTHING: Features = Features {
    started: false,
    credit: None,
    context: false,
    tagged: false,
    inherited: false,
    log: false,
};

impl Parent {
    async fn expect_started(&mut self, request: u32) {
        let Frame { header, payload } = self.frame().await;
        assert_eq!(
            (header.method, header.flags, header.request, payload.len()),
            (STARTED, Flags::TO_PARENT, request, 0),
            "{header:?}"
        );
    }
}

fn double(method: u16, request: Request) {
    match method {
        MANY => request.stream(|n: u32| Answers::<u32>::from_iter(0..n)),
        SILENT => request.oneway(async |_: u32| Oneway),
        _ => request.result(async |n: u32| Ok::<_, Never>(2 * n)),
    }
}

#[tokio::test]
async fn who_runs_says_so_first_and_who_does_not_says_nothing() {
    let mut parent = parent(STARTS, double);
    let batch = [
        bytes_of(RISKY, 1, &packed(1_u32)),
        bytes_of(SAFE, 2, &packed(2_u32)),
        bytes_of(RISKY, 3, &packed("no number".to_owned())),
        bytes_of(777, 4, b"\xc0"),
        bytes_of(SILENT, 0, &packed(5_u32)),
        bytes_of(MANY, 6, &packed(1_u32)),
        bytes_of(RISKY, 7, &packed(7_u32)),
    ];
    parent.raw(&batch.concat()).await;
    parent.expect_started(1).await;
    parent.expect(Flags::RESPONSE, 1, 2_u32).await;
    parent.expect(Flags::RESPONSE, 2, 4_u32).await;
    parent
        .expect_error(Flags::ERROR, 3, ErrorKind::Invalid)
        .await;
    parent
        .expect_error(Flags::ERROR, 4, ErrorKind::Unsupported)
        .await;
    parent.expect_started(6).await;
    parent.expect(Flags::CHUNK, 6, 0_u32).await;
    assert_eq!(parent.frame().await.header.flags, Flags::END);
    parent.expect_started(7).await;
    parent.expect(Flags::RESPONSE, 7, 14_u32).await;
    parent.end().await;
}

/// Neither the part of a handler before its future nor the future itself runs before the parent can read the frame.
#[tokio::test]
async fn the_parent_hears_of_a_start_before_the_first_instruction() {
    let (allow, allowed) = mpsc::channel::<u32>();
    let allowed = Arc::new(std::sync::Mutex::new(allowed));
    let mut parent = parent_of_threads(1, STARTS, move |method, request| {
        let allowed = Arc::clone(&allowed);
        // Blocks until the test has seen the frame.
        let wait = move |n: u32| assert_eq!(allowed.lock().unwrap().recv().unwrap(), n);
        match method {
            SAFE => request.result(async |n: u32| Ok::<_, Never>(n)),
            _ => request.result(move |n: u32| {
                wait(n);
                async move {
                    tokio::task::yield_now().await;
                    Ok::<_, Never>(n)
                }
            }),
        }
    });
    for n in 1..20 {
        // An answer waits when the handler behind it starts.
        let batch = [
            bytes_of(SAFE, 100, &packed(n)),
            bytes_of(RISKY, n, &packed(n)),
        ];
        parent.raw(&batch.concat()).await;
        parent.expect(Flags::RESPONSE, 100, n).await;
        parent.expect_started(n).await;
        allow.send(n).unwrap();
        parent.expect(Flags::RESPONSE, n, n).await;
    }
    parent.end().await;
}

#[tokio::test]
async fn nothing_starts_while_the_parent_cannot_be_told() {
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let mut parent = parent(STARTS, move |method, request| {
        let count = Arc::clone(&count);
        match method {
            SAFE => request.result(async |size: u32| Ok::<_, Never>("x".repeat(size as usize))),
            _ => request.result(async move |n: u32| {
                count.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Never>(n)
            }),
        }
    });
    // More than the socket takes, in the same read as the request behind it.
    let batch = [
        bytes_of(SAFE, 1, &packed(4_000_000_u32)),
        bytes_of(RISKY, 2, &packed(2_u32)),
    ];
    parent.raw(&batch.concat()).await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    parent
        .expect(Flags::RESPONSE, 1, "x".repeat(4_000_000))
        .await;
    parent.expect_started(2).await;
    parent.expect(Flags::RESPONSE, 2, 2_u32).await;
    parent.end().await;
}

/// The socket is filled by one task while the reader is about to start a handler: that thread waits, then goes on.
#[tokio::test]
async fn starts_and_answers_of_many_tasks_keep_their_order() {
    let mut parent = parent_of_threads(4, STARTS, |_, request| {
        request.result(async |n: u32| {
            tokio::task::yield_now().await;
            Ok::<_, Never>("y".repeat(n as usize))
        });
    });
    let requests: Vec<u8> = (1..=500_u32)
        .flat_map(|id| bytes_of(RISKY, id, &packed(id * 20)))
        .collect();
    let write = async { parent.write.write_all(&requests).await.unwrap() };
    let (mut started, mut answered) = (Vec::new(), 0);
    let read = async {
        let mut frames = Vec::new();
        while answered < 500 {
            soon(parent.reader.fill(&mut frames)).await.unwrap();
            for Frame { header, payload } in frames.drain(..) {
                if header.method == STARTED {
                    started.push(header.request);
                } else {
                    assert!(started.contains(&header.request), "{header:?}");
                    assert!(payload.len() >= header.request as usize * 20);
                    answered += 1;
                }
            }
        }
    };
    tokio::join!(write, read);
    assert_eq!(started, (1..=500).collect::<Vec<_>>());
    parent.end().await;
}

fn credit(window: u32) -> Features {
    Features {
        credit: Some(window),
        ..NOTHING
    }
}

/// A chunk costs its payload and 64; it may overdraw the window once. What it says is a number of one byte.
#[tokio::test]
async fn a_stream_stops_at_the_end_of_its_window_and_delays_nobody() {
    let mut parent = parent(credit(650), double);
    parent.send(MANY, 1, packed(100_u32)).await;
    for n in 0..10_u32 {
        parent.expect(Flags::CHUNK, 1, n).await;
    }
    parent.send(RISKY, 2, packed(1_u32)).await;
    parent.expect(Flags::RESPONSE, 2, 2_u32).await;
    // The balance is 0; one byte is enough for one chunk more.
    parent.send(CREDIT, 1, 1_u32.to_be_bytes()).await;
    parent.expect(Flags::CHUNK, 1, 10_u32).await;
    // Not for this stream, for none, and not a number: nothing moves.
    parent.send(CREDIT, 3, 1_000_u32.to_be_bytes()).await;
    parent.send(CREDIT, 0, 1_000_u32.to_be_bytes()).await;
    parent.send(CREDIT, 1, b"\x01").await;
    parent.send(RISKY, 4, packed(1_u32)).await;
    parent.expect(Flags::RESPONSE, 4, 2_u32).await;
    parent.send(CREDIT, 1, 64_u32.to_be_bytes()).await;
    parent.send(RISKY, 5, packed(1_u32)).await;
    parent.expect(Flags::RESPONSE, 5, 2_u32).await;
    parent.send(CREDIT, 1, u32::MAX.to_be_bytes()).await;
    parent.send(CREDIT, 1, u32::MAX.to_be_bytes()).await;
    for n in 11..100_u32 {
        parent.expect(Flags::CHUNK, 1, n).await;
    }
    assert_eq!(parent.frame().await.header.flags, Flags::END);
    parent.send(CREDIT, 1, 1_u32.to_be_bytes()).await;
    parent.end().await;
}

#[tokio::test]
async fn the_end_of_a_stream_costs_nothing() {
    let mut parent = parent(credit(650), double);
    parent.send(MANY, 1, packed(10_u32)).await;
    for n in 0..10_u32 {
        parent.expect(Flags::CHUNK, 1, n).await;
    }
    assert_eq!(parent.frame().await.header.flags, Flags::END);
    parent.end().await;
}

#[tokio::test]
async fn a_frozen_consumer_gets_exactly_one_window() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let mut parent = parent(credit(256 << 10), move |_, request| {
        let count = Arc::clone(&count);
        request.stream(move |n: u32| {
            Answers::<Bytes>::from_iter((0..n).map(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                Bytes::from(vec![0; 1000])
            }))
        });
    });
    parent.send(MANY, 1, packed(1_000_000_u32)).await;
    // 1003 bytes with their length, and 64: the last one overdraws.
    let window = (256_usize << 10).div_ceil(1003 + 64);
    for _ in 0..window {
        assert_eq!(parent.frame().await.header.flags, Flags::CHUNK);
    }
    parent.abort(1).await;
    parent
        .expect_error(Flags::STREAM_ERROR, 1, ErrorKind::Cancelled)
        .await;
    assert_eq!(
        made.load(Ordering::SeqCst),
        window + 1,
        "one waits for the window"
    );
    parent.end().await;
}

#[tokio::test]
async fn who_waits_for_credit_hears_that_it_is_over() {
    let dropped = Arc::new(Semaphore::new(0));
    let counter = Arc::clone(&dropped);
    let mut parent = parent(credit(1), move |method, request| {
        let counter = Arc::clone(&counter);
        match method {
            MANY => request.stream(move |asks: u32| {
                Answers::<u32>::produce(async move |mut items| {
                    let context = ctx();
                    for n in 0.. {
                        if asks == 1 && context.is_cancelled() {
                            break;
                        }
                        items.send(n).await;
                    }
                    counter.add_permits(1);
                    Ok(())
                })
            }),
            _ => double(method, request),
        }
    });
    // One that is dropped where it waits, and one that ends by itself.
    for (id, asks) in [(1, 0_u32), (2, 1)] {
        parent.send(MANY, id, packed(asks)).await;
        parent.expect(Flags::CHUNK, id, 0_u32).await;
        parent.abort(id).await;
        parent
            .expect_error(Flags::STREAM_ERROR, id, ErrorKind::Cancelled)
            .await;
    }
    soon(dropped.acquire()).await.unwrap().forget();
    // One that the end of the connection meets.
    parent.send(MANY, 3, packed(1_u32)).await;
    parent.expect(Flags::CHUNK, 3, 0_u32).await;
    drop((parent.reader, parent.write));
    soon(parent.worker).await.unwrap().unwrap();
    soon(dropped.acquire()).await.unwrap().forget();
}

#[tokio::test]
async fn a_request_knows_its_trace_and_no_other() {
    let features = Features {
        context: true,
        ..NOTHING
    };
    let mut parent = parent(features, |_, request| {
        request.result(async |later: bool| {
            if later {
                tokio::task::yield_now().await;
            }
            Ok::<_, Never>(ctx().traceparent().map(str::to_owned))
        });
    });
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned();
    let context = |trace: &str| {
        let mut out = b"\x82\xabtraceparent".to_vec();
        out.extend(packed(trace.to_owned()));
        out.extend(b"\xa5later\x01");
        out
    };
    for (id, later) in [(1, false), (2, true)] {
        parent.send(CONTEXT, id, context(&trace)).await;
        parent.send(RISKY, id, packed(later)).await;
        parent
            .expect(Flags::RESPONSE, id, Some(trace.clone()))
            .await;
    }
    // For another request, a second time, and what is no context at all.
    parent.send(CONTEXT, 3, context(&trace)).await;
    parent.send(RISKY, 4, packed(false)).await;
    parent.expect(Flags::RESPONSE, 4, None::<String>).await;
    parent.send(RISKY, 3, packed(false)).await;
    parent.expect(Flags::RESPONSE, 3, None::<String>).await;
    for odd in [
        &b""[..],
        b"\xc1",
        b"\x01",
        b"\x81\xabtraceparent\x01",
        &context(&"x".repeat(300)),
    ] {
        parent.send(CONTEXT, 5, odd).await;
        parent.send(RISKY, 5, packed(false)).await;
        parent.expect(Flags::RESPONSE, 5, None::<String>).await;
    }
    parent.end().await;
}

#[tokio::test]
async fn without_agreement_these_are_ids_like_any_other() {
    let mut parent = parent(NOTHING, double);
    for (id, method) in [(1, CONTEXT), (2, CREDIT), (3, STARTED)] {
        parent.send(method, id, 1_u32.to_be_bytes()).await;
        let error = parent
            .expect_error(Flags::ERROR, id, ErrorKind::Unsupported)
            .await;
        assert_eq!(error.message, format!("Unknown method ID: {method}"));
    }
    parent.send(RISKY, 4, packed(4_u32)).await;
    parent.expect(Flags::RESPONSE, 4, 8_u32).await;
    parent.send(MANY, 5, packed(200_u32)).await;
    for n in 0..200_u32 {
        parent.expect(Flags::CHUNK, 5, n).await;
    }
    assert_eq!(
        HEADER_SIZE + parent.frame().await.payload.len(),
        HEADER_SIZE
    );
    parent.end().await;
}
