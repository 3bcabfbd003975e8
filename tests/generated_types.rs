//! What `include_schema!` makes of a schema that says everything: values cross and come back, defaults are filled in,
//! constraints are checked, and Rust and the schema agree on every fingerprint.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use procwire::__private::{At, Client as _, Violations};
use procwire::{Bytes, Decimal, Type, Uuid};
use procwire_runtime::codec::msgpack;
use rmpv::Value;

procwire::include_schema!("schemas/everything.toml");

fn written<T: Type>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    msgpack::encode(value, &mut bytes).expect("it can be written");
    bytes
}

fn read<T: Type>(value: &Value) -> Result<T, String> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).expect("it can be written");
    msgpack::decode(&bytes).map_err(|error| error.to_string())
}

#[track_caller]
fn crosses<T: Type + PartialEq + std::fmt::Debug>(value: &T) -> Value {
    let bytes = written(value);
    let back: T = msgpack::decode(&bytes).unwrap_or_else(|error| panic!("{error} in {bytes:02x?}"));
    assert_eq!(&back, value);
    rmpv::decode::read_value(&mut bytes.as_slice()).expect("it is MessagePack")
}

fn broken<T: Type>(value: &T) -> Vec<String> {
    let mut found = Violations::new();
    value.check(&At::root(), &mut found);
    found.iter().map(ToString::to_string).collect()
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(
        entries
            .iter()
            .map(|(key, value)| (Value::from(*key), value.clone()))
            .collect(),
    )
}

fn scalars() -> Scalars {
    Scalars {
        flag: true,
        friendly: -9_007_199_254_740_991,
        i_8: i8::MIN,
        i_16: i16::MIN,
        i_32: i32::MIN,
        i_64: i64::MIN,
        u_8: u8::MAX,
        u_16: u16::MAX,
        u_32: u32::MAX,
        u_64: u64::MAX,
        f_32: f32::MIN_POSITIVE,
        f_64: f64::MAX,
        text: "naïve ☃".to_owned(),
        data: Bytes::from_static(&[0, 255]),
        at: UNIX_EPOCH - Duration::new(1, 5),
        took: Duration::new(2 * 86_400 + 5, 3_000),
        price: "-12.50".parse::<Decimal>().expect("a decimal number"),
        id: Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff),
        extra: serde_json::json!({"list": [1, 2.5, null, "x"], "deep": {"flag": false}}),
    }
}

#[test]
fn every_built_in_type_crosses() {
    let wire = crosses(&scalars());
    assert_eq!(wire["took"], Value::from("P2DT5.000003S"));
    assert_eq!(wire["price"], Value::from("-12.50"));
    assert_eq!(wire["data"], Value::Binary(vec![0, 255]));
    assert!(matches!(wire["at"], Value::Ext(-1, _)));
    assert_eq!(wire["id"].as_slice().map(<[u8]>::len), Some(16));
}

#[test]
fn what_is_absent_is_not_written_and_nil_is_read_as_absent() {
    let none = Optionals::default();
    assert_eq!(crosses(&none), map(&[]));
    assert_eq!(
        read::<Optionals>(&map(&[("text", Value::Nil), ("rect", Value::Nil)])),
        Ok(none)
    );
    let some = Optionals {
        flag: Some(false),
        rect: Some(geo::Rect {
            x: 0.0,
            y: 1.0,
            w: 2.0,
            h: 3.0,
        }),
        list: Some(vec![Some(1), None]),
        format: Some(Format::Unknown("avif".to_owned())),
        ..Optionals::default()
    };
    let wire = crosses(&some);
    assert_eq!(wire.as_map().map(Vec::len), Some(4));
}

#[test]
fn every_default_is_filled_in() {
    let filled: Defaults = read(&map(&[])).expect("everything has a default");
    assert_eq!(filled, Defaults::default());
    assert_eq!(filled.friendly, -9_007_199_254_740_991);
    assert_eq!(filled.i_64, i64::MIN);
    assert_eq!(filled.f_64, 2.0);
    assert_eq!(filled.text, "a \"quoted\" \\ back\nslash, naïve ☃");
    assert_eq!(filled.data, Bytes::from_static(&[0, 1, 2, 255]));
    assert_eq!(
        filled.at,
        UNIX_EPOCH + Duration::new(1_767_323_045, 250_000_000)
    );
    assert_eq!(filled.took, Duration::from_millis(1500));
    assert_eq!(filled.price.as_str(), "12.30");
    assert_eq!(
        filled.id,
        Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)
    );
    assert_eq!(
        filled.extra,
        serde_json::json!({"list": [1, 2.5, "three", true]})
    );
    assert_eq!(
        (filled.level, filled.format.clone()),
        (Level::Warn, Format::Webp)
    );
    assert_eq!((filled.handle.as_ref(), filled.percent.0), ("h_00ff", 50));
    assert_eq!(filled.levels, [Level::Debug]);
    assert_eq!(filled.pair, (7, "seven".to_owned()));
    assert_eq!(filled.fixed, [0.0, 0.5, 1.0]);
    assert_eq!(
        filled.labels,
        BTreeMap::from([("a".to_owned(), "b".to_owned())])
    );
    assert_eq!(filled.maybe.as_deref(), Some("here"));
    assert!(broken(&filled).is_empty());
    crosses(&filled);
    // Absent means the default, so nothing has to be said aloud.
    let nothing = Defaults {
        maybe: None,
        ..filled
    };
    assert_eq!(crosses(&nothing)["maybe"], Value::Nil);
}

#[test]
fn every_container_crosses() {
    let point = geo::Point { x: 1.0, y: 2.0 };
    let rect = geo::Rect {
        x: 0.0,
        y: 0.0,
        w: 1.0,
        h: 1.0,
    };
    let value = Containers {
        list: vec!["a".to_owned(), String::new()],
        nested: vec![vec![], vec![1, 2]],
        fixed: [1.0, 2.0, 3.0, 4.0],
        fixed_obj: [
            point.clone(),
            geo::Point {
                x: -1.0,
                y: f32::INFINITY,
            },
        ],
        by_text: BTreeMap::from([("k".to_owned(), 1)]),
        by_number: BTreeMap::from([(u64::MAX, "max".to_owned())]),
        by_int: BTreeMap::from([(-1, true)]),
        by_small: BTreeMap::from([(-128, false)]),
        by_level: BTreeMap::from([(Level::Info, 2)]),
        by_handle: BTreeMap::from([(Handle::from("h_0000"), vec![1])]),
        pair: (1, "one".to_owned()),
        triple: (point, vec![Level::Error], Some(UNIX_EPOCH)),
        holes: vec![Some(1), None],
        blobs: vec![Bytes::new(), Bytes::from_static(b"x")],
        maps: vec![BTreeMap::from([("r".to_owned(), rect)])],
        shapes: BTreeMap::from([("s".to_owned(), Shape::Nothing)]),
        owner: Owner(Handle::from("h_ffff")),
        unit: geo::Unit::Millimetre,
    };
    crosses(&value);
    assert!(broken(&value).is_empty());
    let beyond = Containers {
        by_int: BTreeMap::from([(1 << 53, true)]),
        owner: Owner(Handle::from("x")),
        ..value
    };
    let found = broken(&beyond);
    assert!(
        found[0].starts_with("$.by_int[\"9007199254740992\"]: 9007199254740992 is not an `int`"),
        "{found:?}"
    );
    assert_eq!(
        found[1],
        "$.owner: \"x\" does not match \"^h_[0-9a-f]{4}$\""
    );
}

#[test]
fn recursion_crosses() {
    let leaf = Node {
        value: 2,
        children: vec![],
        next: None,
    };
    crosses(&Node {
        value: 1,
        children: vec![leaf.clone()],
        next: Some(Box::new(leaf)),
    });
    crosses(&Expr::Sum {
        left: Box::new(Expr::Number { value: 1.5 }),
        right: Box::new(Expr::Negate {
            of: Box::new(Expr::Number { value: 2.0 }),
        }),
    });
    let deep: Expr = read(&map(&[
        (
            "of",
            map(&[("value", Value::from(1)), ("type", Value::from("number"))]),
        ),
        ("type", Value::from("negate")),
    ]))
    .expect("the tag may come last");
    assert_eq!(
        deep,
        Expr::Negate {
            of: Box::new(Expr::Number { value: 1.0 })
        }
    );
}

#[test]
fn unions_carry_their_tag_and_structs_inline() {
    let circle = Shape::Circle(Circle {
        centre: geo::Point { x: 0.0, y: 0.0 },
        radius: 1.0,
    });
    let wire = crosses(&circle);
    assert_eq!(
        wire.as_map().and_then(|map| map[0].1.as_str()),
        Some("circle")
    );
    assert_eq!(wire["radius"], Value::from(1.0));
    assert_eq!(
        crosses(&Shape::Nothing),
        map(&[("type", Value::from("nothing"))])
    );
    let polygon: Shape = read(&map(&[
        ("type", Value::from("polygon")),
        ("points", Value::Array(vec![])),
    ]))
    .expect("closed has a default");
    assert_eq!(
        polygon,
        Shape::Polygon {
            points: vec![],
            closed: true
        }
    );
    let error = read::<Shape>(&map(&[("type", Value::from("blob"))])).expect_err("it is closed");
    assert!(
        error.contains("`blob`") && error.contains("`circle`, `polygon`, `nothing`"),
        "{error}"
    );
    let error = read::<Shape>(&map(&[("radius", Value::from(1))])).expect_err("no tag");
    assert!(error.contains("type"), "{error}");
}

#[test]
fn what_an_open_type_does_not_know_round_trips() {
    let wire = map(&[
        ("type", Value::from("table")),
        ("rows", Value::Array(vec![Value::from(1), Value::Nil])),
        ("raw", Value::Binary(vec![1, 2])),
        ("when", Value::Ext(-1, vec![0, 0, 0, 1])),
        ("f", Value::F32(1.5)),
    ]);
    let block: Block = read(&wire).expect("it is open");
    assert!(matches!(block, Block::Unknown(_)));
    assert_eq!(crosses(&block), wire);
    let group = Block::Group {
        blocks: vec![
            block,
            Block::Rule,
            Block::Text {
                content: "x".to_owned(),
                note: None,
            },
        ],
    };
    crosses(&group);
    let error =
        read::<Block>(&map(&[("type", Value::from("figure"))])).expect_err("known, and malformed");
    assert!(error.contains("data"), "{error}");
    assert_eq!(read::<Format>(&Value::from("png")), Ok(Format::Png));
    assert_eq!(
        crosses(&Format::Unknown("avif".to_owned())),
        Value::from("avif")
    );
    assert!(read::<Level>(&Value::from("trace")).is_err());
}

#[test]
fn readers_name_the_place_and_pass_over_what_they_do_not_know() {
    let node = |value| map(&[("value", value), ("later", map(&[("x", Value::Nil)]))]);
    assert!(read::<Node>(&node(Value::from(1))).is_ok());
    assert!(
        read::<Node>(&node(Value::from(1.0))).is_ok(),
        "a whole number may come as a float"
    );
    let wrong = map(&[
        ("value", Value::from(1)),
        (
            "children",
            Value::Array(vec![node(Value::from(1)), node(Value::from("x"))]),
        ),
    ]);
    let error = read::<Node>(&wrong).expect_err("a string is no number");
    assert!(error.contains("$.children[1].value"), "{error}");
    let error = read::<Node>(&map(&[])).expect_err("value is required");
    assert!(
        error.contains("$.value") && error.contains("missing"),
        "{error}"
    );
}

#[test]
fn every_constraint_is_checked_on_both_sides_of_its_edge() {
    let good = Constraints {
        dpi: 36,
        below: 4,
        ratio: 1.0,
        least: 0.5,
        title: "äöüßé".to_owned(),
        blob: Bytes::from_static(b"four"),
        items: vec![1, 2],
        entries: BTreeMap::new(),
        code: "AB1".to_owned(),
        maybe: Some("xyz".to_owned()),
        handle: Handle::from("h_00ff"),
        percent: Percent(100),
        shorts: Shorts(vec![0; 8]),
    };
    assert_eq!(broken(&good), [""; 0]);
    crosses(&good);
    let bad = Constraints {
        dpi: 35,
        below: 5,
        ratio: 1.01,
        least: f32::NAN,
        title: String::new(),
        blob: Bytes::from_static(b"five!"),
        items: vec![1],
        entries: (0..3).map(|n| (n.to_string(), n)).collect(),
        code: "A1".to_owned(),
        maybe: Some("yyyy".to_owned()),
        handle: Handle::from("h"),
        percent: Percent(101),
        shorts: Shorts(vec![0; 9]),
    };
    assert_eq!(
        broken(&bad),
        [
            "$.dpi: 35 is outside 36..=1200",
            "$.below: 5 is outside -5..=4",
            "$.ratio: 1.01 is outside 0..=1",
            "$.least: NaN is outside 0.5..",
            "$.title: length 0 is outside 1..=5",
            "$.blob: length 5 is outside 0..=4",
            "$.items: length 1 is outside 2..=",
            "$.entries: length 3 is outside 0..=2",
            "$.code: \"A1\" does not match \"^[A-Z]{2}[0-9]+$\"",
            "$.maybe: length 4 is outside 1..=3",
            "$.maybe: \"yyyy\" does not match \"^x\"",
            "$.handle: \"h\" does not match \"^h_[0-9a-f]{4}$\"",
            "$.percent: 101 is outside 0..=100",
            "$.shorts: length 9 is outside 0..=8",
        ]
    );
    let far = Scalars {
        friendly: 1 << 53,
        ..scalars()
    };
    assert_eq!(broken(&far).len(), 1);
}

#[test]
fn declared_errors_say_what_happened() {
    let error = EverythingError::NotFound {
        path: "x.pdf".to_owned(),
    };
    assert_eq!(error.to_string(), "not found (path: \"x.pdf\")");
    assert_eq!(EverythingError::Busy.to_string(), "busy");
    let error: Box<dyn std::error::Error> = Box::new(error);
    assert!(error.source().is_none());
}

#[test]
fn arguments_are_shown_field_by_field() {
    let args = EverythingEchoFormatArgs {
        format: Format::Png,
        level: Level::Info,
    };
    assert_eq!(
        format!("{args:?}"),
        "EverythingEchoFormatArgs { format: Png, level: Info }"
    );
}

#[test]
fn rust_and_the_schema_agree_on_every_fingerprint() {
    let reading = procwire_schema::read(std::path::Path::new("schemas/everything.toml"));
    let schema = reading.schema.expect("the schema is right");
    let module = schema.module().expect("it has a module");
    let contract = EverythingClient::CONTRACT;
    for (ours, theirs) in contract.methods.iter().zip(&module.methods) {
        assert_eq!(ours.name, theirs.name.text);
        let text = procwire_schema::model::fingerprint::method_text(schema.decls(), theirs);
        assert_eq!(ours.shape_text(), text);
        assert_eq!(
            ours.fingerprint().to_string(),
            schema.method_fingerprint(theirs)
        );
    }
    for (ours, theirs) in contract.events.iter().zip(&module.events) {
        assert_eq!(
            ours.fingerprint().to_string(),
            schema.event_fingerprint(theirs)
        );
    }
    assert_eq!(contract.fingerprint().to_string(), schema.fingerprint());
}
