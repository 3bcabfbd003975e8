//! Whether a call whose worker was lost is sent again. Pure: it is told the time and what is known, and decides.

use std::time::{Duration, Instant};

use crate::connection::Outcome;

/// What one call has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Retry {
    /// How often it was sent again.
    resent: u32,
    /// How many workers died that may have been executing it.
    suspected: u32,
}

/// What is to become of a call whose worker was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// To be sent again, to another incarnation.
    Resend,
    /// Its caller hears of the loss.
    Fail,
    /// Its caller hears that it kills workers.
    Poisoned,
}

impl Retry {
    /// How many workers died that may have been executing it.
    pub(super) const fn suspected(self) -> u32 {
        self.suspected
    }

    /// A worker was lost. `idempotent`: executing the call twice does no harm; `committed`: its caller has seen an item.
    ///
    /// `budget` is asked only for what it has to pay for: a request of which the worker cannot have had the last byte is still
    /// on its first way.
    pub(super) fn on_loss(
        &mut self,
        outcome: Outcome,
        idempotent: bool,
        committed: bool,
        budget: impl FnOnce() -> bool,
    ) -> Verdict {
        self.suspected += u32::from(outcome == Outcome::MaybeExecuted);
        if self.suspected >= POISON {
            return Verdict::Poisoned;
        }
        let allowed = match outcome {
            Outcome::NotSent | Outcome::NotStarted => true,
            Outcome::MaybeExecuted => idempotent,
            Outcome::Executed => false,
        };
        if !allowed || committed || self.resent >= MAX_RESENT {
            return Verdict::Fail;
        }
        if outcome != Outcome::NotSent && !budget() {
            return Verdict::Fail;
        }
        self.resent += 1;
        Verdict::Resend
    }
}

/// How many calls of a module may be sent again: a tenth of all calls and ten in a second, saved up to 1 024.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    saved: u64,
    calls: u64,
    at: Option<Instant>,
}

impl Budget {
    /// A budget with all it can save up.
    pub(super) const fn new() -> Self {
        Self {
            saved: MOST,
            calls: 0,
            at: None,
        }
    }

    /// Takes one. `calls`: how many calls were made so far. False when nothing is left.
    pub(super) fn draw(&mut self, now: Instant, calls: u64) -> bool {
        let at = *self.at.get_or_insert(now);
        let passed = now.saturating_duration_since(at).as_millis();
        // Whole milliseconds count; the rest counts next time.
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.at = at.checked_add(Duration::from_millis(passed)).or(Some(now));
        let earned = calls
            .saturating_sub(self.calls)
            .saturating_mul(PER_CALL)
            .saturating_add(passed.saturating_mul(PER_MILLISECOND));
        self.calls = self.calls.max(calls);
        self.saved = self.saved.saturating_add(earned).min(MOST);
        match self.saved.checked_sub(PRICE) {
            Some(left) => {
                self.saved = left;
                true
            }
            None => false,
        }
    }
}

/// How long to wait before the same incarnation is asked again: anything from 1 to 20 ms, so that not all come at once.
pub(super) fn jitter(dice: u32) -> Duration {
    Duration::from_micros(1_000 + u64::from(dice) % 19_001)
}

/// The one that promises less. What a caller is told of a call that was sent several times is the worst of it.
pub(super) const fn worse(one: Outcome, other: Outcome) -> Outcome {
    if rank(one) < rank(other) { other } else { one }
}

const fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotSent => 0,
        Outcome::NotStarted => 1,
        Outcome::MaybeExecuted => 2,
        Outcome::Executed => 3,
    }
}

/// How often a call is sent again.
const MAX_RESENT: u32 = 3;
/// How many workers may die over a call.
const POISON: u32 = 2;
/// What sending again costs, and what is earned, in thousandths.
const PRICE: u64 = 1_000;
const PER_CALL: u64 = 100;
const PER_MILLISECOND: u64 = 10;
const MOST: u64 = 1_024 * PRICE;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcomes() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::NotSent),
            Just(Outcome::NotStarted),
            Just(Outcome::MaybeExecuted),
            Just(Outcome::Executed),
        ]
    }

    #[test]
    fn what_cannot_have_been_executed_is_sent_again_three_times() {
        for outcome in [Outcome::NotSent, Outcome::NotStarted] {
            let mut retry = Retry::default();
            for _ in 0..3 {
                assert_eq!(
                    retry.on_loss(outcome, false, false, || true),
                    Verdict::Resend
                );
            }
            assert_eq!(retry.on_loss(outcome, false, false, || true), Verdict::Fail);
        }
    }

    #[test]
    fn what_may_have_been_executed_is_sent_again_once_and_only_when_that_does_no_harm() {
        let mut plain = Retry::default();
        assert_eq!(
            plain.on_loss(Outcome::MaybeExecuted, false, false, || true),
            Verdict::Fail
        );
        let mut idempotent = Retry::default();
        let mut lose =
            |committed| idempotent.on_loss(Outcome::MaybeExecuted, true, committed, || true);
        assert_eq!(lose(false), Verdict::Resend);
        assert_eq!(lose(false), Verdict::Poisoned);
        let mut committed = Retry::default();
        assert_eq!(
            committed.on_loss(Outcome::MaybeExecuted, true, true, || true),
            Verdict::Fail
        );
    }

    #[test]
    fn a_request_that_never_left_costs_nothing() {
        let unpaid = || -> bool { panic!("asked for what is free") };
        assert_eq!(
            Retry::default().on_loss(Outcome::NotSent, false, false, unpaid),
            Verdict::Resend
        );
        assert_eq!(
            Retry::default().on_loss(Outcome::NotStarted, false, false, || false),
            Verdict::Fail
        );
    }

    #[test]
    fn the_budget_is_a_tenth_of_the_calls_and_ten_in_a_second() {
        let (mut budget, start) = (Budget::new(), Instant::now());
        let drain = |budget: &mut Budget, now, calls| {
            (0..5_000).filter(|_| budget.draw(now, calls)).count()
        };
        assert_eq!(drain(&mut budget, start, 0), 1_024);
        assert_eq!(drain(&mut budget, start, 1_000), 100);
        assert_eq!(
            drain(&mut budget, start + Duration::from_secs(2), 1_000),
            20
        );
        assert_eq!(
            drain(
                &mut budget,
                start + Duration::from_secs(1_000_000),
                u64::MAX
            ),
            1_024
        );
        assert_eq!(
            drain(&mut budget, start, 0),
            0,
            "a clock that goes back earns nothing"
        );
    }

    proptest! {
        #[test]
        fn no_history_leads_to_a_second_execution_or_beyond_the_bounds(
            losses in prop::collection::vec((outcomes(), any::<bool>(), any::<bool>()), 0..12),
            idempotent: bool,
        ) {
            let (mut retry, mut resent, mut suspected) = (Retry::default(), 0, 0);
            for (outcome, committed, paid) in losses {
                suspected += u32::from(outcome == Outcome::MaybeExecuted);
                match retry.on_loss(outcome, idempotent, committed, || paid) {
                    Verdict::Resend => {
                        resent += 1;
                        prop_assert!(suspected < 2, "poison is never sent again");
                        prop_assert!(!committed && outcome != Outcome::Executed);
                        prop_assert!(idempotent || outcome.is_safe_to_retry());
                        prop_assert!(paid || outcome == Outcome::NotSent);
                    }
                    Verdict::Poisoned => prop_assert!(suspected >= 2),
                    Verdict::Fail => {}
                }
                prop_assert!(resent <= 3 && retry.suspected() == suspected);
            }
        }

        #[test]
        fn no_more_is_drawn_than_was_earned(steps in prop::collection::vec((0_u64..5_000, 0_u64..3_000), 0..200)) {
            let (mut budget, start) = (Budget::new(), Instant::now());
            let (mut time, mut calls, mut drawn) = (0, 0, 0_u64);
            for (micros, more) in steps {
                time += micros;
                calls += more;
                drawn += u64::from(budget.draw(start + Duration::from_micros(time), calls));
                prop_assert!(drawn <= 1_024 + calls / 10 + time / 100_000 + 1);
            }
        }

        #[test]
        fn jitter_is_from_one_to_twenty_milliseconds(dice: u32) {
            prop_assert!((Duration::from_millis(1)..=Duration::from_millis(20)).contains(&jitter(dice)));
        }

        #[test]
        fn the_worst_outcome_counts(one in outcomes(), other in outcomes()) {
            prop_assert_eq!(worse(one, other), worse(other, one));
            prop_assert!(rank(worse(one, other)) >= rank(one));
        }
    }
}
