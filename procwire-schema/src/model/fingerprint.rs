//! Fingerprints: the identity of a method, an event, a module.
//!
//! A fingerprint is the start of a SHA-256 over shape texts (see [`super::shape`]). It changes with anything that
//! can be seen on the wire and with nothing else: not with docs, defaults' values, constraints, spawn or timeouts.

use sha2::{Digest as _, Sha256};

use super::decls::Decls;
use super::module::{Answer, Codec, Event, Method, Module};
use super::shape::Expansion;
use super::{codec, ty::Type};

/// `method NAME KIND CODEC_IN>CODEC_OUT ARGS->ANSWER!ERROR`, the text behind a method's fingerprint.
#[must_use]
pub fn method_text(decls: &Decls, method: &Method) -> String {
    let mut expansion = Expansion::new(decls);
    let args = expansion.args(&method.args);
    let (kind, answer) = match &method.answer {
        Some(Answer::Returns(ty)) => ("result", expansion.ty(&ty.ty)),
        Some(Answer::Streams(ty)) => ("stream", expansion.ty(&ty.ty)),
        Some(Answer::Acks(Some(ty))) => ("ack", expansion.ty(&ty.ty)),
        Some(Answer::Acks(None)) => ("ack", "nil".to_owned()),
        Some(Answer::Oneway) | None => ("none", "nil".to_owned()),
    };
    let error = method
        .throws
        .map(|throws| format!("!{}", expansion.ty(&Type::Ref(throws.decl))))
        .unwrap_or_default();
    format!(
        "method {} {kind} {}>{} {args}->{answer}{error}",
        method.name.text,
        codec_name(codec::of_method_args(decls, method)),
        codec_name(codec::of_method_answer(decls, method)),
    )
}

/// `event NAME CODEC PAYLOAD`, the text behind an event's fingerprint.
#[must_use]
pub fn event_text(decls: &Decls, event: &Event) -> String {
    format!(
        "event {} {} {}",
        event.name.text,
        codec_name(codec::of_event(decls, event)),
        Expansion::new(decls).args(&event.payload),
    )
}

/// 16 hexadecimal digits.
#[must_use]
pub fn method(decls: &Decls, method: &Method) -> String {
    digest(&method_text(decls, method))
}

/// 16 hexadecimal digits.
#[must_use]
pub fn event(decls: &Decls, event: &Event) -> String {
    digest(&event_text(decls, event))
}

/// 16 hexadecimal digits, over the module's name and the fingerprints of its methods and events.
#[must_use]
pub fn module(decls: &Decls, module: &Module) -> String {
    let mut text = format!("procwire 1\nmodule {}\n", module.name.text);
    let mut methods: Vec<&Method> = module.methods.iter().collect();
    methods.sort_by(|a, b| a.name.text.cmp(&b.name.text));
    for one in methods {
        text += &format!("method {} {}\n", one.name.text, method(decls, one));
    }
    let mut events: Vec<&Event> = module.events.iter().collect();
    events.sort_by(|a, b| a.name.text.cmp(&b.name.text));
    for one in events {
        text += &format!("event {} {}\n", one.name.text, event(decls, one));
    }
    digest(&text)
}

/// The first 16 hexadecimal digits of the SHA-256 of a text.
#[must_use]
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Msgpack => "msgpack",
        Codec::Raw => "raw",
        Codec::Arrow => "arrow",
    }
}
