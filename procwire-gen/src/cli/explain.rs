//! `procwire-gen explain`: the table of diagnostics, for reading.

use procwire_schema::{Code, Severity};

use super::Stop;

/// The explanation of a code, or the list of all of them.
pub(crate) fn explain(code: Option<&str>) -> Result<String, Stop> {
    let Some(id) = code else {
        return Ok(Code::ALL
            .iter()
            .map(|code| format!("{code}  {}\n", code.title()))
            .collect());
    };
    let code = Code::parse(id).ok_or_else(|| {
        Stop::usage(format!(
            "there is no code `{id}`; `procwire-gen explain` lists them, from {} to {}",
            Code::ALL.first().map_or("", |code| code.id()),
            Code::ALL.last().map_or("", |code| code.id()),
        ))
    })?;
    let severity = match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    Ok(format!(
        "{severity}[{code}]: {}\n\n{}\n",
        code.title(),
        wrapped(code.explanation(), WIDTH)
    ))
}

/// Breaks lines at blanks, leaving what stands between backticks whole.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in words(text) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        // a long list between backticks is prose
        if c == '`' {
            quoted = !quoted
                && text[at + 1..]
                    .find('`')
                    .is_some_and(|length| length < WIDTH / 2);
        }
        if c == ' ' && !quoted {
            found.push(&text[start..at]);
            start = at + 1;
        }
    }
    found.push(&text[start..]);
    found
}

const WIDTH: usize = 90;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_something_to_say() {
        for code in Code::ALL {
            let text = explain(Some(code.id())).unwrap_or_else(|_| panic!("{code} is known"));
            let body = text.split_once("\n\n").map_or("", |(_, body)| body);
            assert!(
                body.len() > 20 && body.lines().all(|line| line.chars().count() <= WIDTH),
                "{text}"
            );
        }
    }

    #[test]
    fn quotes_stay_whole() {
        assert_eq!(
            wrapped("say `procwire = 1` first", 12),
            "say\n`procwire = 1`\nfirst"
        );
    }
}
