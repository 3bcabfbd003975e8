//! Writes the site: an index with the map, a page per document, and the files that pages need beside them.
//!
//! Knows nothing of how pages were rendered or texts were read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use askama::Template;

use crate::entry::{Entry, encoded};
use crate::folder::{Folder, Problem};
use crate::pages::Heading;

/// Stands in every page, and tells a site of ours from a folder that must not be overwritten.
const GENERATOR: &str = "the site example of Procwire";

/// Up to this many documents, a page lists them all beside it; beyond, only those of its own folder, so that the whole
/// stays linear in their number.
const MOST_IN_NAV: usize = 200;

/// What was written.
pub(crate) struct Written {
    /// The page to open first.
    pub(crate) index: PathBuf,
    /// Pages.
    pub(crate) pages: usize,
    /// Images and other files copied.
    pub(crate) files: usize,
    /// Documents that stand there as they are written, and why.
    pub(crate) shown_as_text: BTreeSet<Problem>,
    /// Links to what is not on the site, by page.
    pub(crate) dead_links: BTreeSet<Problem>,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexTemplate<'a> {
    generator: &'a str,
    root: &'a str,
    site: &'a str,
    words: u64,
    map: &'a str,
    entries: &'a [Entry],
    folders: Vec<(&'a str, Vec<&'a Entry>)>,
    left_out: &'a BTreeSet<Problem>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate<'a> {
    generator: &'a str,
    root: String,
    site: &'a str,
    entry: &'a Entry,
    nav: &'a [(&'a str, Vec<&'a Entry>)],
    headings: Vec<&'a Heading>,
    related: Vec<(&'a Entry, u8)>,
    before: Option<&'a Entry>,
    after: Option<&'a Entry>,
}

/// Makes sure that `out` may be written: it is new, empty, or a site written before.
pub(crate) fn check_free(out: &Path) -> Result<()> {
    let empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    let ours =
        fs::read_to_string(out.join("index.html")).is_ok_and(|index| index.contains(GENERATOR));
    if !empty && !ours {
        bail!(
            "{} is not empty and holds no site of ours; choose another folder with --out",
            out.display()
        );
    }
    Ok(())
}

/// Writes the site into `out`, in place of the one that was there.
pub(crate) fn write(out: &Path, folder: &Folder, entries: &[Entry], map: &str) -> Result<Written> {
    check_free(out)?;
    if out.join("pages").exists() {
        fs::remove_dir_all(out.join("pages"))
            .context("cannot remove the pages of the site written before")?;
    }
    let site = name(folder, entries);
    let folders = by_folder(entries, site);
    let words = entries
        .iter()
        .map(|entry| u64::from(entry.found.words))
        .sum();
    let index = IndexTemplate {
        generator: GENERATOR,
        root: "",
        site,
        words,
        map,
        entries,
        folders,
        left_out: &folder.left_out,
    };
    put(&out.join("index.html"), index.render()?)?;
    put(
        &out.join("style.css"),
        include_str!("../templates/style.css"),
    )?;
    put(&out.join("site.js"), include_str!("../templates/site.js"))?;
    write_pages(out, folder, entries)?;
    let (files, dead_links) = copy_files(out, folder, entries)?;
    let shown_as_text = entries.iter().filter_map(Entry::problem).collect();
    Ok(Written {
        index: out.join("index.html"),
        pages: entries.len(),
        files,
        shown_as_text,
        dead_links,
    })
}

fn write_pages(out: &Path, folder: &Folder, entries: &[Entry]) -> Result<()> {
    let by_path: BTreeMap<&str, &Entry> = entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry))
        .collect();
    let site = name(folder, entries);
    let whole_nav = by_folder(entries, site);
    for (at, entry) in entries.iter().enumerate() {
        let own_folder: Vec<_> = whole_nav
            .iter()
            .filter(|(_, members)| members[0].folder() == entry.folder())
            .cloned()
            .collect();
        let page = PageTemplate {
            generator: GENERATOR,
            root: "../".repeat(1 + entry.path.matches('/').count()),
            site,
            entry,
            nav: if entries.len() <= MOST_IN_NAV {
                &whole_nav
            } else {
                &own_folder
            },
            headings: match &entry.rendered {
                Ok(page) => page
                    .headings
                    .iter()
                    .filter(|heading| matches!(heading.level, 2 | 3))
                    .collect(),
                Err(_) => Vec::new(),
            },
            related: entry
                .found
                .related
                .iter()
                .filter_map(|related| {
                    Some((
                        *by_path.get(related.path.as_str())?,
                        (related.likeness * 100.0).round() as u8,
                    ))
                })
                .collect(),
            before: at.checked_sub(1).map(|at| &entries[at]),
            after: entries.get(at + 1),
        };
        put(&out.join(entry.file()), page.render()?)?;
    }
    Ok(())
}

/// Copies what pages show or link to, and gathers the links that lead nowhere.
fn copy_files(
    out: &Path,
    folder: &Folder,
    entries: &[Entry],
) -> Result<(usize, BTreeSet<Problem>)> {
    let pages: BTreeSet<String> = entries.iter().map(Entry::file).collect();
    let documents: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    let (mut copied, mut dead) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries {
        let Ok(page) = &entry.rendered else { continue };
        for path in &page.files {
            let (from, to) = (folder.root.join(path), format!("pages/{path}"));
            if stays_inside(path) && from.is_file() && !pages.contains(&to) {
                if copied.insert(path) {
                    create_parent(&out.join(&to))?;
                    fs::copy(&from, out.join(&to))
                        .with_context(|| format!("cannot copy {}", from.display()))?;
                }
            } else {
                dead.insert(Problem {
                    path: entry.path.clone(),
                    reason: path.clone(),
                });
            }
        }
        for path in page
            .documents
            .iter()
            .filter(|path| !documents.contains(path.as_str()))
        {
            dead.insert(Problem {
                path: entry.path.clone(),
                reason: path.clone(),
            });
        }
    }
    Ok((copied.len(), dead))
}

/// The worker says where a file is; that it lies in the folder is ours to see.
fn stays_inside(path: &str) -> bool {
    Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}

/// The site is called as its first README is, or else as its folder.
fn name<'a>(folder: &'a Folder, entries: &'a [Entry]) -> &'a str {
    let readme = entries
        .iter()
        .find(|entry| entry.path.eq_ignore_ascii_case("readme.md"));
    readme.map_or(&folder.name, |readme| &readme.title)
}

fn by_folder<'a>(entries: &'a [Entry], top: &'a str) -> Vec<(&'a str, Vec<&'a Entry>)> {
    let label = |entry: &'a Entry| {
        if entry.folder().is_empty() {
            top
        } else {
            entry.folder()
        }
    };
    entries
        .chunk_by(|a, b| a.folder() == b.folder())
        .map(|members| (label(&members[0]), members.iter().collect()))
        .collect()
}

fn put(file: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    create_parent(file)?;
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

fn create_parent(file: &Path) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))
}
