//! Requests that are given up.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::*;
use crate::codec::Never;
use crate::worker::{Answers, Items, RequestContext, ctx};

#[tokio::test]
async fn an_abort_drops_a_handler_that_waits() {
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
        request.result(async move |(): ()| {
            let _guard = guard;
            pending::<()>().await;
            Ok::<_, Never>(())
        });
    });
    for request in 1..=3 {
        parent.send(ONE, request, b"\xc0").await;
    }
    parent.abort(2).await;
    parent.abort(2).await;
    let error = parent
        .expect_error(Flags::ERROR, 2, ErrorKind::Cancelled)
        .await;
    assert_eq!(error.message, "one: cancelled");
    soon(dropped.acquire()).await.unwrap().forget();
    // The id is free again.
    parent.send(ONE, 2, b"\xc0").await;
    parent.abort(2).await;
    parent
        .expect_error(Flags::ERROR, 2, ErrorKind::Cancelled)
        .await;
    soon(dropped.acquire()).await.unwrap().forget();
    for request in [1, 3] {
        parent.abort(request).await;
        parent
            .expect_error(Flags::ERROR, request, ErrorKind::Cancelled)
            .await;
    }
    soon(dropped.acquire_many(2)).await.unwrap().forget();
    parent.end().await;
}

#[tokio::test]
async fn a_handler_that_asks_ends_by_itself() {
    let mut parent = Parent::of(|_, request| {
        request.result(async |(): ()| {
            let ctx: RequestContext = ctx();
            assert_eq!(
                (ctx.request_id(), ctx.method(), ctx.is_cancelled()),
                (7, "one", false)
            );
            ctx.cancelled().await;
            for _ in 0..10 {
                tokio::task::yield_now().await; // cleaning up
            }
            Err::<u32, _>(Trouble(1)) // what it says then does not matter
        });
    });
    parent.send(ONE, 7, b"\xc0").await;
    parent.abort(7).await;
    parent
        .expect_error(Flags::ERROR, 7, ErrorKind::Cancelled)
        .await;
    parent.end().await;
}

#[tokio::test]
async fn handlers_that_do_not_end_by_themselves_are_not_piled_up() {
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let limits = Limits {
        lingering: 3,
        ..Limits::default()
    };
    let mut parent = Parent::with(&EventSink::new(&CONTRACT), limits, move |_, request| {
        let gate = Arc::clone(&opens);
        request.result(async move |trusted: bool| {
            let asked = ctx();
            if trusted && !asked.is_cancelled() {
                gate.acquire().await.unwrap().forget();
            } else {
                tokio::task::yield_now().await;
            }
            Ok::<_, Never>(trusted)
        });
    });
    for id in 1..=3 {
        parent.send(ONE, id, packed(true)).await;
        parent.abort(id).await;
    }
    parent.send(ONE, 4, packed(false)).await;
    let error = parent
        .expect_error(Flags::ERROR, 4, ErrorKind::Overloaded)
        .await;
    assert!(error.message.contains("3 requests"), "{}", error.message);
    gate.add_permits(3);
    for _ in 1..=3 {
        let frame = parent.frame().await;
        assert_eq!(
            ErrorPayload::read(&frame.payload).kind,
            ErrorKind::Cancelled
        );
    }
    parent.send(ONE, 5, packed(false)).await;
    parent.expect(Flags::RESPONSE, 5, false).await;
    parent.end().await;
}

#[tokio::test]
async fn a_method_that_is_not_cancellable_goes_on() {
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let mut parent = Parent::of(move |method, request| {
        let gate = Arc::clone(&opens);
        match method {
            FIRM => request.result(async move |n: u32| {
                gate.acquire().await.unwrap().forget();
                Ok::<_, Never>(n)
            }),
            _ => echo(method, request),
        }
    });
    parent.send(FIRM, 1, packed(1_u32)).await;
    parent.abort(1).await;
    parent.send(ONE, 2, packed(2_u32)).await;
    parent.expect(Flags::RESPONSE, 2, 2_u32).await; // so the abort has been read
    gate.add_permits(1);
    parent.expect(Flags::RESPONSE, 1, 1_u32).await;
    parent.end().await;
}

/// Handlers of every temper, given up at every moment, on two threads: each request has one last frame and none after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_ends_once_whenever_it_is_given_up() {
    const COUNT: u32 = 4000;
    let mut parent = Parent::of(|method, request| match method {
        MANY => request.stream(|n: u32| {
            Answers::<u32>::produce(async move |mut items: Items<u32>| {
                for item in 0..n % 40 {
                    items.send(item).await;
                }
                if n.is_multiple_of(3) {
                    ctx().cancelled().await;
                }
                Ok(())
            })
        }),
        _ => request.result(async move |n: u32| {
            match n % 4 {
                0 => pending().await,
                1 => ctx().cancelled().await,
                2 => tokio::task::yield_now().await,
                _ => {}
            }
            Ok::<_, Never>(n)
        }),
    });
    let mut batch = Vec::new();
    for request in 1..=COUNT {
        let method = if request % 5 < 2 { MANY } else { ONE };
        batch.extend(bytes_of(method, request, &packed(request)));
        // Some at once, some when they are well under way, all in the end: some end only then.
        for given_up in [
            request,
            request.saturating_sub(7),
            request.saturating_sub(200),
        ] {
            batch.extend(bytes_of(ABORT, given_up, b""));
        }
    }
    for request in COUNT - 200..=COUNT {
        batch.extend(bytes_of(ABORT, request, b""));
    }
    let Parent { write, reader, .. } = &mut parent;
    let writing = soon(write.write_all(&batch));
    let reading = async {
        let mut ended: HashMap<u32, Flags> = HashMap::new();
        while ended.len() < COUNT as usize {
            let mut frames = Vec::new();
            reader.fill(&mut frames).await.unwrap();
            for Frame { header, .. } in frames {
                assert!(
                    !ended.contains_key(&header.request),
                    "{header:?} after {:?}",
                    ended[&header.request]
                );
                if header.flags != Flags::CHUNK {
                    ended.insert(header.request, header.flags);
                }
            }
        }
        ended
    };
    let (written, ended) = tokio::join!(writing, soon(reading));
    written.unwrap();
    let cancelled = ended
        .values()
        .filter(|flags| flags.has(Flags::IS_ERROR))
        .count();
    assert!(
        (100..COUNT as usize).contains(&cancelled),
        "{cancelled} were cancelled"
    );
    parent.end().await;
}
