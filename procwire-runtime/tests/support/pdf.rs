//! A module as the generator writes it, by hand: the runtime's own tests need no macros.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "each test uses its part of what a generator would make public"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use procwire_runtime::__private as P;

const _: () = P::generation::<1>();

#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub id: String,
    pub pages: u32,
    pub title: Option<String>,
    pub labels: BTreeMap<String, String>,
}

impl P::Type for Document {
    const SHAPE: &'static P::Shape = &P::Shape {
        identity: concat!(module_path!(), "::Document"),
        text: "struct(id:string,labels?:{string:string},pages:u32,title?:string?)",
        refs: &[],
    };

    fn write<S: P::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3 + usize::from(self.title.is_some())))?;
        P::put(&mut map, "id", &self.id)?;
        P::put(&mut map, "pages", &self.pages)?;
        P::put_some(&mut map, "title", &self.title)?;
        P::put(&mut map, "labels", &self.labels)?;
        P::SerializeMap::end(map)
    }

    fn read<'de, D: P::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        P::read_record(deserializer)
    }

    fn check(&self, at: &P::At<'_>, found: &mut P::Violations) {
        P::check_len(&at.field("id"), self.id.chars().count(), 1, None, found);
    }
}

impl P::Record for Document {
    const NAME: &'static str = "Document";

    fn read_fields<'de, A: P::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut id, mut pages, mut title, mut labels) = (None, None, None, None);
        while let Some(at) = P::key(&mut map, &["id", "pages", "title", "labels"])? {
            match at {
                0 => id = Some(P::field(&mut map, "id")?),
                1 => pages = Some(P::field(&mut map, "pages")?),
                2 => title = P::field(&mut map, "title")?,
                3 => labels = Some(P::field(&mut map, "labels")?),
                _ => P::skip(&mut map)?,
            }
        }
        Ok(Self {
            id: id.ok_or_else(|| P::missing("id"))?,
            pages: pages.ok_or_else(|| P::missing("pages"))?,
            title,
            labels: labels.unwrap_or_default(),
        })
    }
}

/// An open union, used in `throws`.
#[derive(Clone, Debug, PartialEq)]
pub enum PdfError {
    NotFound { path: String },
    Encrypted,
    Unknown(P::RawValue),
}

impl P::Type for PdfError {
    const SHAPE: &'static P::Shape = &P::Shape {
        identity: concat!(module_path!(), "::PdfError"),
        text: "union(encrypted()|not_found(path:string)|...)",
        refs: &[],
    };

    fn write<S: P::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NotFound { path } => {
                let mut map = serializer.serialize_map(Some(2))?;
                P::put(&mut map, "type", &"not_found".to_owned())?;
                P::put(&mut map, "path", path)?;
                P::SerializeMap::end(map)
            }
            Self::Encrypted => {
                let mut map = serializer.serialize_map(Some(1))?;
                P::put(&mut map, "type", &"encrypted".to_owned())?;
                P::SerializeMap::end(map)
            }
            Self::Unknown(raw) => P::Type::write(raw, serializer),
        }
    }

    fn read<'de, D: P::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        P::read_union(deserializer)
    }
}

impl P::Union for PdfError {
    const NAME: &'static str = "PdfError";
    const TAGS: &'static [&'static str] = &["not_found", "encrypted"];

    fn read_variant<'de, A: P::MapAccess<'de>>(tag: usize, mut map: A) -> Result<Self, A::Error> {
        match tag {
            0 => {
                let mut path = None;
                while let Some(at) = P::key(&mut map, &["path"])? {
                    if at == 0 {
                        path = Some(P::field(&mut map, "path")?)
                    } else {
                        P::skip(&mut map)?
                    }
                }
                Ok(Self::NotFound {
                    path: path.ok_or_else(|| P::missing("path"))?,
                })
            }
            _ => {
                while P::key(&mut map, &[])?.is_some() {
                    P::skip(&mut map)?;
                }
                Ok(Self::Encrypted)
            }
        }
    }

    fn unknown(whole: P::RawValue) -> Option<Self> {
        Some(Self::Unknown(whole))
    }
}

impl fmt::Display for PdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => write!(f, "not found (path: {path:?})"),
            Self::Encrypted => f.write_str("encrypted"),
            Self::Unknown(_) => f.write_str("unknown"),
        }
    }
}

impl std::error::Error for PdfError {}

macro_rules! args {
    ($name:ident, $shape:literal { $($field:ident: $ty:ty = $text:literal),* } $check:expr) => {
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $(pub $field: $ty),* }

        impl P::Type for $name {
            const SHAPE: &'static P::Shape =
                &P::Shape { identity: concat!(module_path!(), "::", stringify!($name)), text: $shape, refs: &[] };

            fn write<S: P::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some([$($text),*].len()))?;
                $(P::put(&mut map, $text, &self.$field)?;)*
                P::SerializeMap::end(map)
            }

            fn read<'de, D: P::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                P::read_record(deserializer)
            }

            fn check(&self, at: &P::At<'_>, found: &mut P::Violations) {
                let check: fn(&Self, &P::At<'_>, &mut P::Violations) = $check;
                check(self, at, found);
            }
        }

        impl P::Record for $name {
            const NAME: &'static str = stringify!($name);

            fn read_fields<'de, A: P::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                $(let mut $field: Option<$ty> = None;)*
                while let Some(at) = P::key(&mut map, &[$($text),*])? {
                    let mut index = 0;
                    $(
                        if at == index { $field = Some(P::field(&mut map, $text)?); }
                        index += 1;
                    )*
                    if at >= index { P::skip(&mut map)?; }
                }
                Ok(Self { $($field: match $field.or_else(<$ty as P::Type>::absent) {
                    Some(value) => value,
                    None => return Err(P::missing($text)),
                }),* })
            }
        }
    };
}

args!(OpenArgs, "struct(password?:string?,path:string)" { path: String = "path", password: Option<String> = "password" } |args, at, found| {
    P::check_len(&at.field("path"), args.path.chars().count(), 1, Some(200), found);
});
args!(BlocksArgs, "struct(count:u32,size:u32)" { count: u32 = "count", size: u32 = "size" } |_, _, _| {});
args!(SleepArgs, "struct(ms:u32)" { ms: u32 = "ms" } |_, _, _| {});
args!(DoArgs, "struct(what:string)" { what: String = "what" } |_, _, _| {});
args!(ProgressEvent, "struct(done:u32,total:u32)" { done: u32 = "done", total: u32 = "total" } |_, _, _| {});

const fn method(
    name: &'static str,
    kind: P::Kind,
    args: fn() -> &'static P::Shape,
    answer: fn() -> &'static P::Shape,
) -> P::Method {
    P::Method {
        name,
        kind,
        args_codec: P::Codec::Msgpack,
        answer_codec: P::Codec::Msgpack,
        cancellable: true,
        idempotent: false,
        timeout: P::Timeout::Default,
        args,
        answer,
        error: None,
    }
}

pub static PDF: P::Contract = P::Contract {
    name: "pdf",
    version: "1.4.0",
    methods: &[
        P::Method {
            error: Some(P::shape::<PdfError>),
            ..method(
                "open",
                P::Kind::Result,
                P::shape::<OpenArgs>,
                P::shape::<Document>,
            )
        },
        P::Method {
            error: Some(P::shape::<PdfError>),
            ..method(
                "blocks",
                P::Kind::Stream,
                P::shape::<BlocksArgs>,
                P::shape::<String>,
            )
        },
        method("index", P::Kind::Ack, P::shape::<DoArgs>, P::shape::<()>),
        method("log", P::Kind::None, P::shape::<DoArgs>, P::shape::<()>),
        P::Method {
            args_codec: P::Codec::Raw,
            answer_codec: P::Codec::Raw,
            ..method(
                "concat",
                P::Kind::Result,
                P::shape::<P::Bytes>,
                P::shape::<P::Bytes>,
            )
        },
        method(
            "sleep",
            P::Kind::Result,
            P::shape::<SleepArgs>,
            P::shape::<u32>,
        ),
        P::Method {
            idempotent: true,
            ..method(
                "act",
                P::Kind::Result,
                P::shape::<DoArgs>,
                P::shape::<String>,
            )
        },
        P::Method {
            cancellable: false,
            ..method(
                "stubborn",
                P::Kind::Result,
                P::shape::<SleepArgs>,
                P::shape::<u32>,
            )
        },
        method(
            "risky",
            P::Kind::Result,
            P::shape::<DoArgs>,
            P::shape::<String>,
        ),
    ],
    events: &[
        P::Event {
            name: "progress",
            codec: P::Codec::Msgpack,
            keep: P::Keep::All,
            payload: P::shape::<ProgressEvent>,
        },
        P::Event {
            name: "latest",
            codec: P::Codec::Msgpack,
            keep: P::Keep::Latest,
            payload: P::shape::<u32>,
        },
    ],
};

// ── the trait ────────────────────────────────────────────────────────────────

pub trait Pdf: Send + Sync + 'static {
    fn open(
        &self,
        path: String,
        password: Option<String>,
    ) -> impl Future<Output = Result<Document, PdfError>> + Send;
    fn blocks(&self, count: u32, size: u32) -> P::Answers<String, PdfError>;
    fn index(&self, what: String) -> impl Future<Output = P::Ack> + Send;
    fn log(&self, what: String) -> impl Future<Output = P::Oneway> + Send;
    fn concat(&self, data: P::Bytes) -> impl Future<Output = P::Bytes> + Send;
    fn sleep(&self, ms: u32) -> impl Future<Output = u32> + Send;
    fn act(&self, what: String) -> impl Future<Output = String> + Send;
}

// ── the parent ───────────────────────────────────────────────────────────────

#[derive(Clone, Debug)]
pub struct PdfClient {
    module: P::Module,
}

impl P::Client for PdfClient {
    const CONTRACT: &'static P::Contract = &PDF;
    const SPAWN: Option<&'static P::SpawnDefaults> = None;

    fn from_module(module: P::Module) -> Self {
        Self { module }
    }
}

impl PdfClient {
    pub fn builder() -> P::Builder<Self> {
        P::Builder::new()
    }

    pub fn in_memory<W: Pdf>(make: impl FnOnce(PdfEvents) -> W + Send + 'static) -> Self {
        P::in_memory(|out| PdfDispatch {
            worker: Arc::new(make(PdfEvents { out })),
        })
    }

    pub fn module(&self) -> &P::Module {
        &self.module
    }

    pub fn open(&self, path: impl P::IntoArg<String>) -> PdfOpenCall {
        PdfOpenCall {
            call: P::Call::new(
                &self.module,
                0,
                OpenArgs {
                    path: path.into_arg(),
                    password: None,
                },
            ),
        }
    }

    pub fn blocks(&self, count: u32, size: u32) -> P::Call<BlocksArgs, String, PdfError> {
        P::Call::new(&self.module, 1, BlocksArgs { count, size })
    }

    pub fn index(&self, what: impl P::IntoArg<String>) -> P::Call<DoArgs, (), P::Never> {
        P::Call::new(
            &self.module,
            2,
            DoArgs {
                what: what.into_arg(),
            },
        )
    }

    pub fn log(&self, what: impl P::IntoArg<String>) -> P::Call<DoArgs, (), P::Never> {
        P::Call::new(
            &self.module,
            3,
            DoArgs {
                what: what.into_arg(),
            },
        )
    }

    pub fn concat(&self, data: impl P::IntoArg<P::Bytes>) -> P::Call<P::Bytes, P::Bytes, P::Never> {
        P::Call::new(&self.module, 4, data.into_arg())
    }

    pub fn sleep(&self, ms: u32) -> P::Call<SleepArgs, u32, P::Never> {
        P::Call::new(&self.module, 5, SleepArgs { ms })
    }

    /// Idempotent.
    pub fn act(&self, what: impl P::IntoArg<String>) -> P::Call<DoArgs, String, P::Never> {
        P::Call::new(
            &self.module,
            6,
            DoArgs {
                what: what.into_arg(),
            },
        )
    }

    /// Not cancellable.
    pub fn stubborn(&self, ms: u32) -> P::Call<SleepArgs, u32, P::Never> {
        P::Call::new(&self.module, 7, SleepArgs { ms })
    }

    /// As `act`, but not idempotent.
    pub fn risky(&self, what: impl P::IntoArg<String>) -> P::Call<DoArgs, String, P::Never> {
        P::Call::new(
            &self.module,
            8,
            DoArgs {
                what: what.into_arg(),
            },
        )
    }

    pub fn progress(&self) -> P::EventStream<ProgressEvent> {
        self.module.events(0)
    }

    pub fn latest(&self) -> P::EventStream<u32> {
        self.module.events(1)
    }
}

#[must_use]
pub struct PdfOpenCall {
    call: P::Call<OpenArgs, Document, PdfError>,
}

impl PdfOpenCall {
    pub fn password(mut self, password: impl P::IntoArg<String>) -> Self {
        self.call.args.password = Some(password.into_arg());
        self
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.timeout(timeout);
        self
    }
}

impl IntoFuture for PdfOpenCall {
    type Output = Result<Document, P::CallError<PdfError>>;
    type IntoFuture = P::ResultFuture<Document, PdfError>;

    fn into_future(self) -> Self::IntoFuture {
        self.call.result()
    }
}

// ── the worker ───────────────────────────────────────────────────────────────

#[derive(Clone, Debug)]
pub struct PdfEvents {
    out: P::EventSink,
}

impl PdfEvents {
    pub async fn progress(&self, done: u32, total: u32) -> Result<(), P::EmitError> {
        self.out.emit(0, &ProgressEvent { done, total }).await
    }

    pub async fn latest(&self, value: u32) -> Result<(), P::EmitError> {
        self.out.emit(1, &value).await
    }
}

pub async fn serve<W: Pdf>(make: impl FnOnce(PdfEvents) -> W) -> Result<(), P::ServeError> {
    P::serve(&PDF, |out| PdfDispatch {
        worker: Arc::new(make(PdfEvents { out })),
    })
    .await
}

struct PdfDispatch<W> {
    worker: Arc<W>,
}

impl<W: Pdf> P::Dispatch for PdfDispatch<W> {
    fn dispatch(&self, method: usize, request: P::Request) {
        let worker = self.worker.clone();
        match method {
            0 => request.result(move |args: OpenArgs| async move {
                worker.open(args.path, args.password).await
            }),
            1 => request.stream(move |args: BlocksArgs| worker.blocks(args.count, args.size)),
            2 => request.ack(move |args: DoArgs| async move {
                Ok::<_, P::Never>(worker.index(args.what).await)
            }),
            3 => request.oneway(move |args: DoArgs| async move { worker.log(args.what).await }),
            4 => request.result(move |data: P::Bytes| async move {
                Ok::<_, P::Never>(worker.concat(data).await)
            }),
            5 | 7 => request.result(move |args: SleepArgs| async move {
                Ok::<_, P::Never>(worker.sleep(args.ms).await)
            }),
            6 | 8 => request.result(move |args: DoArgs| async move {
                Ok::<_, P::Never>(worker.act(args.what).await)
            }),
            _ => request.unsupported("not in this module"),
        }
    }
}

// ── handlers used by the worker process and in memory ────────────────────────

#[derive(Debug)]
pub struct Handlers {
    pub events: PdfEvents,
    pub cancelled: Arc<std::sync::atomic::AtomicU32>,
}

impl Handlers {
    pub fn new(events: PdfEvents) -> Self {
        Self {
            events,
            cancelled: Arc::default(),
        }
    }
}

/// Counts a handler that was dropped before it was through.
struct Guard(Arc<std::sync::atomic::AtomicU32>, bool);

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.1 {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
}

impl Pdf for Handlers {
    async fn open(&self, path: String, password: Option<String>) -> Result<Document, PdfError> {
        match (path.as_str(), password) {
            ("missing", _) => Err(PdfError::NotFound { path }),
            ("locked", None) => Err(PdfError::Encrypted),
            ("panic", _) => panic!("no such page"),
            (_, password) => Ok(Document {
                id: path,
                pages: 3,
                title: password,
                labels: BTreeMap::from([("a".into(), "b".into())]),
            }),
        }
    }

    fn blocks(&self, count: u32, size: u32) -> P::Answers<String, PdfError> {
        if size == u32::MAX {
            // Endless and slow, until it is dropped.
            let guard = Guard(self.cancelled.clone(), false);
            return P::Answers::produce(async move |mut items: P::Items<String>| {
                let _guard = guard;
                loop {
                    items.send("tick".to_owned()).await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        }
        P::Answers::produce(async move |mut items: P::Items<String>| {
            for i in 0..count {
                items
                    .send(format!("{i}:{}", "x".repeat(size as usize)))
                    .await;
            }
            if size == 7 {
                Err(PdfError::Encrypted)
            } else {
                Ok(())
            }
        })
    }

    async fn index(&self, what: String) -> P::Ack {
        let total: u32 = what.parse().unwrap_or(3);
        for done in 1..=total {
            let _ = self.events.progress(done, total).await;
            let _ = self.events.latest(done).await;
        }
        P::Ack(())
    }

    async fn log(&self, what: String) -> P::Oneway {
        eprintln!("log: {what}");
        let _ = self.events.latest(what.len() as u32).await;
        P::Oneway
    }

    async fn concat(&self, data: P::Bytes) -> P::Bytes {
        data
    }

    async fn sleep(&self, ms: u32) -> u32 {
        let mut guard = Guard(self.cancelled.clone(), false);
        tokio::time::sleep(Duration::from_millis(u64::from(ms))).await;
        guard.1 = true;
        ms
    }

    async fn act(&self, what: String) -> String {
        let (verb, rest) = what.split_once(' ').unwrap_or((&what, ""));
        match verb {
            "exit" => std::process::exit(rest.parse().unwrap_or(1)),
            "abort" => {
                eprintln!("about to abort");
                std::process::abort()
            }
            "print" => {
                println!(
                    "{{\"jsonrpc\":\"2.0\",\"method\":\"$pong\"}} printed by a handler: {rest}"
                );
                "printed".to_owned()
            }
            "once" => {
                // Dies the first time, answers the second.
                if std::path::Path::new(rest).exists() {
                    return format!("second {}", std::process::id());
                }
                let _ = std::fs::write(rest, "");
                std::process::abort()
            }
            "block" => {
                std::thread::sleep(Duration::from_millis(rest.parse().unwrap_or(50)));
                "blocked".to_owned()
            }
            "cancelled" => self
                .cancelled
                .load(std::sync::atomic::Ordering::SeqCst)
                .to_string(),
            "method" => P::ctx().method().to_owned(),
            "trace" => P::ctx().traceparent().unwrap_or("none").to_owned(),
            "pid" => std::process::id().to_string(),
            "env" => std::env::var(rest).unwrap_or_else(|_| "unset".to_owned()),
            "grandchild" => {
                let child = std::process::Command::new("sleep").arg("1000").spawn();
                child.map_or_else(|error| error.to_string(), |child| child.id().to_string())
            }
            _ => what,
        }
    }
}
