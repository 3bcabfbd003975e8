//! `worker.py`: written once, then the user's. And the handlers that a schema gained since.

use std::collections::BTreeSet;

use procwire_schema::Schema;
use procwire_schema::model::{Answer, Args, DeclIndex, Method, Module, Type};

use super::contract::{parameters, value};
use super::imports::Imports;
use super::naming::{Naming, handler};
use super::prose::{docstring, quoted};
use super::spell::Speller;

/// The whole file.
pub(super) fn worker(schema: &Schema, module: &Module, naming: &Naming) -> String {
    let imports = Imports::default();
    let all: Vec<usize> = (0..module.methods.len()).collect();
    let borrowed = Borrowed::beside(naming, &imports);
    let (handlers, names) = handlers(schema, module, naming, &imports, &borrowed, &all);
    let mut out = format!(
        "\"\"\"The worker of the module `{}`. This file is yours: procwire-gen wrote it once and leaves it alone.\"\"\"\n\n\
         from __future__ import annotations\n\n",
        module.name.text
    );
    let needs_context = !module.methods.is_empty();
    let streams = module
        .methods
        .iter()
        .any(|one| matches!(one.answer, Some(Answer::Streams(_))));
    // Standard modules under the aliases of the generated file: a type may have any name.
    let mut lines = imports.lines();
    if streams && borrowed.iterator == "Iterator" {
        lines.push("from collections.abc import Iterator".to_owned());
    }
    lines.sort();
    for line in &lines {
        out.push_str(&format!("{line}\n"));
    }
    if !lines.is_empty() {
        out.push('\n');
    }
    // Before anything of the user's: it moves stdout out of reach.
    if imports.has_runtime() {
        out.push_str("import procwire as _pw\n");
    }
    out.push_str(if needs_context && borrowed.context == "Context" {
        "from procwire import Context, serve\n\n"
    } else {
        "from procwire import serve\n\n"
    });
    let mut ours: BTreeSet<String> = names;
    ours.insert(naming.worker().to_owned());
    out.push_str(&import(naming.file(), &ours));
    out.push_str(&format!(
        "\n\nclass {}({}):\n",
        naming.implementation(),
        naming.worker()
    ));
    out.push_str(&docstring(&module.docs, None, "    "));
    if module.methods.is_empty() && module.docs.iter().all(|line| line.trim().is_empty()) {
        out.push_str("    pass\n");
    }
    out.push_str(&handlers);
    out.push_str(&format!(
        "\n\nif __name__ == \"__main__\":\n    serve({})\n",
        naming.implementation()
    ));
    out
}

/// The handlers that `source` does not define, with what they need to be imported.
pub(super) fn missing(
    schema: &Schema,
    module: &Module,
    naming: &Naming,
    source: &str,
) -> Option<String> {
    let lacking: Vec<usize> = (0..module.methods.len())
        .filter(|at| !defines(source, &handler(&module.methods[*at].name.text)))
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let imports = Imports::default();
    let borrowed = Borrowed::beside(naming, &imports);
    let (handlers, names) = handlers(schema, module, naming, &imports, &borrowed, &lacking);
    let new: BTreeSet<String> = names
        .into_iter()
        .filter(|name| !mentions(source, name))
        .collect();
    let mut out = String::new();
    let runtime = imports
        .has_runtime()
        .then(|| "import procwire as _pw".to_owned());
    for line in imports.lines().into_iter().chain(runtime) {
        if !source.contains(&line) {
            out.push_str(&format!("{line}\n"));
        }
    }
    let streams = lacking
        .iter()
        .any(|at| matches!(module.methods[*at].answer, Some(Answer::Streams(_))));
    if streams && borrowed.iterator == "Iterator" && !mentions(source, "Iterator") {
        out.push_str("from collections.abc import Iterator\n");
    }
    if !new.is_empty() {
        out.push_str(&import(naming.file(), &new));
    }
    out.push_str(&handlers);
    Some(out)
}

/// How the file calls what is not the schema's, where a type may have the usual name.
#[derive(Debug)]
struct Borrowed {
    context: &'static str,
    iterator: &'static str,
}

impl Borrowed {
    fn beside(naming: &Naming, imports: &Imports) -> Self {
        Self {
            context: if naming.has("Context") {
                imports.from("_pw", "Context");
                "_pw.Context"
            } else {
                "Context"
            },
            iterator: if naming.has("Iterator") {
                imports.from("_c", "Iterator");
                "_c.Iterator"
            } else {
                "Iterator"
            },
        }
    }
}

/// Handlers as text, and the generated names in them.
fn handlers(
    schema: &Schema,
    module: &Module,
    naming: &Naming,
    imports: &Imports,
    borrowed: &Borrowed,
    which: &[usize],
) -> (String, BTreeSet<String>) {
    let members = module.methods.iter().map(|one| handler(&one.name.text));
    let speller = Speller::new(schema.decls(), naming, imports).inside(members);
    let mut out = String::new();
    let mut names = BTreeSet::new();
    for &at in which {
        let method = &module.methods[at];
        mentioned(naming, at, method, &mut names);
        let name = handler(&method.name.text);
        let answer = value(&speller, method);
        let answer = match method.answer {
            Some(Answer::Streams(_)) => format!("{}[{answer}]", borrowed.iterator),
            _ => answer,
        };
        out.push_str(&format!(
            "\n    def {name}({}) -> {answer}:\n{}        raise NotImplementedError({})\n",
            parameters(&speller, at, method, borrowed.context),
            docstring(&method.docs, method.deprecated.as_deref(), "        "),
            quoted(&format!("{name} is not written yet")),
        ));
    }
    (out, names)
}

/// The generated names in a handler's signature.
fn mentioned(naming: &Naming, at: usize, method: &Method, names: &mut BTreeSet<String>) {
    let mut add = |ty: &Type| {
        ty.each_ref(&mut |index: DeclIndex| {
            names.insert(naming.ty(index).to_owned());
        });
    };
    if let Args::Payload(ty) = &method.args {
        add(&ty.ty);
    }
    if let Some(Answer::Returns(ty) | Answer::Streams(ty) | Answer::Acks(Some(ty))) = &method.answer
    {
        add(&ty.ty);
    }
    names.extend(naming.args(at).map(str::to_owned));
}

/// `from pdf import Document, OpenArgs`, over several lines when it is long.
fn import(file: &str, names: &BTreeSet<String>) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    // the order and the width that formatters of imports agree on
    names.sort_by_key(|name| name.to_lowercase());
    let line = format!("from {file} import {}\n", names.join(", "));
    if line.trim_end().len() <= 88 {
        return line;
    }
    let mut out = format!("from {file} import (\n");
    for name in names {
        out.push_str(&format!("    {name},\n"));
    }
    out.push_str(")\n");
    out
}

/// Whether a method of that name is defined somewhere, in either form.
fn defines(source: &str, name: &str) -> bool {
    source.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").map_or(line, str::trim_start);
        line.strip_prefix("def ").is_some_and(|rest| {
            rest.trim_start()
                .strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with(['(', '[']))
        })
    })
}

/// Whether a word stands somewhere in the text.
fn mentions(source: &str, word: &str) -> bool {
    source
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use procwire_schema::{Schema, read_text};

    use super::{defines, mentions};
    use crate::python::{emit, missing_handlers};

    const TEXT: &str = "procwire = 1\n[module]\nname = \"words\"\nversion = \"1.0.0\"\n\
        [method.count]\nargs = { text = \"string\" }\nreturns = \"u32\"\n\
        [method.split]\nargs = { text = \"string\" }\nstreams = \"string\"\n\
        [method.class]\nacks = true\n";

    fn schema() -> Schema {
        read_text("words.toml", TEXT)
            .schema
            .expect("the schema is right")
    }

    #[test]
    fn a_fresh_skeleton_lacks_nothing() {
        let files = emit(&schema()).expect("nothing in it is refused");
        let skeleton = files.get("worker.py").expect("it is made");
        assert_eq!(missing_handlers(&schema(), &skeleton.text), None);
    }

    #[test]
    fn what_is_missing_comes_with_its_imports() {
        let source = "from procwire import Context, serve\nfrom words import CountArgs, WordsWorker\n\n\
            class Words(WordsWorker):\n    async def count(self, req: CountArgs, ctx: Context) -> int:\n        return 1\n";
        let missing = missing_handlers(&schema(), source).expect("two are missing");
        assert_eq!(
            missing,
            "from collections.abc import Iterator\nfrom words import SplitArgs\n\n    \
             def split(self, req: SplitArgs, ctx: Context) -> Iterator[str]:\n        \
             raise NotImplementedError(\"split is not written yet\")\n\n    \
             def class_(self, ctx: Context) -> None:\n        \
             raise NotImplementedError(\"class_ is not written yet\")\n"
        );
    }

    #[test]
    fn names_are_found_whole() {
        assert!(defines("    async  def split (self):", "split"));
        assert!(!defines("def split_all(self): split()", "split"));
        assert!(mentions("a, Split.b", "Split") && !mentions("SplitArgs", "Split"));
    }

    #[test]
    fn a_file_of_types_does_not_stand_before_a_module_of_python() {
        let text = "procwire = 1\n[struct.Point]\nx = \"f64\"\n";
        let schema = read_text("shared/types.toml", text)
            .schema
            .expect("it is right");
        let files = emit(&schema).expect("nothing in it is refused");
        assert!(files.get("types_.py").is_some() && files.get("types.py").is_none());
    }
}
