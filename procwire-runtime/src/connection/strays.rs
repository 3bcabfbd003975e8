//! Answers to what was answered already. One is an accident; a worker that goes on is broken. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::violation::Violation;

/// The strays of the last minute.
#[derive(Debug, Default)]
pub(super) struct Strays {
    recent: VecDeque<Instant>,
}

impl Strays {
    /// Notes one.
    pub(super) fn note(&mut self, now: Instant) -> Result<(), Violation> {
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) < WITHIN;
        while self.recent.front().is_some_and(|at| !is_recent(at)) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        match self.recent.len() {
            count if count >= MOST => Err(Violation::Duplicates { count }),
            _ => Ok(()),
        }
    }
}

const MOST: usize = 10;
const WITHIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_in_a_minute_are_too_many_and_nine_are_not() {
        let (mut strays, start) = (Strays::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..9 {
            assert_eq!(strays.note(at(second)), Ok(()));
        }
        assert_eq!(strays.note(at(60)), Ok(()), "the first is forgotten");
        assert_eq!(
            strays.note(at(60)),
            Err(Violation::Duplicates { count: 10 })
        );
    }
}
