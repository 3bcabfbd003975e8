//! Which codec a payload takes: it follows from the type.

use super::decls::{DeclKind, Decls};
use super::module::{Answer, Args, Codec, Event, Method};
use super::ty::Type;

/// The codec of one value that is a whole payload. A newtype of `bytes` is not `bytes`: only the literal one is raw.
#[must_use]
pub fn of_type(decls: &Decls, ty: &Type) -> Codec {
    match ty {
        Type::Bytes => Codec::Raw,
        Type::Ref(index) => match decls.get(*index).map(|decl| &decl.kind) {
            Some(DeclKind::Table(_)) => Codec::Arrow,
            _ => Codec::Msgpack,
        },
        _ => Codec::Msgpack,
    }
}

/// The codec of what a method takes or an event carries.
#[must_use]
pub fn of_args(decls: &Decls, args: &Args) -> Codec {
    match args {
        Args::Fields(_) => Codec::Msgpack,
        Args::Payload(ty) => of_type(decls, &ty.ty),
    }
}

/// The codec of a method's arguments. `codec = "msgpack"` puts bytes into MessagePack.
#[must_use]
pub fn of_method_args(decls: &Decls, method: &Method) -> Codec {
    written(method, of_args(decls, &method.args))
}

/// The codec of a method's answer; MessagePack where there is none.
#[must_use]
pub fn of_method_answer(decls: &Decls, method: &Method) -> Codec {
    let implied = match &method.answer {
        Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) => {
            of_type(decls, &ty.ty)
        }
        Some(Answer::Acks(None) | Answer::Oneway) | None => Codec::Msgpack,
    };
    written(method, implied)
}

/// The codec of an event's payload.
#[must_use]
pub fn of_event(decls: &Decls, event: &Event) -> Codec {
    of_args(decls, &event.payload)
}

fn written(method: &Method, implied: Codec) -> Codec {
    match (&method.codec, implied) {
        (Some((Codec::Msgpack, _)), Codec::Raw) => Codec::Msgpack,
        _ => implied,
    }
}
