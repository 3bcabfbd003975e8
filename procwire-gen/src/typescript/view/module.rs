//! The module: its methods, its events, and the errors that its methods throw.

use procwire_schema::model::{
    Answer, Args, Codec, DeclIndex, DeclKind, Event, Method, Module, Type,
};

use super::{CodecView, EventView, Maker, MethodView, ModuleView, TypeView};
use crate::typescript::naming;
use crate::typescript::prose::{jsdoc, quoted, signature};
use crate::typescript::reach::{Way, variant_fields};

impl Maker<'_> {
    pub(super) fn module(
        &self,
        module: &Module,
        types: &mut Vec<TypeView>,
        codecs: &mut Vec<CodecView>,
    ) -> ModuleView {
        let naming = self.speller.naming;
        for index in naming::thrown(Some(module)) {
            self.errors(index, types);
        }
        let methods = module
            .methods
            .iter()
            .map(|method| self.method(method, types, codecs))
            .collect();
        let events = module
            .events
            .iter()
            .enumerate()
            .map(|(index, event)| self.event(index, event, types, codecs))
            .collect();
        ModuleView {
            docs: jsdoc(&module.docs, None, ""),
            name: quoted(&module.name.text),
            version: quoted(&module.version.0),
            fingerprint: quoted(self.speller.schema.fingerprint()),
            handlers: naming.handlers.clone(),
            events_type: naming.events.clone(),
            serve: naming.serve.clone(),
            methods,
            events,
        }
    }

    /// The classes that handlers throw for a union, and the union of them where it has no other type.
    fn errors(&self, index: DeclIndex, types: &mut Vec<TypeView>) {
        let Some(decl) = self.speller.schema.decls().get(index) else {
            return;
        };
        let DeclKind::Union(union) = &decl.kind else {
            return;
        };
        let (decls, naming) = (self.speller.schema.decls(), self.speller.naming);
        let name = naming.of_type(index);
        for variant in &union.variants {
            types.push(TypeView::Error {
                docs: jsdoc(&variant.docs, None, ""),
                name: naming.of_error(index, &variant.name.text).to_owned(),
                family: quoted(name),
                tag: quoted(&variant.name.text),
                fields: self.fields(variant_fields(decls, &variant.body), Way::Sent, "  "),
            });
        }
        if !self.speller.reach.is_data(index) {
            let classes: Vec<&str> = union
                .variants
                .iter()
                .map(|variant| naming.of_error(index, &variant.name.text))
                .collect();
            let of = if classes.is_empty() {
                "never".to_owned()
            } else {
                classes.join(" | ")
            };
            types.push(TypeView::Alias {
                docs: jsdoc(&decl.docs, None, ""),
                name: name.to_owned(),
                of,
            });
        }
    }

    fn method(
        &self,
        method: &Method,
        types: &mut Vec<TypeView>,
        codecs: &mut Vec<CodecView>,
    ) -> MethodView {
        let naming = self.speller.naming;
        let schema = self.speller.schema;
        let (parameter, args_type, read) = match &method.args {
            Args::Fields(fields) if fields.is_empty() => {
                ("args", "pw.NoArgs".to_owned(), "pw.noArgs".to_owned())
            }
            Args::Fields(fields) => {
                let name = naming.of_args(method);
                let docs = [format!("The arguments of `{}`.", naming::handler(method))];
                types.push(self.interface(&docs, name, fields, Way::Read));
                codecs.push(CodecView::ReadStruct {
                    name: format!("read{name}"),
                    ty: name.to_owned(),
                    members: self.read(fields),
                });
                ("args", name.to_owned(), format!("read{name}"))
            }
            Args::Payload(ty) => {
                let read = if schema.args_codec(method) == Codec::Raw {
                    "pw.raw".to_owned()
                } else {
                    self.steps.step(&ty.ty, Way::Read)
                };
                ("payload", self.speller.ty(&ty.ty, Way::Read), read)
            }
        };
        let raw = schema.answer_codec(method) == Codec::Raw;
        let writer = |ty: &Type| {
            if raw {
                "pw.raw".to_owned()
            } else {
                self.steps.step(ty, Way::Sent)
            }
        };
        let awaitable = |ty: String| format!("pw.Awaitable<{ty}>");
        let nothing = || (awaitable("void".to_owned()), "pw.nothing".to_owned());
        let (kind, (answer_type, write)) = match &method.answer {
            Some(Answer::Returns(ty)) => (
                "result",
                (
                    awaitable(self.speller.ty(&ty.ty, Way::Sent)),
                    writer(&ty.ty),
                ),
            ),
            Some(Answer::Streams(ty)) => (
                "stream",
                (
                    format!("pw.Items<{}>", self.speller.ty(&ty.ty, Way::Sent)),
                    writer(&ty.ty),
                ),
            ),
            Some(Answer::Acks(Some(ty))) => (
                "ack",
                (
                    awaitable(self.speller.ty(&ty.ty, Way::Sent)),
                    writer(&ty.ty),
                ),
            ),
            Some(Answer::Acks(None)) => ("ack", nothing()),
            Some(Answer::Oneway) | None => ("none", nothing()),
        };
        MethodView {
            docs: jsdoc(&method.docs, method.deprecated.as_deref(), "  "),
            name: quoted(&method.name.text),
            signature: signature(&naming::handler(method)),
            handler: naming::handler(method),
            kind,
            fingerprint: quoted(&schema.method_fingerprint(method)),
            parameter,
            args_type,
            answer_type,
            read,
            write,
            idempotent: method.idempotent,
            throws: method.throws.map(|throws| {
                (
                    quoted(naming.of_type(throws.decl)),
                    naming.of_codec(throws.decl, Way::Sent),
                )
            }),
        }
    }

    fn event(
        &self,
        index: usize,
        event: &Event,
        types: &mut Vec<TypeView>,
        codecs: &mut Vec<CodecView>,
    ) -> EventView {
        let naming = self.speller.naming;
        let (payload, write) = match &event.payload {
            Args::Fields(fields) if fields.is_empty() => (None, "pw.nothing".to_owned()),
            Args::Fields(fields) => {
                let name = naming.of_payload(event);
                let docs = [format!(
                    "What the event `{}` carries.",
                    naming::emitter(event)
                )];
                types.push(self.interface(&docs, name, fields, Way::Sent));
                codecs.push(CodecView::WriteStruct {
                    name: format!("write{name}"),
                    body: self.write(fields),
                });
                (Some(name.to_owned()), format!("write{name}"))
            }
            Args::Payload(ty) => {
                let raw = self.speller.schema.event_codec(event) == Codec::Raw;
                let write = if raw {
                    "pw.raw".to_owned()
                } else {
                    self.steps.step(&ty.ty, Way::Sent)
                };
                (Some(self.speller.ty(&ty.ty, Way::Sent)), write)
            }
        };
        EventView {
            docs: jsdoc(&event.docs, event.deprecated.as_deref(), "  "),
            name: quoted(&event.name.text),
            signature: signature(&naming::emitter(event)),
            function: naming::emitter(event),
            index,
            payload,
            write,
        }
    }
}
