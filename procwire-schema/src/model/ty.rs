//! Types: the built-in ones, their combinations, and the bodies of declared ones.

use super::decls::DeclIndex;
use super::field::{Constraints, Field};
use super::name::Name;
use crate::span::Span;

/// A type, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// The type.
    pub ty: Type,
    /// The text that named it.
    pub span: Span,
}

/// Every type a value can have on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`: a whole number every language holds exactly, ±(2⁵³ − 1).
    Int,
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `string`: UTF-8.
    String,
    /// `bytes`
    Bytes,
    /// `timestamp`: an instant, MessagePack extension −1.
    Timestamp,
    /// `duration`: a length of time, never negative, an ISO 8601 string on the wire.
    Duration,
    /// `decimal`: an exact decimal number, a string on the wire.
    Decimal,
    /// `uuid`: 16 bytes.
    Uuid,
    /// `json`: anything JSON can say.
    Json,
    /// `T?`: absent and nil are read alike; absent is written.
    Optional(Box<Self>),
    /// `[T]`
    List(Box<Self>),
    /// `[T; N]`
    Array(Box<Self>, u32),
    /// `{K: V}`
    Map(Box<Self>, Box<Self>),
    /// `(A, B)`
    Tuple(Vec<Self>),
    /// A declared name.
    Ref(DeclIndex),
}

impl Type {
    /// Every built-in type that has no parts, by its schema name.
    pub const BUILT_IN: &'static [(&'static str, Self)] = &[
        ("bool", Self::Bool),
        ("int", Self::Int),
        ("i8", Self::I8),
        ("i16", Self::I16),
        ("i32", Self::I32),
        ("i64", Self::I64),
        ("u8", Self::U8),
        ("u16", Self::U16),
        ("u32", Self::U32),
        ("u64", Self::U64),
        ("f32", Self::F32),
        ("f64", Self::F64),
        ("string", Self::String),
        ("bytes", Self::Bytes),
        ("timestamp", Self::Timestamp),
        ("duration", Self::Duration),
        ("decimal", Self::Decimal),
        ("uuid", Self::Uuid),
        ("json", Self::Json),
    ];

    /// The schema name of a built-in type without parts.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        Self::BUILT_IN
            .iter()
            .find(|(_, ty)| ty == self)
            .map(|(name, _)| *name)
    }

    /// The least and the greatest whole number of an integer type; none for every other type.
    #[must_use]
    pub fn int_bounds(&self) -> Option<(i128, i128)> {
        Some(match self {
            Self::Int => (-((1 << 53) - 1), (1 << 53) - 1),
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::I64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            _ => return None,
        })
    }

    /// Calls `visit` with every declared name inside, the type itself included.
    pub fn each_ref(&self, visit: &mut impl FnMut(DeclIndex)) {
        match self {
            Self::Optional(inner) | Self::List(inner) | Self::Array(inner, _) => {
                inner.each_ref(visit)
            }
            Self::Map(key, value) => {
                key.each_ref(visit);
                value.each_ref(visit);
            }
            Self::Tuple(items) => items.iter().for_each(|item| item.each_ref(visit)),
            Self::Ref(index) => visit(*index),
            _ => {}
        }
    }
}

/// A name of its own for an existing type, with constraints.
#[derive(Clone, Debug, PartialEq)]
pub struct Newtype {
    /// What it wraps.
    pub ty: TypeExpr,
    /// What its values must satisfy.
    pub constraints: Constraints,
}

/// A choice of strings.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// The values, in order.
    pub values: Vec<EnumValue>,
    /// `"..."`: more may come, readers keep an unknown one as it is.
    pub open: bool,
}

/// One value of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// The string on the wire.
    pub name: Name,
    /// `##` comments.
    pub docs: Vec<String>,
}

/// Named fields: the body of a struct or a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The fields, in order.
    pub fields: Vec<Field>,
}

/// A choice of shapes, told apart by the key `type`.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// The variants, in order.
    pub variants: Vec<Variant>,
    /// `"..."`: more may come, readers keep an unknown one as it is.
    pub open: bool,
}

/// One variant of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The value of `type` on the wire.
    pub name: Name,
    /// `##` comments.
    pub docs: Vec<String>,
    /// What else it carries.
    pub body: VariantBody,
}

/// What a variant carries beside its tag.
#[derive(Clone, Debug, PartialEq)]
pub enum VariantBody {
    /// Fields of its own, written in place. Empty for a bare variant.
    Fields(Vec<Field>),
    /// The fields of a declared struct.
    Struct(TypeExpr),
}
