//! The user's file, written once, and the handlers that one of them lacks.

use procwire_schema::model::{Answer, Args, Method, Module};

use super::naming::{self, Naming};
use super::prose::jsdoc;
use crate::names::{TYPESCRIPT, avoid};

/// `worker.ts`, with every handler still to be written.
pub(super) fn worker(module: &Module, naming: &Naming) -> String {
    let name = &module.name.text;
    let serve = &naming.serve;
    let handlers: Vec<String> = module.methods.iter().map(handler).collect();
    let (parameter, hint) = if module.events.is_empty() {
        ("", "")
    } else {
        (
            "_events",
            "\n// `events` sends events to the parent, from anywhere and at any time.",
        )
    };
    let todo = if module.methods.is_empty() { "" } else { TODO };
    format!(
        "// The worker of `{name}`. This file is yours: it was written once and is not touched again.\n\
         //\n\
         // Run by the parent as: node_modules/.bin/procwire-worker worker.ts\n\
         \n\
         import {{ {serve} }} from \"./{name}.ts\";\n\
         \n\
         // What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.{hint}\n\
         await {serve}(({parameter}) => ({{\n{}}}));\n{todo}",
        handlers.join("\n")
    )
}

const TODO: &str = "
/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
";

/// The handlers that a source lacks.
pub(super) fn missing(module: &Module, _naming: &Naming, source: &str) -> Option<String> {
    let code = without_comments_and_strings(source);
    let missing: Vec<String> = module
        .methods
        .iter()
        .filter(|method| !defines(&code, &naming::handler(method)))
        .map(|method| {
            handler(method)
                .replace("return todo(", "throw new Error(")
                .replace("yield todo(", "throw new Error(")
        })
        .map(|text| plain_throw(&text))
        .collect();
    (!missing.is_empty()).then(|| missing.join("\n"))
}

fn handler(method: &Method) -> String {
    let name = naming::handler(method);
    let docs = jsdoc(&method.docs, method.deprecated.as_deref(), "  ");
    let (parameter, used) = match &method.args {
        Args::Fields(fields) if fields.is_empty() => (String::new(), String::new()),
        Args::Fields(fields) => {
            let parts: Vec<(String, String)> = fields
                .iter()
                .map(|field| {
                    let name = field.name.camel();
                    let local = avoid(&name, TYPESCRIPT);
                    let part = if local == name {
                        name
                    } else {
                        format!("{name}: {local}")
                    };
                    (part, local)
                })
                .collect();
            let destructured: Vec<&str> = parts.iter().map(|(part, _)| part.as_str()).collect();
            let used: Vec<&str> = parts.iter().map(|(_, local)| local.as_str()).collect();
            (
                format!("{{ {} }}", destructured.join(", ")),
                format!(", {}", used.join(", ")),
            )
        }
        Args::Payload(_) => ("payload".to_owned(), ", payload".to_owned()),
    };
    if matches!(method.answer, Some(Answer::Streams(_))) {
        format!("{docs}  async *{name}({parameter}) {{\n    yield todo(\"{name}\"{used});\n  }},\n")
    } else {
        format!("{docs}  async {name}({parameter}) {{\n    return todo(\"{name}\"{used});\n  }},\n")
    }
}

/// A user's file need not have `todo` any more: what is pasted stands by itself.
fn plain_throw(text: &str) -> String {
    text.lines()
        .map(
            |line| match line.trim_start().strip_prefix("throw new Error(\"") {
                Some(rest) => {
                    let name = rest.split('"').next().unwrap_or_default();
                    format!("    throw new Error(\"{name} is not written yet\");\n")
                }
                None => format!("{line}\n"),
            },
        )
        .collect()
}

/// Whether a handler of this name is written: its name, then what may follow the name of a member.
fn defines(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].trim_start().chars().next();
        let starts = !before.is_some_and(|c| is_word(c) || c == '.');
        let whole = !code[at + name.len()..].chars().next().is_some_and(is_word);
        starts && whole && matches!(after, Some('(' | ':' | ',' | '}' | '<' | '='))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The code of a source. Good enough to look for a name: templates count as strings, and so does what is in them.
fn without_comments_and_strings(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if matches!(c, '"' | '\'' | '`') {
            string_length(rest, c)
        } else {
            out.push(c);
            c.len_utf8()
        };
        if skipped > c.len_utf8() || matches!(c, '"' | '\'' | '`') {
            out.push(' ');
        }
        rest = &rest[skipped..];
    }
    out
}

fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            '\n' if quote != '`' => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{defines, without_comments_and_strings};

    #[test]
    fn handlers_are_found_however_they_are_written() {
        let code = without_comments_and_strings(
            "serve(() => ({ open({ path }) {}, async render(a) {}, async *blocks() {}, close: () => 1, shared, \"quoted\": 1 }));\n\
             // search() {}\n const s = \"find() {}\"; a.other(); /* index() {} */",
        );
        for name in ["open", "render", "blocks", "close", "shared"] {
            assert!(defines(&code, name), "{name} in {code}");
        }
        for name in ["search", "find", "other", "index", "ope", "lose", "missing"] {
            assert!(!defines(&code, name), "{name} in {code}");
        }
    }
}
