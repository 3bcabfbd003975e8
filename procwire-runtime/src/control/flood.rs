//! How many control messages are too many. Pure: the time is an argument.

use std::time::{Duration, Instant};

/// Counts messages by the second.
#[derive(Debug)]
pub struct Flood {
    limit: u32,
    since: Option<Instant>,
    count: u32,
}

impl Flood {
    /// More than `limit` messages within a second are a flood.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self {
            limit,
            since: None,
            count: 0,
        }
    }

    /// Counts one more; whether that is a flood.
    pub fn count(&mut self, now: Instant) -> bool {
        match self.since {
            Some(since) if now.saturating_duration_since(since) < WINDOW => {
                self.count = self.count.saturating_add(1);
            }
            _ => (self.since, self.count) = (Some(now), 1),
        }
        self.count > self.limit
    }
}

const WINDOW: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_within_a_second_counts() {
        let (mut flood, start) = (Flood::new(3), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(
            [0, 1, 2, 3].map(|ms| flood.count(at(ms))),
            [false, false, false, true]
        );
        assert_eq!(
            [1000, 1400, 1800, 1999, 2000].map(|ms| flood.count(at(ms))),
            [false, false, false, true, false]
        );
    }
}
