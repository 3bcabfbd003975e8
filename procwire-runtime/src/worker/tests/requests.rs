//! From a request to its one last frame.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::*;
use crate::codec::Never;
use crate::ids::AUTH;
use crate::worker::{Ack, Oneway};

#[tokio::test]
async fn each_kind_has_its_flags() {
    let mut parent = Parent::of(echo);
    parent.send(ONE, 1, packed(7_u32)).await;
    parent.expect(Flags::RESPONSE, 1, 7_u32).await;
    parent.send(TAKEN, u32::MAX, packed(8_u32)).await;
    parent.expect(Flags::ACK, u32::MAX, 8_u32).await;
    parent.send(TOLD, 0, packed(9_u32)).await;
    parent.send(BLOB, 3, b"").await;
    assert_eq!(
        parent.frame().await.header.to_bytes(),
        [0, 5, 3, 0, 0, 0, 3, 0, 0, 0, 0]
    );
    parent.send(MANY, 4, b"\xc0").await;
    let error = parent
        .expect_error(Flags::STREAM_ERROR, 4, ErrorKind::Unsupported)
        .await;
    assert_eq!(
        error.message,
        "many: not supported by this worker: not here"
    );
    parent.end().await;
}

#[tokio::test]
async fn an_ack_without_receipt_is_nil_and_never_empty() {
    let mut parent = Parent::of(|_, request| request.ack(async |()| Ok::<Ack, Never>(Ack(()))));
    for (request, payload) in [(1, &b"\xc0"[..]), (2, b""), (3, b"\x81\xa1a\x01")] {
        parent.send(TAKEN, request, payload).await;
        let frame = parent.frame().await;
        assert_eq!(
            (frame.header.flags, &frame.payload[..]),
            (Flags::ACK, &b"\xc0"[..])
        );
    }
    parent.end().await;
}

#[tokio::test]
async fn a_oneway_with_a_number_is_answered_and_one_without_is_not() {
    let mut parent = Parent::of(|_, request| match request {
        request if format!("{request:?}").contains("request: 9") => {
            request.oneway(async |(): ()| panic!("in a oneway"));
        }
        request => request.oneway(async |(): ()| Oneway),
    });
    parent.send(TOLD, 0, b"\xc0").await;
    parent.send(TOLD, 5, b"\xc0").await;
    let frame = parent.frame().await;
    assert_eq!(
        (frame.header.request, frame.header.flags),
        (5, Flags::RESPONSE)
    );
    parent.send(TOLD, 9, b"\xc0").await;
    parent
        .expect_error(Flags::ERROR, 9, ErrorKind::Exception)
        .await;
    parent.end().await;
}

#[tokio::test]
async fn what_the_parent_may_not_mean_is_tolerated() {
    let mut parent = Parent::of(echo);
    // Flags of a request are not looked at, a second AUTH is not, nor the abort of what nobody knows.
    let mut odd = bytes_of(ONE, 1, b"\x01");
    odd[2] = 0x3F;
    parent.raw(&odd).await;
    parent.expect(Flags::RESPONSE, 1, 1_u32).await;
    parent.send(AUTH, 0, b"token").await;
    parent.send(ABORT, 77, b"payload").await;
    parent.abort(0).await;
    // An id that was not announced is answered, whatever the request id is.
    for request in [2, 0] {
        parent.send(777, request, b"\xc0").await;
        let error = parent
            .expect_error(Flags::ERROR, request, ErrorKind::Unsupported)
            .await;
        assert_eq!(error.message, "Unknown method ID: 777");
    }
    // A request without a number is served; nobody could tell whose answer it is.
    parent.send(ONE, 0, b"\x01").await;
    parent.end().await;
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_answered_and_nothing_is_called() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut parent = Parent::of(move |method, request| {
        let counted = Arc::clone(&counted);
        match method {
            TOLD => request.oneway(async move |Few(_)| {
                counted.fetch_add(1, Ordering::SeqCst);
                Oneway
            }),
            _ => request.result(async move |few: Few| {
                counted.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Never>(few)
            }),
        }
    });
    for (request, payload, field) in [
        (1, &b"\xc1"[..], "$"),            // never valid
        (2, b"", "$"),                     // nothing
        (3, b"\xa1a", "$"),                // a text
        (4, b"\x0b", "$.few"),             // eleven
        (5, b"\x01\x01", "$"),             // two values
        (6, b"\xdb\xff\xff\xff\xff", "$"), // 4 GiB of text, announced
        (7, &[0x91; 5000], "$"),           // deep
    ] {
        parent.send(ONE, request, payload).await;
        let error = parent
            .expect_error(Flags::ERROR, request, ErrorKind::Invalid)
            .await;
        assert_eq!(error.field.as_deref(), Some(field));
        assert!(
            error.message.starts_with("one: invalid arguments: "),
            "{}",
            error.message
        );
    }
    parent.send(TOLD, 0, b"\xc1").await;
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    parent.send(ONE, 8, packed(10_u32)).await;
    parent.expect(Flags::RESPONSE, 8, 10_u32).await;
    parent.end().await;
}

#[tokio::test]
async fn a_declared_error_travels_whole() {
    let mut parent =
        Parent::of(|_, request| request.result(async |code: u32| Err::<(), _>(Trouble(code))));
    parent.send(ONE, 1, packed(42_u32)).await;
    let frame = parent.frame().await;
    assert_eq!(frame.header.flags, Flags::ERROR);
    let error = ErrorPayload::read(&frame.payload);
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::App, "trouble 42")
    );
    assert_eq!(
        ErrorPayload::read_declared::<Trouble>(&frame.payload).unwrap(),
        Trouble(42)
    );
    parent.end().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_sent_is_an_error() {
    let limits = Limits {
        max_payload: 1000,
        ..Limits::default()
    };
    let mut parent = Parent::with(
        &EventSink::new(&CONTRACT),
        limits,
        |method, request| match method {
            ONE => request.result(async |size: u32| Ok::<_, Never>("x".repeat(size as usize))),
            FIRM => request.result(async |n: u32| Ok::<_, Never>(Few(n))),
            _ => request.result(async |_: Bytes| Ok::<_, Never>(Bytes::from(vec![0; 1001]))),
        },
    );
    parent.send(ONE, 1, packed(990_u32)).await;
    assert_eq!(parent.frame().await.header.length, 993);
    parent.send(ONE, 2, packed(998_u32)).await;
    let error = parent
        .expect_error(Flags::ERROR, 2, ErrorKind::Encode)
        .await;
    assert!(error.message.contains("1001 bytes"), "{}", error.message);
    parent.send(BLOB, 3, b"").await;
    parent
        .expect_error(Flags::ERROR, 3, ErrorKind::Encode)
        .await;
    parent.send(FIRM, 4, packed(11_u32)).await;
    let error = parent
        .expect_error(Flags::ERROR, 4, ErrorKind::Encode)
        .await;
    assert!(
        error.message.contains("$.few: 11 is more than 10"),
        "{}",
        error.message
    );
    parent.end().await;
}

#[tokio::test]
async fn a_panic_anywhere_is_one_error() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let mut parent = Parent::of(|_, request| {
        request.result(|place: u32| {
            assert_ne!(place, 1, "before the future");
            async move {
                let grenade = (place >= 4).then(|| Grenade);
                assert_ne!(place, 2, "at once");
                tokio::task::yield_now().await;
                assert_ne!(place, 3, "later");
                if place == 5 {
                    pending::<()>().await;
                }
                std::mem::forget(grenade.filter(|_| place == 6));
                Ok::<_, Never>(place)
            }
        });
    });
    for (place, text) in [
        (1, "before the future"),
        (2, "at once"),
        (3, "later"),
        (4, "in drop"),
    ] {
        parent.send(ONE, place, packed(place)).await;
        let error = parent
            .expect_error(Flags::ERROR, place, ErrorKind::Exception)
            .await;
        assert!(error.message.contains(text), "{}", error.message);
        assert_eq!(error.type_name.as_deref(), Some("panic"));
    }
    parent.send(ONE, 5, packed(5_u32)).await;
    parent.abort(5).await;
    parent
        .expect_error(Flags::ERROR, 5, ErrorKind::Cancelled)
        .await;
    parent.send(ONE, 6, packed(6_u32)).await;
    parent.expect(Flags::RESPONSE, 6, 6_u32).await;
    parent.end().await;
}

#[tokio::test]
async fn a_dispatcher_that_forgets_a_request_is_answered_for() {
    let kept = std::sync::Mutex::new(None);
    let mut parent = Parent::of(move |method, request| match method {
        ONE => drop(kept.lock().unwrap().replace(request)),
        // Too late, and while another one is dispatched.
        _ => {
            let late: Request = kept.lock().unwrap().take().unwrap();
            request.result(async |n: u32| Ok::<_, Never>(n));
            late.result(async |n: u32| Ok::<_, Never>(n));
        }
    });
    parent.send(ONE, 1, packed(1_u32)).await;
    parent
        .expect_error(Flags::ERROR, 1, ErrorKind::Exception)
        .await;
    parent.send(FIRM, 2, packed(2_u32)).await;
    parent
        .expect_error(Flags::ERROR, 2, ErrorKind::Exception)
        .await;
    parent.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_of_many_requests_is_answered_once() {
    const COUNT: u32 = 10_000;
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let mut parent = Parent::of(move |_, request| {
        let gate = Arc::clone(&opens);
        request.result(async move |n: u32| {
            gate.acquire().await.unwrap().forget();
            Ok::<_, Never>(n)
        });
    });
    for request in 1..=COUNT {
        parent.send(ONE, request, packed(request)).await;
    }
    gate.add_permits(COUNT as usize);
    let mut seen = vec![false; COUNT as usize + 1];
    for _ in 0..COUNT {
        let frame = parent.frame().await;
        assert_eq!(frame.header.flags, Flags::RESPONSE);
        assert_eq!(
            msgpack::decode::<u32>(&frame.payload).unwrap(),
            frame.header.request
        );
        assert!(!std::mem::replace(
            &mut seen[frame.header.request as usize],
            true
        ));
    }
    parent.end().await;
}

#[tokio::test]
async fn bytes_of_any_size_come_back_in_any_pieces() {
    let mut parent = Parent::of(echo);
    for byte in bytes_of(ONE, 1, &packed("slowly".to_owned())) {
        parent.raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    parent.expect(Flags::RESPONSE, 1, "slowly".to_owned()).await;
    // All at once, and so much that neither side could hold it in the socket.
    let large: Vec<u8> = (0..8_u32 << 20).map(|n| (n % 251) as u8).collect();
    let batch = [
        bytes_of(BLOB, 2, b"a"),
        bytes_of(BLOB, 3, &large),
        bytes_of(BLOB, 4, b"b"),
    ]
    .concat();
    let Parent { write, reader, .. } = &mut parent;
    let mut frames = Vec::new();
    let sending = soon(write.write_all(&batch));
    let reading = async {
        while frames.len() < 3 {
            reader.fill(&mut frames).await.unwrap();
        }
    };
    let (sent, ()) = tokio::join!(sending, soon(reading));
    sent.unwrap();
    let answered: Vec<u32> = frames.iter().map(|frame| frame.header.request).collect();
    assert_eq!(answered, [2, 3, 4]);
    assert!(
        frames[1].payload == large,
        "the large one comes back changed"
    );
    parent.end().await;
}

#[tokio::test]
async fn frames_before_a_violation_are_served() {
    let mut parent = Parent::of(echo);
    let mut bytes = Vec::new();
    for request in 1..=64 {
        bytes.extend(bytes_of(ONE, request, &packed(request)));
    }
    bytes.extend(bytes_of(0, 65, b""));
    bytes.extend(bytes_of(ONE, 66, &packed(66_u32)));
    parent.raw(&bytes).await;
    for request in 1..=64 {
        parent.expect(Flags::RESPONSE, request, request).await;
    }
    assert!(parent.try_frame().await.is_err());
    let error = soon(parent.worker).await.unwrap().unwrap_err();
    assert!(matches!(error, ServeError::Protocol(_)), "{error}");
}
