//! What a person sees while it runs: a spinner per running step on a terminal, plain lines everywhere else.
//!
//! Knows nothing of what is run.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The terminal, or the lack of one.
pub(crate) struct Screen {
    bars: Option<MultiProgress>,
    /// How much of the whole is done, below the running steps.
    whole: Option<ProgressBar>,
}

impl Screen {
    /// Looks at standard output and error: both must be a terminal for anything to move.
    pub(crate) fn new() -> Self {
        let live = std::io::stderr().is_terminal()
            && std::io::stdout().is_terminal()
            && std::env::var_os("CI").is_none();
        Self {
            bars: live.then(MultiProgress::new),
            whole: None,
        }
    }

    /// Counts steps below what runs: so many there are.
    pub(crate) fn counting(mut self, steps: usize) -> Self {
        self.whole = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(steps as u64));
            bar.set_style(
                ProgressStyle::with_template("{bar:24.cyan/dim} {pos} of {len}  {elapsed}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        self
    }

    /// One of the counted steps is done.
    pub(crate) fn advance(&self) {
        if let Some(bar) = &self.whole {
            bar.inc(1);
        }
    }

    /// Nothing moves any more.
    pub(crate) fn close(&self) {
        if let Some(bar) = &self.whole {
            bar.finish_and_clear();
        }
    }

    /// Shows that something started.
    pub(crate) fn line(&self, label: &str) -> Line {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = ProgressBar::new_spinner();
            let bar = match &self.whole {
                Some(whole) => bars.insert_before(whole, bar),
                None => bars.add(bar),
            };
            bar.set_style(
                ProgressStyle::with_template(
                    "{spinner:.cyan} {prefix:12} {elapsed:>4}  {wide_msg:.dim}",
                )
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.set_prefix(label.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            say(&format!(" ..  {label}"));
        }
        Line {
            label: label.to_owned(),
            started: Instant::now(),
            told: Mutex::new(Instant::now()),
            bars: self.bars.clone(),
            bar,
        }
    }

    /// Prints a text above whatever moves.
    pub(crate) fn print(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| say(text)),
            None => say(text),
        }
    }
}

/// One running step.
pub(crate) struct Line {
    label: String,
    started: Instant,
    told: Mutex<Instant>,
    bars: Option<MultiProgress>,
    bar: Option<ProgressBar>,
}

impl Line {
    /// Shows what it is doing now. Without a terminal that is told once in a while, so that a log shows life.
    pub(crate) fn note(&self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
            return;
        }
        let Ok(mut told) = self.told.lock() else {
            return;
        };
        if told.elapsed() >= SIGN_OF_LIFE {
            *told = Instant::now();
            say(&format!(
                " ..  {:12} {:>6}  {text}",
                self.label,
                seconds(self.started.elapsed())
            ));
        }
    }

    /// Shows that it ended, and how. Gives back how long it took.
    pub(crate) fn end(self, good: bool, detail: &str) -> Duration {
        let took = self.started.elapsed();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let line = format!(
            "{}  {:12} {:>6}  {detail}",
            mark(good, self.bars.is_some()),
            self.label,
            seconds(took)
        );
        match &self.bars {
            Some(bars) => bars.suspend(|| say(line.trim_end())),
            None => say(line.trim_end()),
        }
        took
    }
}

/// `12.3s`, `2m05s`.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 60 {
        format!("{:.1}s", time.as_secs_f64())
    } else {
        format!("{}m{:02}s", whole / 60, whole % 60)
    }
}

/// Prints one text and a line end on standard output. A closed pipe is not an error worth a message.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

const fn mark(good: bool, colour: bool) -> &'static str {
    match (good, colour) {
        (true, true) => "\x1b[32m ok \x1b[0m",
        (false, true) => "\x1b[31mFAIL\x1b[0m",
        (true, false) => " ok ",
        (false, false) => "FAIL",
    }
}

const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2s");
        assert_eq!(seconds(Duration::from_secs(125)), "2m05s");
    }
}
