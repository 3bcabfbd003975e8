//! When a worker that died is started again. Pure: `now` and the dice are arguments.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::contract::Restart;

/// The restarts of one module so far.
#[derive(Debug)]
pub(super) struct Restarts {
    policy: Restart,
    /// When restarts were decided, within the window.
    window: VecDeque<Instant>,
    /// Deaths in a row without a healthy life between them.
    streak: u32,
}

/// What to do about a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Start again after this time.
    After {
        /// The time.
        delay: Duration,
        /// Restarts in the window, this one included.
        restarts: u32,
    },
    /// Not again.
    GiveUp {
        /// Restarts in the window.
        restarts: u32,
    },
}

impl Restarts {
    pub(super) fn new(policy: Restart) -> Self {
        Self {
            policy,
            window: VecDeque::new(),
            streak: 0,
        }
    }

    /// A worker died, or could not be started, after it had served for `lived`. `dice` is anything from 0 to 1.
    pub(super) fn on_death(&mut self, now: Instant, lived: Duration, dice: f64) -> Decision {
        while self
            .window
            .front()
            .is_some_and(|first| now.saturating_duration_since(*first) >= self.policy.within)
        {
            self.window.pop_front();
        }
        let before = u32::try_from(self.window.len()).unwrap_or(u32::MAX);
        if before >= self.policy.max {
            return Decision::GiveUp { restarts: before };
        }
        self.streak = if lived >= HEALTHY {
            0
        } else {
            self.streak.saturating_add(1)
        };
        self.window.push_back(now);
        Decision::After {
            delay: self.delay(dice),
            restarts: before + 1,
        }
    }

    fn delay(&self, dice: f64) -> Duration {
        let (first, greatest) = self.policy.backoff;
        // The first restart of an eager policy waits for nothing, whatever came before it was well.
        let doublings = match (self.policy.eager, self.streak) {
            (true, 0 | 1) if self.window.len() <= 1 => return Duration::ZERO,
            (true, streak) => streak.saturating_sub(2),
            (false, streak) => streak.saturating_sub(1),
        };
        // Jitter comes before the cap, so that the cap holds.
        let varied = first
            .saturating_mul(1 << doublings.min(30))
            .mul_f64(0.8 + 0.4 * dice.clamp(0.0, 1.0));
        varied.min(greatest)
    }
}

/// A worker that served this long was well.
const HEALTHY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    fn delays(policy: Restart, deaths: u32, gap: Duration, lived: Duration) -> Vec<Decision> {
        let (mut restarts, mut now) = (Restarts::new(policy), Instant::now());
        (0..deaths)
            .map(|_| {
                now += gap;
                restarts.on_death(now, lived, 0.5)
            })
            .collect()
    }

    fn after(ms: u64, restarts: u32) -> Decision {
        Decision::After {
            delay: Duration::from_millis(ms),
            restarts,
        }
    }

    #[test]
    fn eager_is_at_once_then_doubles_then_gives_up() {
        let decisions = delays(Restart::new(4, Duration::from_secs(60)), 6, SHORT, SHORT);
        assert_eq!(
            decisions[..4],
            [after(0, 1), after(50, 2), after(100, 3), after(200, 4)]
        );
        assert_eq!(decisions[4..], [Decision::GiveUp { restarts: 4 }; 2]);
    }

    #[test]
    fn a_written_backoff_is_kept_from_the_first_restart() {
        let policy = Restart::new(9, Duration::from_secs(60))
            .backoff(Duration::from_millis(200), Duration::from_millis(700));
        let decisions = delays(policy, 4, SHORT, SHORT);
        assert_eq!(
            decisions,
            [after(200, 1), after(400, 2), after(700, 3), after(700, 4)]
        );
    }

    #[test]
    fn a_healthy_life_resets_the_backoff_and_the_window_slides() {
        let policy = Restart::new(2, Duration::from_secs(60))
            .backoff(Duration::from_millis(200), Duration::from_secs(10));
        let decisions = delays(policy, 20, Duration::from_secs(31), Duration::from_secs(31));
        assert!(decisions.iter().all(|decision| matches!(decision, Decision::After { delay, .. } if delay.as_millis() == 200)), "{decisions:?}");
    }

    #[test]
    fn never_gives_up_at_once() {
        assert_eq!(
            delays(Restart::never(), 1, SHORT, SHORT),
            [Decision::GiveUp { restarts: 0 }]
        );
    }

    #[test]
    fn jitter_stays_within_a_fifth_and_under_the_cap() {
        let policy = Restart::new(9, Duration::from_secs(60))
            .backoff(Duration::from_millis(100), Duration::from_millis(110));
        for (dice, ms) in [(0.0, 80), (0.5, 100), (1.0, 110), (7.0, 110)] {
            assert_eq!(
                Restarts::new(policy).on_death(Instant::now(), SHORT, dice),
                after(ms, 1),
                "{dice}"
            );
        }
    }
}
