//! Whether a literal fits a type, and whether a fitted one satisfies constraints.
//!
//! Says what is wrong in half a sentence; where it stands is the caller's business.

use crate::check::walk::{self, bare};
use crate::diagnostic::suggest::did_you_mean;
use crate::model::{Bound, Constraints, Decl, DeclKind, Decls, Range, Type, Value, literal};

/// Fits literals to types.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit<'a> {
    pub(super) decls: &'a Decls,
}

impl Fit<'_> {
    /// The value in the form the type wants, or why it does not fit.
    pub(super) fn value(&self, value: &Value, ty: &Type) -> Result<Value, String> {
        self.at_depth(value, ty, 0)
    }

    fn at_depth(&self, value: &Value, ty: &Type, depth: usize) -> Result<Value, String> {
        if depth > 32 {
            return Err("it is nested too deeply".to_owned());
        }
        let text = |value: &Value, read: &dyn Fn(&str) -> Result<(), String>, expected: &str| {
            match value {
                Value::String(text) => read(text).map(|()| value.clone()),
                _ => Err(format!("expected {expected}")),
            }
        };
        let down = |value: &Value, ty: &Type| self.at_depth(value, ty, depth + 1);
        match (ty, value) {
            (Type::Optional(_), Value::Nil) => Ok(Value::Nil),
            (Type::Optional(inner), value) => down(value, inner),
            (Type::Bool, Value::Bool(_)) | (Type::String, Value::String(_)) => Ok(value.clone()),
            (Type::Json, value) if is_json(value) => Ok(value.clone()),
            (Type::Json, _) => Err("JSON has no infinities and no NaN".to_owned()),
            (Type::Bool, _) => Err("expected true or false".to_owned()),
            (Type::String, _) => Err("expected a string".to_owned()),
            (Type::F32 | Type::F64, Value::Int(number)) => down(&Value::Float(*number as f64), ty),
            (Type::F32, Value::Float(number)) if !(*number as f32).is_finite() => {
                Err(format!("{number:?} is beyond `f32`"))
            }
            (Type::F32 | Type::F64, Value::Float(number)) if number.is_finite() => {
                Ok(value.clone())
            }
            (Type::F32 | Type::F64, _) => Err("expected a number".to_owned()),
            (Type::Bytes, value) => text(
                value,
                &|text| literal::base64(text).map(drop),
                "a string of base64",
            ),
            (Type::Timestamp, value) => text(
                value,
                &|text| literal::timestamp(text).map(drop),
                "an instant: \"2026-08-01T12:00:00Z\"",
            ),
            (Type::Duration, value) => text(
                value,
                &|text| literal::duration(text).map(drop),
                "a duration: \"10s\"",
            ),
            (Type::Decimal, value) => text(
                value,
                &literal::decimal,
                "a decimal number in a string: \"12.50\"",
            ),
            (Type::Uuid, value) => text(
                value,
                &|text| literal::uuid(text).map(drop),
                "a UUID in a string",
            ),
            (Type::List(item), Value::List(items)) => items
                .iter()
                .map(|value| down(value, item))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Type::List(_), _) => Err("expected a list".to_owned()),
            (Type::Array(item, len), Value::List(items)) => {
                if items.len() as u64 != u64::from(*len) {
                    return Err(format!("expected {len} elements, found {}", items.len()));
                }
                items
                    .iter()
                    .map(|value| down(value, item))
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            (Type::Array(_, len), _) => Err(format!("expected a list of {len} elements")),
            (Type::Tuple(types), Value::List(items)) if types.len() == items.len() => types
                .iter()
                .zip(items)
                .map(|(ty, value)| down(value, ty))
                .collect::<Result<_, _>>()
                .map(Value::List),
            (Type::Tuple(types), _) => Err(format!("expected a list of {} elements", types.len())),
            (Type::Map(key, item), Value::Map(pairs)) => pairs
                .iter()
                .map(|(name, value)| {
                    self.fit_key(name, key)?;
                    Ok((name.clone(), down(value, item)?))
                })
                .collect::<Result<_, String>>()
                .map(Value::Map),
            // Rust has no literal for maps: there it is a list of pairs.
            (Type::Map(..), Value::List(items)) => match pairs(items) {
                Some(map) => self.at_depth(&Value::Map(map), ty, depth + 1),
                None => Err("expected a map".to_owned()),
            },
            (Type::Map(..), _) => Err("expected a map".to_owned()),
            (Type::Ref(index), value) => match self.decls.get(*index) {
                None => Ok(value.clone()),
                Some(decl) => self.fit_declared(value, decl, depth),
            },
            (ty, value) => {
                let Some((least, greatest)) = ty.int_bounds() else {
                    return Err("expected another kind of value".to_owned());
                };
                match value {
                    Value::Int(number) if (least..=greatest).contains(number) => Ok(value.clone()),
                    Value::Int(number) => Err(format!("{number} is outside {least} to {greatest}")),
                    // Beyond TOML's own integers, numbers are written as strings.
                    Value::String(digits)
                        if digits
                            .parse::<i128>()
                            .is_ok_and(|number| (least..=greatest).contains(&number)) =>
                    {
                        Ok(Value::Int(digits.parse().unwrap_or_default()))
                    }
                    _ => Err("expected a whole number".to_owned()),
                }
            }
        }
    }

    fn fit_declared(&self, value: &Value, decl: &Decl, depth: usize) -> Result<Value, String> {
        match &decl.kind {
            DeclKind::Newtype(newtype) => {
                let value = self.at_depth(value, &newtype.ty.ty, depth + 1)?;
                holds(&value, &newtype.constraints)
                    .map_err(|(_, why)| format!("newtype `{}`: {why}", decl.name.text))?;
                Ok(value)
            }
            DeclKind::Enum(choice) => match value {
                Value::String(text) | Value::Variant(text) => {
                    let mut known = choice.values.iter().map(|value| value.name.text.as_str());
                    if known.clone().any(|name| name == text) {
                        return Ok(Value::Variant(text.clone()));
                    }
                    let all = known
                        .clone()
                        .map(|name| format!("\"{name}\""))
                        .collect::<Vec<_>>()
                        .join(", ");
                    Err(did_you_mean(
                        text,
                        known.by_ref(),
                        &format!("`{}` has {all}", decl.name.text),
                    ))
                }
                _ => Err(format!("expected a value of enum `{}`", decl.name.text)),
            },
            _ => Err(format!(
                "a {} has no literal: make the field optional instead",
                walk::kind(decl)
            )),
        }
    }

    fn fit_key(&self, name: &str, key: &Type) -> Result<(), String> {
        match bare(self.decls, key) {
            Type::String => Ok(()),
            Type::Ref(index) => match self.decls.get(*index) {
                Some(decl) => self
                    .fit_declared(&Value::String(name.to_owned()), decl, 0)
                    .map(drop),
                None => Ok(()),
            },
            key => match (key.int_bounds(), name.parse::<i128>()) {
                (Some((least, greatest)), Ok(number)) if (least..=greatest).contains(&number) => {
                    Ok(())
                }
                _ => Err(format!("`{name}` is not a key of this map")),
            },
        }
    }
}

fn is_json(value: &Value) -> bool {
    match value {
        Value::Float(number) => number.is_finite(),
        Value::List(items) => items.iter().all(is_json),
        Value::Map(pairs) => pairs.iter().all(|(_, value)| is_json(value)),
        _ => true,
    }
}

/// `[("a", 1), ("b", 2)]` as a map.
fn pairs(items: &[Value]) -> Option<Vec<(String, Value)>> {
    items
        .iter()
        .map(|item| match item {
            Value::List(pair) => match pair.as_slice() {
                [Value::String(key) | Value::Variant(key), value] => {
                    Some((key.clone(), value.clone()))
                }
                [Value::Int(key), value] => Some((key.to_string(), value.clone())),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// What of a field's constraints a value breaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Constraint {
    Range,
    Len,
    Pattern,
}

/// Whether a fitted value satisfies constraints.
pub(super) fn holds(value: &Value, constraints: &Constraints) -> Result<(), (Constraint, String)> {
    if let Some(range) = &constraints.range
        && !in_range(value, range)
    {
        return Err((
            Constraint::Range,
            format!("{} is outside {}", show(value), show_range(range)),
        ));
    }
    if let Some(len) = &constraints.len {
        let size = match value {
            Value::String(text) => Some(text.chars().count()),
            Value::List(items) => Some(items.len()),
            Value::Map(pairs) => Some(pairs.len()),
            _ => None,
        };
        if let Some(size) = size.map(|size| size as u64)
            && (size < len.min || len.max.is_some_and(|max| size > max))
        {
            return Err((Constraint::Len, format!("{} has size {size}", show(value))));
        }
    }
    if let (Some((text, _)), Value::String(value)) = (&constraints.pattern, value)
        && let Ok(pattern) = regex_lite::Regex::new(text)
        && !pattern.is_match(value)
    {
        return Err((
            Constraint::Pattern,
            format!("\"{value}\" does not match {text}"),
        ));
    }
    Ok(())
}

fn in_range(value: &Value, range: &Range) -> bool {
    let number = match value {
        Value::Int(number) => Bound::Int(*number),
        Value::Float(number) => Bound::Float(*number),
        _ => return true,
    };
    let above = range.min.is_none_or(|min| below(min, number, true));
    let under = range
        .max
        .is_none_or(|max| below(number, max, range.inclusive));
    above && under
}

/// Whether no value at all is in a range.
pub(super) fn is_empty(range: &Range) -> bool {
    match (range.min, range.max) {
        (Some(min), Some(max)) => !below(min, max, range.inclusive),
        _ => false,
    }
}

fn below(a: Bound, b: Bound, or_equal: bool) -> bool {
    match (a, b) {
        (Bound::Int(a), Bound::Int(b)) => a < b || (or_equal && a == b),
        (a, b) => {
            let float = |bound| match bound {
                Bound::Int(number) => number as f64,
                Bound::Float(number) => number,
            };
            float(a) < float(b) || (or_equal && float(a) == float(b))
        }
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::String(text) | Value::Variant(text) => format!("\"{text}\""),
        Value::List(_) => "the list".to_owned(),
        Value::Map(_) => "the map".to_owned(),
    }
}

fn show_range(range: &Range) -> String {
    let bound = |bound: Option<Bound>| match bound {
        None => String::new(),
        Some(Bound::Int(number)) => number.to_string(),
        Some(Bound::Float(number)) => format!("{number:?}"),
    };
    format!(
        "{}..{}{}",
        bound(range.min),
        if range.inclusive { "=" } else { "" },
        bound(range.max)
    )
}
