//! Diagnostics as GitHub workflow commands, so that they show up beside the changed line.

use super::report::{Diagnostic, Diagnostics};
use super::source::Sources;

/// One finding: `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::…`.
#[must_use]
pub fn diagnostic(one: &Diagnostic, sources: &Sources) -> String {
    let mut properties = Vec::new();
    if let Some((source, start, end)) = sources.locate(one.span()) {
        properties.push(format!("file={}", property(&source.name)));
        properties.push(format!("line={}", start.line));
        properties.push(format!("col={}", start.column));
        properties.push(format!("endLine={}", end.line));
        properties.push(format!("endColumn={}", end.column));
    }
    properties.push(format!(
        "title={}",
        property(&format!("{} {}", one.code, one.code.title()))
    ));
    let mut text = one.message.clone();
    for label in one
        .labels
        .iter()
        .take(1)
        .filter(|label| !label.text.is_empty())
    {
        text = format!("{text}: {}", label.text);
    }
    for help in &one.help {
        text = format!("{text}\nhelp: {help}");
    }
    format!(
        "::{} {}::{}",
        one.severity(),
        properties.join(","),
        data(&text)
    )
}

/// All of them, one per line.
#[must_use]
pub fn lines(all: &Diagnostics, sources: &Sources) -> String {
    all.iter()
        .map(|one| diagnostic(one, sources) + "\n")
        .collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
