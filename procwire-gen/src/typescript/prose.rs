//! Text inside TypeScript: JSDoc and string literals, neither of which can be broken out of.

/// A doc comment, indented, with its line end; nothing if there is nothing to say.
pub(super) fn jsdoc(lines: &[String], deprecated: Option<&str>, indent: &str) -> String {
    let mut all: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split('\n'))
        .map(|line| plain(line.trim_end()))
        .collect();
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    let first = all.iter().position(|line| !line.is_empty()).unwrap_or(0);
    all.drain(..first);
    if let Some(why) = deprecated {
        if !all.is_empty() {
            all.push(String::new());
        }
        all.push(format!(
            "@deprecated {}",
            why.replace('\n', " ").replace("*/", "*\\/")
        ));
    }
    match all.as_slice() {
        [] => String::new(),
        // A blank before the end keeps a trailing backslash or asterisk apart from it.
        [one] => format!("{indent}/** {one} */\n"),
        many => {
            let mut out = format!("{indent}/**\n");
            for line in many {
                let gap = if line.is_empty() { "" } else { " " };
                out.push_str(&format!("{indent} *{gap}{line}\n"));
            }
            out.push_str(&format!("{indent} */\n"));
            out
        }
    }
}

/// A line of prose that neither ends its comment nor is taken for a tag of JSDoc.
fn plain(line: &str) -> String {
    let line = line.replace("*/", "*\\/");
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    if text.starts_with('@') {
        format!("{indent}\\{text}")
    } else {
        line
    }
}

/// The name of a method in an interface, where `new` would be something else.
pub(super) fn signature(name: &str) -> String {
    if name == "new" {
        quoted(name)
    } else {
        name.to_owned()
    }
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
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The source of a regular expression as JavaScript takes it under its flag `u`, which refuses to escape a character
/// that needs no escape.
pub(super) fn expression(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let Some(next) = chars.next() else {
                    out.push('\\');
                    break;
                };
                let needs = "^$\\.*+?()[]{}|/".contains(next) || (in_class && next == '-');
                if needs || next.is_alphanumeric() {
                    out.push('\\');
                }
                out.push(next);
            }
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
                // In first place it is a character and not the end.
                if chars.peek() == Some(&']') {
                    chars.next();
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

/// A name as the key of an object literal or a type.
pub(super) fn key(name: &str) -> String {
    let plain = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if name == "__proto__" {
        // The one key that would not be a key.
        "[\"__proto__\"]".to_owned()
    } else if plain {
        name.to_owned()
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{expression, jsdoc, quoted};

    fn doc(text: &str) -> String {
        jsdoc(
            &text.lines().map(str::to_owned).collect::<Vec<_>>(),
            None,
            "",
        )
    }

    #[test]
    fn docs_cannot_end_their_comment() {
        assert_eq!(doc("a */ b"), "/** a *\\/ b */\n");
        assert_eq!(doc("ends with \\"), "/** ends with \\ */\n");
        assert_eq!(doc("ends with *"), "/** ends with * */\n");
        assert_eq!(doc("one\n\ntwo"), "/**\n * one\n *\n * two\n */\n");
        assert_eq!(
            doc("@deprecated\n  @x y@z"),
            "/**\n * \\@deprecated\n *   \\@x y@z\n */\n"
        );
        assert_eq!(doc(""), "");
        assert_eq!(
            jsdoc(&[], Some("use x */"), "  "),
            "  /** @deprecated use x *\\/ */\n"
        );
    }

    #[test]
    fn strings_are_whole() {
        assert_eq!(quoted("a\"b\\c\nd\u{2028}"), r#""a\"b\\c\nd\u{2028}""#);
        assert_eq!(quoted("naïve ☃"), "\"naïve ☃\"");
    }

    #[test]
    fn patterns_lose_escapes_that_javascript_refuses() {
        assert_eq!(expression(r"^\d+\-\_\.x$"), r"^\d+-_\.x$");
        assert_eq!(expression(r"[\-a\]]"), r"[\-a\]]");
        assert_eq!(expression(r"[]a]"), r"[\]a]");
        assert_eq!(expression(r"^h_[0-9a-f]{4}$"), r"^h_[0-9a-f]{4}$");
    }
}
