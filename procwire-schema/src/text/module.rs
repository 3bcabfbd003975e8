//! `[module]`, `[method.name]` and `[event.name]`.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{
    Answer, Args, Codec, Event, Keep, Method, Module, Name, Throws, Timeout, Type, TypeExpr,
    literal,
};
use crate::span::Span;
use crate::text::tree::{Entry, Kind, Node};
use crate::text::types::{self, Names};
use crate::text::{field, keys, keys::Keys, spawn};

const METHOD_KEYS: &[&str] = &[
    "args",
    "returns",
    "streams",
    "acks",
    "oneway",
    "throws",
    "timeout",
    "cancellable",
    "idempotent",
    "codec",
    "deprecated",
    "doc",
];

/// The module of a file; none if there is none.
pub(crate) fn read(
    file: &[Entry],
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<Module> {
    let section = |key: &str| file.iter().find(|entry| entry.key == key);
    let spawn = section("spawn").and_then(|entry| spawn::read(entry, found));
    let module = section("module");
    let header = module.and_then(|entry| header(entry, names, found));
    let defaults = header
        .as_ref()
        .map_or_else(Defaults::default, |header| header.defaults);
    let methods = items(section("method"), "method", found)
        .into_iter()
        .filter_map(|entry| method(entry, defaults, names, found))
        .collect();
    let events = items(section("event"), "event", found)
        .into_iter()
        .filter_map(|entry| event(entry, names, found))
        .collect();
    if module.is_none() {
        let belongs = ["method", "event", "spawn"].into_iter().find_map(section)?;
        let span = match &belongs.node.kind {
            Kind::Table(entries) if belongs.key != "spawn" => entries
                .first()
                .map_or(belongs.span, |entry| entry.node.span),
            _ => belongs.node.span,
        };
        found.push(
            Diagnostic::new(
                Code::NoModule,
                format!("there is a [{}] and no [module]", belongs.key),
            )
            .at(
                span,
                "belongs to no module: add [module] with name and version",
            ),
        );
        return None;
    }
    let header = header?;
    Some(Module {
        name: header.name,
        version: header.version,
        docs: module.map(field::docs).unwrap_or_default(),
        spawn,
        methods,
        events,
    })
}

/// The sections of a module; none of them belongs in a file of types.
pub(crate) const SECTIONS: &[&str] = &["module", "method", "event", "spawn"];

struct Header {
    name: Name,
    version: (String, Span),
    defaults: Defaults,
}

/// What methods have unless they say otherwise.
#[derive(Clone, Copy, Default)]
struct Defaults {
    throws: Option<Throws>,
    timeout: Option<Timeout>,
}

fn header(entry: &Entry, names: &mut Names<'_>, found: &mut Diagnostics) -> Option<Header> {
    let table = Keys::of(
        &entry.node,
        "[module]",
        &["name", "version", "throws", "timeout", "doc"],
        found,
    )?;
    let defaults = Defaults {
        throws: table
            .get("throws")
            .and_then(|entry| throws(&entry.node, names, found))
            .flatten(),
        timeout: table
            .get("timeout")
            .and_then(|entry| timeout(&entry.node, found)),
    };
    let name = table.require("name", "[module]", "add name = \"…\"", found);
    let version = table.require("version", "[module]", "add version = \"0.1.0\"", found);
    let name = name.and_then(|entry| named(&entry.node, "a module's name is a string", found));
    let version =
        version.and_then(|entry| named(&entry.node, "a version is a string: \"1.4.0\"", found));
    // What is absent is reported; with a stand-in the rest is checked too.
    let version = version.map_or_else(
        || ("0.0.0".to_owned(), Span::NONE),
        |name| (name.text, name.span),
    );
    Some(Header {
        name: name.unwrap_or_else(|| Name::new("unnamed", Span::NONE)),
        version,
        defaults,
    })
}

fn named(node: &Node, expected: &str, found: &mut Diagnostics) -> Option<Name> {
    keys::string(node, expected, found).map(|text| Name::new(text, node.inside(0, text.len())))
}

fn items<'a>(section: Option<&'a Entry>, what: &str, found: &mut Diagnostics) -> Vec<&'a Entry> {
    match section.map(|entry| (&entry.node.kind, entry)) {
        None => Vec::new(),
        Some((Kind::Table(entries), _)) => entries.iter().collect(),
        Some((_, entry)) => {
            keys::wrong(
                &entry.node,
                &format!("each {what} is a table of its own: [{what}.name]"),
                found,
            );
            Vec::new()
        }
    }
}

fn method(
    entry: &Entry,
    defaults: Defaults,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<Method> {
    let what = format!("method `{}`", entry.key);
    let table = Keys::of(&entry.node, &what, METHOD_KEYS, found)?;
    let args = match table.get("args") {
        None => Args::Fields(Vec::new()),
        Some(args) => payload(&args.node, &format!("`args` of {what}"), names, found)?,
    };
    let answer = answer(entry, table, names, found);
    let oneway = matches!(answer, Some(Answer::Oneway));
    let own_throws = table
        .get("throws")
        .map(|entry| throws(&entry.node, names, found).flatten());
    let own_timeout = table
        .get("timeout")
        .map(|entry| timeout(&entry.node, found));
    let truth = |key: &str, found: &mut Diagnostics| {
        table.get(key).and_then(|entry| {
            keys::truth(&entry.node, "true or false", found).map(|truth| (truth, entry.span))
        })
    };
    let cancellable = truth("cancellable", found);
    let idempotent = truth("idempotent", found);
    if oneway {
        for key in ["throws", "timeout", "cancellable", "idempotent"] {
            if let Some(extra) = table.get(key) {
                found.push(
                    Diagnostic::new(Code::OnewayExtra, format!("oneway {what} has `{key}`")).at(
                        extra.span,
                        "nothing comes back from a oneway method: remove this",
                    ),
                );
            }
        }
    }
    Some(Method {
        name: Name::new(entry.key.as_str(), entry.span),
        docs: field::docs(entry),
        args,
        throws: if oneway {
            None
        } else {
            own_throws.unwrap_or(defaults.throws)
        },
        timeout: if oneway {
            None
        } else {
            own_timeout.unwrap_or(defaults.timeout)
        },
        cancellable: cancellable.is_none_or(|(truth, _)| truth),
        idempotent: idempotent.is_some_and(|(truth, _)| truth),
        codec: table
            .get("codec")
            .and_then(|entry| codec(&entry.node, found)),
        deprecated: field::deprecated(table, found),
        answer,
    })
}

/// Exactly one of the four.
fn answer(
    entry: &Entry,
    table: Keys<'_>,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<Answer> {
    let given: Vec<&Entry> = ["returns", "streams", "acks", "oneway"]
        .into_iter()
        .filter_map(|key| table.get(key))
        .collect();
    let Some(first) = given.first() else {
        found.push(
            Diagnostic::new(
                Code::NoAnswer,
                format!("method `{}` does not say how it answers", entry.key),
            )
            .at(
                entry.node.span,
                "add one of: returns = \"…\", streams = \"…\", acks = true, oneway = true",
            ),
        );
        return None;
    };
    if let Some(second) = given.get(1) {
        found.push(
            Diagnostic::new(
                Code::TwoAnswers,
                format!("method `{}` answers in more than one way", entry.key),
            )
            .at(
                second.span,
                format!(
                    "a method has one of them, and there is `{}` already",
                    first.key
                ),
            )
            .at(first.span, "the other one"),
        );
    }
    match first.key.as_str() {
        "returns" => types::read(&first.node, names, found).map(Answer::Returns),
        "streams" => types::read(&first.node, names, found).map(Answer::Streams),
        key => match (&first.node.kind, key) {
            (Kind::Bool(true), "acks") => Some(Answer::Acks(None)),
            (Kind::Bool(true), _) => Some(Answer::Oneway),
            (Kind::String { .. }, "acks") => {
                types::read(&first.node, names, found).map(|ty| Answer::Acks(Some(ty)))
            }
            (_, key) => {
                let label = match key {
                    "acks" => "write acks = true, or the type of a receipt",
                    _ => "write oneway = true",
                };
                found.push(
                    Diagnostic::new(
                        Code::AnswerValue,
                        format!("`{key}` of method `{}` is written wrong", entry.key),
                    )
                    .at(first.node.span, label),
                );
                None
            }
        },
    }
}

/// A type that is the whole payload, or fields.
fn payload(
    node: &Node,
    what: &str,
    names: &mut Names<'_>,
    found: &mut Diagnostics,
) -> Option<Args> {
    match node.kind {
        Kind::String { .. } => types::read(node, names, found).map(Args::Payload),
        _ => Some(Args::Fields(field::read_all(node, what, names, found))),
    }
}

/// `throws = "PdfError"`, or `"none"` against the module's.
fn throws(node: &Node, names: &mut Names<'_>, found: &mut Diagnostics) -> Option<Option<Throws>> {
    if matches!(&node.kind, Kind::String { text, .. } if text == "none") {
        return Some(None);
    }
    match types::read(node, names, found)? {
        TypeExpr {
            ty: Type::Ref(decl),
            span,
        } => Some(Some(Throws { decl, span })),
        TypeExpr { span, .. } => {
            found.push(
                Diagnostic::new(Code::ThrowsNotUnion, "`throws` needs a union").at(
                    span,
                    "declare a [union.…] with one variant per error, or write \"none\"",
                ),
            );
            None
        }
    }
}

fn timeout(node: &Node, found: &mut Diagnostics) -> Option<Timeout> {
    keys::spelled(
        node,
        Code::DurationSyntax,
        "a timeout is a string: \"30s\", or \"none\"",
        literal::timeout,
        found,
    )
}

fn codec(node: &Node, found: &mut Diagnostics) -> Option<(Codec, Span)> {
    let text = keys::string(
        node,
        "a codec is a string: \"msgpack\", \"raw\" or \"arrow\"",
        found,
    )?;
    let codec = match text {
        "msgpack" => Codec::Msgpack,
        "raw" => Codec::Raw,
        "arrow" => Codec::Arrow,
        _ => {
            found.push(
                Diagnostic::new(Code::WrongValue, format!("there is no codec `{text}`")).at(
                    node.inside(0, text.len()),
                    "one of \"msgpack\", \"raw\", \"arrow\"",
                ),
            );
            return None;
        }
    };
    Some((codec, node.span))
}

fn event(entry: &Entry, names: &mut Names<'_>, found: &mut Diagnostics) -> Option<Event> {
    let what = format!("event `{}`", entry.key);
    let table = Keys::of(
        &entry.node,
        &what,
        &["payload", "keep", "deprecated", "doc"],
        found,
    )?;
    let payload = match table.get("payload") {
        None => Args::Fields(Vec::new()),
        Some(given) => payload(&given.node, &format!("`payload` of {what}"), names, found)?,
    };
    let keep = match table.get("keep") {
        None => Keep::All,
        Some(entry) => match &entry.node.kind {
            Kind::String { text, .. } if text == "all" => Keep::All,
            Kind::String { text, .. } if text == "latest" => Keep::Latest,
            _ => {
                keys::wrong(&entry.node, "`keep` is \"all\" or \"latest\"", found);
                Keep::All
            }
        },
    };
    Some(Event {
        name: Name::new(entry.key.as_str(), entry.span),
        docs: field::docs(entry),
        payload,
        keep,
        deprecated: field::deprecated(table, found),
    })
}
