//! Everything this program says to its workers: starting them, the calls, and what happens when one dies.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use procwire::{CallError, Never};
use rustix::process::{Pid, Signal, kill_process};

use crate::entry::Entry;
use crate::folder::Document;
use crate::pages::{Page, PageError, PagesClient};
use crate::progress::Progress;
use crate::texts::{Dot, Findings, Text, TextsClient};

/// What the Python worker found out, by path.
pub(crate) type Studied = BTreeMap<String, Findings>;

/// Documents in the hands of the TypeScript worker at one time.
const AT_ONCE: usize = 8;

/// Starts both workers, each in its own folder.
pub(crate) async fn start(
    repository: &Path,
    progress: &Progress,
) -> Result<(PagesClient, TextsClient)> {
    let workers = repository.join("examples/site/workers");
    let bar = progress.bar("workers", 2);
    let pages = async {
        let pages = PagesClient::builder()
            .cwd(workers.join("typescript"))
            .spawn()
            .await;
        bar.step("typescript");
        pages.context("the TypeScript worker did not start (is `npm install` done?)")
    };
    let texts = async {
        let path = path_with(&repository.join(".venv/bin"));
        let texts = TextsClient::builder()
            .cwd(workers.join("python"))
            .env("PATH", path)
            .spawn()
            .await;
        bar.step("python");
        texts.context("the Python worker did not start (are its requirements installed?)")
    };
    let started = tokio::try_join!(pages, texts)?;
    bar.finish();
    Ok(started)
}

/// Has every document rendered. What a document itself is to blame for is its own answer and stops nothing.
pub(crate) async fn render(
    pages: &PagesClient,
    documents: &[Document],
    progress: &Progress,
) -> Result<Vec<Result<Page, String>>> {
    let bar = progress.bar("pages", documents.len());
    let bar = bar.follow(pages.events().rendered(), |bar, event| {
        bar.inc(1);
        bar.set_message(event.path);
    });
    let answers = stream::iter(documents)
        .map(|document| render_one(pages, document))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    bar.finish();
    Ok(answers)
}

async fn render_one(pages: &PagesClient, document: &Document) -> Result<Result<Page, String>> {
    match pages.render(&document.path, &document.markdown).await {
        Ok(page) => Ok(Ok(page)),
        Err(CallError::App(PageError::FrontMatter { line, reason })) => Ok(Err(format!(
            "its front matter cannot be read, line {line}: {reason}"
        ))),
        Err(error @ (CallError::Remote(_) | CallError::Timeout { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => {
            Err(error).with_context(|| format!("{} could not be rendered", document.path))
        }
    }
}

/// Has the texts studied. If the worker dies in the middle, the next one is asked for what is still missing.
pub(crate) async fn study(
    texts: &TextsClient,
    documents: &[Document],
    progress: &Progress,
    mut kill: bool,
) -> Result<Studied> {
    let bar = progress.bar("texts", documents.len());
    let bar = bar.follow(texts.events().progress(), |bar, event| {
        bar.set_length(event.total.into());
        bar.set_position(event.done.into());
        bar.set_message(event.doing);
    });
    let all: Vec<Text> = documents.iter().map(Document::text).collect();
    let mut studied = Studied::new();
    while let Err(error) = study_rest(texts, &all, &mut studied, progress, &mut kill).await {
        if !matches!(error, CallError::Crashed { .. }) {
            return Err(error).context("the texts could not be studied");
        }
        let (all, left) = (all.len(), all.len() - studied.len());
        progress.note(format_args!(
            "the Python worker died; asking the next one for {left} of {all} texts"
        ));
    }
    bar.finish();
    Ok(studied)
}

async fn study_rest(
    texts: &TextsClient,
    all: &[Text],
    studied: &mut Studied,
    progress: &Progress,
    kill: &mut bool,
) -> Result<(), CallError<Never>> {
    let missing: Vec<String> = all
        .iter()
        .map(|text| text.path.clone())
        .filter(|path| !studied.contains_key(path))
        .collect();
    let mut findings = texts.study(all.to_vec()).only(missing).await?;
    while let Some(found) = findings.try_next().await? {
        studied.insert(found.path.clone(), found);
        if std::mem::take(kill) {
            kill_worker(texts, progress);
        }
    }
    Ok(())
}

/// Has the map drawn.
pub(crate) async fn draw(
    texts: &TextsClient,
    entries: &[Entry],
    progress: &Progress,
) -> Result<String> {
    let bar = progress.bar("map", 1);
    let dots: Vec<Dot> = entries.iter().map(Entry::dot).collect();
    let map = texts
        .draw(dots)
        .await
        .context("the map could not be drawn")?;
    bar.finish();
    Ok(map)
}

/// Lets both workers finish.
pub(crate) async fn stop(pages: PagesClient, texts: TextsClient) {
    tokio::join!(pages.shutdown(), texts.shutdown());
}

/// What `--kill` is for. SIGKILL, by process id: the worker has no say in it.
fn kill_worker(texts: &TextsClient, progress: &Progress) {
    let Some(pid) = texts
        .module()
        .pid()
        .and_then(|pid| Pid::from_raw(pid.cast_signed()))
    else {
        return;
    };
    if kill_process(pid, Signal::KILL).is_ok() {
        progress.note(format_args!(
            "killed the Python worker, process {}",
            pid.as_raw_nonzero()
        ));
    }
}

/// The search path with the repository's own Python in front.
fn path_with(first: &Path) -> OsString {
    let usual = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(first.to_owned()).chain(env::split_paths(&usual)))
        .unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No process: a worker that answers from a closure, behind the same codec and framing.
    #[tokio::test]
    async fn a_document_that_breaks_is_its_own_problem() {
        let pages = PagesClient::scripted()
            .on_render(|args| match args.path.as_str() {
                "draft.md" => Err(PageError::FrontMatter {
                    line: 3,
                    reason: "unclosed".to_owned(),
                }),
                "bug.md" => panic!("a bug in the worker"),
                _ => Ok(Page {
                    title: args.path,
                    html: args.markdown,
                    headings: Vec::new(),
                    documents: Vec::new(),
                    files: Vec::new(),
                }),
            })
            .start();
        let documents = ["good.md", "draft.md", "bug.md", "last.md"].map(|path| Document {
            path: path.to_owned(),
            markdown: "words".to_owned(),
        });

        let answers = render(&pages, &documents, &Progress::default())
            .await
            .unwrap();
        let titles: Vec<_> = answers
            .iter()
            .map(|answer| answer.as_ref().map(|page| page.title.as_str()))
            .collect();
        assert_eq!((titles[0], titles[3]), (Ok("good.md"), Ok("last.md")));
        assert_eq!(
            titles[1].unwrap_err(),
            "its front matter cannot be read, line 3: unclosed"
        );
        assert!(
            titles[2].unwrap_err().contains("a bug in the worker"),
            "{titles:?}"
        );
    }
}
