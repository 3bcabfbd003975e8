//! The table against a model: whatever is answered, given up, expired, doubled or late, everyone gets their own answer once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::connection::entry::Action;
use crate::wire::{Flags, Frame, Header};

const BOUNDS: Bounds = Bounds {
    in_flight: 8,
    stream_bytes: 1 << 20,
    total_bytes: 1 << 20,
};

fn call(deadline: Option<Instant>) -> Registration {
    Registration {
        method: 1,
        expects: Expects::Result,
        deadline,
        silence: None,
        announced: true,
        cancellable: true,
    }
}

fn table(bounds: Bounds) -> Pending {
    Pending::new(bounds, &Features::default(), Space::WHOLE)
}

/// Hands a frame over as the reader does.
fn hand(table: &mut Pending, frame: Frame) -> Action {
    let kind = table.rules.kind(&frame.header).unwrap();
    table
        .on_frame(kind, frame, Instant::now, &mut Vec::new())
        .unwrap()
}

fn frame(id: u32, flags: Flags, text: &str) -> Frame {
    let payload = Bytes::copy_from_slice(text.as_bytes());
    Frame {
        header: Header {
            method: 1,
            flags,
            request: id,
            length: payload.len() as u32,
        },
        payload,
    }
}

fn reply(table: &mut Pending, id: u32) -> Poll<Option<Reply>> {
    table.poll_reply(id, Instant::now, &mut Context::from_waker(Waker::noop()))
}

#[derive(Clone, Debug)]
enum Step {
    Call,
    Answer(usize),
    AnswerAgain(usize),
    GiveUp(usize),
    Fetch(usize),
    Expire(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..16_usize;
    prop_oneof![
        4 => Just(Step::Call),
        3 => which.clone().prop_map(Step::Answer),
        1 => which.clone().prop_map(Step::AnswerAgain),
        1 => which.clone().prop_map(Step::GiveUp),
        3 => which.clone().prop_map(Step::Fetch),
        1 => which.prop_map(Step::Expire),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Waiting,
    Answered,
    Expired,
}

proptest! {
    #[test]
    fn everyone_gets_their_own_answer_once(steps in proptest::collection::vec(step(), 1..300)) {
        let mut table = table(BOUNDS);
        // Callers that wait, and ids of which the worker still owes its last frame.
        let mut callers: HashMap<u32, Known> = HashMap::new();
        let mut owed: HashSet<u32> = HashSet::new();
        let mut used: Vec<u32> = Vec::new();
        let pick = |from: &mut Vec<u32>, which: usize| { from.sort_unstable(); (!from.is_empty()).then(|| from[which % from.len()]) };
        for step in steps {
            match step {
                Step::Call => match table.register(call(None)) {
                    Ok((id, _)) => {
                        prop_assert!(id != 0 && !owed.contains(&id) && !callers.contains_key(&id), "an id in use was given out");
                        prop_assert!(callers.len() < BOUNDS.in_flight);
                        callers.insert(id, Known::Waiting);
                        owed.insert(id);
                        used.push(id);
                    }
                    Err(Refusal::Full) => prop_assert_eq!(callers.len(), BOUNDS.in_flight),
                    Err(Refusal::Down(_)) => prop_assert!(false),
                },
                Step::Answer(which) => if let Some(id) = pick(&mut owed.iter().copied().collect(), which) {
                    let _ = hand(&mut table, frame(id, Flags::RESPONSE, &id.to_string()));
                    owed.remove(&id);
                    if let Some(known) = callers.get_mut(&id).filter(|known| **known == Known::Waiting) {
                        *known = Known::Answered;
                    }
                },
                // Late, doubled or invented: for an id that owes nothing it must change nothing.
                Step::AnswerAgain(which) => if let Some(id) = pick(&mut used.clone(), which).filter(|id| !owed.contains(id)) {
                    let _ = hand(&mut table, frame(id, Flags::RESPONSE, "wrong"));
                },
                Step::GiveUp(which) => if let Some(id) = pick(&mut callers.keys().copied().collect(), which) {
                    let running = table.abandon(id, Instant::now).is_some();
                    prop_assert_eq!(running, owed.contains(&id));
                    callers.remove(&id);
                },
                Step::Fetch(which) => if let Some(id) = pick(&mut callers.keys().copied().collect(), which) {
                    match (reply(&mut table, id), callers[&id]) {
                        (Poll::Pending, Known::Waiting) => {}
                        (Poll::Ready(Some(Reply::Answer(text))), Known::Answered) => {
                            prop_assert_eq!(text, id.to_string());
                            callers.remove(&id);
                        }
                        (Poll::Ready(Some(Reply::TimedOut(_))), Known::Expired) => { callers.remove(&id); }
                        (other, known) => prop_assert!(false, "{known:?} {other:?}"),
                    }
                },
                Step::Expire(which) => if let Some(id) = pick(&mut callers.keys().copied().collect(), which) {
                    table.expire(id, Outcome::MaybeExecuted, &mut Vec::new());
                    if callers[&id] == Known::Waiting {
                        callers.insert(id, Known::Expired);
                    }
                },
            }
            prop_assert_eq!(table.live(), callers.len());
            prop_assert_eq!(table.is_empty(), callers.is_empty() && owed.is_empty());
        }
        // The end settles whoever still waits, exactly once, and leaves nothing.
        table.fail_all(&Arc::new(Down::new("over")), |_| true, &mut Vec::new());
        for (id, known) in callers {
            let settled = reply(&mut table, id);
            let lost = matches!(settled, Poll::Ready(Some(Reply::Lost(_, Outcome::MaybeExecuted))));
            prop_assert_eq!(lost, known == Known::Waiting, "{:?}", settled);
        }
        prop_assert!(table.is_empty());
        prop_assert!(matches!(table.register(call(None)), Err(Refusal::Down(_))));
    }
}

#[test]
fn a_worker_that_never_answers_what_was_given_up_does_not_use_up_the_ids() {
    let mut table = table(BOUNDS);
    for _ in 0..3 * MAX_QUARANTINE {
        let (id, _) = table.register(call(None)).unwrap();
        assert!(table.abandon(id, Instant::now).is_some());
    }
    assert!(
        table.entries.len() <= MAX_QUARANTINE + 1,
        "{}",
        table.entries.len()
    );
    let (id, _) = table.register(call(None)).unwrap();
    assert!(matches!(reply(&mut table, id), Poll::Pending));
}

#[test]
fn the_alarm_is_the_earliest_deadline_and_only_who_is_due_expires() {
    let (mut table, start) = (table(BOUNDS), Instant::now());
    let at = |ms| start + Duration::from_millis(ms);
    let (late, first) = table.register(call(Some(at(500)))).unwrap();
    assert!(first);
    let (early, earlier) = table.register(call(Some(at(100)))).unwrap();
    let (_, needless) = table.register(call(Some(at(300)))).unwrap();
    assert!(earlier && !needless);
    assert_eq!(table.due(at(99)), (vec![], Some(at(100))));
    assert_eq!(table.due(at(100)).0, [early]);
    table.expire(early, Outcome::NotSent, &mut Vec::new());
    assert_eq!(table.due(at(101)), (vec![], Some(at(300))));
    assert!(table.due(at(600)).0.contains(&late));
}

#[test]
fn what_a_reader_has_fetched_counts_until_it_comes_back_for_more() {
    let bounds = Bounds {
        stream_bytes: 300,
        ..BOUNDS
    };
    let mut table = table(bounds);
    let (id, _) = table
        .register(Registration {
            expects: Expects::Stream,
            ..call(None)
        })
        .unwrap();
    let (mut queue, mut context) = (VecDeque::new(), Context::from_waker(Waker::noop()));
    let send = |table: &mut Pending| hand(table, frame(id, Flags::CHUNK, "x"));
    for _ in 0..4 {
        assert_eq!(send(&mut table), Action::Nothing);
    }
    assert!(matches!(
        table.poll_items(id, &mut queue, Instant::now, &mut context),
        Poll::Ready(Some(Progress::Items))
    ));
    assert_eq!(queue.len(), 4);
    assert_eq!(
        send(&mut table),
        Action::Abort(id),
        "the four are still on their way to the reader"
    );
    queue.clear();
    assert!(matches!(
        table.poll_items(id, &mut queue, Instant::now, &mut context),
        Poll::Ready(Some(Progress::Failed(Reply::Overflow { .. })))
    ));
    assert_eq!(table.buffered, 0);
}
