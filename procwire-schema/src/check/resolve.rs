//! Every name that is used has a declaration.

use crate::diagnostic::suggest::closest;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Draft, Type, TypeName};

pub(super) fn check(draft: &Draft, found: &mut Diagnostics) {
    for (_, entry) in draft.decls.iter().filter(|(_, entry)| entry.decl.is_none()) {
        let label = suggestion(draft, &entry.name);
        for &span in &entry.uses {
            found.push(
                Diagnostic::new(Code::UnknownType, format!("unknown type `{}`", entry.name))
                    .at(span, label.clone()),
            );
        }
    }
}

fn suggestion(draft: &Draft, unknown: &TypeName) -> String {
    let declared: Vec<&TypeName> = draft
        .decls
        .iter()
        .filter(|(_, entry)| entry.decl.is_some())
        .map(|(_, entry)| &entry.name)
        .collect();
    let nearby = declared
        .iter()
        .filter(|name| name.alias == unknown.alias)
        .map(|name| name.ident.as_str());
    let built_in = Type::BUILT_IN
        .iter()
        .map(|(name, _)| *name)
        .filter(|_| unknown.alias.is_none());
    if let Some(name) = closest(&unknown.ident, nearby.chain(built_in)) {
        return format!("did you mean `{name}`?");
    }
    if let Some(name) = declared.iter().find(|name| name.ident == unknown.ident) {
        return format!("did you mean `{name}`?");
    }
    if let Some(name) = habit(&unknown.ident) {
        return format!("did you mean `{name}`?");
    }
    match &unknown.alias {
        Some(alias) => format!("`{alias}` declares no type of that name"),
        None => "neither built in nor declared nor imported".to_owned(),
    }
}

/// What people write who come from another language.
fn habit(ident: &str) -> Option<&'static str> {
    Some(match ident {
        "str" | "String" | "text" | "varchar" => "string",
        "boolean" | "Boolean" => "bool",
        "integer" | "Integer" | "number" | "long" | "isize" => "int",
        "usize" => "u64",
        "float" => "f32",
        "double" | "Float" | "Double" => "f64",
        "blob" | "binary" | "Buffer" | "buffer" | "bytearray" | "Uint8Array" => "bytes",
        "datetime" | "DateTime" | "date" | "Date" | "time" | "instant" => "timestamp",
        "timedelta" | "interval" => "duration",
        "any" | "object" | "Any" | "Value" => "json",
        "guid" | "UUID" => "uuid",
        _ => return None,
    })
}
