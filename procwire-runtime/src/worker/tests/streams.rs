//! Streams, events, and a parent that does not keep up.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::*;
use crate::codec::Never;
use crate::ids::UNCORRELATED;
use crate::worker::{Answers, EmitError, Items, ctx};

#[tokio::test]
async fn a_stream_is_its_items_and_one_end() {
    let mut parent =
        Parent::of(|_, request| request.stream(|n: u32| Answers::<u32>::from_iter(0..n)));
    parent.send(MANY, 1, packed(3_u32)).await;
    for item in 0..3_u32 {
        parent.expect(Flags::CHUNK, 1, item).await;
    }
    let end = parent.frame().await;
    assert_eq!((end.header.flags, end.header.length), (Flags::END, 0));
    parent.send(MANY, 2, packed(0_u32)).await;
    assert_eq!(parent.frame().await.header.flags, Flags::END);
    parent.send(MANY, 0, packed(9_u32)).await; // nobody could tell whose items these are
    parent.end().await;
}

#[tokio::test]
async fn an_error_ends_a_stream_after_its_items() {
    let mut parent = Parent::of(|_, request| {
        request.stream(|n: u32| match n {
            0 => Answers::failed(Trouble(0)),
            n => Answers::produce(async move |mut items: Items<Few>| {
                for item in 0..n {
                    items.send(Few(item)).await;
                }
                match n {
                    13 => panic!("thirteen"),
                    _ => Err(Trouble(n)),
                }
            }),
        });
    });
    for (request, n, kind) in [
        (1, 0, ErrorKind::App),
        (2, 2, ErrorKind::App),
        (3, 11, ErrorKind::App),
        (4, 12, ErrorKind::Encode), // its last item is more than ten
    ] {
        parent.send(MANY, request, packed(n)).await;
        for item in 0..n.min(11) {
            parent.expect(Flags::CHUNK, request, item).await;
        }
        parent
            .expect_error(Flags::STREAM_ERROR, request, kind)
            .await;
    }
    parent.end().await;
}

#[tokio::test]
async fn a_panic_ends_a_stream_after_its_items() {
    let mut parent = Parent::of(|_, request| {
        request.stream(|at: u32| {
            Answers::<u32>::from_iter((0..).inspect(move |n| assert_ne!(*n, at, "at {at}")))
        });
    });
    parent.send(MANY, 1, packed(2_u32)).await;
    parent.expect(Flags::CHUNK, 1, 0_u32).await;
    parent.expect(Flags::CHUNK, 1, 1_u32).await;
    let error = parent
        .expect_error(Flags::STREAM_ERROR, 1, ErrorKind::Exception)
        .await;
    assert!(error.message.contains("at 2"), "{}", error.message);
    parent.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_come_in_order_from_other_tasks_too() {
    const COUNT: u32 = 3000;
    let mut parent = Parent::of(|_, request| {
        request.stream(|(): ()| {
            Answers::<u32>::produce(async |mut items: Items<u32>| {
                let sender = tokio::spawn(async move {
                    for item in 0..COUNT {
                        items.send(item).await;
                    }
                });
                sender.await.unwrap();
                Ok(())
            })
        });
    });
    for request in 1..=3 {
        parent.send(MANY, request, b"\xc0").await;
    }
    let mut next = [0, 0, 0, 0];
    for _ in 0..3 * (COUNT + 1) {
        let frame = parent.frame().await;
        let next = &mut next[frame.header.request as usize];
        if frame.header.flags == Flags::CHUNK {
            assert_eq!(msgpack::decode::<u32>(&frame.payload).unwrap(), *next);
            *next += 1;
        } else {
            assert_eq!((frame.header.flags, *next), (Flags::END, COUNT));
        }
    }
    parent.end().await;
}

#[tokio::test]
async fn items_that_come_slowly_are_sent_one_by_one() {
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let mut parent = Parent::of(move |_, request| {
        let gate = Arc::clone(&opens);
        request.stream(|(): ()| {
            Answers::<u32>::produce(async move |mut items: Items<u32>| {
                for item in 0..3 {
                    gate.acquire().await.unwrap().forget();
                    items.send(item).await;
                }
                Ok(())
            })
        });
    });
    parent.send(MANY, 1, b"\xc0").await;
    for item in 0..3_u32 {
        gate.add_permits(1);
        parent.expect(Flags::CHUNK, 1, item).await;
    }
    assert_eq!(parent.frame().await.header.flags, Flags::END);
    parent.end().await;
}

/// The parent reads nothing for a while. What is made meanwhile is bounded, other requests are still read and run, an
/// abort gets through, and then everything comes in order.
#[tokio::test]
async fn a_parent_that_does_not_read_is_waited_for() {
    let made = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&made);
    let mut parent = Parent::of(move |method, request| {
        let counter = Arc::clone(&counter);
        match method {
            MANY => request.stream(move |(): ()| {
                Answers::<String>::from_iter(std::iter::repeat_with(move || {
                    counter.fetch_add(1, Ordering::SeqCst);
                    "x".repeat(1000)
                }))
            }),
            ONE => request.result(async |n: u32| Ok::<_, Never>("y".repeat(n as usize))),
            _ => request.result(async move |(): ()| Ok::<_, Never>(counter.load(Ordering::SeqCst))),
        }
    });
    parent.send(MANY, 1, b"\xc0").await;
    let settled = async {
        let mut before = u32::MAX;
        // Still when it has not grown over many turns of a runtime that has nothing else to do.
        while before != made.load(Ordering::SeqCst) || before == 0 {
            before = made.load(Ordering::SeqCst);
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
        }
    };
    soon(settled).await;
    let bounded = made.load(Ordering::SeqCst);
    assert!(
        (1000..4000).contains(&bounded),
        "{bounded} items of a kilobyte"
    );
    for request in 2..=101 {
        parent.send(ONE, request, packed(100_000_u32)).await;
    }
    parent.abort(1).await;
    let mut answered = Vec::new();
    let (mut chunks, mut is_ended) = (0, false);
    while answered.len() < 100 || !is_ended {
        let frame = parent.frame().await;
        match frame.header.flags {
            Flags::CHUNK => {
                assert!(!is_ended);
                chunks += 1;
            }
            Flags::STREAM_ERROR => {
                assert_eq!(
                    ErrorPayload::read(&frame.payload).kind,
                    ErrorKind::Cancelled
                );
                assert!(!std::mem::replace(&mut is_ended, true), "ended twice");
            }
            _ => answered.push(frame.header.request),
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, (2..=101).collect::<Vec<_>>());
    assert!(
        chunks <= bounded + 100,
        "{chunks} were sent, {bounded} were made before"
    );
    parent.end().await;
}

#[tokio::test]
async fn an_aborted_stream_is_dropped_or_ends_by_itself() {
    let mut parent = Parent::of(|_, request| {
        request.stream(|asks: bool| {
            Answers::<u32>::produce(async move |mut items: Items<u32>| {
                items.send(1).await;
                match asks {
                    true => {
                        ctx().cancelled().await;
                        items.send(2).await; // nobody wants it any more
                    }
                    false => pending().await,
                }
                Ok(())
            })
        });
    });
    for (request, asks) in [(1, false), (2, true)] {
        parent.send(MANY, request, packed(asks)).await;
        parent.expect(Flags::CHUNK, request, 1_u32).await;
        parent.abort(request).await;
        parent
            .expect_error(Flags::STREAM_ERROR, request, ErrorKind::Cancelled)
            .await;
    }
    parent.end().await;
}

#[tokio::test]
async fn events_leave_while_there_is_a_parent() {
    let events = EventSink::new(&CONTRACT);
    assert_eq!(events.emit(0, &1_u32).await, Err(EmitError::NotConnected));
    let limits = Limits {
        max_payload: 100,
        ..Limits::default()
    };
    let sink = events.clone();
    let mut parent = Parent::with(&events, limits, move |_, request| {
        let sink = sink.clone();
        request.result(async move |n: u32| {
            sink.emit(0, &n).await.unwrap();
            Ok::<_, Never>(n)
        });
    });
    parent.send(ONE, 1, packed(5_u32)).await;
    let event = parent.frame().await;
    assert_eq!(event.header.to_bytes(), [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    parent.expect(Flags::RESPONSE, 1, 5_u32).await;
    events.emit(1, &Bytes::from_static(b"raw")).await.unwrap();
    let event = parent.frame().await;
    assert_eq!(
        (event.header.method, event.header.request),
        (2, UNCORRELATED)
    );
    assert_eq!(&event.payload[..], b"raw");
    assert!(matches!(
        events.emit(0, &Few(11)).await,
        Err(EmitError::Invalid { event: "noted", .. })
    ));
    assert!(matches!(
        events.emit(0, &"x".repeat(100)).await,
        Err(EmitError::Unsendable { .. })
    ));
    assert!(matches!(
        events.emit(1, &1_u32).await,
        Err(EmitError::Unsendable { .. })
    ));
    assert!(matches!(
        events.emit(2, &1_u32).await,
        Err(EmitError::Unknown { event: 2 })
    ));
    parent.end().await;
    assert_eq!(events.emit(0, &1_u32).await, Err(EmitError::NotConnected));
}

#[tokio::test]
async fn events_wait_for_a_parent_that_does_not_read() {
    let events = EventSink::new(&CONTRACT);
    let mut parent = Parent::with(&events, Limits::default(), |_, request| {
        request.result(async |(): ()| Ok::<_, Never>(()));
    });
    parent.send(ONE, 1, b"\xc0").await;
    parent.expect(Flags::RESPONSE, 1, ()).await;
    let sent = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sent);
    let flood = tokio::spawn(async move {
        let item = "x".repeat(10_000);
        for _ in 0..1000 {
            events.emit(0, &item).await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let before = sent.load(Ordering::SeqCst);
    assert!(before < 300, "{before} events of 10 kB are on their way");
    for _ in 0..1000 {
        assert_eq!(parent.frame().await.header.flags, Flags::EVENT);
    }
    soon(flood).await.unwrap();
    parent.end().await;
}
