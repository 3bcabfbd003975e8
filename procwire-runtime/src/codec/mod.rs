//! Values and their bytes: what a type can do ([`Type`]), the built-in types, MessagePack, raw bytes, error payloads.
//!
//! Pure: no I/O, no clock. It knows nothing of frames, calls or processes.
//! Siblings: `workers/python/src/procwire/codec`, `workers/typescript/src/codec`.

mod arg;
mod bytes;
mod check;
mod containers;
mod decimal;
mod declared;
mod duration;
pub mod error;
mod json;
pub mod msgpack;
mod number;
pub mod raw;
mod raw_value;
mod record;
mod scan;
mod text;
mod timestamp;
mod types;
mod union;

pub use arg::IntoArg;
pub use check::{
    At, Pattern, Violation, Violations, check_float, check_int, check_integer, check_len,
    check_pattern,
};
pub use decimal::{Decimal, NotDecimal};
pub use declared::{
    Explain, ExplainNothing, Show, ShowNothing, WriteRecord, decimal, start_tagged, write_record,
    write_tagged,
};
pub use raw_value::RawValue;
pub use record::{Record, field, key, missing, put, put_some, read_record, skip};
pub use scan::{Fault, MAX_DEPTH, MAX_ELEMENTS, Refused, scan};
pub use text::{read_tag, unknown_tag, write_tag};
pub use types::{As, AsRef, Never, Type, shape};
pub use union::{Union, read_union};
