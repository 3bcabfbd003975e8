//! The arguments of `#[procwire::module(…)]` and `#[spawn(…)]`.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ItemTrait, Meta, Token};

use crate::diagnostic::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Heartbeat, Limits, Name, Restart, Spawn, Timeout, Value, literal};
use crate::rust::attribute::{spelled, text_of, value};
use crate::rust::types::Scope;
use crate::span::Span;

/// What stands in `#[procwire::module(…)]`.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) name: Option<Name>,
    pub(crate) version: Option<(String, Span)>,
    pub(crate) timeout: Option<Timeout>,
}

pub(crate) fn header(attr: &TokenStream, item: &ItemTrait, scope: &mut Scope<'_>) -> Header {
    let mut header = Header::default();
    let Some(metas) = parse(attr, "#[procwire::module(version = \"1.0.0\")]", scope) else {
        return header;
    };
    for meta in &metas {
        let Some((key, given)) = pair(meta, &["name", "version", "timeout"], "#[module]", scope)
        else {
            continue;
        };
        let span = scope.spans.of(given);
        match key.as_str() {
            "timeout" => {
                header.timeout = spelled(
                    given,
                    "a timeout is a string: \"30s\", or \"none\"",
                    Code::DurationSyntax,
                    literal::timeout,
                    scope,
                );
            }
            _ => {
                let Some(text) = text_of(given) else {
                    scope.fault(
                        Code::RustAttribute,
                        format!("`{key}` is a string"),
                        given,
                        "not a string",
                    );
                    if key == "version" {
                        // Reported once is enough.
                        header.version = Some(("0.0.0".to_owned(), span));
                    }
                    continue;
                };
                if key == "name" {
                    header.name = Some(Name::new(text, span));
                } else {
                    header.version = Some((text, span));
                }
            }
        }
    }
    if header.version.is_none() {
        scope.found.push(
            Diagnostic::new(
                Code::MissingKey,
                format!("module `{}` has no `version`", item.ident),
            )
            .at(
                scope.spans.of(&item.ident),
                "add it: #[procwire::module(version = \"0.1.0\")]",
            ),
        );
    }
    header
}

/// `#[spawn(command = […], ready = "…", restart(…), heartbeat(…), limits(…))]`
pub(crate) fn spawn(attribute: &Attribute, scope: &mut Scope<'_>) -> Option<Spawn> {
    let Meta::List(list) = &attribute.meta else {
        scope.fault(
            Code::RustAttribute,
            "#[spawn] says how to start the worker",
            attribute,
            "write #[spawn(command = [\"python\", \"-m\", \"worker\"])]",
        );
        return None;
    };
    let metas = parse(
        &list.tokens,
        "#[spawn(command = [\"python\", \"-m\", \"worker\"])]",
        scope,
    )?;
    let mut spawn = Spawn {
        span: Some(scope.spans.of(attribute)),
        ..Spawn::default()
    };
    let mut has_command = false;
    let mut words = None;
    for meta in &metas {
        if let Meta::List(part) = meta
            && let Some(word) = part.path.get_ident()
        {
            match word.to_string().as_str() {
                "restart" => spawn.restart = restart(&part.tokens, scope),
                "heartbeat" => spawn.heartbeat = heartbeat(&part.tokens, scope),
                "limits" => spawn.limits = limits(&part.tokens, scope).unwrap_or_default(),
                _ => unknown(meta, SPAWN, "#[spawn]", scope),
            }
            continue;
        }
        let Some((key, given)) = pair(meta, SPAWN, "#[spawn]", scope) else {
            continue;
        };
        match key.as_str() {
            "command" => {
                has_command = true;
                words = command(given, scope);
            }
            "ready" => spawn.ready = duration(given, scope),
            other => scope.fault(
                Code::RustAttribute,
                format!("`{other}` holds more than one setting"),
                meta,
                format!("write {other}(…)"),
            ),
        }
    }
    if !has_command {
        scope.fault(
            Code::MissingKey,
            "#[spawn] has no `command`",
            attribute,
            "add command = [\"python\", \"-m\", \"…\"]",
        );
    }
    // Without a command there is nothing to start; that is reported.
    spawn.command = words?;
    Some(spawn)
}

const SPAWN: &[&str] = &["command", "ready", "restart", "heartbeat", "limits"];

fn command(given: &Expr, scope: &mut Scope<'_>) -> Option<Vec<String>> {
    let words = match given {
        Expr::Array(array) => array.elems.iter().map(text_of).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    if words.is_none() {
        scope.fault(
            Code::RustAttribute,
            "a command is a list of strings",
            given,
            "write [\"python\", \"worker.py\"]",
        );
    }
    words
}

fn restart(tokens: &TokenStream, scope: &mut Scope<'_>) -> Option<Restart> {
    let mut restart = Restart::USUAL;
    for meta in &parse(tokens, "restart(max = 5, within = \"1m\")", scope)? {
        let Some((key, given)) = pair(meta, &["max", "within", "backoff"], "restart", scope) else {
            continue;
        };
        match key.as_str() {
            "max" => restart.max = whole(given, scope).unwrap_or(restart.max),
            "within" => restart.within = duration(given, scope).unwrap_or(restart.within),
            _ => {
                let parsed = spelled(
                    given,
                    "a backoff is a string: \"200ms..10s\"",
                    Code::DurationSyntax,
                    literal::backoff,
                    scope,
                );
                restart.backoff = parsed.unwrap_or(restart.backoff);
            }
        }
    }
    Some(restart)
}

fn heartbeat(tokens: &TokenStream, scope: &mut Scope<'_>) -> Option<Heartbeat> {
    let (mut every, mut miss) = (None, None);
    for meta in &parse(tokens, "heartbeat(every = \"5s\", miss = \"15s\")", scope)? {
        let Some((key, given)) = pair(meta, &["every", "miss"], "heartbeat", scope) else {
            continue;
        };
        let parsed = duration(given, scope);
        if key == "every" {
            every = parsed;
        } else {
            miss = parsed;
        }
    }
    Some(Heartbeat::of(every, miss))
}

fn limits(tokens: &TokenStream, scope: &mut Scope<'_>) -> Option<Limits> {
    let mut limits = Limits::default();
    for meta in &parse(
        tokens,
        "limits(in_flight = 64, payload = \"256 MiB\")",
        scope,
    )? {
        let Some((key, given)) = pair(meta, &["in_flight", "payload"], "limits", scope) else {
            continue;
        };
        if key == "in_flight" {
            limits.in_flight = whole(given, scope);
        } else {
            limits.payload = match value(given) {
                Some(Value::Int(bytes)) => u64::try_from(bytes).ok(),
                _ => spelled(
                    given,
                    "a size is a string: \"256 MiB\"",
                    Code::SizeSyntax,
                    literal::size,
                    scope,
                ),
            };
        }
    }
    Some(limits)
}

fn duration(given: &Expr, scope: &mut Scope<'_>) -> Option<std::time::Duration> {
    spelled(
        given,
        "a duration is a string: \"10s\"",
        Code::DurationSyntax,
        literal::duration,
        scope,
    )
}

fn whole(given: &Expr, scope: &mut Scope<'_>) -> Option<u32> {
    let number = match value(given) {
        Some(Value::Int(number)) => u32::try_from(number).ok(),
        _ => None,
    };
    if number.is_none() {
        scope.fault(
            Code::RustAttribute,
            "a whole number stands here",
            given,
            "write for example 5",
        );
    }
    number
}

fn parse(
    tokens: &TokenStream,
    example: &str,
    scope: &mut Scope<'_>,
) -> Option<Punctuated<Meta, Token![,]>> {
    use syn::parse::Parser as _;
    match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens.clone()) {
        Ok(metas) => Some(metas),
        Err(error) => {
            let span = scope.spans.at(error.span());
            scope.found.push(
                Diagnostic::new(
                    Code::RustAttribute,
                    "the arguments of an attribute cannot be read",
                )
                .at(span, error.to_string())
                .help(format!("write for example {example}")),
            );
            None
        }
    }
}

/// `key = value`, with a key that is known.
fn pair<'m>(
    meta: &'m Meta,
    known: &[&str],
    what: &str,
    scope: &mut Scope<'_>,
) -> Option<(String, &'m Expr)> {
    let key = meta
        .path()
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    if !known.contains(&key.as_str()) {
        unknown(meta, known, what, scope);
        return None;
    }
    match meta {
        Meta::NameValue(pair) => Some((key, &pair.value)),
        _ => {
            scope.fault(
                Code::RustAttribute,
                format!("`{key}` has no value"),
                meta,
                format!("write {key} = …"),
            );
            None
        }
    }
}

fn unknown(meta: &Meta, known: &[&str], what: &str, scope: &mut Scope<'_>) {
    let path = meta.path();
    let key = path
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    let all = known
        .iter()
        .map(|key| format!("`{key}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let label = did_you_mean(&key, known.iter().copied(), &format!("known here: {all}"));
    scope.fault(
        Code::UnknownKey,
        format!("{what} has no key `{key}`"),
        path,
        label,
    );
}
