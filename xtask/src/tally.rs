//! How many tests ran, read off the closing lines of each runner. Pure: text in, numbers out.

use std::ops::AddAssign;

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Those that passed.
    pub passed: u32,
    /// Those that did not, timed out, or could not start.
    pub failed: u32,
    /// Those that were left out.
    pub skipped: u32,
}

impl Tally {
    /// So many that passed.
    pub(crate) const fn passed(passed: usize) -> Self {
        Self {
            passed: passed as u32,
            failed: 0,
            skipped: 0,
        }
    }

    /// How many ran.
    pub(crate) const fn ran(self) -> u32 {
        self.passed + self.failed
    }

    fn add(&mut self, number: u32, word: &str) {
        match word {
            "passed" | "pass" => self.passed += number,
            "failed" | "fail" | "error" | "errors" | "timed" | "cancelled" => self.failed += number,
            "skipped" | "skip" | "ignored" | "todo" | "deselected" => self.skipped += number,
            _ => {}
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// A program that runs tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo nextest`
    Nextest,
    /// `cargo test`
    CargoTest,
    /// `pytest`
    Pytest,
    /// `node --test`
    Node,
    /// `bun test`
    Bun,
}

/// What a runner says it ran; `None` where its closing lines are missing.
pub(crate) fn count(runner: Runner, output: &str) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut closed = false;
    for line in output.lines().map(str::trim) {
        let numbers = match runner {
            Runner::Nextest => line
                .strip_prefix("Summary [")
                .and_then(|rest| rest.split_once(" run: "))
                .map(|(_, rest)| rest),
            Runner::CargoTest => line
                .strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
                .map(|(_, rest)| rest),
            Runner::Pytest => pytest_closing(line),
            // `# pass 3` (tap) and `ℹ pass 3` (spec): the word stands first
            Runner::Node => {
                let mut words = line.split(' ');
                if let (Some("#" | "ℹ"), Some(word), Some(number), None) =
                    (words.next(), words.next(), words.next(), words.next())
                    && let Ok(number) = number.parse()
                {
                    closed = true;
                    tally.add(number, word);
                }
                None
            }
            Runner::Bun => {
                let mut words = line.split(' ');
                match (words.next(), words.next(), words.next()) {
                    (Some(number), Some("pass" | "fail" | "skip" | "todo"), None)
                        if number.parse::<u32>().is_ok() =>
                    {
                        Some(line)
                    }
                    _ => None,
                }
            }
        };
        let Some(numbers) = numbers else { continue };
        closed = true;
        for part in numbers.split([',', ';']) {
            let mut words = part.split_whitespace();
            if let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse), words.next()) {
                tally.add(number, word);
            }
        }
    }
    closed.then_some(tally)
}

/// `=== 3 passed, 1 failed in 0.12s ===`, with or without its rules.
fn pytest_closing(line: &str) -> Option<&str> {
    let line = line.trim_matches(['=', ' ']);
    let (numbers, time) = line.rsplit_once(" in ")?;
    let starts_with_number = numbers.split(' ').next()?.parse::<u32>().is_ok();
    (starts_with_number && time.contains('s')).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tally(passed: u32, failed: u32, skipped: u32) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextest() {
        let output = "    PASS [   0.003s] a b::c\n------------\n     Summary [   1.507s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 3 skipped\n";
        assert_eq!(count(Runner::Nextest, output), Some(tally(7, 2, 3)));
        let one = "     Summary [   0.007s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(count(Runner::Nextest, one), Some(tally(1, 0, 0)));
    }

    #[test]
    fn cargo_test_adds_its_binaries_up() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(count(Runner::CargoTest, output), Some(tally(5, 1, 1)));
    }

    #[test]
    fn pytest_with_rules_and_quiet() {
        let loud = "tests/test_a.py ...\n=== 1 failed, 12 passed, 2 skipped, 1 error in 3.21s ===";
        assert_eq!(count(Runner::Pytest, loud), Some(tally(12, 2, 2)));
        assert_eq!(
            count(Runner::Pytest, "12 passed in 0.30s"),
            Some(tally(12, 0, 0))
        );
        assert_eq!(count(Runner::Pytest, "no tests ran in 0.01s"), None);
    }

    #[test]
    fn node_in_both_its_forms() {
        let tap = "# tests 4\n# pass 3\n# fail 1\n# cancelled 0\n# skipped 0\n# todo 0\n# duration_ms 12.5";
        assert_eq!(count(Runner::Node, tap), Some(tally(3, 1, 0)));
        assert_eq!(
            count(Runner::Node, "ℹ pass 3\nℹ fail 0"),
            Some(tally(3, 0, 0))
        );
    }

    #[test]
    fn bun() {
        let output = "a.test.ts:\n\n 12 pass\n 0 fail\n 1 skip\n 30 expect() calls\nRan 12 tests across 1 file.";
        assert_eq!(count(Runner::Bun, output), Some(tally(12, 0, 1)));
    }

    #[test]
    fn silence_is_no_tally() {
        for runner in [
            Runner::Nextest,
            Runner::CargoTest,
            Runner::Pytest,
            Runner::Node,
            Runner::Bun,
        ] {
            assert_eq!(count(runner, "Segmentation fault\n"), None);
        }
    }
}
