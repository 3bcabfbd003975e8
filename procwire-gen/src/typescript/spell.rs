//! Types as TypeScript says them.
//!
//! What was read and what is sent may be said differently; see [`Reach::is_split`](super::reach::Reach::is_split).

use procwire_schema::Schema;
use procwire_schema::model::{Bound, Constraints, DeclIndex, DeclKind, Field, Type};

use super::naming::Naming;
use super::reach::{Reach, Way};

/// A fixed list of up to this many is a tuple, whose length the compiler checks.
pub(super) const UNROLLED: u32 = 4;

/// Everything a spelling depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speller<'a> {
    pub(super) schema: &'a Schema,
    pub(super) naming: &'a Naming,
    pub(super) reach: &'a Reach,
}

impl Speller<'_> {
    /// A type.
    pub(super) fn ty(&self, ty: &Type, way: Way) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::Int
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::U8
            | Type::U16
            | Type::U32
            | Type::F32
            | Type::F64
            | Type::Duration => "number".to_owned(),
            Type::I64 | Type::U64 => "bigint".to_owned(),
            Type::String | Type::Decimal | Type::Uuid => "string".to_owned(),
            Type::Bytes => "Uint8Array".to_owned(),
            Type::Timestamp => "Date".to_owned(),
            Type::Json => "pw.JsonValue".to_owned(),
            Type::Optional(inner) => match way {
                Way::Read => format!("{} | null", self.ty(inner, way)),
                Way::Sent => format!("{} | null | undefined", self.ty(inner, way)),
            },
            Type::List(inner) => self.list(inner, way),
            Type::Array(inner, length) if *length <= UNROLLED => {
                let parts = vec![self.ty(inner, way); *length as usize];
                format!("readonly [{}]", parts.join(", "))
            }
            Type::Array(inner, _) => self.list(inner, way),
            Type::Map(key, value) => self.map(key, value, way),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.ty(part, way)).collect();
                format!("readonly [{}]", parts.join(", "))
            }
            Type::Ref(index) => self.named(*index, way).to_owned(),
        }
    }

    /// The name of a declared type, in the form that goes this way.
    pub(super) fn named(&self, index: DeclIndex, way: Way) -> &str {
        if way == Way::Sent && self.reach.is_split(index) {
            self.naming.of_sent(index)
        } else {
            self.naming.of_type(index)
        }
    }

    /// The type of a field's value, without regard to whether it may be left out.
    pub(super) fn field(&self, field: &Field, way: Way) -> String {
        let base = self.ty(&field.ty.ty, way);
        match way {
            Way::Sent if field.default.is_some() && !matches!(field.ty.ty, Type::Optional(_)) => {
                format!("{base} | undefined")
            }
            _ => base,
        }
    }

    fn list(&self, inner: &Type, way: Way) -> String {
        let item = self.ty(inner, way);
        if item.contains(' ') && !item.starts_with('{') {
            format!("readonly ({item})[]")
        } else {
            format!("readonly {item}[]")
        }
    }

    fn map(&self, key: &Type, value: &Type, way: Way) -> String {
        let value = self.ty(value, way);
        if let Some(index) = self.closed_enum(key) {
            let name = self.named(index, way);
            return format!("{{ readonly [K in {name}]?: {value} }}");
        }
        let key = match self.bare(key) {
            Type::I8 | Type::I16 | Type::I32 | Type::U8 | Type::U16 | Type::U32 | Type::Int => {
                "number"
            }
            _ => "string",
        };
        format!("{{ readonly [key: {key}]: {value} }}")
    }

    fn closed_enum(&self, key: &Type) -> Option<DeclIndex> {
        let Type::Ref(index) = key else { return None };
        match &self.schema.decls().get(*index)?.kind {
            DeclKind::Enum(it) if !it.open => Some(*index),
            DeclKind::Newtype(newtype) => self.closed_enum(&newtype.ty.ty),
            _ => None,
        }
    }

    /// A type without the newtypes around it.
    pub(super) fn bare<'t>(&'t self, ty: &'t Type) -> &'t Type {
        let mut ty = ty;
        while let Type::Ref(index) = ty {
            match self.schema.decls().get(*index).map(|decl| &decl.kind) {
                Some(DeclKind::Newtype(newtype)) => ty = &newtype.ty.ty,
                _ => break,
            }
        }
        ty
    }

    /// The constraints on a value, said in words for its doc comment.
    pub(super) fn constraints(constraints: &Constraints) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(range) = &constraints.range {
            out.push(format!(
                "Range: `{}`.",
                range_text(range.min, range.max, range.inclusive)
            ));
        }
        if let Some(len) = &constraints.len {
            out.push(format!("Length: `{}`.", len_text(len.min, len.max)));
        }
        if let Some((pattern, _)) = &constraints.pattern {
            out.push(format!("Pattern: `{pattern}`."));
        }
        out
    }
}

/// `T` of `T?`; any other type as it is.
pub(super) fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    }
}

/// `36..=1200`
pub(super) fn range_text(min: Option<Bound>, max: Option<Bound>, inclusive: bool) -> String {
    let show = |bound: Option<Bound>| match bound {
        Some(Bound::Int(number)) => number.to_string(),
        Some(Bound::Float(number)) => format!("{number:?}"),
        None => String::new(),
    };
    let equals = if inclusive && max.is_some() { "=" } else { "" };
    format!("{}..{equals}{}", show(min), show(max))
}

/// `1..=500`
pub(super) fn len_text(min: u64, max: Option<u64>) -> String {
    let start = if min == 0 && max.is_some() {
        String::new()
    } else {
        min.to_string()
    };
    max.map_or_else(|| format!("{start}.."), |max| format!("{start}..={max}"))
}
