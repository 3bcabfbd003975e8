//! Constraints: where a value is, and what it breaks.
//!
//! Owns paths such as `$.pages[3].title` and the sentences about range, len and pattern.

use std::fmt;
use std::sync::OnceLock;

/// A place inside a value, from the root down. Built on the stack; written out only when something is wrong.
pub struct At<'a> {
    parent: Option<&'a Self>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
    Key(&'a dyn fmt::Display),
}

impl<'a> At<'a> {
    /// The value itself: `$`.
    #[must_use]
    pub const fn root() -> Self {
        Self {
            parent: None,
            step: Step::Root,
        }
    }

    /// A field of this value: `.name`.
    #[must_use]
    pub const fn field(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Field(name),
        }
    }

    /// An element of this list: `[3]`.
    #[must_use]
    pub const fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// An entry of this map: `["key"]`.
    #[must_use]
    pub const fn key(&'a self, key: &'a dyn fmt::Display) -> Self {
        Self {
            parent: Some(self),
            step: Step::Key(key),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match &self.step {
            Step::Root => f.write_str("$"),
            Step::Field(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{:?}]", key.to_string()),
        }
    }
}

impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One broken constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where, for example `$.dpi`.
    pub path: String,
    /// What, for example `20 is outside 36..=1200`.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Every broken constraint of one value, up to a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A single one.
    #[must_use]
    pub fn one(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Violation {
            path: path.into(),
            message: message.into(),
        }])
    }

    /// Adds one; beyond 64 they are dropped, since the first ones say enough.
    pub fn push(&mut self, at: &At<'_>, message: impl fmt::Display) {
        if self.0.len() < MAX_KEPT {
            self.0.push(Violation {
                path: at.to_string(),
                message: message.to_string(),
            });
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The violations, in the order of the fields.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            one.fmt(f)?;
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A regular expression that is compiled when first needed. Unanchored, as in Python and JavaScript.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<regex_lite::Regex>>,
}

impl Pattern {
    /// A pattern, not yet compiled. The schema's check has already judged it.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    fn matches(&self, text: &str) -> bool {
        let compiled = self
            .compiled
            .get_or_init(|| regex_lite::Regex::new(self.source).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

/// `range` on a whole number: both ends included, each may be missing.
pub fn check_integer(
    at: &At<'_>,
    value: i128,
    min: Option<i128>,
    max: Option<i128>,
    found: &mut Violations,
) {
    if min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max) {
        found.push(
            at,
            format_args!("{value} is outside {}..={}", Shown(min), Shown(max)),
        );
    }
}

/// `range` on a number with a fraction; the greatest value is allowed only when `inclusive`. NaN is outside of every range.
pub fn check_float(
    at: &At<'_>,
    value: f64,
    min: Option<f64>,
    max: Option<f64>,
    inclusive: bool,
    found: &mut Violations,
) {
    let high_enough = min.is_none_or(|min| value >= min);
    let low_enough = max.is_none_or(|max| value < max || inclusive && value <= max);
    if !(high_enough && low_enough) {
        let dots = if inclusive && max.is_some() {
            "..="
        } else {
            ".."
        };
        found.push(
            at,
            format_args!("{value} is outside {}{dots}{}", Shown(min), Shown(max)),
        );
    }
}

/// The built-in type `int`: what every language holds exactly, ±(2⁵³ − 1).
pub fn check_int(at: &At<'_>, value: i64, found: &mut Violations) {
    if value.unsigned_abs() > MAX_SAFE {
        found.push(
            at,
            format_args!(
                "{value} is not an `int`: beyond ±9007199254740991 not every language is exact"
            ),
        );
    }
}

/// `len`: characters of a string, bytes, elements or entries; both ends included.
pub fn check_len(at: &At<'_>, len: usize, min: u64, max: Option<u64>, found: &mut Violations) {
    let len = len as u64;
    if len < min || max.is_some_and(|max| len > max) {
        found.push(
            at,
            format_args!("length {len} is outside {min}..={}", Shown(max)),
        );
    }
}

/// `pattern` on a string.
pub fn check_pattern(at: &At<'_>, text: &str, pattern: &Pattern, found: &mut Violations) {
    if !pattern.matches(text) {
        let mut shown: String = text.chars().take(MAX_SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        found.push(
            at,
            format_args!("{shown:?} does not match {:?}", pattern.source),
        );
    }
}

/// A bound that may be missing.
struct Shown<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |bound| bound.fmt(f))
    }
}

const MAX_KEPT: usize = 64;
const MAX_SHOWN: usize = 80;
const MAX_SAFE: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_names_the_place_and_the_bound() {
        let (root, mut found) = (At::root(), Violations::new());
        let pages = root.field("pages");
        check_integer(
            &pages.index(3).field("dpi"),
            20,
            Some(36),
            Some(1200),
            &mut found,
        );
        check_float(
            &root.key(&"a\"b"),
            1.0,
            Some(0.0),
            Some(1.0),
            false,
            &mut found,
        );
        check_float(&root, 1.0, Some(0.0), Some(1.0), true, &mut found);
        check_float(
            &root.field("nan"),
            f64::NAN,
            Some(0.0),
            None,
            false,
            &mut found,
        );
        check_len(&root.field("title"), 0, 1, None, &mut found);
        check_int(&root.field("n"), 1 << 53, &mut found);
        static DOC: Pattern = Pattern::new("^doc_[0-9a-f]{2}$");
        check_pattern(&root.field("id"), "doc_ff", &DOC, &mut found);
        check_pattern(&root.field("id"), "page_ff", &DOC, &mut found);
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "$.pages[3].dpi: 20 is outside 36..=1200",
                "$[\"a\\\"b\"]: 1 is outside 0..1",
                "$.nan: NaN is outside 0..",
                "$.title: length 0 is outside 1..=",
                "$.n: 9007199254740992 is not an `int`: beyond ±9007199254740991 not every language is exact",
                "$.id: \"page_ff\" does not match \"^doc_[0-9a-f]{2}$\"",
            ]
        );
    }

    #[test]
    fn violations_are_bounded() {
        let mut found = Violations::new();
        (0..1000).for_each(|_| found.push(&At::root(), "wrong"));
        assert_eq!(found.iter().count(), MAX_KEPT);
    }
}
