//! What a schema says, free of how it was written.
//!
//! Both front ends build these types, one checker judges them, every emitter reads them. References between
//! declarations are [`DeclIndex`], never strings; a name that was used and never declared is representable only
//! in [`Decls`], and only until the checker has run.

pub mod codec;
pub mod decls;
pub mod erase;
pub mod field;
pub mod fingerprint;
pub mod literal;
pub mod module;
pub mod name;
pub mod pattern;
pub mod shape;
pub mod ty;

pub use decls::{Decl, DeclIndex, DeclKind, Decls, Entry, TypeName};
pub use erase::erase_spans;
pub use field::{Bound, Constraints, Default, Field, Len, Range, Value};
pub use module::{
    Answer, Args, Codec, Draft, Event, Heartbeat, Keep, Limits, Method, Module, Restart, Spawn,
    Throws, Timeout,
};
pub use name::Name;
pub use ty::{Enum, EnumValue, Newtype, Record, Type, TypeExpr, Union, Variant, VariantBody};
