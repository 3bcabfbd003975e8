//! A trait under `#[procwire::module]`: its methods and events.

use proc_macro2::TokenStream;
use syn::{FnArg, ItemTrait, Pat, ReturnType, TraitItem, TraitItemFn};

use crate::diagnostic::Code;
use crate::model::name::snake;
use crate::model::{
    Answer, Args, Codec, Event, Field, Keep, Method, Module, Name, Timeout, TypeExpr, literal,
};
use crate::rust::answer::answer;
use crate::rust::attribute::Attributes;
use crate::rust::declared::read_field;
use crate::rust::settings::{self, Header};
use crate::rust::types::{Scope, plain};
use crate::span::Span;

const METHOD: &[&str] = &[
    "timeout",
    "idempotent",
    "cancellable",
    "codec",
    "event",
    "keep",
];
const PARAMETER: &[&str] = &["payload", "default", "range", "len", "pattern"];

/// The module that a trait describes. `attr` is what stands in `#[procwire::module(…)]`.
pub(crate) fn read(attr: &TokenStream, item: &ItemTrait, scope: &mut Scope<'_>) -> Module {
    let header = settings::header(attr, item, scope);
    if !item.generics.params.is_empty() || item.generics.where_clause.is_some() {
        scope.fault(
            Code::RustGenerics,
            format!("trait `{}` is generic", item.ident),
            &item.generics,
            "remove the parameters",
        );
    }
    let attributes = Attributes::of(&item.attrs);
    attributes.judge("a module", &["spawn"], scope);
    let spawn = attributes
        .get("spawn")
        .and_then(|attribute| settings::spawn(attribute, scope));
    let mut methods = Vec::new();
    let mut events = Vec::new();
    for item in &item.items {
        match item {
            TraitItem::Fn(function) if is_event(function) => events.extend(event(function, scope)),
            TraitItem::Fn(function) => methods.extend(method(function, header.timeout, scope)),
            other => scope.fault(
                Code::RustItem,
                "neither a method nor an event",
                other,
                "the trait holds methods and events only: put this outside",
            ),
        }
    }
    let Header { name, version, .. } = header;
    Module {
        name: name
            .unwrap_or_else(|| Name::new(snake(&plain(&item.ident)), scope.spans.of(&item.ident))),
        // Its absence is reported; with a stand-in the rest is checked too.
        version: version.unwrap_or_else(|| ("0.0.0".to_owned(), Span::NONE)),
        docs: attributes.docs(),
        spawn,
        methods,
        events,
    }
}

/// Whether a function of the trait is an event, which the macro takes out of the trait.
#[must_use]
pub fn is_event(function: &TraitItemFn) -> bool {
    Attributes::of(&function.attrs).get("event").is_some()
}

fn method(
    function: &TraitItemFn,
    usual_timeout: Option<Timeout>,
    scope: &mut Scope<'_>,
) -> Option<Method> {
    let name = name_of(function, scope);
    let what = format!("method `{}`", name.text);
    judge_signature(function, &what, scope);
    let attributes = Attributes::of(&function.attrs);
    attributes.judge("a method", &METHOD[..4], scope);
    match function.sig.receiver() {
        Some(receiver) if quote::quote!(#receiver).to_string() == "& self" => {}
        Some(receiver) => scope.fault(
            Code::RustReceiver,
            format!("{what} takes something other than `&self`"),
            receiver,
            "write `&self`: calls run side by side",
        ),
        None => scope.fault(
            Code::RustReceiver,
            format!("{what} has no receiver"),
            &function.sig.ident,
            "add `&self` as its first parameter",
        ),
    }
    let args = args(function, &what, scope);
    let (answer, throws) = answer(function, &what, scope).unzip();
    let timeout = attributes.spelled(
        "timeout",
        "\"10s\"",
        Code::DurationSyntax,
        literal::timeout,
        scope,
    );
    let cancellable = attributes
        .expression("cancellable", "false", scope)
        .and_then(|expression| {
            let truth = match crate::rust::attribute::value(&expression) {
                Some(crate::model::Value::Bool(truth)) => Some(truth),
                _ => None,
            };
            if truth.is_none() {
                scope.fault(
                    Code::RustAttribute,
                    "#[cancellable] takes true or false",
                    &expression,
                    "write #[cancellable(false)]",
                );
            }
            truth
        });
    let idempotent = attributes.flag("idempotent", scope);
    let codec = codec(attributes, scope);
    let oneway = matches!(answer, Some(Answer::Oneway));
    if oneway {
        for name in ["timeout", "cancellable", "idempotent"] {
            if let Some(extra) = attributes.get(name) {
                scope.fault(
                    Code::OnewayExtra,
                    format!("oneway {what} has `{name}`"),
                    extra,
                    "nothing comes back from a oneway method: remove this",
                );
            }
        }
    }
    Some(Method {
        name,
        docs: attributes.docs(),
        args: args?,
        throws: throws.flatten(),
        timeout: if oneway {
            None
        } else {
            timeout.or(usual_timeout)
        },
        cancellable: cancellable.unwrap_or(true),
        idempotent,
        codec,
        deprecated: attributes.deprecated(scope),
        answer,
    })
}

fn event(function: &TraitItemFn, scope: &mut Scope<'_>) -> Option<Event> {
    let name = name_of(function, scope);
    let what = format!("event `{}`", name.text);
    judge_signature(function, &what, scope);
    let attributes = Attributes::of(&function.attrs);
    attributes.judge("an event", &METHOD[4..], scope);
    attributes.flag("event", scope);
    if let Some(receiver) = function.sig.receiver() {
        scope.fault(
            Code::RustReceiver,
            format!("{what} has a receiver"),
            receiver,
            "remove it: nobody handles an event, the worker sends it",
        );
    }
    if let Some(word) = &function.sig.asyncness {
        scope.fault(
            Code::RustAsync,
            format!("{what} is `async`"),
            word,
            "remove it: an event has no answer",
        );
    }
    if let ReturnType::Type(_, ty) = &function.sig.output {
        scope.fault(
            Code::RustReturn,
            format!("{what} returns something"),
            ty,
            "remove it: an event has no answer",
        );
    }
    let keep = attributes
        .expression("keep", "latest", scope)
        .and_then(|expression| {
            let word = match &expression {
                syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
                other => crate::rust::attribute::text_of(other),
            };
            let keep = match word.as_deref() {
                Some("all") => Some(Keep::All),
                Some("latest") => Some(Keep::Latest),
                _ => None,
            };
            if keep.is_none() {
                scope.fault(
                    Code::RustAttribute,
                    "#[keep] takes `all` or `latest`",
                    &expression,
                    "write #[keep(latest)]",
                );
            }
            keep
        });
    Some(Event {
        name,
        docs: attributes.docs(),
        payload: args(function, &what, scope)?,
        keep: keep.unwrap_or(Keep::All),
        deprecated: attributes.deprecated(scope),
    })
}

fn name_of(function: &TraitItemFn, scope: &Scope<'_>) -> Name {
    Name::new(
        plain(&function.sig.ident),
        scope.spans.of(&function.sig.ident),
    )
}

fn judge_signature(function: &TraitItemFn, what: &str, scope: &mut Scope<'_>) {
    let generics = &function.sig.generics;
    if !generics.params.is_empty() {
        scope.fault(
            Code::RustGenerics,
            format!("{what} is generic"),
            generics,
            "methods of the contract have no parameters of that kind",
        );
    } else if let Some(clause) = &generics.where_clause {
        scope.fault(
            Code::RustGenerics,
            format!("{what} has a `where` clause"),
            clause,
            "remove it",
        );
    }
    if let Some(block) = &function.default {
        scope.fault(
            Code::RustItem,
            format!("{what} has a body"),
            block,
            "the worker writes it: end the line with `;`",
        );
    }
    if let Some(variadic) = &function.sig.variadic {
        scope.fault(
            Code::RustParameter,
            format!("{what} takes any number of parameters"),
            variadic,
            "write them out",
        );
    }
}

/// Parameters as fields; one under `#[payload]` is the whole payload.
fn args(function: &TraitItemFn, what: &str, scope: &mut Scope<'_>) -> Option<Args> {
    let mut fields: Vec<Field> = Vec::new();
    let mut payload: Option<(TypeExpr, &FnArg)> = None;
    let mut count = 0;
    for input in &function.sig.inputs {
        let FnArg::Typed(parameter) = input else {
            continue;
        };
        count += 1;
        let attributes = Attributes::of(&parameter.attrs);
        attributes.judge("a parameter", PARAMETER, scope);
        if attributes.flag("payload", scope) {
            for name in &PARAMETER[1..] {
                if let Some(extra) = attributes.get(name) {
                    scope.fault(
                        Code::RustAttribute,
                        format!("#[{name}] on a payload"),
                        extra,
                        "a payload is one whole value: give its type a name and put this there",
                    );
                }
            }
            payload = Some((scope.ty(&parameter.ty)?, input));
            continue;
        }
        let name = match &*parameter.pat {
            Pat::Ident(pat)
                if pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none() =>
            {
                Name::new(plain(&pat.ident), scope.spans.of(&pat.ident))
            }
            other => {
                scope.fault(
                    Code::RustParameter,
                    format!("a parameter of {what} has no plain name"),
                    other,
                    "its name is its name on the wire: write `name: Type`",
                );
                continue;
            }
        };
        fields.extend(read_field(name, attributes, &parameter.ty, scope));
    }
    match payload {
        Some((_, input)) if count > 1 => {
            scope.fault(
                Code::RustAttribute,
                format!("{what} has a payload and other parameters"),
                input,
                "a payload stands alone",
            );
            None
        }
        Some((ty, _)) => Some(Args::Payload(ty)),
        None => Some(Args::Fields(fields)),
    }
}

fn codec(attributes: Attributes<'_>, scope: &mut Scope<'_>) -> Option<(Codec, Span)> {
    let expression = attributes.expression("codec", "\"raw\"", scope)?;
    let word = match &expression {
        syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        other => crate::rust::attribute::text_of(other),
    };
    let codec = match word.as_deref() {
        Some("msgpack") => Codec::Msgpack,
        Some("raw") => Codec::Raw,
        Some("arrow") => Codec::Arrow,
        _ => {
            scope.fault(
                Code::RustAttribute,
                "there is no such codec",
                &expression,
                "one of \"msgpack\", \"raw\", \"arrow\"",
            );
            return None;
        }
    };
    Some((codec, scope.spans.of(&expression)))
}
