//! Methods, events, and the settings of the module.

use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{
    Answer, Args, Codec, DeclKind, Decls, Draft, Method, Module, Spawn, Type, codec,
};
use crate::span::Span;

pub(super) fn check(draft: &Draft, found: &mut Diagnostics) {
    let Some(module) = &draft.module else { return };
    judge_version(module, found);
    for method in &module.methods {
        judge_throws(method, &draft.decls, found);
        judge_codec(method, &draft.decls, found);
        if method.idempotent && matches!(method.answer, Some(Answer::Streams(_))) {
            found.push(
                Diagnostic::new(
                    Code::StreamIdempotent,
                    format!("method `{}` streams and is idempotent", method.name.text),
                )
                .at(
                    method.name.span,
                    "a caller would see items twice: remove `idempotent`",
                ),
            );
        }
    }
    for event in &module.events {
        if let Args::Payload(ty) = &event.payload
            && codec::of_type(&draft.decls, &ty.ty) == Codec::Arrow
        {
            found.push(
                Diagnostic::new(
                    Code::EventPayload,
                    format!("event `{}` carries a table", event.name.text),
                )
                .at(
                    ty.span,
                    "tables are too large for events: stream them from a method",
                ),
            );
        }
    }
    if let Some(spawn) = &module.spawn {
        judge_spawn(spawn, found);
    }
}

fn judge_version(module: &Module, found: &mut Diagnostics) {
    let (text, span) = &module.version;
    if let Err(error) = semver::Version::parse(text) {
        found.push(
            Diagnostic::new(Code::Version, format!("`{text}` is not a version: {error}"))
                .at(*span, "three numbers, as in \"1.4.0\""),
        );
    }
}

fn judge_throws(method: &Method, decls: &Decls, found: &mut Diagnostics) {
    let Some(throws) = method.throws else { return };
    let Some(decl) = decls.get(throws.decl) else {
        return;
    };
    if !matches!(decl.kind, DeclKind::Union(_)) {
        found.push(
            Diagnostic::new(Code::ThrowsNotUnion, format!("`{}` is no union", decl.name.text))
                .at(throws.span, "each error has a name and its own data: declare a union, in Rust an enum with braces (`NotFound {}`)")
                .at(decl.name.span, "declared here"),
        );
    }
}

fn judge_codec(method: &Method, decls: &Decls, found: &mut Diagnostics) {
    let Some((written, span)) = method.codec else {
        return;
    };
    let args = codec::of_args(decls, &method.args);
    let answer = match &method.answer {
        Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) => {
            codec::of_type(decls, &ty.ty)
        }
        _ => Codec::Msgpack,
    };
    let fits = match written {
        Codec::Msgpack => args != Codec::Arrow && answer != Codec::Arrow,
        other => args == other || answer == other,
    };
    if fits {
        return;
    }
    // In an open world a name may stand for a table; rustc's word is awaited there.
    let unknown = |ty: &Type| matches!(ty, Type::Ref(index) if decls.get(*index).is_none());
    let may_be_table = matches!(&method.args, Args::Payload(ty) if unknown(&ty.ty))
        || matches!(&method.answer, Some(Answer::Returns(ty) | Answer::Streams(ty)) if unknown(&ty.ty));
    if written == Codec::Arrow && may_be_table {
        return;
    }
    let label = match written {
        Codec::Raw => "nothing here is `bytes`: remove this",
        Codec::Arrow => "nothing here is a table: remove this",
        Codec::Msgpack => "a table travels as Arrow: remove this",
    };
    found.push(
        Diagnostic::new(
            Code::CodecMismatch,
            format!(
                "the codec of method `{}` does not fit its types",
                method.name.text
            ),
        )
        .at(span, label),
    );
}

fn judge_spawn(spawn: &Spawn, found: &mut Diagnostics) {
    let mut fault = |message: &str, label: &str| {
        let diagnostic = Diagnostic::new(Code::SpawnValue, message);
        let span = spawn.span.unwrap_or(Span::NONE);
        found.push(diagnostic.at(span, label));
    };
    if spawn
        .command
        .first()
        .is_none_or(|program| program.trim().is_empty())
    {
        fault(
            "the command to spawn is empty",
            "a command begins with a program: command = [\"python\", …]",
        );
    }
    if spawn.command.iter().any(|word| word.contains('\0')) {
        fault(
            "the command to spawn holds a NUL",
            "no operating system takes that",
        );
    }
    if spawn.ready == Some(Duration::ZERO) {
        fault("`ready` leaves no time", "no worker starts that fast");
    }
    if let Some(restart) = spawn.restart {
        if restart.max > 0 && restart.within == Duration::ZERO {
            fault(
                "`restart.within` is a window of nothing",
                "give it a length: \"1m\"; for no restarts write max = 0",
            );
        }
        if restart.backoff.0 > restart.backoff.1 {
            fault(
                "`restart.backoff` begins above its greatest delay",
                "the first delay stands first: \"200ms..10s\"",
            );
        }
    }
    if let Some(heartbeat) = spawn.heartbeat {
        if heartbeat.every == Duration::ZERO {
            fault("`heartbeat.every` is zero", "give it a length: \"5s\"");
        } else if heartbeat.miss < heartbeat.every {
            fault(
                "`heartbeat.miss` is shorter than `heartbeat.every`",
                "every worker would be replaced at once",
            );
        }
    }
    if spawn.limits.in_flight == Some(0) {
        fault("`limits.in_flight` allows no call", "at least 1");
    }
    if let Some(bytes) = spawn.limits.payload
        && (bytes == 0 || bytes > u64::from(u32::MAX))
    {
        fault(
            "`limits.payload` is out of bounds",
            "from 1 byte to 4 GiB less one byte, which is all a frame can hold",
        );
    }
}
