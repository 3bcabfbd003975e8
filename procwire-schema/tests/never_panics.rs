//! No input makes the reader panic, hang or run out of stack.

mod exercise;

use std::path::Path;

use exercise::exercise;
use proptest::prelude::*;

/// Every schema of the other tests, right and wrong ones.
fn corpus() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut out = Vec::new();
    let mut open = vec![root.join("accepted"), root.join("diagnostics")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let ending = path
                .extension()
                .map(|ending| ending.to_string_lossy().into_owned());
            if let (Some(ending @ ("toml" | "rs")), Ok(text)) =
                (ending.as_deref(), std::fs::read_to_string(&path))
            {
                out.push((format!("schema.{ending}"), text));
            }
        }
    }
    out.sort();
    out
}

/// Pieces that mean something here or there.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "#",
    "##",
    "\n",
    "\r\n",
    "=",
    ",",
    ".",
    "..",
    "..=",
    "...",
    "?",
    "??",
    ";",
    ":",
    "::",
    "\\",
    "\u{0}",
    "\u{feff}",
    "é",
    "💥",
    "-",
    "_",
    "[method.x]\n",
    "[enum]\n",
    "[union.U]\n",
    "returns = \"",
    "type = \"",
    "default = ",
    "range = \"",
    "len = \"",
    "pattern = '(",
    "u8",
    "Type",
    "0",
    "9999999999999999999999",
    "1e999",
    "nan",
    "1979-05-27T07:32:00Z",
    "mod x;",
    "mod y { ",
    "#[derive(Type)] struct A(A);",
    "#[module] trait T {",
    "async fn f(&self)",
    "-> Result<",
    "Option<",
    "Box<dyn ",
    "#[range(",
    "#[default(",
    "&'a ",
    "r#",
    "/*",
    "*/",
    "\"#",
    "a.b.c.d = 1\n",
    "[import]\na = \"a.toml\"\n",
    "[table.T]\n",
];

#[derive(Clone, Debug)]
enum Edit {
    Cut(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
    Repeat(prop::sample::Index, usize, usize),
    Swap(prop::sample::Index, char),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<prop::sample::Index>(), 1..40usize).prop_map(|(at, len)| Edit::Cut(at, len)),
        (any::<prop::sample::Index>(), prop::sample::select(PIECES))
            .prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (any::<prop::sample::Index>(), 1..60usize, 1..4usize)
            .prop_map(|(at, len, times)| Edit::Repeat(at, len, times)),
        (any::<prop::sample::Index>(), any::<char>()).prop_map(|(at, c)| Edit::Swap(at, c)),
    ]
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for edit in edits {
        if chars.is_empty() {
            break;
        }
        match edit {
            Edit::Cut(at, len) => {
                let at = at.index(chars.len());
                chars.drain(at..(at + len).min(chars.len()));
            }
            Edit::Insert(at, piece) => {
                let at = at.index(chars.len());
                chars.splice(at..at, piece.chars());
            }
            Edit::Repeat(at, len, times) => {
                let at = at.index(chars.len());
                let part: Vec<char> = chars[at..(at + len).min(chars.len())].to_vec();
                for _ in 0..*times {
                    chars.splice(at..at, part.iter().copied());
                }
            }
            Edit::Swap(at, c) => {
                let at = at.index(chars.len());
                chars[at] = *c;
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        exercise("schema.toml", &bytes);
        exercise("schema.rs", &bytes);
    }

    #[test]
    fn random_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        let text = pieces.concat();
        exercise("schema.toml", text.as_bytes());
        exercise("schema.rs", text.as_bytes());
    }

    #[test]
    fn mutated_schemas(at in any::<prop::sample::Index>(), edits in prop::collection::vec(edit(), 1..12)) {
        let corpus = corpus();
        let (name, text) = &corpus[at.index(corpus.len())];
        exercise(name, apply(text, &edits).as_bytes());
    }

    #[test]
    fn random_types_and_constraints(
        ty in "[a-zA-Z0-9.\\[\\]{}():;?, ]{0,30}",
        range in "[-0-9.=e_a]{0,12}",
        pattern in "[a-z0-9()\\[\\]{}?*+^$.|,:=<>!\\\\-]{0,20}",
    ) {
        let text = format!(
            "procwire = 1\n[struct.S]\na = {{ type = \"{ty}\", range = \"{range}\", len = \"{range}\", default = 1 }}\n\
             b = {{ type = \"string\", pattern = '{pattern}', default = \"abc\" }}\n"
        );
        exercise("schema.toml", text.as_bytes());
    }
}

#[test]
fn the_corpus_itself() {
    let corpus = corpus();
    assert!(corpus.len() > 80);
    for (name, text) in corpus {
        exercise(&name, text.as_bytes());
    }
}

/// Depth is refused, not followed.
#[test]
fn nesting_without_end() {
    const DEEP: usize = 30_000;
    let many = |open: &str, close: &str| format!("{}{}", open.repeat(DEEP), close.repeat(DEEP));
    let head = "procwire = 1\n";
    for text in [
        format!("{head}x = {}", many("[", "]")),
        format!("{head}x = {}1{}", "{a=".repeat(DEEP), "}".repeat(DEEP)),
        format!("{head}{}x = 1", "a.".repeat(DEEP)),
        format!("{head}[{}x]", "a.".repeat(DEEP)),
        format!("{head}[struct.S]\na = \"{}\"", many("[", "]")),
        format!("{head}[struct.S]\na = \"{}\"", "{string: ".repeat(DEEP)),
        format!(
            "{head}[struct.S]\na = {{ type = \"json\", default = {} }}",
            many("[", "]")
        ),
        format!(
            "{head}[struct.S]\na = {{ type = \"string\", pattern = '{}' }}",
            many("(", ")")
        ),
        format!(
            "{head}[struct.S]\na = {{ type = \"string\", pattern = '{}' }}",
            many("[", "]")
        ),
        format!(
            "{head}[newtype]\n{}",
            (0..3_000)
                .map(|n| format!("N{n} = \"N{}\"\n", n + 1))
                .collect::<String>()
        ),
        format!(
            "{head}[newtype]\n{}",
            (0..3_000)
                .map(|n| format!("N{n} = \"[N{}]\"\n", (n + 1) % 3_000))
                .collect::<String>()
        ),
        // Forty pairs of pairs of … are 2⁴⁰ types.
        format!(
            "{head}[module]\nname = \"m\"\nversion = \"1.0.0\"\n[method.a]\nreturns = \"N0\"\n[newtype]\nN40 = \"u8\"\n{}",
            (0..40)
                .map(|n| format!("N{n} = \"(N{}, N{})\"\n", n + 1, n + 1))
                .collect::<String>()
        ),
        // A chain of structs, each in the other, to be written out whole.
        format!(
            "{head}[module]\nname = \"m\"\nversion = \"1.0.0\"\n[method.a]\nreturns = \"S0\"\n{}[struct.S10000]\n",
            (0..10_000)
                .map(|n| format!("[struct.S{n}]\na = \"S{}\"\n", n + 1))
                .collect::<String>()
        ),
    ] {
        exercise("schema.toml", text.as_bytes());
    }
    let item = |ty: &str| format!("#[derive(procwire::Type)]\nstruct S {{ a: {ty} }}");
    for text in [
        item(&many("Vec<", ">")),
        item(&many("(", ")")),
        item(&many("[", "]")),
        item(&"&".repeat(DEEP)),
        item(&"*const ".repeat(DEEP)),
        item(&format!("[u8; {}1]", "1 + ".repeat(DEEP))),
        item(&format!("[u8; {}1]", "!".repeat(DEEP))),
        item(&format!("[u8; {}1]", "- ".repeat(DEEP))),
        item(&format!("[u8; a{}]", ".b".repeat(DEEP))),
        item(&format!("[u8; a{}]", " as u8".repeat(DEEP))),
        item(&format!("[u8; {} {{}}]", "if a {} else ".repeat(DEEP))),
        item(&format!("[u8; {}1]", "return ".repeat(DEEP))),
        item(&format!("[u8; {}1]", "|a| ".repeat(DEEP))),
        item(&"dyn A + ".repeat(DEEP)),
        item(&"fn() -> ".repeat(DEEP)),
        item(&"impl Fn() -> ".repeat(DEEP)),
        item(&format!("a{}", "::b".repeat(DEEP))),
        format!("{}{}", "mod a { ".repeat(DEEP), "}".repeat(DEEP)),
        format!(
            "#[module]\ntrait T {{ fn f(&self, {}: u8); }}",
            many("(", ")")
        ),
        format!(
            "#[module]\ntrait T {{ fn f(&self, {}a: u8); }}",
            "&".repeat(DEEP)
        ),
        format!("#[module({})]\ntrait T {{}}", many("a(", ")")),
        format!(
            "#[module]\ntrait T {{ #[default({})] fn f(&self); }}",
            many("[", "]")
        ),
        format!(
            "#[module]\ntrait T {{ fn f(&self) {{ {} }} }}",
            "a; ".repeat(DEEP)
        ),
        format!(
            "#[module]\ntrait T {{ fn f(&self) {{ {} }} }}",
            many("{", "}")
        ),
        "/*".repeat(DEEP),
    ] {
        exercise("schema.rs", text.as_bytes());
    }
}
