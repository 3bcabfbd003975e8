//! `$init` as peers get it wrong: refused with the name of what is wrong, never a panic.

use procwire_runtime::control::{Features, Init, Message, Nonce};
use proptest::prelude::*;
use serde_json::{Value, json};

fn good() -> Value {
    json!({
        "jsonrpc": "2.0",
        "method": "$init",
        "params": {
            "pipe": "/p",
            "schema": {
                "methods": {
                    "a": { "id": 1, "response": "result" },
                    "b": { "id": 2, "response": "stream", "timeout": 100 },
                },
                "events": { "e": { "id": 1 } },
            },
            "version": "1.0.0",
            "procwire": { "generation": 1, "features": ["started"], "starts": ["a"] },
        },
    })
}

fn read(line: &str) -> Option<Result<Init, String>> {
    match Message::parse(line.as_bytes()) {
        Message::Init(init) => Some(init.map_err(|error| error.field)),
        _ => None,
    }
}

#[test]
fn c02_every_mutation_names_its_field() {
    const PIPE: &str = "params.pipe";
    const SCHEMA: &str = "params.schema";
    const METHODS: &str = "params.schema.methods";
    const EVENTS: &str = "params.schema.events";
    const ID: &str = "params.schema.methods.a.id";
    const OTHER_ID: &str = "params.schema.methods.b.id";
    const RESPONSE: &str = "params.schema.methods.a.response";
    const EVENT_ID: &str = "params.schema.events.e.id";
    let table: Vec<(&str, Value, &str)> = vec![
        ("/params", Value::Null, PIPE),
        ("/params", json!([]), PIPE),
        ("/params", json!("x"), PIPE),
        ("/params", json!({}), PIPE),
        ("/params/pipe", Value::Null, PIPE),
        ("/params/pipe", json!(7), PIPE),
        ("/params/pipe", json!(["/p"]), PIPE),
        ("/params/pipe", json!({ "path": "/p" }), PIPE),
        ("/params/pipe", json!(true), PIPE),
        ("/params/schema", Value::Null, SCHEMA),
        ("/params/schema", json!([]), SCHEMA),
        ("/params/schema", json!("methods"), SCHEMA),
        ("/params/schema", json!(1), SCHEMA),
        ("/params/schema", json!({}), METHODS),
        ("/params/schema/methods", Value::Null, METHODS),
        ("/params/schema/methods", json!([]), METHODS),
        ("/params/schema/methods", json!("a"), METHODS),
        ("/params/schema/methods", json!(false), METHODS),
        ("/params/schema/events", Value::Null, EVENTS),
        ("/params/schema/events", json!([1]), EVENTS),
        ("/params/schema/events", json!("e"), EVENTS),
        ("/params/schema/methods/a", Value::Null, ID),
        ("/params/schema/methods/a", json!(1), ID),
        ("/params/schema/methods/a", json!([]), ID),
        (
            "/params/schema/methods/a",
            json!({ "response": "result" }),
            ID,
        ),
        ("/params/schema/methods/a/id", Value::Null, ID),
        ("/params/schema/methods/a/id", json!("1"), ID),
        ("/params/schema/methods/a/id", json!(0), ID),
        ("/params/schema/methods/a/id", json!(-1), ID),
        ("/params/schema/methods/a/id", json!(1.5), ID),
        ("/params/schema/methods/a/id", json!(0xFFFE), ID),
        ("/params/schema/methods/a/id", json!(0xFFFF), ID),
        ("/params/schema/methods/a/id", json!(0x1_0000), ID),
        ("/params/schema/methods/a/id", json!(u64::MAX), ID),
        ("/params/schema/methods/a/id", json!(1e300), ID),
        ("/params/schema/methods/a/id", json!(2), OTHER_ID),
        ("/params/schema/methods/a/response", Value::Null, RESPONSE),
        ("/params/schema/methods/a/response", json!(1), RESPONSE),
        (
            "/params/schema/methods/a/response",
            json!(["result"]),
            RESPONSE,
        ),
        ("/params/schema/events/e", Value::Null, EVENT_ID),
        ("/params/schema/events/e", json!(1), EVENT_ID),
        ("/params/schema/events/e/id", json!("1"), EVENT_ID),
        ("/params/schema/events/e/id", json!(0), EVENT_ID),
        ("/params/schema/events/e/id", json!(0xFFFF), EVENT_ID),
    ];
    assert!(table.len() >= 40);
    for (at, value, field) in table {
        let mut init = good();
        *init.pointer_mut(at).unwrap() = value.clone();
        let read = read(&init.to_string());
        assert_eq!(read, Some(Err(field.to_owned())), "{at} = {value}");
    }
}

#[test]
fn c02_what_is_said_twice_is_refused() {
    let once = good().to_string();
    for (word, twice) in [
        (r#""a":"#, r#""a":{"id":9,"response":"ack"},"a":"#),
        (r#""pipe":"#, r#""pipe":"/q","pipe":"#),
        (r#""events":"#, r#""events":{},"events":"#),
        (r#""method":"#, r#""method":"$pong","method":"#),
    ] {
        let line = once.replacen(word, twice, 1);
        assert_eq!(read(&line), Some(Err("$init".to_owned())), "{line}");
    }
}

#[test]
fn what_is_missing_without_harm_is_not_missed() {
    for at in ["version", "procwire"] {
        let mut init = good();
        init["params"].as_object_mut().unwrap().remove(at);
        assert!(read(&init.to_string()).unwrap().is_ok(), "{at}");
    }
    for strange in [
        json!(1),
        json!([]),
        json!({ "features": 1, "generation": "x", "methods": [], "starts": { "a": 1 } }),
    ] {
        let mut init = good();
        init["params"]["procwire"] = strange;
        let init = read(&init.to_string()).unwrap().unwrap();
        assert_eq!(init.accepted(&Features::all()), Features::default());
        assert!(init.ours.unwrap_or_default().starts.is_empty());
    }
    let init = read(&good().to_string()).unwrap().unwrap();
    assert!(init.accepted(&Features::all()).started);
}

/// Any JSON, small.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z$./]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const PLACES: &[&str] = &[
    "/params",
    "/params/pipe",
    "/params/schema",
    "/params/schema/methods",
    "/params/schema/methods/a",
    "/params/schema/methods/a/id",
    "/params/schema/methods/a/response",
    "/params/schema/methods/b/timeout",
    "/params/schema/events",
    "/params/schema/events/e/id",
    "/params/version",
    "/params/procwire",
    "/params/procwire/generation",
    "/params/procwire/features",
    "/params/procwire/starts",
];

proptest! {
    #[test]
    fn c02_no_init_panics(at in prop::sample::select(PLACES), value in value()) {
        let mut init = good();
        *init.pointer_mut(at).unwrap() = value;
        if let Some(Ok(init)) = read(&init.to_string()) {
            // What is let through can be connected to and asked.
            prop_assert!(init.methods.values().all(|method| (1..=65_533).contains(&method.id)));
            prop_assert!(init.events.values().all(|id| (1..=65_533).contains(id)));
        }
    }

    #[test]
    fn no_line_panics_tagged_or_not(line in prop::collection::vec(any::<u8>(), 0..200), brace: bool) {
        let mut line = line;
        if brace {
            line.insert(0, b'{');
        }
        let _ = Message::parse(&line);
        prop_assert_eq!(Message::parse_tagged(&line, &Nonce::new([1; 16])), Message::Noise);
    }

    #[test]
    fn any_cut_of_an_init_is_noise(at in 1_usize..200) {
        let line = good().to_string();
        prop_assert_eq!(Message::parse(&line.as_bytes()[..at.min(line.len() - 1)]), Message::Noise);
    }
}
