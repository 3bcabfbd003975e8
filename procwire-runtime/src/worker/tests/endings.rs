//! How a session ends.

use std::future::pending;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use super::*;
use crate::codec::Never;
use crate::worker::{Oneway, ctx};

#[tokio::test]
async fn requests_in_progress_are_finished_before_the_end() {
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let mut parent = Parent::of(move |_, request| {
        let gate = Arc::clone(&opens);
        request.result(async move |n: u32| {
            gate.acquire().await.unwrap().forget();
            Ok::<_, Never>(n)
        });
    });
    parent.send(ONE, 1, packed(1_u32)).await;
    gate.add_permits(1);
    parent.expect(Flags::RESPONSE, 1, 1_u32).await;
    parent.send(ONE, 2, packed(2_u32)).await;
    // Sent before the parent asks for the end; the worker cannot have read it yet.
    parent.send(ONE, 3, packed(3_u32)).await;
    parent.phase.send_replace(Phase::Draining);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!parent.worker.is_finished());
    // A request given up while the worker drains.
    parent.send(ONE, 4, packed(4_u32)).await;
    parent.abort(4).await;
    parent
        .expect_error(Flags::ERROR, 4, ErrorKind::Cancelled)
        .await;
    gate.add_permits(2);
    parent.expect(Flags::RESPONSE, 2, 2_u32).await;
    parent.expect(Flags::RESPONSE, 3, 3_u32).await;
    assert!(matches!(parent.try_frame().await, Err(End::Closed)));
    soon(parent.worker).await.unwrap().unwrap();
}

/// What was written before the end was asked for is served, however late the worker notices.
#[tokio::test]
async fn a_request_that_is_still_in_the_socket_is_served() {
    for _ in 0..50 {
        let mut parent = Parent::of(|_, request| request.result(async |n: u32| Ok::<_, Never>(n)));
        parent.send(ONE, 1, packed(1_u32)).await;
        parent.phase.send_replace(Phase::Draining);
        parent.expect(Flags::RESPONSE, 1, 1_u32).await;
        assert!(parent.try_frame().await.is_err());
        soon(parent.worker).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn who_does_not_finish_in_time_is_cancelled_and_answered() {
    let limits = Limits {
        drain: Duration::from_millis(50),
        cleanup: Duration::from_millis(50),
        ..Limits::default()
    };
    let mut parent = Parent::with(
        &EventSink::new(&CONTRACT),
        limits,
        |method, request| match method {
            ONE => request.result(async |(): ()| {
                pending::<()>().await;
                Ok::<_, Never>(())
            }),
            TOLD => request.oneway(async |(): ()| pending::<Oneway>().await),
            // Says that it ends by itself, and does not.
            _ => request.result(async |(): ()| {
                ctx().cancelled().await;
                pending::<()>().await;
                Ok::<_, Never>(())
            }),
        },
    );
    parent.send(ONE, 1, b"\xc0").await;
    parent.send(FIRM, 2, b"\xc0").await;
    parent.send(TOLD, 0, b"\xc0").await;
    parent.phase.send_replace(Phase::Draining);
    parent
        .expect_error(Flags::ERROR, 1, ErrorKind::Cancelled)
        .await;
    assert!(parent.try_frame().await.is_err());
    soon(parent.worker).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_parent_that_is_gone_is_not_waited_for() {
    struct Dropped(Arc<Semaphore>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.add_permits(1);
        }
    }
    let dropped = Arc::new(Semaphore::new(0));
    let counter = Arc::clone(&dropped);
    let mut parent = Parent::of(move |_, request| {
        let guard = Dropped(Arc::clone(&counter));
        request.result(async move |size: u32| {
            let _guard = guard;
            if size == 0 {
                pending::<()>().await;
            }
            Ok::<_, Never>("x".repeat(size as usize))
        });
    });
    parent.send(ONE, 1, packed(0_u32)).await;
    parent.send(ONE, 2, packed(10_000_000_u32)).await; // more than the socket takes
    soon(dropped.acquire()).await.unwrap().forget();
    let began = Instant::now();
    drop((parent.reader, parent.write));
    soon(parent.worker).await.unwrap().unwrap();
    soon(dropped.acquire()).await.unwrap().forget();
    assert!(
        began.elapsed() < Duration::from_millis(400),
        "it waited for someone"
    );
}

#[tokio::test]
async fn the_end_of_the_process_ends_the_session_at_once() {
    let mut parent = Parent::of(|_, request| {
        request.result(async |(): ()| {
            pending::<()>().await;
            Ok::<_, Never>(())
        });
    });
    parent.send(ONE, 1, b"\xc0").await;
    parent.send(777, 2, b"\xc0").await;
    parent
        .expect_error(Flags::ERROR, 2, ErrorKind::Unsupported)
        .await;
    parent.phase.send_replace(Phase::Gone);
    parent
        .expect_error(Flags::ERROR, 1, ErrorKind::Cancelled)
        .await;
    assert!(parent.try_frame().await.is_err());
    soon(parent.worker).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_frame_is_an_end_like_any_other() {
    let mut parent = Parent::of(|_, request| request.result(async |n: u32| Ok::<_, Never>(n)));
    parent.send(ONE, 1, packed(1_u32)).await;
    parent.raw(&bytes_of(ONE, 2, b"\x01")[..7]).await;
    parent.expect(Flags::RESPONSE, 1, 1_u32).await;
    parent.end().await;
}
