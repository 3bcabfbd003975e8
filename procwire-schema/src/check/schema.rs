//! [`Schema`]: a draft that passed the check. Only the checker makes one, so its look-ups cannot fail.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::check::recursion;
use crate::model::shape::{self, Local};
use crate::model::{
    Codec, Decl, DeclIndex, Decls, Draft, Entry, Event, Field, Method, Module, codec, fingerprint,
};

/// What a schema was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What to call it: the path as given, with `/`.
    pub name: String,
    /// Every file that was read, the schema itself first.
    pub files: Vec<PathBuf>,
}

/// A checked schema.
///
/// ```
/// let reading = procwire_schema::read_text(
///     "echo.toml",
///     r#"
/// procwire = 1
/// [module]
/// name = "echo"
/// version = "1.0.0"
/// [method.say]
/// args = { text = "string" }
/// returns = "string"
/// "#,
/// );
/// let schema = reading.schema.expect("the schema is right");
/// let module = schema.module().expect("it has a module");
/// assert_eq!(module.methods[0].name.text, "say");
/// assert_eq!(schema.fingerprint().len(), 16);
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    draft: Draft,
    origin: Origin,
    fingerprint: String,
    boxed: HashSet<(DeclIndex, DeclIndex)>,
}

impl Schema {
    pub(super) fn new(draft: Draft, origin: Origin) -> Self {
        let fingerprint = match &draft.module {
            Some(module) => fingerprint::module(&draft.decls, module),
            None => fingerprint::digest("procwire 1\n"),
        };
        Self {
            boxed: recursion::boxed(&draft.decls),
            draft,
            origin,
            fingerprint,
        }
    }

    /// The module; none in a file of types.
    #[must_use]
    pub fn module(&self) -> Option<&Module> {
        self.draft.module.as_ref()
    }

    /// Every type, imported ones included.
    #[must_use]
    pub fn decls(&self) -> &Decls {
        &self.draft.decls
    }

    /// Every declared type with its index and its entry (which knows the import's alias), in order.
    pub fn declared(&self) -> impl Iterator<Item = (DeclIndex, &Entry, &Decl)> {
        self.draft
            .decls
            .iter()
            .filter_map(|(index, entry)| Some((index, entry, entry.decl.as_ref()?)))
    }

    /// The model as it was checked; to compare two with [`crate::model::erase_spans`].
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The fingerprint of the module, 16 hexadecimal digits.
    ///
    /// It covers the shape of every method and event. In an open world, where the shapes of named types are not
    /// known, it means nothing: the runtime computes it from the types' own shapes.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The fingerprint of a method, 16 hexadecimal digits.
    #[must_use]
    pub fn method_fingerprint(&self, method: &Method) -> String {
        fingerprint::method(self.decls(), method)
    }

    /// The fingerprint of an event, 16 hexadecimal digits.
    #[must_use]
    pub fn event_fingerprint(&self, event: &Event) -> String {
        fingerprint::event(self.decls(), event)
    }

    /// How a method's arguments are written.
    #[must_use]
    pub fn args_codec(&self, method: &Method) -> Codec {
        codec::of_method_args(self.decls(), method)
    }

    /// How a method's answer is written; MessagePack where there is none.
    #[must_use]
    pub fn answer_codec(&self, method: &Method) -> Codec {
        codec::of_method_answer(self.decls(), method)
    }

    /// How an event's payload is written.
    #[must_use]
    pub fn event_codec(&self, event: &Event) -> Codec {
        codec::of_event(self.decls(), event)
    }

    /// What to call the file it was read from: the path as given, with `/`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.origin.name
    }

    /// Every file it was read from, the schema itself first, to watch or track them.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.origin.files
    }

    /// Whether `owner` must hold `target` behind a pointer, because it is held by value and leads back to `owner`.
    ///
    /// A reference inside a list or a map is not by value and never needs this; one in an optional, a tuple, a fixed
    /// array, a newtype, a field of a struct or a variant is.
    #[must_use]
    pub fn is_boxed(&self, owner: DeclIndex, target: DeclIndex) -> bool {
        self.boxed.contains(&(owner, target))
    }

    /// The local shape text of a declared type, for `impl Type`; see [`crate::model::shape`].
    #[must_use]
    pub fn local_shape(&self, decl: &Decl) -> Local {
        shape::local(self.decls(), decl)
    }

    /// The local shape text of a method's arguments or an event's payload written in place.
    #[must_use]
    pub fn local_fields_shape(&self, fields: &[Field]) -> Local {
        shape::local_fields(self.decls(), fields)
    }
}
