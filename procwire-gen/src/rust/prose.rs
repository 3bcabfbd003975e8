//! Schema docs as rustdoc, with nothing in them that rustdoc would compile.
//!
//! A schema's author writes for readers of three languages, and an indented or fenced block is never Rust that
//! belongs to the crate at hand: every block becomes ```` ```text ````. Knows lines, and no schema.

use proc_macro2::TokenStream;
use quote::quote;

/// `#[doc = "…"]` for each line.
pub(crate) fn docs(lines: &[String]) -> TokenStream {
    // Prose such as `[0, 1]` or `Vec<T>` is no link and no HTML, whatever rustdoc takes it for.
    let lines = inert(lines).into_iter().map(|line| {
        let line = if line.is_empty() || line.starts_with(' ') {
            line
        } else {
            format!(" {line}")
        };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// Docs of the schema, or a sentence of ours where it has none.
pub(crate) fn docs_or(lines: &[String], otherwise: &str) -> TokenStream {
    if lines.iter().all(|line| line.trim().is_empty()) {
        docs(&[otherwise.to_owned()])
    } else {
        docs(lines)
    }
}

/// A sentence of ours, then, as a paragraph of its own, the schema's docs.
pub(crate) fn docs_after(first: &str, lines: &[String]) -> TokenStream {
    let mut all = vec![first.to_owned()];
    if !lines.is_empty() {
        all.push(String::new());
        all.extend(inert(lines));
    }
    docs(&all)
}

/// The same lines with every code block marked as text.
pub(crate) fn inert(lines: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(lines.len());
    let mut fence: Option<(char, usize)> = None;
    let mut indented = false;
    let mut in_list = false;
    let mut after_blank = true;
    for line in lines.iter().flat_map(|line| line.split('\n')) {
        let line = line.trim_end().replace('\t', "    ");
        if let Some((sign, length)) = fence {
            if is_end(&line, sign, length) {
                fence = None;
            }
            after_blank = false;
            out.push(line);
            continue;
        }
        let blank = line.is_empty();
        let is_code = !blank && line.starts_with("    ") && (after_blank || indented) && !in_list;
        if indented && !is_code && !blank {
            close_text(&mut out);
            indented = false;
        }
        if is_code {
            if !indented {
                out.push("```text".to_owned());
                indented = true;
            }
            out.push(line.get(4..).unwrap_or_default().to_owned());
        } else if let Some(opened) = opening(&line) {
            fence = Some((opened.sign, opened.length));
            out.push(format!("{}text", opened.up_to_info));
        } else {
            if !blank && !line.starts_with(' ') {
                in_list = is_item(&line);
            }
            out.push(if blank { line } else { shallow(&line) });
        }
        after_blank = blank;
    }
    if indented {
        close_text(&mut out);
    }
    if let Some((sign, length)) = fence {
        out.push(String::from(sign).repeat(length));
    }
    out
}

/// Ends an indented block before the blank lines that follow it.
fn close_text(out: &mut Vec<String>) {
    let blanks = out.iter().rev().take_while(|line| line.is_empty()).count();
    out.insert(out.len() - blanks, "```".to_owned());
}

struct Opening<'a> {
    up_to_info: &'a str,
    sign: char,
    length: usize,
}

/// A fence that opens here, also inside a quote or a list item.
fn opening(line: &str) -> Option<Opening<'_>> {
    let start = line.len() - after_markers(line).len();
    let rest = line.get(start..)?;
    let sign = rest.chars().next().filter(|sign| "`~".contains(*sign))?;
    let length = rest.chars().take_while(|c| *c == sign).count();
    let info = rest.get(length..)?;
    if length < 3 || (sign == '`' && info.contains('`')) {
        return None;
    }
    Some(Opening {
        up_to_info: line.get(..start + length)?,
        sign,
        length,
    })
}

fn is_end(line: &str, sign: char, length: usize) -> bool {
    let rest = after_markers(line);
    rest.chars().count() >= length && rest.chars().all(|c| c == sign)
}

/// What follows quote signs, bullets, numbers and blanks.
fn after_markers(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let next = rest
            .strip_prefix(['>', '-', '*', '+'])
            .or_else(|| {
                let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                (digits.len() < rest.len())
                    .then(|| digits.strip_prefix(['.', ')']))
                    .flatten()
            })
            .map(str::trim_start);
        match next {
            Some(next) => rest = next,
            None => return rest,
        }
    }
}

fn is_item(line: &str) -> bool {
    after_markers(line).len() < line.trim_start().len()
}

/// The same line, no deeper than Markdown allows prose to be, before and after its markers.
fn shallow(line: &str) -> String {
    let text = after_markers(line);
    let before = line.get(..line.len() - text.len()).unwrap_or_default();
    let mut out = String::with_capacity(line.len());
    let mut blanks = 0;
    for c in before.chars() {
        blanks = if c == ' ' { blanks + 1 } else { 0 };
        if blanks <= 3 {
            out.push(c);
        }
    }
    out + text
}

#[cfg(test)]
mod tests {
    use super::inert;

    fn read(text: &str) -> String {
        inert(&text.lines().map(str::to_owned).collect::<Vec<_>>()).join("\n")
    }

    #[test]
    fn prose_stays_as_it_is() {
        let text = "Opens a file.\n\n- one\n  - two\n\nSee `x` and ``y``.";
        assert_eq!(read(text), text);
    }

    #[test]
    fn every_block_becomes_text() {
        assert_eq!(
            read("Say:\n```\nlet x = 1;\n```\nend"),
            "Say:\n```text\nlet x = 1;\n```\nend"
        );
        assert_eq!(read("~~~rust\nx\n~~~"), "~~~text\nx\n~~~");
        assert_eq!(read("> ```py\n> x\n> ```"), "> ```text\n> x\n> ```");
        assert_eq!(read("- ```\n  x\n  ```"), "- ```text\n  x\n  ```");
        assert_eq!(
            read("Say:\n\n    panic!()\n\n    x\n\nend"),
            "Say:\n\n```text\npanic!()\n\nx\n```\n\nend"
        );
        assert_eq!(read("    panic!()"), "```text\npanic!()\n```");
        assert_eq!(read("\tpanic!()"), "```text\npanic!()\n```");
    }

    #[test]
    fn deep_prose_is_no_code() {
        assert_eq!(read("- item\n\n      panic!()"), "- item\n\n   panic!()");
        assert_eq!(read(">     panic!()"), ">   panic!()");
        assert_eq!(
            read("a fence that never ends\n```\npanic!()"),
            "a fence that never ends\n```text\npanic!()\n```"
        );
    }
}
