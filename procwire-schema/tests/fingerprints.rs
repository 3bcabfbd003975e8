//! Fingerprints are stable, see everything that is on the wire, and nothing else.

use procwire_schema::model::fingerprint::{event_text, method_text};
use procwire_schema::model::{Codec, DeclKind};
use procwire_schema::{Schema, read_text};

/// A module in which every kind of type and answer stands once.
const BASE: &str = r#"
procwire = 1

[module]
name = "probe"
version = "1.0.0"

[newtype]
Id = { type = "string", pattern = "^a" }

[enum]
Level = ["warn", "info", "..."]

[struct.Node]
id = "Id"
level = { type = "Level", default = "info" }
children = "[Node]"
parts = "{string: (u8, [f32; 3])}"
note = "string?"

[struct.Leaf]
size = { type = "u32", range = "1..=10", default = 5 }

[union.Item]
node = { node = "Node" }
leaf = "Leaf"
none = {}
"..." = {}

[union.Failure]
gone = { id = "Id" }

[method.get]
args = { id = "Id", leaf = "Leaf?" }
returns = "Node"
throws = "Failure"
timeout = "3s"

[method.list]
streams = "Item"

[method.store]
args = "bytes"
acks = "Leaf"

[method.poke]
args = "Leaf"
oneway = true

[event.seen]
payload = { leaf = "Leaf", again = "Leaf" }

[event.tick]
"#;

fn schema(text: &str) -> Schema {
    let reading = read_text("probe.toml", text);
    let found: Vec<String> = reading
        .diagnostics
        .iter()
        .map(|one| format!("{one} {:?}", one.labels))
        .collect();
    reading.schema.unwrap_or_else(|| panic!("{found:#?}"))
}

fn texts(schema: &Schema) -> Vec<String> {
    let module = schema.module().expect("a module");
    let methods = module
        .methods
        .iter()
        .map(|method| method_text(schema.decls(), method));
    let events = module
        .events
        .iter()
        .map(|event| event_text(schema.decls(), event));
    methods.chain(events).collect()
}

#[test]
fn the_texts_are_these() {
    let schema = schema(BASE);
    assert_eq!(
        texts(&schema),
        [
            "method get result msgpack>msgpack struct(id:string,leaf?:struct(size?:u32)?)->struct(children:[#1],id:string,\
             level?:enum(info|warn|...),note?:string?,parts:{string:(u8,[f32;3])})!union(gone(id:string))",
            "method list stream msgpack>msgpack nil->union(leaf(size?:u32)|node(node:struct(children:[#1],id:string,\
             level?:enum(info|warn|...),note?:string?,parts:{string:(u8,[f32;3])}))|none()|...)",
            "method store ack raw>msgpack bytes->struct(size?:u32)",
            "method poke none msgpack>msgpack struct(size?:u32)->nil",
            "event seen msgpack struct(again:struct(size?:u32),leaf:#0)",
            "event tick msgpack nil",
        ]
    );
    let module = schema.module().expect("a module");
    assert_eq!(
        schema.method_fingerprint(&module.methods[0]),
        "800ada555151e9bc"
    );
    assert_eq!(
        schema.event_fingerprint(&module.events[0]),
        "7307eefe6fe98e62"
    );
    assert_eq!(schema.fingerprint(), "889733968a661a5d");
    assert_eq!(schema.args_codec(&module.methods[2]), Codec::Raw);
}

#[test]
fn what_is_not_on_the_wire_changes_nothing() {
    let base = schema(BASE).fingerprint().to_owned();
    for (what, from, to) in [
        ("docs", "[struct.Node]", "## A node.\n[struct.Node]"),
        ("a default's value", "default = 5", "default = 6"),
        ("a range", "range = \"1..=10\"", "range = \"0..=99\""),
        ("a pattern", "pattern = \"^a\"", "pattern = \"^b\""),
        ("a timeout", "timeout = \"3s\"", "timeout = \"9s\""),
        ("a version", "version = \"1.0.0\"", "version = \"2.0.0\""),
        ("spawn", "[enum]", "[spawn]\ncommand = [\"x\"]\n\n[enum]"),
        (
            "deprecation",
            "throws = \"Failure\"",
            "throws = \"Failure\"\ndeprecated = \"no\"",
        ),
        (
            "cancellable",
            "throws = \"Failure\"",
            "throws = \"Failure\"\ncancellable = false",
        ),
        (
            "idempotent",
            "throws = \"Failure\"",
            "throws = \"Failure\"\nidempotent = true",
        ),
        ("keep", "[event.tick]", "[event.tick]\nkeep = \"latest\""),
        (
            "the order of fields",
            "id = \"Id\"\nlevel",
            "level = { type = \"Level\", default = \"info\" }\nid = \"Id\"\nlevel_",
        ),
        (
            "the order of values",
            "[\"warn\", \"info\", \"...\"]",
            "[\"info\", \"warn\", \"...\"]",
        ),
        ("the name of a newtype", "\"Id\"", "\"string\""),
        (
            "an optional's default",
            "note = \"string?\"",
            "note = { type = \"string?\", default = \"x\" }",
        ),
        (
            "a codec that is implied",
            "acks = \"Leaf\"",
            "acks = \"Leaf\"\ncodec = \"raw\"",
        ),
    ] {
        let mut changed = BASE.replace(from, to);
        assert_ne!(changed, BASE, "{what}: the text to change is not there");
        if what == "the order of fields" {
            changed = changed.replace("level_ = { type = \"Level\", default = \"info\" }\n", "");
        }
        assert_eq!(schema(&changed).fingerprint(), base, "{what}");
    }
    let renamed = BASE
        .replace("Node", "Branch")
        .replace("Leaf", "Sheet")
        .replace("Level", "Degree");
    assert_eq!(schema(&renamed).fingerprint(), base, "names of types");
}

#[test]
fn what_is_on_the_wire_changes_it() {
    let base = schema(BASE).fingerprint().to_owned();
    for (what, from, to) in [
        ("the module's name", "\"probe\"", "\"probe_2\""),
        (
            "a field deep inside",
            "size = { type = \"u32\"",
            "size = { type = \"u64\"",
        ),
        (
            "a field that may be absent",
            "default = 5",
            "deprecated = \"now required\"",
        ),
        ("a new value", "\"warn\"", "\"warn\", \"error\""),
        ("a closed enum", ", \"...\"]", "]"),
        ("a new variant", "none = {}", "none = {}\nmore = {}"),
        (
            "a new error",
            "[union.Failure]",
            "[union.Failure]\nbroken = {}",
        ),
        ("no errors", "throws = \"Failure\"\n", ""),
        ("another answer", "streams = \"Item\"", "returns = \"Item\""),
        (
            "a codec",
            "args = \"bytes\"",
            "args = \"bytes\"\ncodec = \"msgpack\"",
        ),
        ("a longer array", "[f32; 3]", "[f32; 4]"),
        ("the name of a method", "[method.poke]", "[method.prod]"),
        (
            "an event's payload",
            "again = \"Leaf\"",
            "again = \"Leaf?\"",
        ),
        ("an argument", "leaf = \"Leaf?\"", "leaf = \"Leaf\""),
    ] {
        let changed = BASE.replacen(from, to, 1);
        assert_ne!(changed, BASE, "{what}: the text to change is not there");
        assert_ne!(schema(&changed).fingerprint(), base, "{what}");
    }
}

/// What a derive can know of a type, put together, is what the checker knows of the whole.
#[test]
fn local_shapes_expand_to_the_same_text() {
    let schema = schema(BASE);
    let local: Vec<(String, String, Vec<String>)> = schema
        .declared()
        .map(|(_, entry, decl)| {
            let shape = schema.local_shape(decl);
            let refs = shape
                .refs
                .iter()
                .map(|index| schema.decls().entry(*index).name.to_string());
            (entry.name.to_string(), shape.text, refs.collect())
        })
        .collect();
    let of = |name: &str| {
        local
            .iter()
            .find(|(known, ..)| known == name)
            .expect("declared")
    };
    assert_eq!(of("Id").1, "string");
    assert_eq!(
        of("Node"),
        &(
            "Node".to_owned(),
            "struct(children:[$0],id:$1,level?:$2,note?:string?,parts:{string:(u8,[f32;3])})"
                .to_owned(),
            vec!["Node".to_owned(), "Id".to_owned(), "Level".to_owned()]
        )
    );
    assert_eq!(of("Item").1, "union(leaf$0|node(node:$1)|none()|...)");

    // Expands local texts as the runtime does: by text alone.
    fn expand(
        name: &str,
        local: &[(String, String, Vec<String>)],
        entered: &mut Vec<String>,
        out: &mut String,
    ) {
        let (_, text, refs) = local
            .iter()
            .find(|(known, ..)| known == name)
            .expect("declared");
        let numbered = ["enum(", "struct(", "union(", "table("]
            .iter()
            .any(|head| text.starts_with(head));
        if numbered {
            if let Some(n) = entered.iter().position(|known| known == name) {
                *out += &format!("#{n}");
                return;
            }
            entered.push(name.to_owned());
        }
        body(text, refs, local, entered, out);
    }
    fn body(
        text: &str,
        refs: &[String],
        local: &[(String, String, Vec<String>)],
        entered: &mut Vec<String>,
        out: &mut String,
    ) {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            *out += &rest[..at];
            let k: usize = rest[at + 1..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .expect("a number");
            let named_variant =
                rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            if named_variant {
                let (_, text, refs) = local
                    .iter()
                    .find(|(known, ..)| *known == refs[k])
                    .expect("declared");
                body(
                    text.strip_prefix("struct").expect("a struct"),
                    refs,
                    local,
                    entered,
                    out,
                );
            } else {
                expand(&refs[k], local, entered, out);
            }
            rest = rest[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        }
        *out += rest;
    }
    let module = schema.module().expect("a module");
    let mut answer = String::new();
    expand("Item", &local, &mut Vec::new(), &mut answer);
    assert_eq!(
        texts(&schema)[1],
        format!("method list stream msgpack>msgpack nil->{answer}")
    );
    assert_eq!(module.methods[1].name.text, "list");
}

#[test]
fn boxes_stand_where_a_type_holds_itself() {
    let schema = schema(
        r#"
procwire = 1
[module]
name = "probe"
version = "1.0.0"
[newtype]
Link = "Chain"
[struct.Chain]
next = "Link2?"
[struct.Link2]
link = "Link"
[struct.Tree]
children = "[Tree]"
by_name = "{string: Tree}"
chain = "Chain"
[union.Expr]
sum = { left = "Expr", right = "(Expr, u8)" }
leaf = {}
[method.go]
args = { tree = "Tree" }
returns = "Expr"
"#,
    );
    let index = |name: &str| {
        let (index, ..) = schema
            .declared()
            .find(|(_, entry, _)| entry.name.ident == name)
            .expect("declared");
        index
    };
    assert!(schema.is_boxed(index("Expr"), index("Expr")));
    assert!(schema.is_boxed(index("Chain"), index("Link2")));
    assert!(schema.is_boxed(index("Link"), index("Chain")));
    assert!(!schema.is_boxed(index("Tree"), index("Chain")));
    // Lists and maps hold their elements elsewhere.
    assert!(!schema.is_boxed(index("Tree"), index("Tree")));
    let (_, _, expr) = schema
        .declared()
        .find(|(_, entry, _)| entry.name.ident == "Expr")
        .expect("declared");
    assert!(matches!(expr.kind, DeclKind::Union(_)));
}
