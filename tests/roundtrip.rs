//! Every type, its edges and its defaults, through a real worker in each language and back, unchanged.
//!
//! Precision is the least of the three languages where they differ: a JavaScript `Date` and a number of milliseconds
//! hold milliseconds, Python's types microseconds.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use procwire::{Ack, Answers, Bytes, CallError, Decimal, Oneway, Outcome, Uuid, Value};
use serde_json::json;
use support::{npm, python, root, soon};

procwire::include_schema!("schemas/everything.toml");

/// What a language holds of a moment and of a length of time.
const MILLISECOND: Duration = Duration::from_millis(1);
const MICROSECOND: Duration = Duration::from_micros(1);
const NANOSECOND: Duration = Duration::from_nanos(1);

async fn python_worker() -> (EverythingClient, Duration) {
    let builder = EverythingClient::builder()
        .command(python())
        .arg("worker.py")
        .cwd(root().join("tests/everything/python"));
    (start(builder).await, MICROSECOND)
}

async fn node_worker() -> (EverythingClient, Duration) {
    let builder = EverythingClient::builder()
        .command("node")
        .args([
            "bin/procwire-worker.js",
            "run",
            "tests/workers/everything/worker.ts",
        ])
        .cwd(npm("workers/typescript"));
    (start(builder).await, MILLISECOND)
}

async fn rust_worker() -> (EverythingClient, Duration) {
    (
        EverythingClient::in_memory_with(|events| Echo { events }),
        NANOSECOND,
    )
}

async fn start(builder: procwire::Builder<EverythingClient>) -> EverythingClient {
    soon("the worker starts", builder.spawn())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

macro_rules! every_worker {
    ($($test:ident),* $(,)?) => {
        mod python_worker { $(#[tokio::test] async fn $test() { let (worker, tick) = super::python_worker().await; super::$test(worker, tick).await; })* }
        mod node_worker { $(#[tokio::test] async fn $test() { let (worker, tick) = super::node_worker().await; super::$test(worker, tick).await; })* }
        mod rust_worker { $(#[tokio::test] async fn $test() { let (worker, tick) = super::rust_worker().await; super::$test(worker, tick).await; })* }
    };
}

every_worker!(
    scalars_and_their_edges,
    optionals_absent_and_present,
    defaults_are_filled_in,
    constraints_at_their_edges,
    containers_empty_and_full,
    recursion,
    unions_and_what_an_open_one_does_not_know,
    enums_and_what_an_open_one_does_not_know,
    json_of_every_kind,
    payloads_that_are_no_struct,
    arguments_left_out_arrive_as_their_defaults,
    streams_end_or_fail_with_a_declared_error,
    acks_with_and_without_a_receipt,
    declared_errors_arrive_typed,
    events_of_every_shape,
    what_breaks_a_constraint_is_never_sent,
);

fn scalars(tick: Duration) -> Vec<Scalars> {
    let least = Scalars {
        flag: false,
        friendly: -9_007_199_254_740_991,
        i_8: i8::MIN,
        i_16: i16::MIN,
        i_32: i32::MIN,
        i_64: i64::MIN,
        u_8: 0,
        u_16: 0,
        u_32: 0,
        u_64: 0,
        f_32: f32::MIN,
        f_64: f64::MIN,
        text: String::new(),
        data: Bytes::new(),
        // the first moment that Python's datetime has
        at: UNIX_EPOCH - Duration::from_secs(62_135_596_800),
        took: Duration::ZERO,
        price: decimal("-0.000000000000000000000000000000000001"),
        id: Uuid::nil(),
        extra: Value::Null,
    };
    let greatest = Scalars {
        flag: true,
        friendly: 9_007_199_254_740_991,
        i_8: i8::MAX,
        i_16: i16::MAX,
        i_32: i32::MAX,
        i_64: i64::MAX,
        u_8: u8::MAX,
        u_16: u16::MAX,
        u_32: u32::MAX,
        u_64: u64::MAX,
        f_32: f32::MAX,
        f_64: f64::MAX,
        text: "naïve ☃ 𝄞 \u{0} \r\n \"quoted\" \\ \u{feff} ".repeat(1_000),
        data: (0..=255).cycle().take(70_000).collect::<Vec<u8>>().into(),
        at: UNIX_EPOCH + Duration::from_secs(253_402_300_799) - tick,
        took: Duration::from_secs(86_400 * 365 * 100) + tick,
        price: decimal("123456789012345678901234567890.12345678901234567890"),
        id: Uuid::max(),
        extra: json!({"deep": [[[{"er": {"": null}}]]]}),
    };
    let common = Scalars {
        friendly: 0,
        i_64: -1,
        u_64: (1 << 53) + 1,
        f_32: f32::MIN_POSITIVE,
        f_64: -0.1,
        at: UNIX_EPOCH - Duration::from_secs(1) + tick,
        took: tick,
        price: decimal("12.30"),
        ..greatest.clone()
    };
    let whole = Scalars {
        i_64: 1 << 53,
        u_64: 1 << 63,
        f_32: 1.0,
        f_64: 9_007_199_254_740_993.0,
        at: UNIX_EPOCH,
        took: Duration::from_secs(60),
        price: decimal("0"),
        ..least.clone()
    };
    let unbounded = Scalars {
        f_32: f32::NEG_INFINITY,
        f_64: f64::INFINITY,
        at: now(tick),
        ..common.clone()
    };
    vec![least, greatest, common, whole, unbounded]
}

async fn scalars_and_their_edges(worker: EverythingClient, tick: Duration) {
    for value in scalars(tick) {
        assert_eq!(worker.echo_scalars(&value).await.unwrap(), value);
    }
    let [first, ..] = &scalars(tick)[..] else {
        unreachable!()
    };
    let nan = Scalars {
        f_32: f32::NAN,
        f_64: f64::NAN,
        ..first.clone()
    };
    let back = worker.echo_scalars(nan).await.unwrap();
    assert!(back.f_32.is_nan() && back.f_64.is_nan());
    let zero = worker
        .echo_scalars(Scalars {
            f_64: -0.0,
            f_32: -0.0,
            ..first.clone()
        })
        .await
        .unwrap();
    assert_eq!((zero.f_64, zero.f_32), (0.0, 0.0));
}

async fn optionals_absent_and_present(worker: EverythingClient, tick: Duration) {
    let none = Optionals::default();
    assert_eq!(worker.echo_optionals(&none).await.unwrap(), none);
    let some = Optionals {
        flag: Some(false),
        friendly: Some(0),
        i_8: Some(0),
        i_64: Some(i64::MIN),
        u_8: Some(0),
        u_64: Some(u64::MAX),
        f_32: Some(0.0),
        f_64: Some(0.5),
        text: Some(String::new()),
        data: Some(Bytes::new()),
        at: Some(now(tick)),
        took: Some(Duration::ZERO),
        price: Some(decimal("0")),
        id: Some(Uuid::nil()),
        extra: Some(json!([])),
        level: Some(Level::Debug),
        format: Some(Format::Unknown("avif".to_owned())),
        handle: Some(Handle::from("h_0000")),
        rect: Some(geo::Rect {
            x: 0.0,
            y: -1.5,
            w: 1.0,
            h: 2.0,
        }),
        shape: Some(Shape::Nothing),
        list: Some(vec![Some(1), None, Some(0)]),
    };
    assert_eq!(worker.echo_optionals(&some).await.unwrap(), some);
}

async fn defaults_are_filled_in(worker: EverythingClient, _: Duration) {
    let defaults = Defaults::default();
    assert_eq!(worker.echo_defaults(&defaults).await.unwrap(), defaults);
    let others = Defaults {
        flag: false,
        friendly: 1,
        text: String::new(),
        list: vec![],
        labels: BTreeMap::new(),
        maybe: None,
        level: Level::Error,
        ..defaults
    };
    assert_eq!(worker.echo_defaults(&others).await.unwrap(), others);
}

async fn constraints_at_their_edges(worker: EverythingClient, _: Duration) {
    let least = Constraints {
        dpi: 36,
        below: -5,
        ratio: 0.0,
        least: 0.5,
        title: "𝄞".to_owned(),
        blob: Bytes::new(),
        items: vec![0, 255],
        entries: BTreeMap::new(),
        code: "AB1".to_owned(),
        maybe: None,
        handle: Handle::from("h_00ff"),
        percent: Percent(0),
        shorts: Shorts(vec![]),
    };
    let greatest = Constraints {
        dpi: 1200,
        below: 4,
        ratio: 1.0,
        least: f32::MAX,
        title: "𝄞äöü☃".to_owned(),
        blob: Bytes::from_static(b"four"),
        items: vec![7; 1_000],
        entries: BTreeMap::from([("a".to_owned(), 0), ("b".to_owned(), 255)]),
        code: "ZZ0123456789".to_owned(),
        maybe: Some("xyz".to_owned()),
        handle: Handle::from("h_ffff"),
        percent: Percent(100),
        shorts: Shorts(vec![i16::MIN; 8]),
    };
    for value in [least, greatest] {
        assert_eq!(worker.echo_constraints(&value).await.unwrap(), value);
    }
}

async fn containers_empty_and_full(worker: EverythingClient, tick: Duration) {
    let point = geo::Point { x: 1.0, y: 2.0 };
    let empty = Containers {
        list: vec![],
        nested: vec![],
        fixed: [0.0; 4],
        fixed_obj: [point.clone(), point.clone()],
        by_text: BTreeMap::new(),
        by_number: BTreeMap::new(),
        by_int: BTreeMap::new(),
        by_small: BTreeMap::new(),
        by_level: BTreeMap::new(),
        by_handle: BTreeMap::new(),
        pair: (0, String::new()),
        triple: (point.clone(), vec![], None),
        holes: vec![],
        blobs: vec![],
        maps: vec![],
        shapes: BTreeMap::new(),
        owner: Owner(Handle::from("h_ffff")),
        unit: geo::Unit::Point,
    };
    let full = Containers {
        list: vec!["a".to_owned(), String::new()],
        nested: vec![vec![], vec![1, u16::MAX]],
        fixed: [1.0, 2.5, -3.0, f32::MAX],
        fixed_obj: [point.clone(), geo::Point { x: -1.0, y: 0.25 }],
        by_text: BTreeMap::from([("k".to_owned(), 1), (String::new(), 2), ("1".to_owned(), 3)]),
        by_number: BTreeMap::from([(0, "zero".to_owned()), (u64::MAX, "max".to_owned())]),
        by_int: BTreeMap::from([(-9_007_199_254_740_991, true), (0, false)]),
        by_small: BTreeMap::from([(-128, false), (127, true)]),
        by_level: BTreeMap::from([(Level::Info, 2), (Level::Debug, 0)]),
        by_handle: BTreeMap::from([(Handle::from("h_0000"), vec![1])]),
        pair: (1, "one".to_owned()),
        triple: (point, vec![Level::Error, Level::Debug], Some(now(tick))),
        holes: vec![Some(1), None],
        blobs: vec![Bytes::new(), Bytes::from_static(b"x")],
        maps: vec![BTreeMap::from([(
            "r".to_owned(),
            geo::Rect {
                x: 0.0,
                y: 0.0,
                w: 1.0,
                h: 1.0,
            },
        )])],
        shapes: BTreeMap::from([("s".to_owned(), Shape::Nothing)]),
        unit: geo::Unit::Millimetre,
        ..empty.clone()
    };
    for value in [empty, full] {
        assert_eq!(worker.echo_containers(&value).await.unwrap(), value);
    }
}

async fn recursion(worker: EverythingClient, _: Duration) {
    let mut node = Node {
        value: 0,
        children: vec![],
        next: None,
    };
    for value in 1..20 {
        node = Node {
            value,
            children: vec![node.clone()],
            next: None,
        };
    }
    let node = Node {
        value: -1,
        children: vec![node.clone(), node.clone()],
        next: Some(Box::new(node)),
    };
    assert_eq!(worker.echo_node(&node).await.unwrap(), node);
    let expr = Expr::Sum {
        left: Box::new(Expr::Number { value: 1.5 }),
        right: Box::new(Expr::Negate {
            of: Box::new(Expr::Number { value: 2.0 }),
        }),
    };
    assert_eq!(worker.echo_expr(&expr).await.unwrap(), expr);
}

async fn unions_and_what_an_open_one_does_not_know(worker: EverythingClient, _: Duration) {
    let point = geo::Point { x: 0.0, y: 0.0 };
    let shapes = [
        Shape::Circle(Circle {
            centre: point.clone(),
            radius: 1.0,
        }),
        Shape::Polygon {
            points: vec![point],
            closed: false,
        },
        Shape::Nothing,
    ];
    for shape in shapes {
        assert_eq!(worker.echo_shape(&shape).await.unwrap(), shape);
    }
    let text = Block::Text {
        content: "x".to_owned(),
        note: None,
    };
    let blocks = [
        text.clone(),
        Block::Text {
            content: String::new(),
            note: Some(String::new()),
        },
        Block::Figure {
            data: Bytes::from_static(&[0, 255]),
            size: (0, u32::MAX),
        },
        Block::Rule,
        unknown_block(),
        Block::Group {
            blocks: vec![
                text,
                Block::Rule,
                unknown_block(),
                Block::Group { blocks: vec![] },
            ],
        },
    ];
    for block in blocks {
        assert_eq!(worker.echo_block(&block).await.unwrap(), block);
    }
}

/// A variant of a later schema, which a reader keeps as it is.
fn unknown_block() -> Block {
    let wire = rmpv::Value::Map(vec![
        ("type".into(), "table".into()),
        (
            "rows".into(),
            rmpv::Value::Array(vec![1.into(), rmpv::Value::Nil, (-2.5).into()]),
        ),
        ("raw".into(), rmpv::Value::Binary(vec![1, 2])),
        (
            "nested".into(),
            rmpv::Value::Map(vec![("k".into(), true.into())]),
        ),
    ]);
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &wire).unwrap();
    procwire_runtime::codec::msgpack::decode(&bytes).unwrap()
}

async fn enums_and_what_an_open_one_does_not_know(worker: EverythingClient, _: Duration) {
    for format in [
        Format::Png,
        Format::Webp,
        Format::Unknown("avif".to_owned()),
        Format::Unknown(String::new()),
    ] {
        for level in [Level::Debug, Level::Info, Level::Warn, Level::Error] {
            let expected = (format.clone(), level);
            assert_eq!(
                worker.echo_format(&expected.0, expected.1).await.unwrap(),
                expected
            );
        }
    }
}

async fn json_of_every_kind(worker: EverythingClient, _: Duration) {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(9_007_199_254_740_991_i64),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("naïve ☃ 𝄞"),
        json!([]),
        json!({}),
        json!({"": [null, {"type": "text"}], "_": {"0": 0}}),
    ];
    for value in values {
        assert_eq!(worker.echo_json(&value).await.unwrap(), value);
    }
}

async fn payloads_that_are_no_struct(worker: EverythingClient, _: Duration) {
    for bytes in [&b""[..], &b"\x00\xc1\xff"[..]] {
        assert_eq!(worker.echo_raw(bytes).await.unwrap(), bytes);
        assert_eq!(worker.echo_bin(bytes).await.unwrap(), bytes);
    }
    for list in [vec![], vec![0, u32::MAX]] {
        assert_eq!(worker.echo_list(&list).await.unwrap(), list);
    }
    assert_eq!(worker.ping().await.unwrap(), "pong");
}

async fn arguments_left_out_arrive_as_their_defaults(worker: EverythingClient, _: Duration) {
    let filled = worker.fill().await.unwrap();
    let expected = Defaults {
        level: Level::Warn,
        text: "x".to_owned(),
        took: Duration::from_millis(1_500),
        list: vec![1, 2, 3],
        maybe: None,
        ..Defaults::default()
    };
    assert_eq!(filled, expected);
    let filled = worker
        .fill()
        .level(Level::Error)
        .dpi(36)
        .text("")
        .took(Duration::ZERO)
        .list(vec![])
        .note("n")
        .await
        .unwrap();
    let expected = Defaults {
        level: Level::Error,
        text: String::new(),
        took: Duration::ZERO,
        list: vec![],
        maybe: Some("n".to_owned()),
        ..Defaults::default()
    };
    assert_eq!(filled, expected);
}

async fn streams_end_or_fail_with_a_declared_error(worker: EverythingClient, _: Duration) {
    let items: Vec<u32> = worker
        .count_down(3)
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(items, [3, 2, 1]);
    let mut items = worker.count_down(3).fail_at(1).await.unwrap();
    assert_eq!(items.try_next().await.unwrap(), Some(3));
    assert_eq!(items.try_next().await.unwrap(), Some(2));
    match items.try_next().await {
        Err(CallError::App(EverythingError::Refused { reason, level })) => {
            assert_eq!((reason.as_deref(), level), (Some("at 1"), Level::Warn));
        }
        other => panic!("{other:?}"),
    }
    let blocks: Vec<Block> = worker
        .stream_blocks()
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    let text = Block::Text {
        content: "block 0".to_owned(),
        note: None,
    };
    assert_eq!(
        blocks,
        [
            text,
            Block::Figure {
                data: Bytes::from_static(&[1]),
                size: (1, 1)
            },
            Block::Rule
        ]
    );
    let chunks: Vec<Bytes> = worker
        .stream_raw(4)
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(
        chunks,
        [&b"\x00"[..], &b"\x01"[..], &b"\x02"[..], &b"\x03"[..]]
    );
}

async fn acks_with_and_without_a_receipt(worker: EverythingClient, _: Duration) {
    worker.take(Handle::from("h_0001")).await.unwrap();
    let receipt = worker
        .take_with_receipt(Handle::from("h_0001"))
        .await
        .unwrap();
    assert_eq!(
        receipt,
        geo::Rect {
            x: 1.0,
            y: 2.0,
            w: 3.0,
            h: 4.5
        }
    );
    match worker.take_with_receipt(Handle::from("h_dead")).await {
        Err(CallError::App(EverythingError::Busy)) => {}
        other => panic!("{other:?}"),
    }
}

async fn declared_errors_arrive_typed(worker: EverythingClient, _: Duration) {
    match worker.fail().path("x.pdf").await {
        Err(error @ CallError::App(EverythingError::NotFound { .. })) => {
            assert_eq!(error.outcome(), Outcome::Executed);
            assert!(error.to_string().contains("x.pdf"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    match worker.fail().await {
        Err(CallError::App(EverythingError::Refused {
            reason: None,
            level: Level::Error,
        })) => {}
        other => panic!("{other:?}"),
    }
}

async fn events_of_every_shape(worker: EverythingClient, _: Duration) {
    let events = worker.events();
    let (mut progress, mut found, mut chunk, mut tick) = (
        events.progress(),
        events.found(),
        events.chunk(),
        events.tick(),
    );
    worker.set_level(Level::Debug).await.unwrap();
    worker.take(Handle::from("h_0001")).await.unwrap();
    let seen = soon("progress", progress.next()).await.unwrap();
    assert_eq!(
        (seen.handle, seen.done, seen.total),
        (Handle::from("h_0001"), 1, 10)
    );
    let expected = Block::Text {
        content: "found".to_owned(),
        note: None,
    };
    assert_eq!(soon("found", found.next()).await.unwrap(), expected);
    assert_eq!(
        soon("chunk", chunk.next()).await.unwrap(),
        &b"\x01\x02\x03"[..]
    );
    soon("tick", tick.next()).await.unwrap();
}

async fn what_breaks_a_constraint_is_never_sent(worker: EverythingClient, _: Duration) {
    match worker.fill().dpi(20).await {
        Err(error @ CallError::Invalid { .. }) => {
            assert_eq!(error.outcome(), Outcome::NotSent);
            assert!(error.to_string().contains("dpi"), "{error}");
            assert!(error.to_string().contains("36..=1200"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    match worker.take(Handle::from("nonsense")).await {
        Err(CallError::Invalid { .. }) => {}
        other => panic!("{other:?}"),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal number")
}

/// This moment, as precise as the language can hold it.
fn now(tick: Duration) -> SystemTime {
    let since = UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
    UNIX_EPOCH
        + Duration::from_nanos(u64::try_from(since - since % tick.as_nanos()).expect("before 2554"))
}

/// schemas/everything.toml, served in Rust.
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
        _dpi: u32,
        text: String,
        took: Duration,
        list: Vec<u32>,
        note: Option<String>,
    ) -> Defaults {
        Defaults {
            level,
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
        Answers::new(
            futures_util::stream::iter((1..=from).rev()).map(move |n| match fail_at {
                Some(at) if at == n => Err(EverythingError::Refused {
                    reason: Some(format!("at {n}")),
                    level: Level::Warn,
                }),
                _ => Ok(n),
            }),
        )
    }
    fn stream_blocks(&self, count: u32) -> Answers<Block> {
        Answers::from_iter((0..count).map(|n| match n % 3 {
            0 => Block::Text {
                content: format!("block {n}"),
                note: None,
            },
            1 => Block::Figure {
                data: Bytes::from(vec![n as u8]),
                size: (n, n),
            },
            _ => Block::Rule,
        }))
    }
    fn stream_raw(&self, chunks: u32) -> Answers<Bytes> {
        Answers::from_iter((0..chunks).map(|n| Bytes::from(vec![n as u8])))
    }
    async fn take(&self, handle: Handle) -> Ack {
        let sent = async {
            self.events.progress(handle, 1, 10).await?;
            self.events
                .found(Block::Text {
                    content: "found".to_owned(),
                    note: None,
                })
                .await?;
            self.events.chunk(Bytes::from_static(&[1, 2, 3])).await?;
            self.events.tick().await
        };
        assert!(sent.await.is_ok(), "the parent is there");
        Ack::default()
    }
    async fn take_with_receipt(&self, handle: Handle) -> Result<Ack<geo::Rect>, EverythingError> {
        if handle == Handle::from("h_dead") {
            return Err(EverythingError::Busy);
        }
        Ok(Ack(geo::Rect {
            x: 1.0,
            y: 2.0,
            w: 3.0,
            h: 4.5,
        }))
    }
    async fn fail(&self, path: Option<String>) -> Result<bool, EverythingError> {
        Err(match path {
            Some(path) => EverythingError::NotFound { path },
            None => EverythingError::Refused {
                reason: None,
                level: Level::Error,
            },
        })
    }
    async fn set_level(&self, _level: Level) -> Oneway {
        Oneway
    }
    async fn old(&self, x: u8) -> u8 {
        x
    }
}
