//! Values through the codec, as expressions: `pw.u32(o["page"], pw.sub(at, "page"))`.
//!
//! A *step* is a function of a value and its place; where a step is more than a name it becomes a function of the
//! file, once, and is then called by its name.

use std::cell::RefCell;

use procwire_schema::model::{Bound, Constraints, Type};

use super::literal::float;
use super::naming::verb;
use super::prose::{expression, quoted};
use super::reach::Way;
use super::spell::{Speller, UNROLLED, len_text, range_text, unwrapped};

/// A function that the file needs beside those of its declared types.
#[derive(Clone, Debug)]
pub(super) enum Helper {
    /// `const NAME = EXPRESSION;`
    Constant { name: String, value: String },
    /// A function whose body is one expression.
    Step {
        name: String,
        ty: String,
        body: String,
    },
    /// A function over the parts of a tuple.
    Tuple {
        name: String,
        ty: String,
        parts: Vec<String>,
    },
}

impl Helper {
    fn name(&self) -> &str {
        match self {
            Self::Constant { name, .. } | Self::Step { name, .. } | Self::Tuple { name, .. } => {
                name
            }
        }
    }
}

/// Makes expressions, and keeps the functions they need.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    speller: Speller<'a>,
    /// The text that tells two apart, and the function.
    helpers: RefCell<Vec<(String, Helper)>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(speller: Speller<'a>) -> Self {
        Self {
            speller,
            helpers: RefCell::default(),
        }
    }

    /// The functions that the expressions made so far need.
    pub(super) fn helpers(&self) -> Vec<Helper> {
        self.helpers
            .borrow()
            .iter()
            .map(|(_, helper)| helper.clone())
            .collect()
    }

    /// The expression that takes `value` at `at` through a type.
    pub(super) fn apply(&self, ty: &Type, way: Way, value: &str, at: &str) -> String {
        match ty {
            Type::Optional(inner) => {
                format!("pw.optional({value}, {at}, {})", self.step(inner, way))
            }
            Type::List(inner) => format!("pw.list({value}, {at}, {})", self.step(inner, way)),
            Type::Array(inner, length) if *length > UNROLLED => {
                format!(
                    "pw.array({value}, {at}, {length}, {})",
                    self.step(inner, way)
                )
            }
            Type::Map(key, inner) => {
                let function = match way {
                    Way::Read => "pw.record",
                    Way::Sent => "pw.writeRecord",
                };
                format!(
                    "{function}({value}, {at}, {}, {})",
                    self.key(key, way),
                    self.step(inner, way)
                )
            }
            simple => format!("{}({value}, {at})", self.step(simple, way)),
        }
    }

    /// The same with constraints, which hold before a value is written and after it was read.
    pub(super) fn constrained(
        &self,
        ty: &Type,
        constraints: &Constraints,
        way: Way,
        value: &str,
        at: &str,
    ) -> String {
        if constraints.is_empty() {
            return self.apply(ty, way, value, at);
        }
        if let Type::Optional(inner) = ty {
            let body = self.constrained(inner, constraints, way, "value", "at");
            let spelled = match way {
                Way::Read => self.speller.ty(inner, way),
                Way::Sent => "unknown".to_owned(),
            };
            let step = self.hoist(
                verb(way),
                |name| Helper::Step {
                    name,
                    ty: spelled.clone(),
                    body: body.clone(),
                },
                &format!("{spelled} {body}"),
            );
            return format!("pw.optional({value}, {at}, {step})");
        }
        let bare = self.speller.bare(ty);
        if way == Way::Read {
            return self.held(ty, constraints, self.apply(ty, way, value, at), at);
        }
        match (ty, bare) {
            // A writer of a named type gives whatever goes on the wire; what that is follows from the bare type.
            (Type::Ref(_), _) => {
                let wire = match bare {
                    Type::String | Type::Decimal | Type::Uuid => "string",
                    Type::Bytes | Type::List(_) | Type::Array(..) | Type::Map(..) => "object",
                    _ => "number | bigint",
                };
                let written = format!("pw.brand<{wire}>({})", self.apply(ty, way, value, at));
                self.held(ty, constraints, written, at)
            }
            // These change on their way out, and the constraint is on what they were.
            (_, Type::Int | Type::I64 | Type::U64) => {
                let checked = self.apply(ty, Way::Read, value, at);
                let held = self.held(ty, constraints, checked, at);
                self.apply(ty, way, &held, at)
            }
            _ => self.held(ty, constraints, self.apply(ty, way, value, at), at),
        }
    }

    fn held(&self, ty: &Type, constraints: &Constraints, mut value: String, at: &str) -> String {
        if let Some(range) = &constraints.range {
            let bare = self.speller.bare(unwrapped(ty));
            let bound = |bound: Option<Bound>| match (bare, bound) {
                (_, None) => "undefined".to_owned(),
                (Type::I64 | Type::U64, Some(Bound::Int(number))) => format!("{number}n"),
                (Type::F32, Some(Bound::Int(number))) => float(f64::from(number as f32)),
                (Type::F32, Some(Bound::Float(number))) => float(f64::from(number as f32)),
                (_, Some(Bound::Int(number))) => number.to_string(),
                (_, Some(Bound::Float(number))) => float(number),
            };
            let text = quoted(&range_text(range.min, range.max, range.inclusive));
            value = format!(
                "pw.range({value}, {at}, {}, {}, {}, {text})",
                bound(range.min),
                bound(range.max),
                range.inclusive
            );
        }
        if let Some(len) = &constraints.len {
            let max = len
                .max
                .map_or_else(|| "Infinity".to_owned(), |max| max.to_string());
            let text = quoted(&len_text(len.min, len.max));
            value = format!("pw.len({value}, {at}, {}, {max}, {text})", len.min);
        }
        if let Some((pattern, _)) = &constraints.pattern {
            let regex = format!("new RegExp({}, \"u\")", quoted(&expression(pattern)));
            let name = self.hoist(
                "pattern",
                |name| Helper::Constant {
                    name,
                    value: regex.clone(),
                },
                &regex,
            );
            value = format!("pw.pattern({value}, {at}, {name})");
        }
        value
    }

    /// The function that takes a value through a type.
    pub(super) fn step(&self, ty: &Type, way: Way) -> String {
        let sent = way == Way::Sent;
        match ty {
            Type::Bool => "pw.bool".to_owned(),
            Type::Int => if sent { "pw.writeInt" } else { "pw.int" }.to_owned(),
            Type::I8 => "pw.i8".to_owned(),
            Type::I16 => "pw.i16".to_owned(),
            Type::I32 => "pw.i32".to_owned(),
            Type::I64 => if sent { "pw.writeI64" } else { "pw.i64" }.to_owned(),
            Type::U8 => "pw.u8".to_owned(),
            Type::U16 => "pw.u16".to_owned(),
            Type::U32 => "pw.u32".to_owned(),
            Type::U64 => if sent { "pw.writeU64" } else { "pw.u64" }.to_owned(),
            Type::F32 => "pw.f32".to_owned(),
            Type::F64 => "pw.f64".to_owned(),
            Type::String => "pw.string".to_owned(),
            Type::Bytes => "pw.bytes".to_owned(),
            Type::Timestamp => "pw.timestamp".to_owned(),
            Type::Duration => if sent {
                "pw.writeDuration"
            } else {
                "pw.duration"
            }
            .to_owned(),
            Type::Decimal => "pw.decimal".to_owned(),
            Type::Uuid => if sent { "pw.writeUuid" } else { "pw.uuid" }.to_owned(),
            Type::Json => if sent { "pw.writeJson" } else { "pw.json" }.to_owned(),
            Type::Ref(index) => self.speller.naming.of_codec(*index, way),
            Type::Tuple(parts) => self.tuple(ty, parts, way),
            Type::Array(inner, length) if *length <= UNROLLED => {
                self.tuple(ty, &vec![inner.as_ref().clone(); *length as usize], way)
            }
            Type::Optional(_) | Type::List(_) | Type::Array(..) | Type::Map(..) => {
                let body = self.apply(ty, way, "value", "at");
                let spelled = self.spelled(ty, way);
                self.hoist(
                    verb(way),
                    |name| Helper::Step {
                        name,
                        ty: spelled.clone(),
                        body: body.clone(),
                    },
                    &format!("{spelled} {body}"),
                )
            }
        }
    }

    /// What a step gives: the value for a handler, or whatever MessagePack takes.
    fn spelled(&self, ty: &Type, way: Way) -> String {
        match way {
            Way::Read => self.speller.ty(ty, way),
            Way::Sent => "unknown".to_owned(),
        }
    }

    fn tuple(&self, ty: &Type, parts: &[Type], way: Way) -> String {
        let spelled = self.spelled(ty, way);
        let parts: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| {
                self.apply(
                    part,
                    way,
                    &format!("parts[{at}]"),
                    &format!("pw.sub(at, {at})"),
                )
            })
            .collect();
        let text = format!("{spelled} {}", parts.join(","));
        self.hoist(
            verb(way),
            |name| Helper::Tuple {
                name,
                ty: spelled.clone(),
                parts: parts.clone(),
            },
            &text,
        )
    }

    /// The step of a map's key, which is always a string where JavaScript sees it.
    fn key(&self, ty: &Type, way: Way) -> String {
        let step = self.step(ty, way);
        match self.speller.bare(ty) {
            Type::Int
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::U8
            | Type::U16
            | Type::U32
            | Type::U64 => {
                let value = format!("pw.numberKey({step})");
                self.hoist(
                    "key",
                    |name| Helper::Constant {
                        name,
                        value: value.clone(),
                    },
                    &value,
                )
            }
            _ => step,
        }
    }

    /// The set of the values of a closed enum.
    pub(super) fn choice(&self, name: &str, values: &[String]) -> String {
        let value = format!("new Set<{name}>([{}])", values.join(", "));
        self.hoist(
            "values",
            |name| Helper::Constant {
                name,
                value: value.clone(),
            },
            &value,
        )
    }

    fn hoist(&self, stem: &str, make: impl Fn(String) -> Helper, text: &str) -> String {
        let text = format!("{stem} {text}");
        let mut helpers = self.helpers.borrow_mut();
        if let Some((_, known)) = helpers.iter().find(|(known, _)| *known == text) {
            return known.name().to_owned();
        }
        // No codec of a declared type has an underscore behind its verb: those names begin with a capital.
        let name = format!("{stem}_{}", helpers.len() + 1);
        helpers.push((text, make(name.clone())));
        name
    }
}
