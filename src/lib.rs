//! Call Python, TypeScript and Rust worker processes as typed, supervised, async Rust functions.
//!
//! A *module* is a set of methods and events. Written once, as a short TOML schema or as a Rust trait, it becomes a typed
//! stub for the Rust program (the *parent*), and a trait, a base class or an object of handlers for the *worker*, in
//! whichever of the three languages that is. The parent starts the worker, keeps it alive, and a call feels like a call:
//!
//! ```
//! use procwire::CallError;
//!
//! #[derive(Debug, procwire::Type)]
//! pub enum ParseError {
//!     /// The text is no number.
//!     NotANumber { text: String },
//! }
//!
//! /// Reads numbers.
//! #[procwire::module(version = "1.0.0")]
//! pub trait Digits {
//!     /// Reads one number, in the base given.
//!     async fn parse(&self, text: String, #[default(10)] #[range(2..=36)] base: u32) -> Result<u32, ParseError>;
//! }
//!
//! // The worker's side: the trait, as it stands.
//! struct Reader;
//!
//! impl Digits for Reader {
//!     async fn parse(&self, text: String, base: u32) -> Result<u32, ParseError> {
//!         u32::from_str_radix(&text, base).map_err(|_| ParseError::NotANumber { text })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), CallError<ParseError>> {
//! // The parent's side. Here the worker is in the same process; `DigitsClient::builder()` starts one of its own.
//! let digits = DigitsClient::in_memory(Reader);
//! assert_eq!(digits.parse("12").await.ok(), Some(12));
//! assert_eq!(digits.parse("ff").base(16).await.ok(), Some(255));
//!
//! match digits.parse("twelve").await {
//!     Err(CallError::App(ParseError::NotANumber { text })) => assert_eq!(text, "twelve"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! |---|---|
//! | write a module in Rust | [`module`](macro@module), [`Type`](derive@Type) |
//! | write it in TOML | [`include_schema!`], and the program `procwire-gen` for other languages |
//! | start a worker | [`Builder`], [`Environment`], [`Retry`], [`Restart`], [`Heartbeat`], [`Stuck`], [`SpawnError`] |
//! | end it | [`Farewell`], [`Means`], [`StillAlive`] |
//! | keep many | [`ModuleManager`], [`ManagerEvent`], [`ManagerError`] |
//! | call it | [`CallError`], [`Outcome`], [`Attempt`], [`Cancel`], [`WhenUnavailable`], [`ItemStream`], [`EventStream`] |
//! | watch it | [`Module`], [`ModuleState`], [`Lifecycle`] |
//! | be a worker in Rust | [`Answers`], [`Ack`], [`Oneway`], [`ctx`], [`LogLevel`], [`prepare_worker`], [`ServeError`] |

pub use procwire_runtime::__private::{
    Ack, Answers, Attempt, Builder, CallError, CallSite, Cancel, Client, Contract, Decimal,
    Difference, EmitError, Environment, EventStream, Exit, Farewell, Fault, Fingerprint, Heartbeat,
    IntoArg, ItemStream, Items, Lagged, Lifecycle, LifecycleStream, LogLevel, ManagerError,
    ManagerEvent, ManagerEvents, Means, Module, ModuleManager, ModuleState, Never, Oneway, Outcome,
    Overflow, RawValue, Rejection, RemoteError, RequestContext, Restart, Retry, ServeError,
    SpawnError, StartError, StartPhase, StillAlive, Stuck, TimeoutPhase, Type, Violation,
    Violations, WhenUnavailable, ctx, prepare as prepare_worker,
};
#[doc(no_inline)]
pub use procwire_runtime::__private::{Bytes, Uuid, Value};

mod agreement;

/// The schema's `int`: a whole number that every language holds exactly, from −(2⁵³ − 1) to 2⁵³ − 1.
///
/// In Rust it is an `i64`; the bounds are checked when it is sent and when it has been read. Written as `Int` in a trait or
/// a type it is `int` in the schema; written as `i64` it is `i64`, which JavaScript holds as a `bigint`.
pub type Int = i64;

/// Makes a type one that travels between parent and worker.
///
/// The type may hold `bool`, the integers and floats up to 64 bits, [`Int`], `String`, [`Bytes`], `SystemTime`, `Duration`,
/// [`Decimal`], [`Uuid`], [`Value`] (any JSON), `Option`, `Vec`, arrays, `BTreeMap` and `HashMap`, tuples, and other types
/// that travel.
///
/// | Rust | in the schema | on the wire |
/// |---|---|---|
/// | struct with named fields | struct | a map by name |
/// | struct with one unnamed field | newtype | what it wraps |
/// | enum of bare variants | enum | a string |
/// | enum of variants with fields | union | a map with the tag `type` |
///
/// Helper attributes, on fields: `#[default(…)]`, `#[range(1..=10)]`, `#[len(1..=500)]`, `#[pattern("^[a-z]+$")]`; on the last
/// variant: `#[unknown]`, which makes an enum open (`Unknown(String)`) or a union (`Unknown(RawValue)`): what this
/// program does not know is kept as it came.
///
/// ```
/// #[derive(procwire::Type)]
/// pub struct Handle(#[pattern("^doc_[0-9a-f]{16}$")] String);
///
/// #[derive(procwire::Type)]
/// pub enum Format {
///     Png,
///     Webp,
///     #[unknown]
///     Unknown(String),
/// }
///
/// #[derive(procwire::Type)]
/// pub struct Page {
///     pub document: Handle,
///     #[range(36..=1200)]
///     #[default(150)]
///     pub dpi: u32,
///     #[default(Format::Png)]
///     pub format: Format,
///     pub title: Option<String>,
/// }
/// ```
pub use procwire_macros::Type;
/// Holds a trait and a schema file equal: panics with every difference when they do not mean the same module.
///
/// For a test, in a program whose parent is written as a trait and whose workers are generated from a file.
///
/// ```
/// #[derive(procwire::Type)]
/// pub enum Language {
///     En,
///     De,
///     #[unknown]
///     Unknown(String),
/// }
///
/// #[derive(procwire::Type)]
/// pub enum GreetError {
///     UnknownLanguage { language: String },
/// }
///
/// #[procwire::module(version = "1.0.0")]
/// pub trait Greeter {
///     async fn greet(&self, name: String, #[default(Language::En)] language: Language) -> Result<String, GreetError>;
/// }
///
/// // In a test:
/// procwire::assert_schema!(GreeterClient, "schemas/greeter.toml");
/// ```
///
/// # Panics
/// When they differ: that is its purpose.
pub use procwire_macros::assert_schema;
/// Reads a schema file and expands to everything it says: its types, the worker's trait, the parent's stub.
///
/// The path is relative to the folder of `Cargo.toml`. A change in the file, or in one it imports, builds the crate anew;
/// a fault in it is an error with the file's own line.
///
/// ```
/// procwire::include_schema!("schemas/greeter.toml");
///
/// struct Polite;
///
/// impl Greeter for Polite {
///     async fn greet(&self, name: String, language: Language) -> Result<String, GreetError> {
///         match language {
///             Language::En => Ok(format!("Good day, {name}")),
///             Language::De => Ok(format!("Guten Tag, {name}")),
///             other => Err(GreetError::UnknownLanguage { language: other.to_string() }),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), procwire::CallError<GreetError>> {
/// let greeter = GreeterClient::in_memory(Polite);
/// assert_eq!(greeter.greet("Ada").await?, "Good day, Ada");
/// assert_eq!(greeter.greet("Ada").language(Language::De).await?, "Guten Tag, Ada");
/// # Ok(())
/// # }
/// ```
pub use procwire_macros::include_schema;
/// Makes a trait a module: the trait stays what you see and what a worker implements, and beside it come the parent's stub
/// (`PdfClient`), the worker's entry (`PdfWorker`), and what sends events (`PdfEvents`).
///
/// | a method returns | it answers with |
/// |---|---|
/// | `T`, `Result<T, E>` | one value |
/// | [`Answers<T>`](Answers), `Answers<T, E>` | a stream; written without `async` |
/// | [`Ack`], `Ack<T>`, `Result<Ack<T>, E>` | "taken", with an optional receipt |
/// | [`Oneway`] | nothing |
///
/// A function under `#[event]` is an event; it leaves the trait.
///
/// On the trait: `version = "1.0.0"` (needed), `name = "…"`, `timeout = "30s"`, and `#[spawn(command = […], …)]`. On methods:
/// `#[timeout("10s")]`, `#[idempotent]`, `#[cancellable(false)]`, `#[codec("…")]`, `#[deprecated = "…"]`. On events:
/// `#[keep(latest)]`. On parameters: docs, `#[default(…)]`, `#[range(…)]`, `#[len(…)]`, `#[pattern("…")]`, and `#[payload]`
/// where the one parameter is the whole payload. Parameters with a default, and those of type `Option`, are set by name
/// on the call.
///
/// ```
/// use procwire::{Answers, Oneway};
///
/// #[derive(Debug, procwire::Type)]
/// pub enum CountError {
///     TooMany { limit: u32 },
/// }
///
/// /// Counts.
/// #[procwire::module(version = "1.2.0", timeout = "30s")]
/// #[spawn(command = ["python3", "-m", "counter"])]
/// pub trait Counter {
///     /// Every number below `end`.
///     fn count(&self, end: u32) -> Answers<u32, CountError>;
///
///     /// From here on counts by `step`.
///     async fn set_step(&self, #[range(1..=10)] step: u32) -> Oneway;
///
///     /// How far it has come.
///     #[event]
///     #[keep(latest)]
///     fn progress(done: u32, total: u32);
/// }
/// # let _ = |counter: CounterClient| async move {
/// let mut progress = counter.events().progress();
/// let mut numbers = counter.count(3).await?;
/// while let Some(number) = numbers.try_next().await? {
///     println!("{number}");
/// }
/// # let _ = progress.next().await;
/// # Ok::<(), procwire::CallError<CountError>>(())
/// # };
/// ```
pub use procwire_macros::module;

/// For generated code only.
#[doc(hidden)]
pub mod __private {
    pub use crate::agreement::{Expected, assert_agreement};
    pub use procwire_runtime::__private::*;
}
