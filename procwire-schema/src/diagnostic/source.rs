//! The texts a schema was read from, so that a [`Span`] can be shown as file, line and column.
//!
//! Knows nothing of what the texts say.

use std::path::{Path, PathBuf};

use crate::span::Span;

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What to call it in messages: the path as the user would write it, with `/`.
    pub name: String,
    /// Where it was read from; none for a text that never was a file.
    pub path: Option<PathBuf>,
    /// The text.
    pub text: String,
    line_starts: Vec<u32>,
}

/// Line and column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Every text of one reading, in the order met; `Span::file` is the place in this list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    list: Vec<Source>,
}

impl Source {
    fn position(&self, at: u32) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= at);
        let line_start = self.line_starts[line.saturating_sub(1)] as usize;
        let column = self
            .text
            .get(line_start..at as usize)
            .map_or(0, |before| before.chars().count());
        Position {
            line: line.max(1),
            column: column + 1,
        }
    }
}

impl Sources {
    /// Adds a text and gives its number.
    pub fn add(&mut self, name: &str, path: Option<&Path>, text: String) -> u32 {
        let mut line_starts = vec![0];
        line_starts.extend(text.match_indices('\n').map(|(at, _)| at as u32 + 1));
        self.list.push(Source {
            name: name.to_owned(),
            path: path.map(Path::to_path_buf),
            text,
            line_starts,
        });
        self.list.len() as u32 - 1
    }

    /// The text with that number.
    #[must_use]
    pub fn get(&self, file: u32) -> Option<&Source> {
        self.list.get(file as usize)
    }

    /// Every text, the schema itself first.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.list.iter()
    }

    /// The file that a span lies in, its first and its last position; none for [`Span::NONE`].
    #[must_use]
    pub fn locate(&self, span: Span) -> Option<(&Source, Position, Position)> {
        let source = self.get(span.file)?;
        let end = source.text.len() as u32;
        Some((
            source,
            source.position(span.start.min(end)),
            source.position(span.end.min(end)),
        ))
    }
}
