//! Names in generated code: kept off a language's own words, and off each other.
//!
//! A [`Scope`] hands names out, first come first served, so a name depends on what stood before it in the schema
//! and on nothing else. Two names of a schema that meet after a change of case are the checker's to refuse; this is
//! for the names that the generator itself brings.

use std::collections::BTreeSet;

/// The words that each language keeps for itself; the checker warns of them, so it owns them.
pub use procwire_schema::check::keywords::{PYTHON, RUST, RUST_NEVER_RAW, TYPESCRIPT};

/// The names of one scope: a file, a class, a function.
#[derive(Clone, Debug)]
pub struct Scope {
    words: &'static [&'static str],
    taken: BTreeSet<String>,
}

impl Scope {
    /// An empty scope of a language, given by the words it keeps for itself: [`RUST`], [`PYTHON`] or [`TYPESCRIPT`].
    #[must_use]
    pub const fn new(words: &'static [&'static str]) -> Self {
        Self {
            words,
            taken: BTreeSet::new(),
        }
    }

    /// Takes names that the generated text uses as they are (imports, built-in names it relies on).
    #[must_use]
    pub fn with<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.taken.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// The wanted name if it is free and no keyword; else with `_` behind it, as often as it takes.
    pub fn take(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while self.words.contains(&name.as_str()) || self.taken.contains(&name) {
            name.push('_');
        }
        self.taken.insert(name.clone());
        name
    }

    /// Whether a name is free and no keyword.
    #[must_use]
    pub fn is_free(&self, name: &str) -> bool {
        !self.words.contains(&name) && !self.taken.contains(name)
    }
}

/// The name itself, or with `_` behind it where the language keeps the word. For members, which need not be
/// kept apart from anything but keywords.
#[must_use]
pub fn avoid(name: &str, words: &[&str]) -> String {
    if words.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_taken_names_are_kept_off() {
        let mut scope = Scope::new(PYTHON).with(["serve"]);
        assert_eq!(scope.take("class"), "class_");
        assert_eq!(scope.take("class"), "class__");
        assert_eq!(scope.take("serve"), "serve_");
        assert_eq!(scope.take("page"), "page");
        assert!(!scope.is_free("page") && !scope.is_free("lambda") && scope.is_free("dpi"));
    }

    #[test]
    fn members_avoid_keywords_only() {
        assert_eq!(avoid("from", PYTHON), "from_");
        assert_eq!(avoid("from", TYPESCRIPT), "from");
        assert_eq!(avoid("match", PYTHON), "match");
    }

    #[test]
    fn every_list_is_sorted_and_free_of_doubles() {
        for list in [RUST, RUST_NEVER_RAW, PYTHON, TYPESCRIPT] {
            assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
        }
    }
}
