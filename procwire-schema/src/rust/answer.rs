//! Return types: how a method answers, and with which errors.

use syn::{GenericArgument, PathArguments, ReturnType, TraitItemFn};

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Answer, Throws, Type, TypeExpr};
use crate::rust::types::{Scope, plain};

/// What the return type says about the answer and the errors.
pub(crate) fn answer(
    function: &TraitItemFn,
    what: &str,
    scope: &mut Scope<'_>,
) -> Option<(Answer, Option<Throws>)> {
    let ReturnType::Type(_, written) = &function.sig.output else {
        scope.fault(
            Code::RustReturn,
            format!("{what} returns nothing"),
            &function.sig.ident,
            "say how it answers: a value, `Answers<T, E>`, `Ack` or `Oneway`",
        );
        return None;
    };
    let (head, generics) = head_of(written);
    if head == "Answers" {
        if let Some(word) = &function.sig.asyncness {
            scope.fault(
                Code::RustAsync,
                format!("{what} streams and is `async`"),
                word,
                "remove it: `Answers` is the stream itself",
            );
        }
        let (item, error) = one_or_two(&generics, written, "Answers<T, E>", scope)?;
        return Some((Answer::Streams(scope.ty(item)?), throws(error, scope)?));
    }
    if function.sig.asyncness.is_none() {
        let start = function.sig.fn_token;
        scope.fault(
            Code::RustAsync,
            format!("{what} is not `async`"),
            &start,
            "write `async fn`: the answer takes a while",
        );
    }
    let (value, error) = match head.as_str() {
        "Result" => {
            let (value, error) = one_or_two(&generics, written, "Result<T, E>", scope)?;
            if error.is_none() {
                scope.fault(
                    Code::RustReturn,
                    format!("{what} does not say which errors it has"),
                    &**written,
                    "write `Result<T, E>`: an alias hides the errors from the contract",
                );
                return None;
            }
            (value, error)
        }
        _ => (&**written, None),
    };
    let throws = throws(error, scope)?;
    let (head, generics) = head_of(value);
    let answer = match head.as_str() {
        "Ack" => match generics.as_slice() {
            [] => Answer::Acks(None),
            [receipt] if is_unit(receipt) => Answer::Acks(None),
            [receipt] => Answer::Acks(Some(scope.ty(receipt)?)),
            _ => {
                scope.fault(
                    Code::RustReturn,
                    format!("the answer of {what}"),
                    value,
                    "write `Ack` or `Ack<T>`",
                );
                return None;
            }
        },
        "Oneway" => {
            if let Some(error) = error {
                scope.fault(
                    Code::OnewayExtra,
                    format!("oneway {what} has errors"),
                    error,
                    "nothing comes back from a oneway method: write `-> Oneway`",
                );
            }
            Answer::Oneway
        }
        "Answers" => {
            scope.fault(
                Code::RustReturn,
                format!("{what} streams inside a `Result`"),
                value,
                "write `-> Answers<T, E>`",
            );
            return None;
        }
        _ if is_unit(value) => {
            scope.fault(
                Code::RustReturn,
                format!("{what} returns `()`"),
                value,
                "say `Ack` when it answers \"taken\", `Oneway` when it does not answer",
            );
            return None;
        }
        _ => Answer::Returns(scope.ty(value)?),
    };
    Some((answer, throws))
}

/// The last segment of a path type, and the types it is given.
fn head_of(ty: &syn::Type) -> (String, Vec<&syn::Type>) {
    match ty {
        syn::Type::Paren(inner) => head_of(&inner.elem),
        syn::Type::Group(inner) => head_of(&inner.elem),
        syn::Type::Path(path) => {
            let Some(last) = path.path.segments.last() else {
                return (String::new(), Vec::new());
            };
            let generics = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => arguments
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(ty),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            (plain(&last.ident), generics)
        }
        _ => (String::new(), Vec::new()),
    }
}

fn one_or_two<'t>(
    generics: &[&'t syn::Type],
    written: &syn::Type,
    form: &str,
    scope: &mut Scope<'_>,
) -> Option<(&'t syn::Type, Option<&'t syn::Type>)> {
    match generics {
        [value] => Some((value, None)),
        [value, error] => Some((value, Some(error))),
        _ => {
            scope.fault(
                Code::RustReturn,
                "the answer cannot be read",
                written,
                format!("write `{form}`"),
            );
            None
        }
    }
}

/// The errors of a method; the outer option is "could it be read".
fn throws(error: Option<&syn::Type>, scope: &mut Scope<'_>) -> Option<Option<Throws>> {
    let Some(written) = error else {
        return Some(None);
    };
    if matches!(head_of(written).0.as_str(), "Never" | "Infallible") {
        return Some(None);
    }
    let TypeExpr { ty, span } = scope.ty(written)?;
    if let Type::Ref(decl) = ty {
        return Some(Some(Throws { decl, span }));
    }
    scope.found.push(
        Diagnostic::new(Code::ThrowsNotUnion, "the errors of a method are an enum").at(
            span,
            "declare an enum with one variant per error, under #[derive(procwire::Type)]",
        ),
    );
    None
}

fn is_unit(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Tuple(tuple) if tuple.elems.is_empty())
}
