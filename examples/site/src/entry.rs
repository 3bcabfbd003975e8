//! What is known of one document once the workers are done, and where its page lies.
//!
//! Knows nothing of files or workers.

use crate::folder::{Document, Problem};
use crate::pages::Page;
use crate::texts::{Dot, Findings};

/// What is known of one document once the workers are done.
pub(crate) struct Entry {
    /// Its path within the folder, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) markdown: String,
    /// What it is called.
    pub(crate) title: String,
    /// Its page, as a link from the top of the site.
    pub(crate) href: String,
    /// What the TypeScript worker made of it, or why it could not.
    pub(crate) rendered: Result<Page, String>,
    /// What the Python worker found out.
    pub(crate) found: Findings,
}

impl Entry {
    /// Puts together what the two workers said of a document.
    pub(crate) fn new(document: Document, rendered: Result<Page, String>, found: Findings) -> Self {
        let Document { path, markdown } = document;
        let title = rendered
            .as_ref()
            .map_or_else(|_| path.clone(), |page| page.title.clone());
        let href = format!(
            "pages/{}.html",
            encoded(path.strip_suffix(".md").unwrap_or(&path))
        );
        Self {
            path,
            markdown,
            title,
            href,
            rendered,
            found,
        }
    }

    /// The folder it lies in; empty at the top.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its page, as a file from the top of the site.
    pub(crate) fn file(&self) -> String {
        format!(
            "pages/{}.html",
            self.path.strip_suffix(".md").unwrap_or(&self.path)
        )
    }

    /// As the Python worker is to draw it.
    pub(crate) fn dot(&self) -> Dot {
        Dot {
            found: self.found.clone(),
            title: self.title.clone(),
            href: self.href.clone(),
        }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let reason = self.rendered.as_ref().err()?.clone();
        Some(Problem {
            path: self.path.clone(),
            reason,
        })
    }

    /// Its group, as the style sheet has colours for.
    pub(crate) fn group(&self) -> u32 {
        self.found.group % 8
    }

    /// Whether it brings a heading of its own.
    pub(crate) fn has_heading(&self) -> bool {
        self.rendered
            .as_ref()
            .is_ok_and(|page| page.headings.iter().any(|heading| heading.level == 1))
    }
}

/// As it is written in a link: whatever is not plain is percent-encoded.
pub(crate) fn encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
