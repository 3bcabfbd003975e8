//! Text inside Python: docstrings, string literals and regular expressions, none of which can be broken out of.

/// A docstring, indented, with its line end; nothing if there is nothing to say.
pub(super) fn docstring(lines: &[String], deprecated: Option<&str>, indent: &str) -> String {
    let mut all: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split('\n'))
        .map(|line| escaped(line.trim_end()))
        .collect();
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    let first = all
        .iter()
        .position(|line| !line.is_empty())
        .unwrap_or(all.len());
    all.drain(..first);
    if let Some(why) = deprecated {
        if !all.is_empty() {
            all.push(String::new());
        }
        all.push(format!(
            "Deprecated: {}.",
            escaped(why.trim_end_matches('.'))
        ));
    }
    match all.as_mut_slice() {
        [] => String::new(),
        [one] => {
            protect_end(one);
            format!("{indent}\"\"\"{one}\"\"\"\n")
        }
        many => {
            let mut out = format!("{indent}\"\"\"");
            for (at, line) in many.iter().enumerate() {
                if at > 0 && !line.is_empty() {
                    out.push_str(indent);
                }
                out.push_str(line);
                out.push('\n');
            }
            out.push_str(&format!("{indent}\"\"\"\n"));
            out
        }
    }
}

/// A quote at the very end would join the closing ones.
fn protect_end(line: &mut String) {
    if line.ends_with('"') && !line.ends_with("\\\"") {
        line.pop();
        line.push_str("\\\"");
    }
}

fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push('\t'),
            c if is_unprintable(c) => out.push_str(&escape(c)),
            c => out.push(c),
        }
    }
    out.replace("\"\"\"", "\\\"\\\"\\\"")
}

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unprintable(c) => out.push_str(&escape(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A bytes literal.
pub(super) fn quoted_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("b\"");
    for &byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// Controls, line separators, and marks that turn the reading direction of the source around.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn escape(c: char) -> String {
    match u32::from(c) {
        code @ 0..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// Regular expressions, all of which must match, as one literal that Python reads as Rust and JavaScript read them:
/// classes are ASCII, and `$` is the very end.
pub(super) fn patterns(all: &[&str]) -> String {
    let translated: Vec<String> = all.iter().map(|one| translate(one)).collect();
    let whole = match translated.as_slice() {
        [one] => one.clone(),
        many => {
            let parts: String = many
                .iter()
                .map(|one| format!("(?=[\\s\\S]*?(?:{one}))"))
                .collect();
            format!("\\A{parts}")
        }
    };
    let has_classes = ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B"]
        .iter()
        .any(|class| whole.contains(class));
    let flag = if has_classes { "(?a)" } else { "" };
    quoted(&format!("{flag}{whole}"))
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 2);
    let mut chars = pattern.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '[' => {
                // Python warns of a set inside a set, which it does not have.
                out.push_str(if in_class { "\\[" } else { "[" });
                in_class = true;
            }
            ']' => {
                in_class = false;
                out.push(c);
            }
            '$' if !in_class => out.push_str("\\Z"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{docstring, patterns, quoted, quoted_bytes};

    fn doc(text: &str) -> String {
        docstring(&[text.to_owned()], None, "    ")
    }

    #[test]
    fn docs_stay_inside_their_quotes() {
        assert_eq!(doc("plain"), "    \"\"\"plain\"\"\"\n");
        assert_eq!(
            doc("ends with \"it\""),
            "    \"\"\"ends with \"it\\\"\"\"\"\n"
        );
        assert_eq!(
            doc("a \"\"\" b \\"),
            "    \"\"\"a \\\"\\\"\\\" b \\\\\"\"\"\n"
        );
        assert_eq!(doc("\"\"\""), "    \"\"\"\\\"\\\"\\\"\"\"\"\n");
        assert_eq!(doc("  "), "");
        assert_eq!(
            docstring(&["a".into(), String::new(), "b".into()], Some("use c"), ""),
            "\"\"\"a\n\nb\n\nDeprecated: use c.\n\"\"\"\n"
        );
    }

    #[test]
    fn literals_are_escaped() {
        assert_eq!(
            quoted("a\"\\\n\u{7}\u{2028}ż"),
            "\"a\\\"\\\\\\n\\x07\\u2028ż\""
        );
        assert_eq!(quoted_bytes(b"a\x00\xff\"\\"), "b\"a\\x00\\xff\\\"\\\\\"");
    }

    #[test]
    fn patterns_mean_what_they_mean_elsewhere() {
        assert_eq!(patterns(&["^h_[0-9a-f]{4}$"]), "\"^h_[0-9a-f]{4}\\\\Z\"");
        assert_eq!(patterns(&["\\$[$]\\d"]), "\"(?a)\\\\$[$]\\\\d\"");
        assert!(patterns(&["^a", "b$"]).contains("(?=[\\\\s\\\\S]*?(?:^a))"));
    }
}
