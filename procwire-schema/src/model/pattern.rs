//! Regular expressions that mean the same in Rust, Python and JavaScript.
//!
//! A scan for what the three do not share, then the engine's own judgement. What they share is still spelled
//! differently where one of them is set otherwise by default; [`python`] and [`javascript`] give that spelling. A
//! pattern of the schema is one for Rust as it stands: classes are ASCII, `.` is everything but a newline, `$` is the
//! very end.

use crate::diagnostic::Code;

/// Why a pattern is refused: the code, and half a sentence.
pub fn judge(pattern: &str) -> Result<(), (Code, String)> {
    shared(pattern).map_err(|why| (Code::PatternShared, why))?;
    regex_lite::Regex::new(pattern).map(drop).map_err(|error| {
        (
            Code::Pattern,
            error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned(),
        )
    })
}

/// The pattern for Python's `re`, where classes are Unicode and `$` also stands before a last newline.
///
/// ```
/// use procwire_schema::model::pattern::python;
///
/// assert_eq!(python(r"^\d+$"), r"(?a:^\d+\Z)");
/// ```
#[must_use]
pub fn python(pattern: &str) -> String {
    let body = respell(pattern, |c, in_class| match (c, in_class) {
        ("$", false) => Some(r"\Z"),
        _ => None,
    });
    if body.contains('\\') {
        format!("(?a:{body})")
    } else {
        body
    }
}

/// The pattern for JavaScript's `new RegExp(…, "u")`, where `.` and `\s` know more line ends and blanks.
#[must_use]
pub fn javascript(pattern: &str) -> String {
    respell(pattern, |c, in_class| match (c, in_class) {
        (".", false) => Some(r"[^\n]"),
        (r"\s", false) => Some(r"[\t-\r ]"),
        (r"\S", false) => Some(r"[^\t-\r ]"),
        (r"\s", true) => Some(r"\t-\r "),
        _ => None,
    })
}

/// Puts other spellings for single signs and escapes, inside and outside of classes.
fn respell(pattern: &str, other: impl Fn(&str, bool) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let escaped = if c == '\\' {
            rest[1..].chars().next().map_or(0, char::len_utf8)
        } else {
            0
        };
        let (sign, after) = rest.split_at(c.len_utf8() + escaped);
        out.push_str(other(sign, in_class).unwrap_or(sign));
        match sign {
            "[" => in_class = true,
            "]" => in_class = false,
            _ => {}
        }
        rest = after;
    }
    out
}

fn shared(pattern: &str) -> Result<(), String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    let mut in_class = false;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match c {
            '\\' => {
                escape(next, in_class)?;
                let class = matches!(next, Some('d' | 'w' | 's'));
                let begins = chars.get(at + 2) == Some(&'-') && chars.get(at + 3) != Some(&']');
                let ends = at > 1 && chars[at - 1] == '-' && !matches!(chars[at - 2], '[' | '\\');
                if in_class && class && (begins || ends) {
                    return Err("a range in a class goes from one character to another".to_owned());
                }
                at += 1;
            }
            '[' if in_class => {
                return Err("`[` inside a class: write `\\[`".to_owned());
            }
            '[' => {
                in_class = true;
                if next == Some('^') {
                    at += 1;
                }
                if chars.get(at + 1) == Some(&']') {
                    return Err(
                        "`]` right after `[` means different things: write `\\]`".to_owned()
                    );
                }
            }
            ']' if in_class => in_class = false,
            ']' | '}' if c == ']' => {
                return Err("`]` without `[`: write `\\]`".to_owned());
            }
            '&' | '~' | '-' if in_class && next == Some(c) => {
                return Err(format!(
                    "`{c}{c}` in a class means different things: escape one"
                ));
            }
            '(' if !in_class && next == Some('?') => group(&chars[at + 2..])?,
            '{' if !in_class => at += repetition(&chars[at..])?,
            '}' if !in_class => return Err("`}` without `{`: write `\\}`".to_owned()),
            '*' | '+' | '?' if !in_class && next == Some('+') => {
                return Err(format!("`{c}+` is not in all three languages"));
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

fn escape(next: Option<char>, in_class: bool) -> Result<(), String> {
    let Some(c) = next else {
        return Err("it ends in a single `\\`".to_owned());
    };
    match c {
        'D' | 'W' | 'S' if in_class => Err(format!(
            "`\\{c}` inside a class cannot be spelled alike: write the class out"
        )),
        'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 'r' | 't' => Ok(()),
        'b' | 'B' if !in_class => Ok(()),
        '1'..='9' => Err(format!(
            "`\\{c}` refers back to a group, which Rust does not do"
        )),
        c if c.is_ascii_alphanumeric() => Err(format!(
            "`\\{c}` does not mean the same in all three languages"
        )),
        // JavaScript refuses an escape of anything but syntax in Unicode mode.
        '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|'
        | '/' => Ok(()),
        '-' if in_class => Ok(()),
        c => Err(format!("`\\{c}` is refused by JavaScript: write `{c}`")),
    }
}

fn group(after: &[char]) -> Result<(), String> {
    match after {
        [':', ..] => Ok(()),
        ['=' | '!', ..] | ['<', '=' | '!', ..] => Err("look-around is not in all three languages".to_owned()),
        ['P', ..] | ['<', ..] => Err("named groups are written differently in each language, and no name is used here: write `(?:…)`".to_owned()),
        _ => Err("inline flags are not in all three languages".to_owned()),
    }
}

/// How many characters beyond `{` a repetition takes.
fn repetition(from: &[char]) -> Result<usize, String> {
    let end = from.iter().position(|&c| c == '}');
    let inner: Option<String> = end.map(|end| from[1..end].iter().collect());
    let fits = inner.as_deref().is_some_and(|inner| {
        let (least, greatest) = inner.split_once(',').unwrap_or((inner, ""));
        !least.is_empty()
            && least
                .bytes()
                .chain(greatest.bytes())
                .all(|c| c.is_ascii_digit())
    });
    match (fits, end) {
        (true, Some(end)) if from.get(end + 1) == Some(&'+') => Err("`}+` is not in all three languages".to_owned()),
        (true, Some(end)) => Ok(end),
        _ => Err("`{` begins a repetition `{m}`, `{m,}` or `{m,n}`: for the character itself write `\\{`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{javascript, judge, python};
    use crate::diagnostic::Code;

    #[test]
    fn accepts_the_shared_part() {
        for good in [
            "^doc_[0-9a-f]{16}$",
            "a|b",
            "(?:x+?)*",
            r"^\d{1,3}\.\d+$",
            r"[\]\-a]",
            "[^a-z]",
            "",
            r"\$\{",
        ] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn refuses_what_differs() {
        for bad in [
            "(?=a)",
            "(?<!a)",
            "(?i)a",
            "(?P<n>a)",
            "(?<n>a)",
            r"a\z",
            r"\A",
            r"(a)\1",
            r"\p{L}",
            r"\x41",
            "[[:alpha:]]",
            "[]a]",
            "a{,3}",
            "a{",
            "a}",
            "a++",
            r"\_",
            r"\",
            "[a&&b]",
            r"[\b]",
        ] {
            assert_eq!(
                judge(bad).map_err(|(code, _)| code),
                Err(Code::PatternShared),
                "{bad}"
            );
        }
        for bad in ["(", "a)", "[z-a]", "*a", "a{3,1}"] {
            assert_eq!(
                judge(bad).map_err(|(code, _)| code),
                Err(Code::Pattern),
                "{bad}"
            );
        }
    }

    #[test]
    fn is_spelled_for_each_language() {
        assert_eq!(
            python("^doc_[0-9a-f]{16}$"),
            r"^doc_[0-9a-f]{16}\Z".replace('^', "(?a:^") + ")"
        );
        assert_eq!(python("^[$]a"), "^[$]a");
        assert_eq!(python(r"\$\d"), r"(?a:\$\d)");
        assert_eq!(javascript(r"^.\s[\s.]\.$"), r"^[^\n][\t-\r ][\t-\r .]\.$");
    }
}
