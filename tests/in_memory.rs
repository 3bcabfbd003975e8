//! Every kind of method and event through a generated stub, the real framing and the real codec, with a worker in this
//! process.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use procwire::{Ack, Answers, Bytes, CallError, Oneway, Outcome, Uuid, Value};

procwire::include_schema!("schemas/everything.toml");

struct Echo {
    events: EverythingEvents,
}

impl Everything for Echo {
    async fn echo_scalars(&self, payload: Scalars) -> Scalars {
        payload
    }

    async fn echo_optionals(&self, payload: Optionals) -> Optionals {
        payload
    }

    async fn echo_defaults(&self, payload: Defaults) -> Defaults {
        payload
    }

    async fn echo_constraints(&self, payload: Constraints) -> Constraints {
        payload
    }

    async fn echo_containers(&self, payload: Containers) -> Containers {
        payload
    }

    async fn echo_node(&self, node: Node) -> Node {
        node
    }

    async fn echo_shape(&self, shape: Shape) -> Shape {
        shape
    }

    async fn echo_block(&self, block: Block) -> Block {
        block
    }

    async fn echo_expr(&self, expr: Expr) -> Expr {
        expr
    }

    async fn echo_format(&self, format: Format, level: Level) -> (Format, Level) {
        (format, level)
    }

    async fn echo_json(&self, value: Value) -> Value {
        value
    }

    async fn echo_raw(&self, payload: Bytes) -> Bytes {
        payload
    }

    async fn echo_bin(&self, payload: Bytes) -> Bytes {
        payload
    }

    async fn echo_list(&self, payload: Vec<u32>) -> Vec<u32> {
        payload
    }

    async fn fill(
        &self,
        level: Level,
        dpi: u32,
        text: String,
        took: Duration,
        list: Vec<u32>,
        note: Option<String>,
    ) -> Defaults {
        Defaults {
            level,
            u_32: dpi,
            text,
            took,
            list,
            maybe: note,
            ..Defaults::default()
        }
    }

    async fn ping(&self) -> String {
        "pong".to_owned()
    }

    fn count_down(&self, from: u32, fail_at: Option<u32>) -> Answers<u32, EverythingError> {
        Answers::produce(move |mut items| async move {
            for number in (0..from).rev() {
                if fail_at == Some(number) {
                    return Err(EverythingError::Busy);
                }
                items.send(number).await;
            }
            Ok(())
        })
    }

    fn stream_blocks(&self, count: u32) -> Answers<Block, procwire::Never> {
        Answers::from_iter((0..count).map(|_| Block::Rule))
    }

    fn stream_raw(&self, chunks: u32) -> Answers<Bytes, procwire::Never> {
        Answers::from_iter((0..chunks).map(|chunk| Bytes::from(vec![0; chunk as usize])))
    }

    async fn take(&self, handle: Handle) -> Ack {
        for done in 0..3 {
            self.events
                .progress(handle.clone(), done, 3)
                .await
                .expect("the parent is there");
        }
        self.events
            .found(Block::Rule)
            .await
            .expect("the parent is there");
        self.events
            .chunk(Bytes::from_static(b"chunk"))
            .await
            .expect("the parent is there");
        self.events.tick().await.expect("the parent is there");
        Ack(())
    }

    async fn take_with_receipt(&self, handle: Handle) -> Result<Ack<geo::Rect>, EverythingError> {
        if handle.0 == "h_0000" {
            return Err(EverythingError::Refused {
                reason: None,
                level: Level::Info,
            });
        }
        Ok(Ack(geo::Rect {
            x: 0.0,
            y: 0.0,
            w: 1.0,
            h: 1.0,
        }))
    }

    async fn fail(&self, path: Option<String>) -> Result<bool, EverythingError> {
        match path {
            Some(path) if path == "panic" => panic!("on purpose"),
            Some(path) if path == "hang" => {
                procwire::ctx().cancelled().await;
                Ok(true)
            }
            Some(path) => Err(EverythingError::NotFound { path }),
            None => Ok(true),
        }
    }

    async fn set_level(&self, _: Level) -> Oneway {
        self.events.tick().await.expect("the parent is there");
        Oneway
    }

    async fn old(&self, x: u8) -> u8 {
        x
    }
}

fn echo() -> EverythingClient {
    EverythingClient::in_memory_with(|events| Echo { events })
}

fn handle() -> Handle {
    Handle::from("h_00ff")
}

#[tokio::test]
async fn values_of_every_type_come_back_as_they_went() {
    let everything = echo();
    let scalars = Scalars {
        flag: true,
        friendly: 9_007_199_254_740_991,
        i_8: -128,
        i_16: -32_768,
        i_32: i32::MIN,
        i_64: i64::MIN,
        u_8: 255,
        u_16: 65_535,
        u_32: u32::MAX,
        u_64: u64::MAX,
        f_32: 0.1,
        f_64: f64::NEG_INFINITY,
        text: "naïve ☃\0".to_owned(),
        data: Bytes::from(vec![0; 100_000]),
        at: UNIX_EPOCH + Duration::new(1 << 33, 999_999_999),
        took: Duration::new(86_400, 1_000),
        price: "0.020".parse().expect("a decimal number"),
        id: Uuid::from_u128(1),
        extra: serde_json::json!([null, {"a": 1.5}]),
    };
    assert_eq!(
        everything.echo_scalars(&scalars).await.expect("echoed"),
        scalars
    );
    assert_eq!(
        everything
            .echo_optionals(Optionals::default())
            .await
            .expect("echoed"),
        Optionals::default()
    );
    assert_eq!(
        everything
            .echo_defaults(Defaults::default())
            .await
            .expect("echoed"),
        Defaults::default()
    );
    let node = Node {
        value: 1,
        children: vec![],
        next: Some(Box::new(Node {
            value: 2,
            children: vec![],
            next: None,
        })),
    };
    assert_eq!(everything.echo_node(&node).await.expect("echoed"), node);
    let shape = Shape::Circle(Circle {
        centre: geo::Point { x: 1.0, y: 2.0 },
        radius: 3.0,
    });
    assert_eq!(everything.echo_shape(&shape).await.expect("echoed"), shape);
    let block = Block::Group {
        blocks: vec![Block::Figure {
            data: Bytes::from_static(b"x"),
            size: (1, 2),
        }],
    };
    assert_eq!(everything.echo_block(&block).await.expect("echoed"), block);
    let expr = Expr::Negate {
        of: Box::new(Expr::Number { value: 1.0 }),
    };
    assert_eq!(everything.echo_expr(&expr).await.expect("echoed"), expr);
    let pair = (Format::Unknown("avif".to_owned()), Level::Warn);
    assert_eq!(
        everything
            .echo_format(&pair.0, pair.1)
            .await
            .expect("echoed"),
        pair
    );
    assert_eq!(
        everything
            .echo_json(serde_json::json!({"x": []}))
            .await
            .expect("echoed"),
        serde_json::json!({"x": []})
    );
    assert_eq!(
        everything.echo_raw(b"raw").await.expect("echoed"),
        Bytes::from_static(b"raw")
    );
    assert_eq!(
        everything.echo_raw(vec![]).await.expect("echoed"),
        Bytes::new()
    );
    assert_eq!(
        everything.echo_bin(vec![1, 2]).await.expect("echoed"),
        Bytes::from_static(&[1, 2])
    );
    assert_eq!(
        everything.echo_list(vec![1, 2]).await.expect("echoed"),
        [1, 2]
    );
    assert_eq!(everything.ping().await.expect("answered"), "pong");
}

#[tokio::test]
async fn what_is_not_set_has_its_default() {
    let everything = echo();
    let filled = everything.fill().await.expect("answered");
    assert_eq!(
        (filled.level, filled.u_32, filled.text.as_str()),
        (Level::Warn, 150, "x")
    );
    assert_eq!(
        (filled.took, filled.list, filled.maybe),
        (Duration::from_millis(1500), vec![1, 2, 3], None)
    );
    let filled = everything
        .fill()
        .level(Level::Info)
        .dpi(300)
        .text("y")
        .took(Duration::ZERO)
        .list(vec![])
        .note("here")
        .timeout(Duration::from_secs(5))
        .await
        .expect("answered");
    assert_eq!(
        (filled.level, filled.u_32, filled.text.as_str()),
        (Level::Info, 300, "y")
    );
    assert_eq!(
        (filled.took, filled.list, filled.maybe.as_deref()),
        (Duration::ZERO, vec![], Some("here"))
    );
    let note: Option<String> = None;
    assert_eq!(
        everything.fill().note(note).await.expect("answered").maybe,
        None
    );
}

#[tokio::test]
async fn constraints_are_checked_before_anything_is_sent() {
    let everything = echo();
    let error = everything.fill().dpi(20).await.expect_err("20 is too few");
    assert!(
        matches!(
            &error,
            CallError::Invalid {
                outcome: Outcome::NotSent,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("$.dpi: 20 is outside 36..=1200"),
        "{error}"
    );
    let error = everything
        .take(Handle::from("x"))
        .await
        .expect_err("no such handle");
    assert!(error.to_string().contains("$.handle"), "{error}");
}

#[tokio::test]
async fn streams_end_fail_and_can_be_dropped() {
    let everything = echo();
    let numbers: Vec<u32> = everything
        .count_down(3)
        .await
        .expect("begun")
        .try_collect()
        .await
        .expect("all");
    assert_eq!(numbers, [2, 1, 0]);
    let mut failing = everything.count_down(5).fail_at(2).await.expect("begun");
    assert_eq!(failing.try_next().await.expect("an item"), Some(4));
    assert_eq!(failing.try_next().await.expect("an item"), Some(3));
    assert!(matches!(
        failing.try_next().await,
        Err(CallError::App(EverythingError::Busy))
    ));
    let mut endless = everything.count_down(u32::MAX).await.expect("begun");
    assert_eq!(
        endless.try_next().await.expect("an item"),
        Some(u32::MAX - 1)
    );
    drop(endless);
    assert_eq!(
        everything
            .stream_blocks()
            .await
            .expect("begun")
            .try_collect::<Vec<_>>()
            .await
            .expect("all")
            .len(),
        3
    );
    let chunks: Vec<Bytes> = everything
        .stream_raw(3)
        .await
        .expect("begun")
        .try_collect()
        .await
        .expect("all");
    assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test]
async fn acknowledgements_receipts_and_events() {
    let everything = echo();
    let streams = everything.events();
    let (mut progress, mut found, mut chunks, mut ticks) = (
        streams.progress(),
        streams.found(),
        streams.chunk(),
        streams.tick(),
    );
    everything.take(handle()).await.expect("taken");
    assert_eq!(found.next().await, Some(Block::Rule));
    assert_eq!(chunks.next().await, Some(Bytes::from_static(b"chunk")));
    assert_eq!(ticks.next().await, Some(()));
    let last = progress.next().await.expect("an event");
    assert_eq!((last.handle, last.done, last.total), (handle(), 2, 3));
    let receipt = everything.take_with_receipt(handle()).await.expect("taken");
    assert_eq!(receipt.w, 1.0);
    let error = everything
        .take_with_receipt(Handle::from("h_0000"))
        .await
        .expect_err("refused");
    assert!(matches!(
        error,
        CallError::App(EverythingError::Refused {
            reason: None,
            level: Level::Info
        })
    ));
    everything.set_level(Level::Info).await.expect("written");
    assert_eq!(ticks.next().await, Some(()));
}

#[tokio::test]
async fn errors_say_who_failed_and_how() {
    let everything = echo();
    assert!(everything.fail().await.expect("it is well"));
    let error = everything
        .fail()
        .path("x.pdf")
        .await
        .expect_err("not there");
    assert_eq!(error.outcome(), Outcome::Executed);
    assert_eq!(error.to_string(), "not found (path: \"x.pdf\")");
    assert!(matches!(error, CallError::App(EverythingError::NotFound { path }) if path == "x.pdf"));
    let error = everything
        .fail()
        .path("panic")
        .await
        .expect_err("it panics");
    assert!(
        matches!(&error, CallError::Remote(error) if error.message.contains("on purpose")),
        "{error:?}"
    );
    let error = everything
        .fail()
        .path("hang")
        .timeout(Duration::from_millis(20))
        .await
        .expect_err("too long");
    assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
    assert_eq!(everything.ping().await.expect("it lives on"), "pong");
}

#[tokio::test]
async fn calls_run_side_by_side() {
    let everything = echo();
    let calls = (0..100).map(|number| everything.echo_list(vec![number]).into_future());
    let answers = try_join_all(calls).await.expect("all are answered");
    assert!(
        answers
            .iter()
            .enumerate()
            .all(|(number, answer)| answer[..] == [number as u32])
    );
}

#[tokio::test]
async fn a_script_answers_what_it_was_told_to() {
    let everything = EverythingClient::scripted()
        .on_ping(|()| "scripted".to_owned())
        .on_fail(|args| {
            args.path
                .map_or(Ok(false), |path| Err(EverythingError::NotFound { path }))
        })
        .on_count_down(|args| Answers::from_iter(0..args.from))
        .on_take(|_| Ack(()))
        .on_set_level(|_| Oneway)
        .start();
    assert_eq!(everything.ping().await.expect("answered"), "scripted");
    assert!(matches!(
        everything.fail().path("x").await,
        Err(CallError::App(_))
    ));
    assert_eq!(
        everything
            .count_down(3)
            .await
            .expect("begun")
            .try_collect::<Vec<_>>()
            .await
            .expect("all"),
        [0, 1, 2]
    );
    everything.take(handle()).await.expect("taken");
    everything.set_level(Level::Info).await.expect("written");
    let error = everything
        .echo_list(vec![])
        .await
        .expect_err("nobody scripted it");
    assert!(matches!(error, CallError::Unsupported { .. }), "{error:?}");
    let shown = format!(
        "{:?}",
        EverythingClient::scripted().on_ping(|()| String::new())
    );
    assert_eq!(shown, "EverythingScript{\"ping\"}");
}

#[tokio::test]
async fn maps_keep_their_keys() {
    let everything = echo();
    let containers = Containers {
        list: vec![],
        nested: vec![],
        fixed: [0.0; 4],
        fixed_obj: [geo::Point { x: 0.0, y: 0.0 }, geo::Point { x: 0.0, y: 0.0 }],
        by_text: BTreeMap::from([(String::new(), 1)]),
        by_number: BTreeMap::from([(0, String::new()), (u64::MAX, String::new())]),
        by_int: BTreeMap::from([(-9_007_199_254_740_991, true)]),
        by_small: BTreeMap::from([(-1, true), (1, false)]),
        by_level: BTreeMap::from([(Level::Debug, 1), (Level::Error, 2)]),
        by_handle: BTreeMap::from([(handle(), vec![])]),
        pair: (1, "one".to_owned()),
        triple: (geo::Point { x: 0.0, y: 0.0 }, vec![], None),
        holes: vec![None],
        blobs: vec![Bytes::new()],
        maps: vec![BTreeMap::new()],
        shapes: BTreeMap::from([("n".to_owned(), Shape::Nothing)]),
        owner: Owner(handle()),
        unit: geo::Unit::Pixel,
    };
    assert_eq!(
        everything
            .echo_containers(&containers)
            .await
            .expect("echoed"),
        containers
    );
}
