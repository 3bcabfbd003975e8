//! Schemas that must be accepted whole: `tests/accepted/<case>/`.

use std::path::Path;

use procwire_schema::model::erase_spans;
use procwire_schema::model::{Answer, Args, Codec, DeclKind, Value};
use procwire_schema::{Code, Schema, read};

fn accepted(path: &str) -> Schema {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/accepted")
        .join(path);
    let reading = read(&path);
    let found: Vec<String> = reading
        .diagnostics
        .iter()
        .map(|one| format!("{one} {:?}", one.labels))
        .collect();
    let only_keywords = reading
        .diagnostics
        .iter()
        .all(|one| one.code == Code::Keyword);
    assert!(only_keywords, "{found:#?}");
    reading.schema.expect("a schema without errors")
}

#[test]
fn the_example_of_the_language_is_read_whole() {
    let schema = accepted("pdf/pdf.toml");
    let module = schema.module().expect("a module");
    let methods: Vec<&str> = module
        .methods
        .iter()
        .map(|method| method.name.text.as_str())
        .collect();
    assert_eq!(
        methods,
        [
            "open",
            "render",
            "blocks",
            "embed",
            "index",
            "concat",
            "set_log_level"
        ]
    );
    assert_eq!(module.docs[0], "Opens, renders and searches PDF files.");

    let render = &module.methods[1];
    assert!(render.idempotent && render.cancellable && render.throws.is_some());
    let Args::Fields(fields) = &render.args else {
        panic!("fields")
    };
    assert_eq!(fields[1].docs, ["Zero-based."]);
    assert_eq!(
        fields[2].default.as_ref().map(|default| &default.value),
        Some(&Value::Int(150))
    );
    assert_eq!(
        fields[3].default.as_ref().map(|default| &default.value),
        Some(&Value::Variant("png".to_owned()))
    );

    let concat = &module.methods[5];
    assert_eq!(
        (schema.args_codec(concat), schema.answer_codec(concat)),
        (Codec::Raw, Codec::Raw)
    );
    let embed = &module.methods[3];
    assert_eq!(schema.answer_codec(embed), Codec::Arrow);
    let level = &module.methods[6];
    assert_eq!(
        (&level.answer, level.throws, level.timeout),
        (&Some(Answer::Oneway), None, None)
    );

    let names: Vec<String> = schema
        .declared()
        .map(|(_, entry, _)| entry.name.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "DocumentId",
            "LogLevel",
            "ImageFormat",
            "Document",
            "Outline",
            "Page",
            "Block",
            "PdfError",
            "Embeddings",
            "geo.Rect"
        ]
    );
    let (_, _, block) = schema.declared().nth(6).expect("Block");
    assert_eq!(block.docs, ["Something found on a page."]);
    let DeclKind::Union(block) = &block.kind else {
        panic!("a union")
    };
    assert!(block.open);
}

#[test]
fn the_example_has_stable_fingerprints() {
    let schema = accepted("pdf/pdf.toml");
    let module = schema.module().expect("a module");
    let text = |at: usize| {
        procwire_schema::model::fingerprint::method_text(schema.decls(), &module.methods[at])
    };
    assert_eq!(
        text(0),
        "method open result msgpack>msgpack struct(password?:string?,path:string)->struct(author?:string?,id:string,\
         labels?:{string:string},modified?:timestamp?,outline?:[struct(children?:[#1],page:u32,title:string)],pages:u32,\
         title?:string?)!union(corrupt(offset:u64,reason:string)|encrypted(hint?:string?)|not_found(path:string))"
    );
    assert_eq!(
        text(5),
        "method concat result raw>raw bytes->bytes!union(corrupt(offset:u64,reason:string)|encrypted(hint?:string?)|not_found(path:string))"
    );
    assert_eq!(
        text(6),
        "method set_log_level none msgpack>msgpack struct(level:enum(debug|error|info|warn))->nil"
    );
    assert_eq!(
        schema.method_fingerprint(&module.methods[0]),
        "9f41d74528d9f71e"
    );
    assert_eq!(schema.fingerprint(), "9c44ad6803c3f88b");
}

/// Every schema that stands there as `name.toml` and as `name.rs` is the same module.
#[test]
fn both_front_ends_give_the_same_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accepted");
    let mut pairs = 0;
    for case in std::fs::read_dir(folder).expect("the folder") {
        let case = case.expect("an entry").path();
        for file in std::fs::read_dir(&case).expect("a folder") {
            let rust = file.expect("an entry").path();
            let toml = rust.with_extension("toml");
            if rust.extension().is_none_or(|ending| ending != "rs") || !toml.exists() {
                continue;
            }
            pairs += 1;
            let (rust, toml) = (
                accepted(&rust.to_string_lossy()),
                accepted(&toml.to_string_lossy()),
            );
            let (left, right) = (erase_spans(rust.draft()), erase_spans(toml.draft()));
            assert_eq!(
                format!("{left:#?}"),
                format!("{right:#?}"),
                "{}",
                case.display()
            );
            assert_eq!(left, right);
            assert_eq!(rust.fingerprint(), toml.fingerprint());
        }
    }
    assert!(pairs >= 3, "no pairs found");
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accepted");
    for name in [
        "pdf/pdf.toml",
        "pdf/pdf.rs",
        "every_type/every_type.toml",
        "every_type/every_type.rs",
    ] {
        let path = root.join(name);
        let plain = read(&path);
        let other = procwire_schema::read_with(&path, &|path: &Path| {
            let text = std::fs::read_to_string(path)?;
            // A `#!` line must stay the first thing in a Rust file.
            let mark = if text.starts_with("#!/") {
                ""
            } else {
                "\u{feff}"
            };
            Ok(format!("{mark}{}", text.replace('\n', "\r\n")).into_bytes())
        });
        let found: Vec<String> = other
            .diagnostics
            .iter()
            .map(|one| format!("{one} {:?}", one.labels))
            .collect();
        let (plain, other) = (
            plain.schema.expect("a schema"),
            other.schema.unwrap_or_else(|| panic!("{found:#?}")),
        );
        assert_eq!(
            erase_spans(plain.draft()),
            erase_spans(other.draft()),
            "{name}"
        );
    }
}

#[test]
fn every_way_to_write_a_table_is_the_same() {
    let head = "procwire = 1\n[module]\nname = \"m\"\nversion = \"1.0.0\"\n";
    let forms = [
        "[struct]\nPoint = { x = \"f64\", y = { type = \"f64\", default = 1 } }\n\
         [method]\nmove_to = { args = { to = \"Point\" }, acks = true }\n",
        "[struct.Point]\nx = \"f64\"\n[struct.Point.y]\ntype = \"f64\"\ndefault = 1\n\
         [method.move_to]\nacks = true\n[method.move_to.args]\nto = \"Point\"\n",
        "[struct]\nPoint.x = \"f64\"\nPoint.y.type = \"f64\"\nPoint.y.default = 1\n\
         [method]\nmove_to.args.to = \"Point\"\nmove_to.acks = true\n",
    ];
    let drafts: Vec<_> = forms
        .iter()
        .map(|form| {
            let reading = procwire_schema::read_text("m.toml", &format!("{head}{form}"));
            let found: Vec<String> = reading
                .diagnostics
                .iter()
                .map(|one| format!("{one} {:?}", one.labels))
                .collect();
            assert!(found.is_empty(), "{form}\n{found:#?}");
            erase_spans(reading.schema.expect("a schema").draft())
        })
        .collect();
    assert_eq!(drafts[0], drafts[1]);
    assert_eq!(drafts[0], drafts[2]);
}
