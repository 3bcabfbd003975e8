//! The README does not drift: a fenced block under `<!-- path -->` stands, line for line, in that file of the repository,
//! which other tests compile and run.

use std::path::Path;

#[test]
fn every_quoted_file_says_what_the_readme_says() {
    let quotes = quotes(include_str!("../README.md"));
    assert!(
        quotes.len() >= 4,
        "found only {} quoted files; has the marker changed?",
        quotes.len()
    );
    for quote in quotes {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(quote.path);
        let file = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", quote.path));
        assert!(
            !quote.text.trim().is_empty(),
            "{}: the block is empty",
            quote.path
        );
        assert!(
            file.contains(quote.text),
            "README.md quotes {} and says something else:\n{}",
            quote.path,
            quote.text
        );
    }
}

#[test]
fn a_changed_line_is_noticed() {
    let quotes = quotes("<!-- LICENSE -->\n```text\nnot in there\n```\n");
    assert_eq!(quotes.len(), 1);
    assert!(!include_str!("../LICENSE").contains(quotes[0].text));
}

/// A block of the README that stands in a file.
struct Quote<'a> {
    path: &'a str,
    text: &'a str,
}

/// Every `<!-- path -->` directly above a fence. Comments with a blank in them are not paths.
fn quotes(readme: &str) -> Vec<Quote<'_>> {
    let mut found = Vec::new();
    let mut rest = readme;
    while let Some((_, after)) = rest
        .split_once("\n<!-- ")
        .or_else(|| rest.strip_prefix("<!-- ").map(|r| ("", r)))
    {
        rest = after;
        let Some((path, block)) = after.split_once(" -->\n```") else {
            continue;
        };
        if path.contains([' ', '\n']) {
            continue;
        }
        let Some((_, body)) = block.split_once('\n') else {
            continue;
        };
        let Some((text, _)) = body.split_once("\n```") else {
            continue;
        };
        found.push(Quote { path, text });
    }
    found
}
