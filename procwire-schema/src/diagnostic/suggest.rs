//! "Did you mean …?": which known name was probably meant.

/// The known name closest to `written`, if it is close enough to have been meant.
#[must_use]
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = simplify(written);
    known
        .into_iter()
        .filter_map(|name| {
            let other = simplify(name);
            // Case and underscores are what people forget first: such a name is as close as can be.
            let likeness = if plain == other {
                2.0
            } else {
                strsim::jaro_winkler(&plain, &other)
            };
            let steps = strsim::damerau_levenshtein(&plain, &other);
            let near = steps <= plain.len().max(other.len()).div_ceil(4).max(1);
            ((likeness > 1.0 || (near && (likeness > 0.7 || (steps == 1 && plain.len() > 2))))
                && name != written)
                .then_some((likeness, name))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `did you mean `x`?`, or what to say when nothing is close.
#[must_use]
pub fn did_you_mean<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    closest(written, known).map_or_else(
        || otherwise.to_owned(),
        |name| format!("did you mean `{name}`?"),
    )
}

fn simplify(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_' && *c != '-')
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn suggests_only_what_is_close() {
        assert_eq!(closest("Documnet", ["Page", "Document"]), Some("Document"));
        assert_eq!(closest("u23", ["u8", "u32", "string"]), Some("u32"));
        assert_eq!(closest("time_out", ["timeout", "throws"]), Some("timeout"));
        assert_eq!(closest("Zebra", ["Document", "Page"]), None);
    }
}
