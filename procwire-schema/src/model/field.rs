//! One field: the same grammar in structs, variants, tables, arguments and event payloads.

use super::name::Name;
use super::ty::TypeExpr;
use crate::span::Span;

/// A named, typed member.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, snake_case, the key on the wire.
    pub name: Name,
    /// `##` comments.
    pub docs: Vec<String>,
    /// Its type.
    pub ty: TypeExpr,
    /// What a reader fills in when it is absent.
    pub default: Option<Default>,
    /// What its value must satisfy.
    pub constraints: Constraints,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
}

impl Field {
    /// Whether a writer may leave it out: optional, or with a default.
    #[must_use]
    pub fn may_be_absent(&self) -> bool {
        self.default.is_some() || matches!(self.ty.ty, super::ty::Type::Optional(_))
    }
}

/// A default and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Default {
    /// The value. After the check its shape fits the field's type.
    pub value: Value,
    /// Where it was written.
    pub span: Span,
}

/// A literal value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent.
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
    /// Text; also durations, timestamps, decimals, uuids and, base64-encoded, bytes.
    String(String),
    /// A value of an enum, by its wire name. TOML writes it as a string, the checker turns it into this.
    Variant(String),
    /// `[…]`
    List(Vec<Self>),
    /// `{…}`, in the order written.
    Map(Vec<(String, Self)>),
}

/// `range`, `len` and `pattern`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Numbers: least and greatest.
    pub range: Option<Range>,
    /// Strings (in code points), bytes, lists and maps: least and greatest size.
    pub len: Option<Len>,
    /// Strings: a regular expression in the subset that Rust, Python and JavaScript share. Unanchored, as in all three.
    pub pattern: Option<(String, Span)>,
}

impl Constraints {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.range.is_none() && self.len.is_none() && self.pattern.is_none()
    }
}

/// `"36..=1200"`, `"1.."`, `"0.0..1.0"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Least value; always included.
    pub min: Option<Bound>,
    /// Greatest value.
    pub max: Option<Bound>,
    /// Whether the greatest value itself is allowed (`..=`).
    pub inclusive: bool,
    /// Where it was written.
    pub span: Span,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// A whole number.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
}

/// `"1..=500"`, `"1.."`; both ends included once checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Len {
    /// Least size.
    pub min: u64,
    /// Greatest size, included.
    pub max: Option<u64>,
    /// Where it was written.
    pub span: Span,
}
