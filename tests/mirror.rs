//! The three worker runtimes keep their names: `workers/mirror.txt` says which symbol of one stands for which of the
//! others, and the sources are held to it.

mod source;

use std::collections::BTreeSet;

use source::{files, root, show};

/// Where the paths of each column begin, and how its files end.
const COLUMNS: [(&str, &str); 3] = [
    ("procwire-runtime/src/", ".rs"),
    ("workers/python/src/procwire/", ".py"),
    ("workers/typescript/src/", ".ts"),
];

/// The folders in which the twins stand; what else a runtime has beside them is its own.
const TWIN_FOLDERS: &[&str] = &["wire/", "codec/", "control/", "worker/"];

#[test]
fn the_twins_keep_their_names() {
    let table = source::read(&root().join("workers/mirror.txt"));
    let text_of = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let stems: Vec<BTreeSet<String>> = COLUMNS
        .iter()
        .map(|(folder, ending)| {
            files(&root().join(folder), ending)
                .iter()
                .filter_map(|path| {
                    Some(
                        show(path)
                            .strip_prefix(folder)?
                            .strip_suffix(ending)?
                            .to_owned(),
                    )
                })
                .collect()
        })
        .collect();
    let wrong = check(&table, &text_of, &stems);
    assert!(
        wrong.is_empty(),
        "the twins have grown apart:\n{}",
        wrong.join("\n")
    );
}

/// A row: a concept, and a path with a symbol for each runtime.
struct Row<'a> {
    concept: &'a str,
    places: [(String, &'a str); 3],
}

fn check(
    table: &str,
    text_of: &dyn Fn(&str) -> Option<String>,
    stems: &[BTreeSet<String>],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let rows: Vec<Row<'_>> = table
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|line| row(line).map_err(|sentence| wrong.push(sentence)).ok())
        .collect();
    if rows.is_empty() {
        wrong.push("the table is empty".to_owned());
    }

    let mut concepts = BTreeSet::new();
    for row in &rows {
        if !concepts.insert(row.concept) {
            wrong.push(format!("`{}` stands twice in the table", row.concept));
        }
        for (path, symbol) in &row.places {
            match text_of(path) {
                None => wrong.push(format!("{}: {path} does not exist", row.concept)),
                Some(text) if !defines(&text, path, symbol) => {
                    wrong.push(format!(
                        "{}: {path} does not define `{symbol}`",
                        row.concept
                    ));
                }
                Some(_) => {}
            }
        }
    }

    let triples: BTreeSet<[&str; 3]> = rows
        .iter()
        .map(|row| row.places.each_ref().map(|(path, _)| path.as_str()))
        .collect();
    for triple in &triples {
        for (at, path) in triple.iter().enumerate() {
            let Some(text) = text_of(path) else { continue };
            let top: Vec<&str> = text.lines().take(TOP).collect();
            let top = top.join("\n");
            for (other, sibling) in triple.iter().enumerate() {
                if other != at && !names(&top, sibling) {
                    wrong.push(format!(
                        "{path} does not name its sibling {sibling} in its first {TOP} lines"
                    ));
                }
            }
        }
    }

    if let [first, rest @ ..] = stems {
        for stem in first
            .iter()
            .filter(|stem| rest.iter().all(|others| others.contains(*stem)))
        {
            let is_twin =
                !stem.contains('/') || TWIN_FOLDERS.iter().any(|folder| stem.starts_with(folder));
            let listed = triples
                .iter()
                .any(|triple| triple[0] == format!("{}{stem}{}", COLUMNS[0].0, COLUMNS[0].1));
            if is_twin && !listed {
                wrong.push(format!(
                    "all three runtimes have `{stem}`, and workers/mirror.txt does not"
                ));
            }
        }
    }
    wrong
}

fn row(line: &str) -> Result<Row<'_>, String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [concept, rust, python, typescript] = cells.as_slice() else {
        return Err(format!("a row has four columns: {line}"));
    };
    let mut places = Vec::new();
    for (column, cell) in [*rust, *python, *typescript].into_iter().enumerate() {
        let (path, symbol) = cell
            .split_once('#')
            .ok_or_else(|| format!("`{concept}`: a place is written path#symbol, not {cell}"))?;
        places.push((format!("{}{path}", COLUMNS[column].0), symbol));
    }
    let places = places.try_into().map_err(|_| "three places".to_owned())?;
    Ok(Row { concept, places })
}

/// Whether a source defines a symbol, told by the words before it.
fn defines(text: &str, path: &str, symbol: &str) -> bool {
    if symbol == "*" {
        return true;
    }
    let before: &[&str] = match path.rsplit('.').next() {
        Some("rs") => &["struct", "enum", "trait", "fn", "const", "static", "type"],
        Some("py") => &["class", "def"],
        _ => &[
            "class",
            "function",
            "const",
            "interface",
            "type",
            "let",
            "function*",
        ],
    };
    text.lines().any(|line| {
        let words: Vec<&str> = line
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*'))
            .filter(|word| !word.is_empty())
            .collect();
        let declared = words
            .windows(2)
            .any(|pair| before.contains(&pair[0]) && pair[1] == symbol);
        // Python: `NAME: Final = 1`, `NAME = 1`
        let assigned = path.ends_with(".py")
            && line
                .strip_prefix(symbol)
                .is_some_and(|rest| rest.starts_with(':') || rest.trim_start().starts_with('='));
        let comment = line.trim_start().starts_with("//") || line.trim_start().starts_with('#');
        !comment && (declared || assigned)
    })
}

/// Whether the top of a file names a path; one that a runtime made a folder of may go by its folder's name.
fn names(top: &str, path: &str) -> bool {
    let by_folder = |folder: &str| {
        top.match_indices(folder).any(|(at, _)| {
            let rest = &top[at + folder.len()..];
            !rest.starts_with('/') && !rest.starts_with(".rs")
        })
    };
    top.contains(path) || path.strip_suffix("/mod.rs").is_some_and(by_folder)
}

const TOP: usize = 14;

#[test]
fn a_twin_that_went_its_own_way_is_found() {
    let table = "# concept | rust | python | typescript\nlines | control/lines.rs#Lines | control/lines.py#Lines | control/lines.ts#Lines\n";
    let fine = |path: &str| {
        let siblings = "procwire-runtime/src/control/lines.rs, workers/python/src/procwire/control/lines.py, workers/typescript/src/control/lines.ts";
        Some(match path.rsplit('.').next() {
            Some("rs") => format!("//! {siblings}\npub struct Lines;\n"),
            Some("py") => format!("\"\"\"{siblings}\"\"\"\nclass Lines:\n"),
            _ => format!("// {siblings}\nexport class Lines {{}}\n"),
        })
    };
    let all: Vec<BTreeSet<String>> = vec![BTreeSet::from(["control/lines".to_owned()]); 3];
    assert_eq!(check(table, &fine, &all), [""; 0]);

    let renamed =
        |path: &str| fine(path).map(|text| text.replace("class Lines:", "class LineReader:"));
    assert_eq!(
        check(table, &renamed, &all),
        ["lines: workers/python/src/procwire/control/lines.py does not define `Lines`"]
    );
    let gone = |path: &str| fine(path).filter(|_| !path.ends_with(".ts"));
    assert_eq!(
        check(table, &gone, &all),
        ["lines: workers/typescript/src/control/lines.ts does not exist"]
    );
    let silent = |path: &str| {
        fine(path).map(|text| text.replace("workers/typescript/src/control/lines.ts", ""))
    };
    assert_eq!(check(table, &silent, &all).len(), 2);
    let more: Vec<BTreeSet<String>> =
        vec![BTreeSet::from(["control/lines".to_owned(), "wire/frame".to_owned()]); 3];
    assert_eq!(
        check(table, &fine, &more),
        ["all three runtimes have `wire/frame`, and workers/mirror.txt does not"]
    );
    assert_eq!(
        check("lines | a | b\n", &fine, &all)[0],
        "a row has four columns: lines | a | b"
    );
}

#[test]
fn a_folder_goes_by_its_name() {
    assert!(names("Siblings: src/contract, a.py", "src/contract/mod.rs"));
    assert!(names(
        "Siblings: `src/contract/mod.rs`",
        "src/contract/mod.rs"
    ));
    assert!(!names(
        "Siblings: src/contract.rs, a.py",
        "src/contract/mod.rs"
    ));
}

#[test]
fn definitions_are_told_from_mentions() {
    assert!(defines("pub(crate) const ABORT: u16 = 1;", "a.rs", "ABORT"));
    assert!(defines("    pub const fn begin() {}", "a.rs", "begin"));
    assert!(defines("MAX_LINE: Final = 65536", "a.py", "MAX_LINE"));
    assert!(defines("export async function serve() {}", "a.ts", "serve"));
    assert!(!defines("// const ABORT", "a.ts", "ABORT"));
    assert!(!defines("use crate::ids::ABORT;", "a.rs", "ABORT"));
    assert!(!defines("    return MAX_LINE", "a.py", "MAX_LINE"));
}
