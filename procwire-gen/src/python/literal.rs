//! Default values as Python expressions.

use procwire_schema::model::literal::{base64, duration, timestamp};
use procwire_schema::model::{DeclKind, Type, Value};

use super::prose::{quoted, quoted_bytes};
use super::spell::Speller;

/// An expression, and what it takes to be a default.
#[derive(Debug)]
pub(super) struct Literal {
    /// The expression.
    pub(super) text: String,
    /// Whether it makes a value that could be changed, and is more than empty: msgspec wants a function then.
    pub(super) is_mutable: bool,
    /// Whether it names a newtype that is declared below the classes, because it is built on one of them.
    pub(super) is_late: bool,
}

/// The expression of a value of a type.
pub(super) fn literal(speller: &Speller<'_>, value: &Value, ty: &Type) -> Literal {
    let mut late = false;
    let text = express(speller, value, ty, &mut late);
    let is_mutable = match value {
        Value::List(items) => !items.is_empty(),
        Value::Map(pairs) => !pairs.is_empty(),
        _ => false,
    };
    Literal {
        text,
        is_mutable,
        is_late: late,
    }
}

fn express(speller: &Speller<'_>, value: &Value, ty: &Type, late: &mut bool) -> String {
    match (ty, value) {
        (_, Value::Nil) => "None".to_owned(),
        (Type::Optional(inner), value) => express(speller, value, inner, late),
        (Type::Json, value) => json(value),
        (Type::Ref(index), value) => match speller.decls.get(*index).map(|decl| &decl.kind) {
            Some(DeclKind::Newtype(newtype)) => {
                let inner = express(speller, value, &newtype.ty.ty, late);
                if speller.class(&newtype.ty.ty).is_none() {
                    return inner;
                }
                *late |= is_built_on_classes(speller, &newtype.ty.ty);
                format!("{}({inner})", speller.naming.ty(*index))
            }
            Some(DeclKind::Enum(_)) => match value {
                Value::Variant(name) | Value::String(name) => {
                    member(speller.naming.ty(*index), name)
                }
                _ => json(value),
            },
            _ => json(value),
        },
        (Type::F32 | Type::F64, Value::Int(number)) => format!("{:?}", *number as f64),
        (Type::Bytes, Value::String(text)) => quoted_bytes(&base64(text).unwrap_or_default()),
        (Type::Timestamp, Value::String(text)) => instant(speller, text),
        (Type::Duration, Value::String(text)) => {
            let micros = duration(text).map_or(0, |one| one.as_micros());
            let timedelta = speller.imports.from("_dt", "timedelta");
            if micros.is_multiple_of(1_000_000) {
                format!("{timedelta}(seconds={})", micros / 1_000_000)
            } else if micros.is_multiple_of(1000) {
                format!("{timedelta}(milliseconds={})", micros / 1000)
            } else {
                format!("{timedelta}(microseconds={micros})")
            }
        }
        (Type::Decimal, Value::String(text)) => {
            format!(
                "{}({})",
                speller.imports.from("_dec", "Decimal"),
                quoted(text)
            )
        }
        (Type::Uuid, Value::String(text)) => {
            format!(
                "{}({})",
                speller.imports.from("_uuid", "UUID"),
                quoted(text)
            )
        }
        (Type::List(item) | Type::Array(item, _), Value::List(items)) => {
            let items: Vec<String> = items
                .iter()
                .map(|one| express(speller, one, item, late))
                .collect();
            format!("[{}]", items.join(", "))
        }
        (Type::Tuple(types), Value::List(items)) => {
            let items: Vec<String> = items
                .iter()
                .zip(types)
                .map(|(one, ty)| express(speller, one, ty, late))
                .collect();
            format!("({})", items.join(", "))
        }
        (Type::Map(key, item), Value::Map(pairs)) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(name, one)| {
                    let name = map_key(speller, name, key);
                    format!("{name}: {}", express(speller, one, item, late))
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        (_, value) => json(value),
    }
}

fn map_key(speller: &Speller<'_>, name: &str, ty: &Type) -> String {
    match ty {
        Type::Ref(index) => match speller.decls.get(*index).map(|decl| &decl.kind) {
            Some(DeclKind::Newtype(newtype)) => {
                let inner = map_key(speller, name, &newtype.ty.ty);
                format!("{}({inner})", speller.naming.ty(*index))
            }
            _ => member(speller.naming.ty(*index), name),
        },
        ty if ty.int_bounds().is_some() => name
            .parse::<i128>()
            .map_or_else(|_| quoted(name), |number| number.to_string()),
        _ => quoted(name),
    }
}

/// `ImageFormat.PNG`
fn member(choice: &str, value: &str) -> String {
    format!(
        "{choice}.{}",
        procwire_schema::model::name::snake(value).to_uppercase()
    )
}

fn instant(speller: &Speller<'_>, text: &str) -> String {
    let (seconds, nanos) = timestamp(text).unwrap_or_default();
    let datetime = speller.imports.from("_dt", "datetime");
    let timedelta = speller.imports.from("_dt", "timedelta");
    let utc = speller.imports.from("_dt", "timezone.utc");
    let micros = nanos / 1000;
    let rest = if micros == 0 {
        String::new()
    } else {
        format!(", microseconds={micros}")
    };
    format!("{datetime}(1970, 1, 1, tzinfo={utc}) + {timedelta}(seconds={seconds}{rest})")
}

fn json(value: &Value) -> String {
    match value {
        Value::Nil => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::String(text) | Value::Variant(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(json).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), json(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// Whether a type needs a struct or a union to exist before it can be written down at run time.
pub(super) fn is_built_on_classes(speller: &Speller<'_>, ty: &Type) -> bool {
    let mut found = false;
    ty.each_ref(&mut |index| {
        found |= match speller.decls.get(index).map(|decl| &decl.kind) {
            Some(DeclKind::Struct(_) | DeclKind::Union(_)) => true,
            Some(DeclKind::Newtype(newtype)) => is_built_on_classes(speller, &newtype.ty.ty),
            _ => false,
        };
    });
    found
}
