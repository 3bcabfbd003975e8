//! `cargo xtask test`: the stages one after the other, then a table, then one line with the numbers.
//!
//! Knows how stages are run and added up; what each of them runs stands in the files beside this one.

mod chaos;
mod examples;
mod generated;
mod python;
mod rust;
mod stages;
mod typescript;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::prepare::{Need, Prepared};
use crate::screen::{Screen, say, seconds};
use crate::shell::{Failure, Shell};
use crate::tally::Tally;
use crate::toolbox;

use stages::STAGES;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only this stage; may be given several times
    #[arg(long, value_name = "STAGE")]
    only: Vec<String>,
    /// List the stages and what each of them proves
    #[arg(long)]
    list: bool,
}

/// One thing that must hold.
pub(crate) struct Stage {
    /// Its name, for `--only`.
    pub name: &'static str,
    /// What it proves.
    pub proves: &'static str,
    /// What must be installed first.
    pub needs: &'static [Need],
    /// Runs it and says how many tests that were; none for what is no test.
    pub run: fn(&Shell<'_>) -> Result<Tally, Failed>,
}

/// A stage that failed, with the tests that it could count all the same.
pub(crate) struct Failed {
    /// Why.
    pub failure: Failure,
    /// What was counted.
    pub tally: Tally,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            tally: Tally::default(),
        }
    }
}

/// Runs what the options ask for.
pub(crate) fn run(place: &Place, options: &Options) -> Result<ExitCode, String> {
    if options.list {
        for stage in STAGES {
            say(&format!("{:12} {}", stage.name, stage.proves));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let stages = choose(&options.only)?;
    let needs: Vec<Need> = Need::ALL
        .into_iter()
        .filter(|need| stages.iter().any(|stage| stage.needs.contains(need)))
        .collect();
    toolbox::check_rust(true)?;
    if needs.contains(&Need::Python) {
        toolbox::check_python()?;
    }
    if needs.contains(&Need::Node) {
        toolbox::check_node()?;
    }

    let started = Instant::now();
    let screen = Screen::new().counting(stages.len());
    let prepared = Prepared::default();
    let rows: Vec<Row> = std::thread::scope(|scope| {
        scope.spawn(|| prepared.run(place, &screen, &needs));
        stages
            .iter()
            .map(|stage| {
                let row = run_stage(stage, place, &screen, &prepared);
                screen.advance();
                row
            })
            .collect()
    });
    screen.close();

    say("");
    for line in table(&rows, started.elapsed()) {
        say(&line);
    }
    let (tally, good) = sum(&rows);
    say("");
    say(&closing(tally));
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn choose(only: &[String]) -> Result<Vec<&'static Stage>, String> {
    if let Some(unknown) = only
        .iter()
        .find(|name| !STAGES.iter().any(|stage| stage.name == **name))
    {
        let names: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        return Err(format!(
            "there is no stage `{unknown}`; the stages are {}",
            names.join(", ")
        ));
    }
    Ok(STAGES
        .iter()
        .filter(|stage| only.is_empty() || only.iter().any(|name| name == stage.name))
        .collect())
}

/// How a stage ended.
struct Row {
    name: &'static str,
    took: Duration,
    tally: Tally,
    good: bool,
}

fn run_stage(stage: &Stage, place: &Place, screen: &Screen, prepared: &Prepared) -> Row {
    for need in stage.needs {
        if prepared.wait(*need).is_err() {
            let line = screen.line(stage.name);
            let reason = format!("`{}` failed, which it needs", need.label());
            let took = line.end(false, &reason);
            return Row {
                name: stage.name,
                took,
                tally: Tally::default(),
                good: false,
            };
        }
    }
    let line = screen.line(stage.name);
    let shell = Shell::new(place, &line, stage.name);
    let result = (stage.run)(&shell);
    let log = place.show(shell.log());
    match result {
        Ok(tally) => Row {
            name: stage.name,
            took: line.end(true, &tests(tally)),
            tally,
            good: true,
        },
        Err(Failed { failure, tally }) => {
            let took = line.end(false, &tests(tally));
            screen.print(&failure.excerpt(stage.name));
            screen.print(&format!(
                "The whole of it is in {log}; again with `cargo xtask test --only {}`.",
                stage.name
            ));
            Row {
                name: stage.name,
                took,
                tally,
                good: false,
            }
        }
    }
}

fn tests(tally: Tally) -> String {
    match (tally.ran(), tally.failed) {
        (0, _) => String::new(),
        (1, 0) => "1 test".to_owned(),
        (ran, 0) => format!("{ran} tests"),
        (ran, failed) => format!("{failed} of {ran} tests failed"),
    }
}

fn table(rows: &[Row], total: Duration) -> Vec<String> {
    let mut lines = vec![format!("{:14}{:>8}{:>8}  result", "stage", "time", "tests")];
    lines.extend(rows.iter().map(|row| {
        let tests = match row.tally.ran() {
            0 => String::new(),
            ran => ran.to_string(),
        };
        let result = match (row.good, row.tally.failed) {
            (true, _) => "ok".to_owned(),
            (false, 0) => "FAILED".to_owned(),
            (false, failed) => format!("FAILED ({failed})"),
        };
        format!(
            "{:14}{:>8}{tests:>8}  {result}",
            row.name,
            seconds(row.took)
        )
    }));
    let (tally, good) = sum(rows);
    lines.push(format!(
        "{:14}{:>8}{:>8}  {}",
        "all",
        seconds(total),
        tally.ran(),
        if good { "ok" } else { "FAILED" }
    ));
    lines
}

/// A failed stage without a failed test counts as one: the closing line must not look well when it is not.
fn sum(rows: &[Row]) -> (Tally, bool) {
    let mut tally = Tally::default();
    for row in rows {
        tally += row.tally;
        if !row.good && row.tally.failed == 0 {
            tally.failed += 1;
        }
    }
    (tally, rows.iter().all(|row| row.good) && tally.failed == 0)
}

fn closing(tally: Tally) -> String {
    let Tally {
        passed,
        failed,
        skipped,
    } = tally;
    match skipped {
        0 => format!("{passed} passed, {failed} failed"),
        _ => format!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn row(name: &'static str, passed: u32, failed: u32, good: bool) -> Row {
        Row {
            name,
            took: Duration::from_secs(2),
            tally: Tally {
                passed,
                failed,
                skipped: 0,
            },
            good,
        }
    }

    #[test]
    fn a_failed_stage_is_never_summed_up_as_well() {
        let rows = [row("fmt", 0, 0, false), row("nextest", 7, 0, true)];
        let (tally, good) = sum(&rows);
        assert!(!good);
        assert_eq!(closing(tally), "7 passed, 1 failed");
    }

    #[test]
    fn the_table_names_every_stage() {
        let rows = [row("fmt", 0, 0, true), row("nextest", 7, 2, false)];
        assert_eq!(
            table(&rows, Duration::from_secs(64)),
            [
                "stage             time   tests  result",
                "fmt               2.0s          ok",
                "nextest           2.0s       9  FAILED (2)",
                "all              1m04s       9  FAILED",
            ]
        );
    }

    #[test]
    fn an_unknown_stage_is_refused_with_the_known_ones() {
        let Err(sentence) = choose(&["nxtest".to_owned()]) else {
            panic!("there is no such stage");
        };
        assert!(sentence.contains("`nxtest`") && sentence.contains("nextest, "));
    }

    #[test]
    fn names_of_stages_are_told_apart() {
        for (at, stage) in STAGES.iter().enumerate() {
            assert!(STAGES[..at].iter().all(|other| other.name != stage.name));
            assert!(
                stage.name.len() <= 12,
                "{} does not fit its column",
                stage.name
            );
        }
    }
}
