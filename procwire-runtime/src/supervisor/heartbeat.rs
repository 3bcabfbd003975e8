//! When to ask for a sign of life, and when to stop waiting for it. Pure: `now` is an argument.
//!
//! Silence counts only while this process itself was awake: a look that comes later than a whole interval means that the
//! parent, or the whole machine, stood still, and grants the worker a fresh window.

use std::time::{Duration, Instant};

use crate::contract::Heartbeat;

/// The heartbeat of one worker.
#[derive(Debug)]
pub(super) struct Heart {
    policy: Heartbeat,
    /// When the next question is due.
    next: Instant,
    /// Since when a question is unanswered.
    unanswered: Option<Instant>,
    /// When the next look was promised.
    expected: Instant,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Ask.
    Ping,
    /// Look again at this time.
    Wait(Instant),
    /// The worker has been silent for too long. Answers that wait to be read count before it is taken for dead.
    Silent,
}

impl Heart {
    /// The heart of a worker that is ready now. The first question is due at once.
    pub(super) fn new(policy: Heartbeat, now: Instant) -> Self {
        Self {
            policy,
            next: now,
            unanswered: None,
            expected: now,
        }
    }

    /// What to do at this time. No second question is asked while one is unanswered.
    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        let late = now.saturating_duration_since(self.expected) > self.policy.every;
        let beat = self.decide(now, late);
        self.expected = match beat {
            Beat::Wait(at) => at,
            Beat::Ping | Beat::Silent => now,
        };
        beat
    }

    fn decide(&mut self, now: Instant, late: bool) -> Beat {
        if let Some(since) = &mut self.unanswered {
            if late {
                *since = now;
            }
            let silent = now.saturating_duration_since(*since);
            return if silent >= self.policy.miss {
                Beat::Silent
            } else {
                // In steps of the interval, so that standing still is noticed wherever in the window it falls.
                Beat::Wait(after(
                    now,
                    (self.policy.miss - silent).min(self.policy.every),
                ))
            };
        }
        if now < self.next {
            return Beat::Wait(self.next);
        }
        self.unanswered = Some(now);
        self.next = after(now, self.policy.every);
        Beat::Ping
    }

    /// A sign of life arrived.
    pub(super) fn pong(&mut self) {
        self.unanswered = None;
    }
}

/// So long after a time; a century where the clock cannot tell.
fn after(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration).unwrap_or(now + CENTURY)
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_answered_heart_asks_in_its_rhythm_and_a_silent_one_is_noticed() {
        let start = Instant::now();
        let mut heart = Heart::new(Heartbeat::new(ms(100), ms(250)), start);
        let mut at = |after: u64| heart.beat(start + ms(after));
        assert_eq!(at(0), Beat::Ping);
        assert_eq!(at(1), Beat::Wait(start + ms(101)));
        heart.pong();
        let mut at = |after: u64| heart.beat(start + ms(after));
        assert_eq!(at(5), Beat::Wait(start + ms(100)));
        assert_eq!(at(100), Beat::Ping);
        assert_eq!(at(100), Beat::Wait(start + ms(200)));
        assert_eq!(at(200), Beat::Wait(start + ms(300)));
        assert_eq!(at(300), Beat::Wait(start + ms(350)));
        assert_eq!(at(350), Beat::Silent);
    }

    #[test]
    fn a_late_answer_saves_it_and_the_next_question_is_due() {
        let start = Instant::now();
        let mut heart = Heart::new(Heartbeat::new(ms(100), ms(250)), start);
        assert_eq!(heart.beat(start), Beat::Ping);
        heart.pong();
        heart.pong();
        assert_eq!(heart.beat(start + ms(240)), Beat::Ping);
    }

    #[test]
    fn three_misses_of_two_seconds_unless_said() {
        let start = Instant::now();
        let mut heart = Heart::new(Heartbeat::default(), start);
        assert_eq!(heart.beat(start), Beat::Ping);
        for look in [0, 2_000, 4_000] {
            assert_eq!(
                heart.beat(start + ms(look)),
                Beat::Wait(start + ms(look + 2_000))
            );
        }
        assert_eq!(heart.beat(start + ms(6_000)), Beat::Silent);
    }

    /// B7, M2, M4: the parent was stopped, the machine suspended, the runtime starved.
    #[test]
    fn a_parent_that_stood_still_blames_nobody() {
        for stopped_at in [0, 1, 150, 240] {
            let start = Instant::now();
            let mut heart = Heart::new(Heartbeat::new(ms(100), ms(250)), start);
            assert_eq!(heart.beat(start), Beat::Ping);
            let mut now = start;
            while let Beat::Wait(at) = heart.beat(now) {
                if at > start + ms(stopped_at) {
                    break;
                }
                now = at;
            }
            let woken = start + ms(30_000);
            // A whole window from here, whatever the clock says.
            assert_eq!(
                heart.beat(woken),
                Beat::Wait(woken + ms(100)),
                "{stopped_at}"
            );
            assert_eq!(heart.beat(woken + ms(100)), Beat::Wait(woken + ms(200)));
            assert_eq!(heart.beat(woken + ms(200)), Beat::Wait(woken + ms(250)));
            assert_eq!(heart.beat(woken + ms(250)), Beat::Silent);
        }
    }

    #[test]
    fn times_without_end_are_none() {
        let start = Instant::now();
        let mut heart = Heart::new(Heartbeat::new(Duration::MAX, Duration::MAX), start);
        assert_eq!(heart.beat(start), Beat::Ping);
        assert!(matches!(heart.beat(start), Beat::Wait(at) if at > start));
    }
}
