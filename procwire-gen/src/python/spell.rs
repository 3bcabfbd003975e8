//! Types as Python says them: in an annotation with everything the codec checks, or plainly.

use std::collections::BTreeSet;

use procwire_schema::model::{Bound, Constraints, DeclIndex, DeclKind, Decls, Type};

use super::imports::Imports;
use super::naming::Naming;
use super::prose::patterns;

/// Spells types inside one class, whose own members may hide names.
#[derive(Debug)]
pub(super) struct Speller<'a> {
    pub(super) decls: &'a Decls,
    pub(super) naming: &'a Naming,
    pub(super) imports: &'a Imports,
    /// Members of the class that is being written: `list: int` hides the type `list` from every later annotation.
    hidden: BTreeSet<String>,
}

impl<'a> Speller<'a> {
    pub(super) fn new(decls: &'a Decls, naming: &'a Naming, imports: &'a Imports) -> Self {
        Self {
            decls,
            naming,
            imports,
            hidden: BTreeSet::new(),
        }
    }

    /// The same, in a class with these members.
    pub(super) fn inside(&self, members: impl IntoIterator<Item = String>) -> Self {
        Self {
            hidden: members.into_iter().collect(),
            ..Self::new(self.decls, self.naming, self.imports)
        }
    }

    /// A type with what is checked when it is read.
    pub(super) fn checked(&self, ty: &Type, constraints: &Constraints) -> String {
        if let Type::Optional(inner) = ty {
            return format!("{} | None", self.checked(inner, constraints));
        }
        let mut all = vec![constraints];
        let base = self.below(ty, &mut all);
        let meta = self.meta(base, &all);
        // Alone, a type's own bounds have a name already.
        if constraints.is_empty() {
            return match ty {
                Type::Ref(index) if meta.is_some() && self.is_newtype(*index) => {
                    format!("_{}", self.naming.ty(*index))
                }
                Type::Array(..) => self.annotated(&self.value(ty), meta),
                _ => self.value(ty),
            };
        }
        let bare = match ty {
            Type::Ref(_) => self.plain(ty),
            ty if ty.int_bounds().is_some() => self.builtin("int"),
            ty => self.value(ty),
        };
        self.annotated(&bare, meta)
    }

    /// A newtype's constraints on the plain type below it; none if there is nothing to check.
    pub(super) fn newtype_meta(&self, index: DeclIndex) -> Option<String> {
        let mut all = Vec::new();
        let ty = Type::Ref(index);
        let base = self.below(&ty, &mut all);
        self.meta(base, &all)
    }

    /// A type as one writes it by hand, without what is checked.
    pub(super) fn plain(&self, ty: &Type) -> String {
        match ty {
            Type::Optional(inner) => format!("{} | None", self.plain(inner)),
            Type::Ref(index) => self.naming.ty(*index).to_owned(),
            Type::Timestamp => self.imports.from("_dt", "datetime"),
            ty if ty.int_bounds().is_some() => self.builtin("int"),
            Type::List(item) | Type::Array(item, _) => {
                format!("{}[{}]", self.builtin("list"), self.plain(item))
            }
            Type::Map(key, value) => format!(
                "{}[{}, {}]",
                self.builtin("dict"),
                self.plain(key),
                self.plain(value)
            ),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.plain(part)).collect();
                format!("{}[{}]", self.builtin("tuple"), parts.join(", "))
            }
            ty => self.value(ty),
        }
    }

    /// What a newtype may be built on; none when Python has no class for it.
    pub(super) fn class(&self, ty: &Type) -> Option<String> {
        match ty {
            Type::Json | Type::Optional(_) => None,
            Type::Ref(index) => match self.decls.get(*index).map(|decl| &decl.kind) {
                Some(DeclKind::Union(_)) | None => None,
                // An alias below is no class either.
                Some(DeclKind::Newtype(newtype)) => self
                    .class(&newtype.ty.ty)
                    .map(|_| self.naming.ty(*index).to_owned()),
                Some(_) => Some(self.naming.ty(*index).to_owned()),
            },
            Type::List(_) | Type::Array(..) | Type::Map(..) | Type::Tuple(_) => {
                Some(self.value(ty))
            }
            ty => Some(self.plain(ty)),
        }
    }

    /// A built-in name, reached around a member that hides it.
    pub(super) fn builtin(&self, name: &'static str) -> String {
        if self.hidden.contains(name) {
            self.imports.from("_b", name)
        } else {
            name.to_owned()
        }
    }

    fn value(&self, ty: &Type) -> String {
        let part = |ty: &Type| self.checked(ty, &Constraints::default());
        match ty {
            Type::Bool => self.builtin("bool"),
            Type::Int => "_pw.Int".to_owned(),
            Type::I8 => "_pw.I8".to_owned(),
            Type::I16 => "_pw.I16".to_owned(),
            Type::I32 => "_pw.I32".to_owned(),
            Type::I64 => "_pw.I64".to_owned(),
            Type::U8 => "_pw.U8".to_owned(),
            Type::U16 => "_pw.U16".to_owned(),
            Type::U32 => "_pw.U32".to_owned(),
            Type::U64 => "_pw.U64".to_owned(),
            Type::F32 | Type::F64 => self.builtin("float"),
            Type::String => self.builtin("str"),
            Type::Bytes => self.builtin("bytes"),
            Type::Timestamp => "_pw.Timestamp".to_owned(),
            Type::Duration => self.imports.from("_dt", "timedelta"),
            Type::Decimal => self.imports.from("_dec", "Decimal"),
            Type::Uuid => self.imports.from("_uuid", "UUID"),
            Type::Json => self.imports.from("_pw", "Json"),
            Type::Optional(inner) => format!("{} | None", part(inner)),
            Type::List(item) | Type::Array(item, _) => {
                format!("{}[{}]", self.builtin("list"), part(item))
            }
            Type::Map(key, value) => {
                format!("{}[{}, {}]", self.builtin("dict"), part(key), part(value))
            }
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(part).collect();
                format!("{}[{}]", self.builtin("tuple"), parts.join(", "))
            }
            Type::Ref(index) => self.naming.ty(*index).to_owned(),
        }
    }

    fn annotated(&self, ty: &str, meta: Option<String>) -> String {
        match meta {
            Some(meta) => format!("{}[{ty}, {meta}]", self.imports.from("_t", "Annotated")),
            None => ty.to_owned(),
        }
    }

    fn is_newtype(&self, index: DeclIndex) -> bool {
        matches!(
            self.decls.get(index).map(|decl| &decl.kind),
            Some(DeclKind::Newtype(_))
        )
    }

    /// The type below newtypes; their constraints are added to `all`.
    fn below<'t>(&'t self, ty: &'t Type, all: &mut Vec<&'t Constraints>) -> &'t Type {
        if let Type::Ref(index) = ty
            && let Some(DeclKind::Newtype(newtype)) = self.decls.get(*index).map(|decl| &decl.kind)
        {
            all.push(&newtype.constraints);
            return self.below(&newtype.ty.ty, all);
        }
        ty
    }

    /// Everything that holds of a value of `base`, as one `Meta`: msgspec takes no two that bound the same thing.
    fn meta(&self, base: &Type, all: &[&Constraints]) -> Option<String> {
        let mut parts = match base.int_bounds() {
            Some(bounds) => whole_bounds(bounds, all),
            None => float_bounds(all),
        };
        let (mut least, mut most) = match base {
            Type::Array(_, len) => (u64::from(*len), Some(u64::from(*len))),
            _ => (0, None),
        };
        for len in all.iter().filter_map(|one| one.len.as_ref()) {
            least = least.max(len.min);
            most = match (most, len.max) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        if least > 0 {
            parts.push(format!("min_length={least}"));
        }
        if let Some(most) = most {
            parts.push(format!("max_length={most}"));
        }
        let expressions: Vec<&str> = all
            .iter()
            .filter_map(|one| one.pattern.as_ref())
            .map(|(text, _)| text.as_str())
            .collect();
        if !expressions.is_empty() {
            parts.push(format!("pattern={}", patterns(&expressions)));
        }
        if matches!(base, Type::Timestamp) {
            parts.push("tz=True".to_owned());
        }
        (!parts.is_empty()).then(|| format!("_pw.Meta({})", parts.join(", ")))
    }
}

/// Bounds of whole numbers. msgspec takes what fits 64 bits with a sign; what is beyond, the runtime checks.
fn whole_bounds((mut least, mut most): (i128, i128), all: &[&Constraints]) -> Vec<String> {
    for range in all.iter().filter_map(|one| one.range.as_ref()) {
        if let Some(min) = range.min.map(whole_up) {
            least = least.max(min);
        }
        if let Some(max) = range.max {
            let max = match (max, range.inclusive) {
                (Bound::Int(max), true) => max,
                (Bound::Int(max), false) => max - 1,
                (Bound::Float(max), _) => max.floor() as i128,
            };
            most = most.min(max);
        }
    }
    let mut parts = Vec::new();
    let mut extra = Vec::new();
    match i64::try_from(least) {
        Ok(least) => parts.push(format!("ge={least}")),
        Err(_) => extra.push(format!("\"min\": {least}")),
    }
    match i64::try_from(most) {
        Ok(most) => parts.push(format!("le={most}")),
        // MessagePack has nothing above it.
        Err(_) if most == i128::from(u64::MAX) => {}
        Err(_) => extra.push(format!("\"max\": {most}")),
    }
    if !extra.is_empty() {
        parts.push(format!("extra={{{}}}", extra.join(", ")));
    }
    parts
}

fn whole_up(bound: Bound) -> i128 {
    match bound {
        Bound::Int(number) => number,
        Bound::Float(number) => number.ceil() as i128,
    }
}

fn float_bounds(all: &[&Constraints]) -> Vec<String> {
    let number = |bound: Bound| match bound {
        Bound::Int(number) => number as f64,
        Bound::Float(number) => number,
    };
    let mut least: Option<f64> = None;
    let mut most: Option<(f64, bool)> = None;
    for range in all.iter().filter_map(|one| one.range.as_ref()) {
        if let Some(min) = range.min.map(number) {
            least = Some(least.map_or(min, |least| least.max(min)));
        }
        if let Some(max) = range.max.map(number) {
            most = match most {
                Some((other, _)) if other < max => most,
                Some((other, inclusive)) if other == max => {
                    Some((max, inclusive && range.inclusive))
                }
                _ => Some((max, range.inclusive)),
            };
        }
    }
    let mut parts: Vec<String> = least.iter().map(|least| format!("ge={least:?}")).collect();
    parts.extend(most.iter().map(|(most, inclusive)| {
        let word = if *inclusive { "le" } else { "lt" };
        format!("{word}={most:?}")
    }));
    parts
}
