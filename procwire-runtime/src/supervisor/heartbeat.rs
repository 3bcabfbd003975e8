//! When to ask for a sign of life, and when to stop waiting for it. Pure: `now` is an argument.

use std::time::Instant;

use crate::contract::Heartbeat;

/// The heartbeat of one worker.
#[derive(Debug)]
pub(super) struct Heart {
    policy: Heartbeat,
    /// When the next question is due.
    next: Instant,
    /// Since when a question is unanswered.
    unanswered: Option<Instant>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Ask.
    Ping,
    /// Look again at this time.
    Wait(Instant),
    /// The worker has been silent for too long.
    Dead,
}

impl Heart {
    /// The heart of a worker that is ready now. The first question is due at once.
    pub(super) fn new(policy: Heartbeat, now: Instant) -> Self {
        Self {
            policy,
            next: now,
            unanswered: None,
        }
    }

    /// What to do at this time. No second question is asked while one is unanswered.
    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        if let Some(since) = self.unanswered {
            let limit = since + self.policy.miss;
            return if now >= limit {
                Beat::Dead
            } else {
                Beat::Wait(limit)
            };
        }
        if now < self.next {
            return Beat::Wait(self.next);
        }
        self.unanswered = Some(now);
        self.next = now + self.policy.every;
        Beat::Ping
    }

    /// A sign of life arrived.
    pub(super) fn pong(&mut self) {
        self.unanswered = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_answered_heart_asks_in_its_rhythm_and_a_silent_one_dies() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut heart = Heart::new(
            Heartbeat::new(Duration::from_millis(100), Duration::from_millis(250)),
            start,
        );
        assert_eq!(heart.beat(at(0)), Beat::Ping);
        assert_eq!(heart.beat(at(1)), Beat::Wait(at(250)));
        heart.pong();
        assert_eq!(heart.beat(at(5)), Beat::Wait(at(100)));
        assert_eq!(heart.beat(at(100)), Beat::Ping);
        assert_eq!(heart.beat(at(349)), Beat::Wait(at(350)));
        assert_eq!(heart.beat(at(350)), Beat::Dead);
    }

    #[test]
    fn a_late_answer_saves_it_and_the_next_question_is_due() {
        let start = Instant::now();
        let mut heart = Heart::new(
            Heartbeat::new(Duration::from_millis(100), Duration::from_millis(250)),
            start,
        );
        assert_eq!(heart.beat(start), Beat::Ping);
        heart.pong();
        heart.pong();
        assert_eq!(heart.beat(start + Duration::from_millis(240)), Beat::Ping);
    }
}
