//! A parent made of raw frames, and a module whose handlers each test writes itself.

mod agreed;
mod cancellation;
mod endings;
mod requests;
mod streams;
mod vectors;

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Ack, Dispatch, EventSink, Limits, Oneway, Phase, Request, ServeError, serve_stream};
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::codec::{At, Never, Type, Violations, msgpack, shape};
use crate::connection::{End, Reader};
use crate::contract::{Codec, Contract, Event, Keep, Kind, Method, Shape, Timeout};
use crate::ids::{ABORT, DEFAULT_MAX_PAYLOAD};
use crate::transport::{Duplex, WriteHalf};
use crate::wire::{Flags, Frame, Header};

/// Ids of the methods.
const ONE: u16 = 1;
const MANY: u16 = 2;
const TAKEN: u16 = 3;
const TOLD: u16 = 4;
const BLOB: u16 = 5;
const FIRM: u16 = 6;

static CONTRACT: Contract = Contract {
    name: "m",
    version: "1.0.0",
    methods: &[
        method("one", Kind::Result, Codec::Msgpack, true),
        method("many", Kind::Stream, Codec::Msgpack, true),
        method("taken", Kind::Ack, Codec::Msgpack, true),
        method("told", Kind::None, Codec::Msgpack, true),
        method("blob", Kind::Result, Codec::Raw, true),
        method("firm", Kind::Result, Codec::Msgpack, false),
    ],
    events: &[event("noted", Codec::Msgpack), event("data", Codec::Raw)],
};

const fn method(name: &'static str, kind: Kind, codec: Codec, cancellable: bool) -> Method {
    Method {
        name,
        kind,
        args_codec: codec,
        answer_codec: codec,
        cancellable,
        idempotent: false,
        timeout: Timeout::Default,
        args: shape::<()>,
        answer: shape::<()>,
        error: None,
    }
}

const fn event(name: &'static str, codec: Codec) -> Event {
    Event {
        name,
        codec,
        keep: Keep::All,
        payload: shape::<()>,
    }
}

struct Hands<F>(F);

impl<F: Fn(u16, Request) + Send + Sync + 'static> Dispatch for Hands<F> {
    fn dispatch(&self, method: usize, request: Request) {
        (self.0)(u16::try_from(method + 1).unwrap(), request);
    }
}

/// Answers every method with what it got.
fn echo(method: u16, request: Request) {
    match method {
        ONE | FIRM => request.result(async |value: Value| Ok::<_, Never>(value)),
        TAKEN => request.ack(async |value: Value| Ok::<_, Never>(Ack(value))),
        TOLD => request.oneway(async |_: Value| Oneway),
        BLOB => request.result(async |bytes: Bytes| Ok::<_, Never>(bytes)),
        _ => request.unsupported("not here"),
    }
}

/// The parent of a worker that runs in the same test.
struct Parent {
    reader: Reader,
    write: WriteHalf,
    inbox: VecDeque<Frame>,
    phase: watch::Sender<Phase>,
    worker: JoinHandle<Result<(), ServeError>>,
}

impl Parent {
    /// A worker with these handlers, by method id.
    fn of(hands: impl Fn(u16, Request) + Send + Sync + 'static) -> Self {
        Self::with(&EventSink::new(&CONTRACT), Limits::default(), hands)
    }

    fn with(
        events: &EventSink,
        limits: Limits,
        hands: impl Fn(u16, Request) + Send + Sync + 'static,
    ) -> Self {
        Self::serving(&CONTRACT, events, limits, hands)
    }

    fn serving(
        contract: &'static Contract,
        events: &EventSink,
        limits: Limits,
        hands: impl Fn(u16, Request) + Send + Sync + 'static,
    ) -> Self {
        let (near, far) = Duplex::pair().unwrap();
        let (phase, told) = watch::channel(Phase::Serving);
        let worker = tokio::spawn(serve_stream(
            far,
            contract,
            Hands(hands),
            events.clone(),
            told,
            limits,
        ));
        let (read, write) = near.split();
        Self {
            reader: Reader::new(read, DEFAULT_MAX_PAYLOAD),
            write,
            inbox: VecDeque::new(),
            phase,
            worker,
        }
    }

    async fn send(&mut self, method: u16, request: u32, payload: impl AsRef<[u8]>) {
        self.raw(&bytes_of(method, request, payload.as_ref())).await;
    }

    async fn abort(&mut self, request: u32) {
        self.send(ABORT, request, b"").await;
    }

    async fn raw(&mut self, bytes: &[u8]) {
        soon(self.write.write_all(bytes)).await.unwrap();
    }

    /// The next frame from the worker.
    async fn frame(&mut self) -> Frame {
        self.try_frame().await.expect("a frame")
    }

    /// The next frame, or how the connection ended.
    async fn try_frame(&mut self) -> Result<Frame, End> {
        loop {
            if let Some(frame) = self.inbox.pop_front() {
                return Ok(frame);
            }
            let mut frames = Vec::new();
            let read = soon(self.reader.fill(&mut frames)).await;
            self.inbox.extend(frames);
            if self.inbox.is_empty() {
                read?;
            }
        }
    }

    /// The next frame answers this request with this value.
    async fn expect<T: Type + PartialEq + Debug>(&mut self, flags: Flags, request: u32, value: T) {
        let frame = self.frame().await;
        assert_eq!(
            (frame.header.flags, frame.header.request),
            (flags, request),
            "{frame:?}"
        );
        assert_eq!(msgpack::decode::<T>(&frame.payload).unwrap(), value);
    }

    /// The next frame ends this request with an error of this kind.
    async fn expect_error(&mut self, flags: Flags, request: u32, kind: ErrorKind) -> ErrorPayload {
        let frame = self.frame().await;
        assert_eq!(
            (frame.header.flags, frame.header.request),
            (flags, request),
            "{frame:?}"
        );
        let error = ErrorPayload::read(&frame.payload);
        assert_eq!(error.kind, kind, "{error:?}");
        error
    }

    /// Hangs up. Nothing more has come from the worker, and it has ended well.
    async fn end(mut self) {
        self.write.shutdown().await.unwrap();
        if let Ok(frame) = self.try_frame().await {
            panic!("one frame too many: {frame:?}");
        }
        soon(self.worker).await.unwrap().unwrap();
    }
}

fn bytes_of(method: u16, request: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let header = Header {
        method,
        flags: Flags::REQUEST,
        request,
        length,
    };
    [&header.to_bytes(), payload].concat()
}

fn packed<T: Type>(value: T) -> Vec<u8> {
    let mut out = Vec::new();
    msgpack::encode(&value, &mut out).unwrap();
    out
}

/// Fails a test that would hang.
async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("this takes too long")
}

/// A declared error.
#[derive(Debug, PartialEq)]
struct Trouble(u32);

impl Type for Trouble {
    const SHAPE: &'static Shape = &Shape::builtin("u32");

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", "trouble")?;
        map.serialize_entry("code", &self.0)?;
        map.end()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::read(deserializer)?;
        let code = value["code"]
            .as_u64()
            .and_then(|code| u32::try_from(code).ok());
        code.map(Self).ok_or_else(|| D::Error::custom("no code"))
    }

    fn sentence(&self) -> String {
        format!("trouble {}", self.0)
    }
}

/// At most ten.
#[derive(Debug, PartialEq)]
struct Few(u32);

impl Type for Few {
    const SHAPE: &'static Shape = u32::SHAPE;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::read(deserializer).map(Self)
    }

    fn check(&self, at: &At<'_>, found: &mut Violations) {
        if self.0 > 10 {
            found.push(&at.field("few"), format_args!("{} is more than 10", self.0));
        }
    }
}
