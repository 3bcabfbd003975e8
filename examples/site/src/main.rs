//! A folder of Markdown becomes a site, with a TypeScript worker and a Python worker at the side of this program.
//!
//! `cargo run -p site -- FOLDER` reads the folder ([`folder`]), has its documents rendered and studied at the same
//! time ([`workers`]), and writes what came back ([`site`]). `--kill` kills the Python worker in the middle; the site
//! is complete nevertheless.

mod entry;
mod folder;
mod progress;
mod site;
mod workers;

/// `schemas/pages.toml`: what the TypeScript worker does.
mod pages {
    procwire::include_schema!("../../schemas/pages.toml");
}

/// `schemas/texts.toml`: what the Python worker does.
mod texts {
    procwire::include_schema!("../../schemas/texts.toml");
}

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;

use crate::entry::Entry;
use crate::folder::Folder;
use crate::progress::Progress;
use crate::site::Written;

/// Turns a folder of Markdown into a site to browse.
#[derive(Parser)]
struct Options {
    /// The folder; this repository's own documents if left out.
    folder: Option<PathBuf>,
    /// Where to write the site.
    #[arg(long, default_value = "site")]
    out: PathBuf,
    /// Kill the Python worker in the middle of its work.
    #[arg(long)]
    kill: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let progress = Progress::default();
    let Err(error) = build(&Options::parse(), &progress).await else {
        return ExitCode::SUCCESS;
    };
    // What was tried, and why it failed. A worker's error says all it knows in one text, so there it ends.
    let texts: Vec<String> = error.chain().take(2).map(ToString::to_string).collect();
    progress.note(format_args!("error: {}", texts.join(": ")));
    ExitCode::FAILURE
}

async fn build(options: &Options, progress: &Progress) -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let started = Instant::now();
    site::check_free(&options.out)?;
    let mut folder = Folder::read(
        options.folder.as_deref().unwrap_or(&repository),
        &options.out,
    )?;
    if folder.documents.is_empty() {
        progress.list("left out", &folder.left_out);
        bail!(
            "{} holds no Markdown: not one readable file ends in .md",
            folder.root.display()
        );
    }

    let (pages, texts) = workers::start(&repository, progress).await?;
    let (rendered, mut found) = tokio::try_join!(
        workers::render(&pages, &folder.documents, progress),
        workers::study(&texts, &folder.documents, progress, options.kill),
    )?;
    let entries: Vec<Entry> = std::mem::take(&mut folder.documents)
        .into_iter()
        .zip(rendered)
        .filter_map(|(document, rendered)| {
            let found = found.remove(&document.path)?;
            Some(Entry::new(document, rendered, found))
        })
        .collect();
    let map = workers::draw(&texts, &entries, progress).await?;
    let written = site::write(&options.out, &folder, &entries, &map)?;
    workers::stop(pages, texts).await;

    report(progress, &folder, &written, started);
    Ok(())
}

fn report(progress: &Progress, folder: &Folder, written: &Written, started: Instant) {
    let Written {
        index,
        pages,
        files,
        shown_as_text,
        dead_links,
    } = written;
    progress.list("left out", &folder.left_out);
    progress.list("shown as text", shown_as_text);
    progress.list("leads nowhere", dead_links);
    let (count, seconds) = (folder.left_out.len(), started.elapsed().as_secs_f32());
    progress.note(format_args!(
        "{pages} pages, {files} other files, {count} left out, in {seconds:.1} s: {}",
        index.display()
    ));
}
