//! Bars on a terminal, plain lines elsewhere.

use std::fmt::Display;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use crate::folder::Problem;

/// Everything the user sees of one run.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    bars: MultiProgress,
}

/// One piece of work.
pub(crate) struct Bar {
    bar: ProgressBar,
    progress: Progress,
    started: Instant,
    follower: Option<JoinHandle<()>>,
}

impl Progress {
    /// One more piece of work, of `total` steps.
    pub(crate) fn bar(&self, name: &'static str, total: usize) -> Bar {
        let template = "{prefix:>13.bold}  {bar:30.cyan/dim} {pos:>4}/{len:<4} {wide_msg:.dim}";
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸━");
        let bar = ProgressBar::new(total as u64).with_style(style);
        let bar = self.bars.add(bar.with_prefix(name));
        bar.enable_steady_tick(Duration::from_millis(100));
        let (progress, started) = (self.clone(), Instant::now());
        Bar {
            bar,
            progress,
            started,
            follower: None,
        }
    }

    /// A line for each file that something is to be said of.
    pub(crate) fn list<'a>(&self, what: &str, problems: impl IntoIterator<Item = &'a Problem>) {
        for Problem { path, reason } in problems {
            self.note(format_args!("{what:>13}  {path}: {reason}"));
        }
    }

    /// A line of its own, above the bars.
    #[expect(
        clippy::print_stderr,
        reason = "a program's progress belongs on its stderr"
    )]
    pub(crate) fn note(&self, line: impl Display) {
        self.bars.suspend(|| eprintln!("{line}"));
    }
}

impl Bar {
    /// From now on, every event does to the bar what `step` says.
    pub(crate) fn follow<E: Send + 'static>(
        mut self,
        mut events: impl Stream<Item = E> + Unpin + Send + 'static,
        step: impl Fn(&ProgressBar, E) + Send + 'static,
    ) -> Self {
        let bar = self.bar.clone();
        self.follower = Some(tokio::spawn(async move {
            while let Some(event) = events.next().await {
                step(&bar, event);
            }
        }));
        self
    }

    /// One step more.
    pub(crate) fn step(&self, what: &str) {
        self.bar.inc(1);
        self.bar.set_message(what.to_owned());
    }

    /// The work is done.
    pub(crate) fn finish(self) {
        let done = format!("done in {:.1} s", self.started.elapsed().as_secs_f32());
        if self.bar.is_hidden() {
            self.progress
                .note(format_args!("{:>13}  {done}", self.bar.prefix()));
        }
        self.bar.set_position(self.bar.length().unwrap_or_default());
        self.bar.finish_with_message(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
    }
}
