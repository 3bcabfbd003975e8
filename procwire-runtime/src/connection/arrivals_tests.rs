//! Every kind of frame in every state of a request of a worker that is held to the rules.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::*;
use crate::connection::down::Down;
use crate::connection::entry::{Bounds, Progress, Registration, Space};
use crate::connection::writer::Span;
use crate::control::Features;
use crate::ids::STARTED;
use crate::wire::Header;

const BOUNDS: Bounds = Bounds {
    in_flight: 100,
    stream_bytes: 300,
    total_bytes: 300,
};
const WINDOW: u32 = 1000;
const SPACE: Space = Space {
    places: 8,
    generations: 4,
};

struct Table {
    pending: Pending,
    now: Instant,
}

fn features() -> Features {
    Features {
        started: true,
        credit: Some(WINDOW),
        ..Features::default()
    }
}

impl Table {
    fn new() -> Self {
        let pending = Pending::new(BOUNDS, &features(), SPACE);
        let now = Instant::now();
        Self { pending, now }
    }

    fn register(&mut self, expects: Expects) -> u32 {
        let registration = Registration {
            method: 1,
            expects,
            deadline: None,
            silence: None,
            announced: true,
            cancellable: true,
        };
        let (id, _) = self.pending.register(registration).unwrap();
        self.pending.sent(id, Span { start: 0, end: 1 });
        id
    }

    fn frame(&mut self, method: u16, flags: u8, id: u32, size: usize) -> Result<Action, Violation> {
        let header = Header {
            method,
            flags: Flags::from_byte(flags).unwrap(),
            request: id,
            length: size as u32,
        };
        let payload = Bytes::from(vec![7; size]);
        let kind = self.pending.rules.kind(&header)?;
        let now = self.now;
        self.pending
            .on_frame(kind, Frame { header, payload }, || now, &mut Vec::new())
    }

    fn answer(&mut self, flags: u8, id: u32) -> Result<Action, Violation> {
        self.frame(1, flags, id, 0)
    }

    fn started(&mut self, id: u32) -> Result<Action, Violation> {
        self.frame(STARTED, 0x01, id, 0)
    }

    fn reply(&mut self, id: u32) -> Option<Reply> {
        let context = &mut Context::from_waker(Waker::noop());
        match self.pending.poll_reply(id, Instant::now, context) {
            Poll::Ready(reply) => reply,
            Poll::Pending => None,
        }
    }

    fn items(&mut self, id: u32) -> (Poll<Option<Progress>>, usize, Option<u32>) {
        let context = &mut Context::from_waker(Waker::noop());
        let mut queue = VecDeque::new();
        let polled = self
            .pending
            .poll_items(id, &mut queue, Instant::now, context);
        (polled, queue.len(), self.pending.grant(id))
    }

    fn give_up(&mut self, id: u32) {
        let now = self.now;
        assert!(self.pending.abandon(id, || now).is_some());
    }

    fn fail(&mut self, drained: bool) {
        let down = Down {
            drained,
            ..Down::new("over")
        };
        self.pending
            .fail_all(&Arc::new(down), |_| true, &mut Vec::new());
    }
}

const FLAGS: [u8; 6] = [0x03, 0x23, 0x07, 0x0B, 0x1B, 0x0F];

#[test]
fn e06_a_wrong_kind_fails_that_call_only() {
    for (expects, right) in [
        (Expects::Result, &[0x03, 0x07][..]),
        (Expects::Ack, &[0x03, 0x23, 0x07]),
        (Expects::Stream, &[0x07, 0x0B, 0x1B, 0x0F]),
    ] {
        for flags in FLAGS {
            let mut table = Table::new();
            let (id, other) = (table.register(expects), table.register(Expects::Result));
            table.started(id).unwrap();
            let action = table.answer(flags, id).unwrap();
            let wrong = !right.contains(&flags);
            let expected = match (wrong, flags) {
                (true, 0x0B) => Action::Abort(id),
                (true, _) => Action::Room,
                _ => Action::Nothing,
            };
            assert_eq!(action, expected, "{expects} {flags:#04x}");
            let reply = match expects {
                Expects::Stream => match table.items(id).0 {
                    Poll::Ready(Some(Progress::Failed(reply))) => Some(reply),
                    _ => None,
                },
                _ => table.reply(id),
            };
            let violated = matches!(
                reply,
                Some(Reply::Violated(
                    Violation::WrongKind { .. },
                    Outcome::Executed
                ))
            );
            assert_eq!(violated, wrong, "{expects} {flags:#04x}: {reply:?}");
            table.answer(0x03, other).unwrap();
            assert!(matches!(table.reply(other), Some(Reply::Answer(_))));
        }
    }
}

#[test]
fn e05_an_answer_with_another_method_fails_that_call_only() {
    let mut table = Table::new();
    let id = table.register(Expects::Result);
    assert_eq!(table.frame(2, 0x03, id, 0), Ok(Action::Room));
    let violation = Violation::WrongMethod {
        request: id,
        expected: 1,
        got: 2,
    };
    let reply = table.reply(id).unwrap();
    assert!(
        matches!(reply, Reply::Violated(what, Outcome::MaybeExecuted) if what == violation),
        "{reply:?}"
    );
    assert!(table.pending.is_empty());
}

#[test]
fn e03_an_id_that_was_never_issued_is_a_violation() {
    let mut table = Table::new();
    let id = table.register(Expects::Result);
    for unknown in [id + 1, id | 1 << 20, u32::MAX, 1 << 20] {
        let violation = Violation::UnknownId { request: unknown };
        assert_eq!(table.answer(0x03, unknown), Err(violation));
        assert_eq!(table.started(unknown), Err(violation));
    }
}

#[test]
fn e02_answers_to_what_was_answered_are_counted() {
    let mut table = Table::new();
    let (read, unread) = (
        table.register(Expects::Result),
        table.register(Expects::Result),
    );
    table.answer(0x03, read).unwrap();
    table.answer(0x03, unread).unwrap();
    table.reply(read).unwrap();
    for i in 0..9 {
        let id = [read, unread][i % 2];
        assert_eq!(table.answer(0x03, id), Ok(Action::Nothing));
    }
    assert_eq!(
        table.answer(0x03, read),
        Err(Violation::Duplicates { count: 10 })
    );
    table.now += Duration::from_secs(60);
    assert_eq!(table.answer(0x03, read), Ok(Action::Nothing));
    assert!(matches!(table.reply(unread), Some(Reply::Answer(_))));
}

#[test]
fn g05_items_after_the_end_are_strays() {
    let mut table = Table::new();
    let id = table.register(Expects::Stream);
    table.started(id).unwrap();
    table.answer(0x1B, id).unwrap();
    for flags in [0x0B, 0x1B, 0x0F].into_iter().cycle().take(9) {
        assert_eq!(table.answer(flags, id), Ok(Action::Nothing));
    }
    assert!(matches!(
        table.answer(0x1B, id),
        Err(Violation::Duplicates { .. })
    ));
    assert!(matches!(
        table.items(id).0,
        Poll::Ready(Some(Progress::End))
    ));
}

#[test]
fn e12_an_answer_that_crosses_the_abort_is_no_stray() {
    let mut table = Table::new();
    for _ in 0..50 {
        let id = table.register(Expects::Result);
        table.give_up(id);
        table.started(id).unwrap();
        assert_eq!(table.answer(0x03, id), Ok(Action::Room));
    }
    assert!(table.pending.is_empty());
}

#[test]
fn e07_an_id_waits_for_its_last_frame_and_then_so_do_new_requests() {
    let mut table = Table::new();
    let ids: Vec<u32> = (0..8).map(|_| table.register(Expects::Result)).collect();
    ids.iter().for_each(|id| table.give_up(*id));
    let registration = Registration {
        method: 1,
        expects: Expects::Result,
        deadline: None,
        silence: None,
        announced: true,
        cancellable: true,
    };
    assert!(
        table.pending.register(registration).is_err(),
        "no id is left"
    );
    assert_eq!(table.answer(0x03, ids[3]), Ok(Action::Room));
    let again = table.register(Expects::Result);
    assert_ne!(again, ids[3]);
    assert_eq!(place_of(again), place_of(ids[3]));
    assert_eq!(table.answer(0x03, ids[3]), Ok(Action::Nothing), "late");
    assert!(table.reply(again).is_none(), "and for nobody");
}

#[test]
fn e08_ids_wrap_around_past_those_in_use() {
    let mut table = Table::new();
    let held = table.register(Expects::Result);
    for _ in 0..200 {
        let id = table.register(Expects::Result);
        assert!(id != 0 && id != held);
        table.answer(0x03, id).unwrap();
        assert!(matches!(table.reply(id), Some(Reply::Answer(_))));
    }
    table.answer(0x03, held).unwrap();
    assert!(matches!(table.reply(held), Some(Reply::Answer(_))));
}

#[test]
fn e01_what_was_given_up_and_does_not_end_is_stuck() {
    let mut table = Table::new();
    let ids: Vec<u32> = (0..3).map(|_| table.register(Expects::Result)).collect();
    table.give_up(ids[0]);
    let first = table.now;
    table.now += Duration::from_secs(1);
    table.give_up(ids[1]);
    assert_eq!(table.pending.stuck(first - Duration::from_secs(1)), 0);
    assert_eq!(table.pending.stuck(first), 1);
    assert_eq!(table.pending.stuck(table.now), 2);
    assert_eq!(table.pending.given_up(), 2);
    table.answer(0x07, ids[0]).unwrap();
    assert_eq!(table.pending.stuck(table.now), 1);
    let mut plain = Pending::new(BOUNDS, &Features::default(), SPACE);
    std::mem::swap(&mut table.pending, &mut plain);
    let id = table.register(Expects::Result);
    table.give_up(id);
    assert_eq!(
        (table.pending.stuck(table.now), table.pending.given_up()),
        (0, 1),
        "such a peer may never answer"
    );
}

#[test]
fn boundary_2_is_not_started_only_where_everything_proves_it() {
    let outcome = |prepare: &dyn Fn(&mut Table, u32), drained: bool| {
        let mut table = Table::new();
        let id = table.register(Expects::Result);
        prepare(&mut table, id);
        table.fail(drained);
        match table.reply(id) {
            Some(Reply::Lost(_, outcome)) => outcome,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(outcome(&|_, _| {}, true), Outcome::NotStarted);
    assert_eq!(outcome(&|_, _| {}, false), Outcome::MaybeExecuted);
    let started = |table: &mut Table, id| {
        table.started(id).unwrap();
    };
    assert_eq!(outcome(&started, true), Outcome::MaybeExecuted);
    let idempotent = |table: &mut Table, id| {
        table.pending.entry(id).unwrap().announced = false;
    };
    assert_eq!(outcome(&idempotent, true), Outcome::MaybeExecuted);
    let liar = |table: &mut Table, _| {
        let other = table.register(Expects::Result);
        table.answer(0x03, other).unwrap();
    };
    assert_eq!(
        outcome(&liar, true),
        Outcome::MaybeExecuted,
        "a worker that answers without having started"
    );
    let refuser = |table: &mut Table, _| {
        let other = table.register(Expects::Result);
        table.answer(0x07, other).unwrap();
    };
    assert_eq!(outcome(&refuser, true), Outcome::NotStarted);
}

#[test]
fn g01_a_frozen_reader_costs_one_window() {
    let mut table = Table::new();
    let id = table.register(Expects::Stream);
    table.started(id).unwrap();
    // 164 bytes each with what an item costs: the seventh is the one that may go beyond.
    for _ in 0..7 {
        assert_eq!(table.frame(1, 0x0B, id, 100), Ok(Action::Nothing));
    }
    let overrun = Violation::Overrun {
        request: id,
        window: WINDOW,
    };
    assert_eq!(table.frame(1, 0x0B, id, 0), Err(overrun));
}

#[test]
fn what_is_granted_is_what_the_reader_is_done_with() {
    let mut table = Table::new();
    let id = table.register(Expects::Stream);
    table.started(id).unwrap();
    for _ in 0..7 {
        table.frame(1, 0x0B, id, 100).unwrap();
    }
    let (_, lent, grant) = table.items(id);
    assert_eq!((lent, grant), (4, None), "beyond half a window");
    let (_, lent, grant) = table.items(id);
    assert_eq!((lent, grant), (3, Some(4 * 164)));
    for _ in 0..4 {
        table.frame(1, 0x0B, id, 100).unwrap();
    }
    assert!(table.frame(1, 0x0B, id, 100).is_err());
}

#[test]
fn g03_items_of_a_stream_that_was_dropped_are_discarded() {
    let mut table = Table::new();
    let id = table.register(Expects::Stream);
    table.started(id).unwrap();
    table.frame(1, 0x0B, id, 100).unwrap();
    table.give_up(id);
    assert_eq!(table.pending.buffered, 0);
    for _ in 0..100 {
        assert_eq!(table.frame(1, 0x0B, id, 100), Ok(Action::Nothing));
    }
    assert_eq!(table.pending.buffered, 0);
    assert_eq!(table.answer(0x0F, id), Ok(Action::Room));
    assert!(table.pending.is_empty());
}
