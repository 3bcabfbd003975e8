//! Default values as TypeScript expressions, of the type that a handler sees.
//!
//! Knows that the checker has found every value to fit its type.

use procwire_schema::model::{DeclKind, Type, Value, literal};

use super::naming::verb;
use super::prose::{key, quoted};
use super::reach::Way;
use super::spell::{Speller, UNROLLED};

/// The expression for a value of a type.
pub(super) fn expression(speller: &Speller<'_>, ty: &Type, value: &Value) -> String {
    match (ty, value) {
        (Type::Optional(_), Value::Nil) => "null".to_owned(),
        (Type::Optional(inner), value) => expression(speller, inner, value),
        (Type::I64 | Type::U64, Value::Int(number)) => format!("{number}n"),
        (Type::F32, Value::Float(number)) => float(f64::from(*number as f32)),
        (Type::Duration, Value::String(text)) => {
            let nanos = literal::duration(text).map_or(0, |duration| duration.as_nanos());
            decimal_of(nanos, 6)
        }
        (Type::Timestamp, Value::String(text)) => {
            let (seconds, nanos) = literal::timestamp(text).unwrap_or_default();
            format!(
                "new Date({})",
                i128::from(seconds) * 1000 + i128::from(nanos / 1_000_000)
            )
        }
        (Type::Uuid, Value::String(text)) => quoted(&text.to_lowercase()),
        (Type::Bytes, Value::String(text)) => {
            let bytes = literal::base64(text).unwrap_or_default();
            let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("Uint8Array.of({})", list.join(", "))
        }
        (Type::List(inner), Value::List(items)) => list(speller, items, |_| inner),
        (Type::Array(inner, length), Value::List(items)) => {
            debug_assert!(*length > UNROLLED || items.len() == *length as usize);
            list(speller, items, |_| inner)
        }
        (Type::Tuple(parts), Value::List(items)) => {
            list(speller, items, |at| parts.get(at).unwrap_or(&Type::Json))
        }
        (Type::Map(_, inner), Value::Map(entries)) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| {
                    format!("{}: {}", key(name), expression(speller, inner, value))
                })
                .collect();
            braces(&entries)
        }
        (Type::Ref(index), value) => {
            match speller.schema.decls().get(*index).map(|decl| &decl.kind) {
                Some(DeclKind::Newtype(newtype)) => {
                    let inner = expression(speller, &newtype.ty.ty, value);
                    format!("pw.brand<{}>({inner})", speller.naming.of_type(*index))
                }
                Some(DeclKind::Enum(_)) => plain(value),
                // Structs and unions are read from what would be on the wire, which fills their own defaults in.
                _ => format!(
                    "{}{}({}, undefined)",
                    verb(Way::Read),
                    speller.naming.of_type(*index),
                    plain(value)
                ),
            }
        }
        (_, value) => plain(value),
    }
}

fn list<'t>(speller: &Speller<'_>, items: &[Value], ty: impl Fn(usize) -> &'t Type) -> String {
    let items: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(at, item)| expression(speller, ty(at), item))
        .collect();
    format!("[{}]", items.join(", "))
}

/// A value as JSON would say it.
fn plain(value: &Value) -> String {
    match value {
        Value::Nil => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::String(text) | Value::Variant(text) => quoted(text),
        Value::List(items) => format!(
            "[{}]",
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        ),
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| format!("{}: {}", key(name), plain(value)))
                .collect();
            braces(&entries)
        }
    }
}

fn braces(entries: &[String]) -> String {
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", entries.join(", "))
    }
}

/// A number; the shortest text that gives it back.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        "Number.NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned()
    } else {
        format!("{number:?}").trim_end_matches(".0").to_owned()
    }
}

/// `1500000000` with 6 decimals as `1500`, exactly.
fn decimal_of(number: u128, decimals: u32) -> String {
    let unit = 10u128.pow(decimals);
    let (whole, rest) = (number / unit, number % unit);
    if rest == 0 {
        whole.to_string()
    } else {
        let rest = format!("{rest:0width$}", width = decimals as usize);
        format!("{whole}.{}", rest.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::{decimal_of, float};

    #[test]
    fn numbers_are_short_and_exact() {
        assert_eq!(float(2.0), "2");
        assert_eq!(float(0.5), "0.5");
        assert_eq!(float(1e300), "1e300");
        assert_eq!(decimal_of(1_500_000_000, 6), "1500");
        assert_eq!(decimal_of(5, 6), "0.000005");
    }
}
