//! What the published worker answers, frame by frame: ours answers the same.

use serde_json::json;

use super::*;
use crate::codec::Never;
use crate::worker::{Ack, Answers, Items, Oneway};

static PUBLISHED: Contract = Contract {
    name: "published",
    version: "1.0.0",
    methods: &[
        method("echo", Kind::Result, Codec::Msgpack, true),
        method("count", Kind::Stream, Codec::Msgpack, true),
        method("note", Kind::Ack, Codec::Msgpack, true),
        method("fire", Kind::None, Codec::Msgpack, true),
        method("slow", Kind::Result, Codec::Msgpack, true),
    ],
    events: &[event("progress", Codec::Msgpack)],
};

#[tokio::test]
async fn a_recorded_session_is_answered_alike() {
    let text = include_str!("../../../../tests/vectors/procwire-vectors.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let events = EventSink::new(&PUBLISHED);
    let mut parent = parent(&events);
    let session = vectors["live"]["npm_worker"]["session"].as_array().unwrap();
    assert_eq!(session.len(), 10);
    for step in session {
        parent.raw(&bytes(&step["sent"]["hex"])).await;
        for recorded in step["received"].as_array().unwrap() {
            let frame = parent.frame().await;
            let ours = [&frame.header.to_bytes()[..], &frame.payload].concat();
            let theirs = bytes(&recorded["hex"]);
            assert_eq!(ours[..7], theirs[..7], "{}", step["what"]);
            if frame.header.flags.has(Flags::IS_ERROR) {
                // They send a text, we send a map with that text.
                let (ours, theirs) = (
                    ErrorPayload::read(&frame.payload),
                    ErrorPayload::read(&theirs[11..]),
                );
                assert_eq!(ours.message, theirs.message);
            } else {
                assert_eq!(ours, theirs, "{}", step["what"]);
            }
        }
    }
    // The published worker leaves an aborted request without an end; ours says that the id is free.
    parent
        .expect_error(Flags::ERROR, 8, ErrorKind::Cancelled)
        .await;
    parent.end().await;
}

fn parent(events: &EventSink) -> Parent {
    let sink = events.clone();
    let emit = move |value: Value| {
        let sink = sink.clone();
        async move { sink.emit(0, &value).await.unwrap() }
    };
    let hands = move |method: u16, request: Request| {
        let emit = emit.clone();
        match method {
            1 => request.result(async |value: Value| match value.get("fail") {
                Some(why) => panic!("{}", why.as_str().unwrap()),
                None => Ok::<_, Never>(value),
            }),
            2 => request.stream(|args: Value| {
                Answers::<Value>::produce(async move |mut items: Items<Value>| {
                    for n in 0..args["n"].as_u64().unwrap() {
                        if args["fail_at"] == json!(n) {
                            panic!("count failed at {n}");
                        }
                        items.send(json!(n)).await;
                    }
                    Ok(())
                })
            }),
            3 => request.ack(async move |args: Value| {
                let noted = json!({ "kind": "note", "text": args["text"] });
                tokio::spawn(async move {
                    tokio::task::yield_now().await; // behind the acknowledgement
                    emit(noted).await;
                });
                Ok::<_, Never>(Ack(json!({ "accepted": true })))
            }),
            4 => request.oneway(async move |args: Value| {
                emit(json!({ "kind": "fire", "tag": args["tag"] })).await;
                Oneway
            }),
            _ => request.result(async move |args: Value| {
                let ctx = crate::worker::ctx();
                if args["ms"] != json!(10) {
                    ctx.cancelled().await;
                    emit(json!({ "kind": "slow-aborted", "ms": args["ms"] })).await;
                }
                Ok::<_, Never>(json!({ "slept": args["ms"] }))
            }),
        }
    };
    Parent::serving(&PUBLISHED, events, Limits::default(), hands)
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
