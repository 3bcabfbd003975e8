//! The layer law: inside a crate a module names only modules of a lower layer; between crates the toolchain knows no
//! runtime and the runtime no toolchain; generated Rust names only `::procwire::__private`.

mod source;

use std::path::Path;

use source::{files, named_below, read, root, show, tokens, tokens_without_tests};

/// The layers of a crate, lowest first; the modules of one layer do not see each other.
struct Law {
    sources: &'static str,
    layers: &'static [&'static [&'static str]],
}

const LAWS: &[Law] = &[
    Law {
        sources: "procwire-schema/src",
        layers: &[
            &["span"],
            &["diagnostic"],
            &["model"],
            &["text", "rust", "check"],
        ],
    },
    Law {
        sources: "procwire-gen/src",
        layers: &[
            &["files", "names"],
            &["rust", "python", "typescript"],
            &["target"],
            &["cli"],
        ],
    },
    Law {
        sources: "procwire-runtime/src",
        layers: &[
            &["ids", "contract", "clock", "chance"],
            &["wire", "codec", "control", "transport", "metrics"],
            &["connection"],
            &["module", "worker"],
            &["supervisor"],
            &["manager"],
        ],
    },
];

/// Files that stand above all layers and put them together.
const ABOVE: &[&str] = &["lib", "main"];

#[test]
fn modules_name_only_lower_layers() {
    let mut broken = Vec::new();
    for law in LAWS {
        let sources = root().join(law.sources);
        let all = files(&sources, ".rs");
        assert!(!all.is_empty(), "no sources in {}", law.sources);
        for path in all {
            let inside = path.strip_prefix(&sources).expect("found below it");
            for breach in breaches(law, inside, &read(&path)) {
                broken.push(format!("{}: {breach}", show(&path)));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "the layer law is broken:\n{}",
        broken.join("\n")
    );
}

/// What a file names that it must not.
fn breaches(law: &Law, inside: &Path, text: &str) -> Vec<String> {
    let parts: Vec<String> = inside
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let module = &parts[0];
    if ABOVE.contains(&module.as_str()) {
        return Vec::new();
    }
    let layer_of = |name: &str| law.layers.iter().position(|layer| layer.contains(&name));
    let Some(own) = layer_of(module) else {
        return vec![format!(
            "`{module}` has no place in the law: give it a layer in tests/layers.rs"
        )];
    };
    let tokens = tokens_without_tests(text);
    let mut names = named_below(&tokens, "crate");
    names.extend(reached_by_super(&tokens, &parts));
    names
        .iter()
        .filter(|name| *name != module && *name != "self")
        .filter_map(|name| match layer_of(name) {
            None => Some(format!(
                "names `crate::{name}`: imports go to the module that owns it, not through the root"
            )),
            Some(layer) if layer > own => {
                Some(format!("`{module}` names `{name}`, which stands above it"))
            }
            Some(layer) if layer == own => Some(format!("`{module}` names `{name}`, its sibling")),
            Some(_) => None,
        })
        .collect()
}

/// Names reached by climbing to the crate's root with `super::super::…`.
fn reached_by_super(tokens: &[String], parts: &[String]) -> Vec<String> {
    let depth = match parts.last().map(String::as_str) {
        Some("mod") => parts.len() - 1,
        _ => parts.len(),
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut climbed = 0;
        while tokens.get(at).is_some_and(|token| token == "super")
            && tokens.get(at + 1).is_some_and(|token| token == "::")
        {
            climbed += 1;
            at += 2;
        }
        if climbed >= depth && climbed > 0 {
            let mut rest = vec!["crate".to_owned(), "::".to_owned()];
            rest.extend(
                tokens[at..]
                    .iter()
                    .take_while(|token| *token != ";")
                    .cloned(),
            );
            found.extend(named_below(&rest, "crate").into_iter().next());
        }
        at += 1;
    }
    found
}

#[test]
fn a_planted_breach_is_found() {
    let law = &LAWS[2];
    let said = |path: &str, text: &str| breaches(law, Path::new(path), text);
    assert_eq!(
        said(
            "wire/frame.rs",
            "use crate::ids::MethodId;\nuse super::header::Header;"
        ),
        [""; 0]
    );
    assert_eq!(
        said("wire/frame.rs", "use crate::connection::Call;"),
        ["`wire` names `connection`, which stands above it"]
    );
    assert_eq!(
        said(
            "wire/frame.rs",
            "use crate::{ids::MethodId, control::{Init, lines}};"
        ),
        ["`wire` names `control`, its sibling"]
    );
    assert_eq!(
        said(
            "wire/frame.rs",
            "fn f() { super::super::supervisor::stop() }"
        ),
        ["`wire` names `supervisor`, which stands above it"]
    );
    assert_eq!(
        said("module/mod.rs", "use super::supervisor::Handle;"),
        ["`module` names `supervisor`, which stands above it"]
    );
    assert_eq!(
        said("module/handle.rs", "use crate::Module;"),
        ["names `crate::Module`: imports go to the module that owns it, not through the root"]
    );
    assert_eq!(
        said("misc.rs", ""),
        ["`misc` has no place in the law: give it a layer in tests/layers.rs"]
    );
}

#[test]
fn comments_strings_and_unit_tests_are_free() {
    let law = &LAWS[2];
    let text = r##"
        //! See [`crate::supervisor`].
        /* crate::supervisor /* crate::pool */ */
        const TEXT: &str = "crate::supervisor"; const RAW: &str = r#"a " crate::supervisor"#;
        const QUOTE: char = '"'; fn f<'a>(x: &'a str) {}
        #[cfg(test)]
        mod tests { use crate::supervisor::Handle; }
    "##;
    assert_eq!(breaches(law, Path::new("wire/frame.rs"), text), [""; 0]);
}

// ── crates ───────────────────────────────────────────────────────────────────

/// Who may depend on whom, and what no one there may bring in.
struct Crate {
    folder: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

const NO_RUNTIME: &[&str] = &[
    "tokio",
    "futures-core",
    "futures-util",
    "rustix",
    "rmp-serde",
    "tracing",
];
const NO_TOOLCHAIN: &[&str] = &["syn", "quote", "proc-macro2", "toml_edit", "askama", "clap"];

const CRATES: &[Crate] = &[
    Crate {
        folder: "procwire-schema",
        ours: &[],
        never: NO_RUNTIME,
    },
    Crate {
        folder: "procwire-gen",
        ours: &["procwire-schema"],
        never: NO_RUNTIME,
    },
    Crate {
        folder: "procwire-macros",
        ours: &["procwire-gen", "procwire-schema"],
        never: NO_RUNTIME,
    },
    Crate {
        folder: "procwire-runtime",
        ours: &[],
        never: NO_TOOLCHAIN,
    },
    Crate {
        folder: ".",
        ours: &["procwire-macros", "procwire-runtime"],
        never: NO_TOOLCHAIN,
    },
    Crate {
        folder: "xtask",
        ours: &[],
        never: NO_RUNTIME,
    },
];

#[test]
fn crates_depend_only_downward() {
    let mut broken = Vec::new();
    for member in CRATES {
        let manifest = root().join(member.folder).join("Cargo.toml");
        broken.extend(
            forbidden(member, &read(&manifest))
                .into_iter()
                .map(|name| format!("{} depends on {name}", show(&manifest))),
        );
    }
    assert!(
        broken.is_empty(),
        "the dependency law is broken:\n{}",
        broken.join("\n")
    );
}

#[test]
fn macros_are_built_without_command_line_and_templates() {
    let macros = read(&root().join("procwire-macros/Cargo.toml"));
    let line = macros
        .lines()
        .find(|line| line.starts_with("procwire-gen"))
        .expect("the macros use the emitter");
    assert!(line.contains(r#"features = ["rust"]"#), "{line}");
    let workspace = read(&root().join("Cargo.toml"));
    let line = workspace
        .lines()
        .find(|line| line.starts_with("procwire-gen"))
        .expect("declared once, in the workspace");
    assert!(line.contains("default-features = false"), "{line}");
}

fn forbidden(member: &Crate, manifest: &str) -> Vec<String> {
    dependencies(manifest)
        .into_iter()
        .filter(|name| {
            let ours = name.starts_with("procwire");
            (ours && !member.ours.contains(&name.as_str())) || member.never.contains(&name.as_str())
        })
        .collect()
}

/// The names under `[dependencies]` and `[build-dependencies]`, of any target; what tests use is free.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = ["dependencies", "build-dependencies"]
                .iter()
                .any(|end| section == *end || section.ends_with(&format!(".{end}")))
                && !section.starts_with("workspace.");
        } else if inside && let Some((name, _)) = line.split_once('=') {
            let name = name.trim().trim_end_matches(".workspace");
            found.push(name.to_owned());
        }
    }
    found
}

#[test]
fn a_planted_dependency_is_found() {
    let schema = &CRATES[0];
    let manifest = "[package]\nname = \"procwire-schema\"\n[dependencies]\ntokio.workspace = true\nsha2 = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nprocwire-runtime = { workspace = true }\n\
                    [dev-dependencies]\nprocwire = { workspace = true }\n";
    assert_eq!(forbidden(schema, manifest), ["tokio", "procwire-runtime"]);
}

// ── generated Rust ───────────────────────────────────────────────────────────

#[test]
fn generated_rust_names_only_private_core_and_std() {
    let golden = root().join("procwire-gen/tests/golden");
    let generated: Vec<_> = files(&golden, ".rs")
        .into_iter()
        .filter(|path| show(path).contains("/expected/rust/"))
        .collect();
    assert!(!generated.is_empty(), "no golden Rust file to look at");
    let mut broken = Vec::new();
    for path in generated {
        broken.extend(
            strangers(&read(&path))
                .into_iter()
                .map(|name| format!("{}: {name}", show(&path))),
        );
    }
    assert!(
        broken.is_empty(),
        "generated code leans on more than it may:\n{}",
        broken.join("\n")
    );
}

/// Paths that a user's own names could capture, or that reach past what we promise to keep.
fn strangers(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let after_path = before.is_some_and(|token| {
            token == ">"
                || token.chars().all(|c| c.is_alphanumeric() || c == '_')
                    && !KEYWORDS.contains(&token.as_str())
        });
        let [first, second, third] = window else {
            continue;
        };
        if first == "::" && !after_path && second != "<" {
            let allowed = match second.as_str() {
                "core" | "std" => true,
                "procwire" => {
                    third == "::" && tokens.get(at + 3).is_some_and(|token| token == "__private")
                }
                _ => false,
            };
            if !allowed {
                found.push(format!(
                    "::{second}{third}{}",
                    tokens.get(at + 3).map_or("", String::as_str)
                ));
            }
        }
        let is_root = matches!(first.as_str(), "std" | "core" | "alloc" | "procwire");
        if is_root && second == "::" && before.is_none_or(|token| token != "::") {
            found.push(format!("{first}::{third}, without a leading ::"));
        }
    }
    found
}

const KEYWORDS: &[&str] = &[
    "as", "in", "impl", "dyn", "for", "return", "use", "pub", "where", "mut", "match", "if", "else",
];

#[test]
fn a_planted_stranger_is_found() {
    let fine = "impl ::core::fmt::Debug for A {} fn f() -> ::procwire::__private::Call<u8> { Self::new::<u8>() } \
                fn g(x: ::std::vec::Vec<A>) { <A as ::procwire::__private::Type>::SHAPE; }";
    assert_eq!(strangers(fine), [""; 0]);
    assert_eq!(
        strangers("fn f(x: ::procwire::Module) {}"),
        ["::procwire::Module"]
    );
    assert_eq!(strangers("fn f(x: ::serde::Value) {}"), ["::serde::Value"]);
    assert_eq!(
        strangers("use std::fmt::Debug;"),
        ["std::fmt, without a leading ::"]
    );
}
