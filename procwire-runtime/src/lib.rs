//! The runtime of Procwire: framing, handshake, supervision and calls, on the parent's side and the worker's.
//!
//! Use it through the crate `procwire`; generated code reaches it through a hidden module there.
//!
//! Data path: typed stub → `module` → slot → `connection` (pending calls, writer) → `wire` → bytes → `worker` →
//! handler → back. A module here names only modules of a lower row:
//!
//! | row | modules |
//! |---|---|
//! | 0 | `ids` `contract` `clock` `chance` |
//! | 1 | `wire` `codec` `control` `transport` `metrics` |
//! | 2 | `connection` |
//! | 3 | `module` `worker` |
//! | 4 | `supervisor` |
//! | 5 | `manager` |

mod chance;
pub mod clock;
pub mod contract;
pub mod ids;

pub mod codec;
pub mod control;
mod metrics;
pub mod transport;
pub mod wire;

pub use codec::{Decimal, NotDecimal};
pub mod connection;
pub mod manager;
pub mod module;
pub mod supervisor;
pub mod worker;

/// What generated code names, in one flat place. Not for people: it changes with the generator.
#[doc(hidden)]
pub mod __private {
    pub use ::bytes::Bytes;
    pub use ::serde::de::{Error as DeError, MapAccess, Visitor};
    pub use ::serde::ser::SerializeMap;
    pub use ::serde::{Deserializer, Serializer};
    pub use ::serde_json::Value;
    pub use ::std::time::{Duration, SystemTime};
    pub use ::uuid::Uuid;

    pub use crate::codec::{
        As, AsRef, At, Decimal, Explain, ExplainNothing, IntoArg, Never, Pattern, RawValue, Record,
        Show, ShowNothing, Type, Union, Violation, Violations, WriteRecord, check_float, check_int,
        check_integer, check_len, check_pattern, decimal, field, key, missing, put, put_some,
        read_record, read_tag, read_union, shape, skip, start_tagged, unknown_tag, write_record,
        write_tag, write_tagged,
    };
    pub use crate::connection::{Exit, Outcome};
    pub use crate::contract::{
        Codec, Contract, Event, Fingerprint, Heartbeat, Keep, Kind, Method, Restart, Retry, Shape,
        SpawnDefaults, Stuck, Timeout, generation,
    };
    pub use crate::manager::{Fault, ManagerError, ManagerEvent, ManagerEvents, ModuleManager};
    pub use crate::module::{
        Attempt, Call, CallError, CallSite, Cancel, Client, EventStream, Farewell, ItemStream,
        Lagged, Lifecycle, LifecycleStream, Means, Module, ModuleState, OnewayFuture, Overflow,
        Rejection, RemoteError, ResultFuture, StillAlive, StreamFuture, TimeoutPhase,
        WhenUnavailable,
    };
    pub use crate::supervisor::{
        Builder, Difference, Environment, SpawnError, StartError, StartPhase, in_memory,
    };
    pub use crate::worker::{
        Ack, Answers, Dispatch, EmitError, EventSink, Items, LogLevel, Oneway, Request,
        RequestContext, ServeError, ctx, prepare, serve,
    };
}
