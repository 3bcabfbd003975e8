//! The types inside a method's return type: `Result<T, E>`, `Answers<T, E>`, `Ack<T>`, `Oneway`, or a bare `T`.
//!
//! The schema's reader has judged the return type; this only finds the tokens again.

use syn::{GenericArgument, PathArguments, ReturnType, Type};

/// The value and the error of an answer, where there are any.
pub(crate) struct Answer<'a> {
    pub(crate) value: Option<&'a Type>,
    pub(crate) error: Option<&'a Type>,
}

/// Takes a return type apart.
pub(crate) fn answer_of(output: &ReturnType) -> Answer<'_> {
    let ReturnType::Type(_, whole) = output else {
        return Answer {
            value: None,
            error: None,
        };
    };
    let (head, types) = head_of(whole);
    let (value, error) = match (head.as_str(), types.as_slice()) {
        ("Result" | "Answers", [value, error]) => (*value, Some(*error)),
        ("Answers", [value]) => (*value, None),
        _ => (&**whole, None),
    };
    let (head, types) = head_of(value);
    let value = match (head.as_str(), types.as_slice()) {
        ("Ack", [receipt]) => Some(*receipt),
        ("Ack" | "Oneway", _) => None,
        _ => Some(value),
    };
    Answer { value, error }
}

/// The last name of a path and the types in its brackets.
fn head_of(ty: &Type) -> (String, Vec<&Type>) {
    match ty {
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) => (last.ident.to_string(), types_in(&last.arguments)),
            None => (String::new(), Vec::new()),
        },
        Type::Paren(inner) => head_of(&inner.elem),
        Type::Group(inner) => head_of(&inner.elem),
        _ => (String::new(), Vec::new()),
    }
}

fn types_in(arguments: &PathArguments) -> Vec<&Type> {
    match arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        PathArguments::None | PathArguments::Parenthesized(_) => Vec::new(),
    }
}
