//! The whole connection against a model of its two ends: everything between them comes in any pieces, late, doubled or not at
//! all, with so few ids that they are used again and again. The same decoder, rules, table and queue as in the real one.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::down::Down;
use super::entry::{
    Action, Bounds, Expects, Progress, Refusal, Registration, Reply, Space, State as Entry,
};
use super::outcome::Outcome;
use super::pending::Pending;
use super::queue::{Data, Queue, State, cut_front};
use super::violation::Violation;
use super::writer::Span;
use crate::control::Features;
use crate::ids::{ABORT, CREDIT, HEADER_SIZE, STARTED};
use crate::wire::{Decoder, Flags, Frame, Header};

const SPACE: Space = Space {
    places: 8,
    generations: 4,
};
const BOUNDS: Bounds = Bounds {
    in_flight: 6,
    stream_bytes: 1,
    total_bytes: 1,
};
const WINDOW: u32 = 500;
const ITEM_COST: i64 = 64;

#[derive(Clone, Debug)]
enum Step {
    Call {
        expects: u8,
        idempotent: bool,
    },
    /// The system takes so many bytes from the parent.
    Accept(usize),
    /// The worker does something about one of its calls.
    Work {
        which: usize,
        what: u8,
        size: usize,
    },
    /// So many bytes of the worker arrive.
    Deliver(usize),
    GiveUp(usize),
    Expire(usize),
    Fetch(usize),
    Tick(u8),
    AnswerAgain(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..16_usize;
    prop_oneof![
        4 => (0..3_u8, any::<bool>()).prop_map(|(expects, idempotent)| Step::Call { expects, idempotent }),
        5 => (1..60_usize).prop_map(Step::Accept),
        8 => (which.clone(), 0..6_u8, 0..300_usize).prop_map(|(which, what, size)| Step::Work { which, what, size }),
        6 => (1..60_usize).prop_map(Step::Deliver),
        1 => which.clone().prop_map(Step::GiveUp),
        1 => which.clone().prop_map(Step::Expire),
        5 => which.clone().prop_map(Step::Fetch),
        1 => (0..60_u8).prop_map(Step::Tick),
        1 => which.prop_map(Step::AnswerAgain),
    ]
}

/// How it ends.
#[derive(Clone, Debug)]
enum Finish {
    /// The worker dies; what it had sent is read to the end of the stream, or not; so many bytes of a next frame went out.
    Exit { drained: bool, torn: usize },
    /// The worker answers what was never asked.
    Unknown,
}

fn finish() -> impl Strategy<Value = Finish> {
    prop_oneof![
        4 => (any::<bool>(), 0..HEADER_SIZE).prop_map(|(drained, torn)| Finish::Exit { drained, torn }),
        1 => Just(Finish::Unknown),
    ]
}

/// Who waits for an answer.
#[derive(Debug)]
struct Caller {
    id: u32,
    expects: Expects,
    span: Span,
    /// Items received so far.
    items: u32,
}

/// A call, as the worker has it.
#[derive(Clone, Debug)]
struct Job {
    serial: u32,
    expects: Expects,
    announces: bool,
    ran: bool,
    balance: i64,
    items: u32,
}

struct World {
    decoder: Decoder,
    table: Pending,
    queue: Queue,
    now: Instant,
    next: u32,
    callers: BTreeMap<u32, Caller>,
    kinds: HashMap<u32, (Expects, bool)>,
    /// Serials whose handler ran …
    ran: Vec<u32>,
    /// … and those of which a caller was told that it never will.
    denied: Vec<u32>,
    worker: Decoder,
    jobs: BTreeMap<u32, Job>,
    done: Vec<(u32, u32)>,
    to_parent: VecDeque<u8>,
}

impl World {
    fn new() -> Self {
        let features = Features {
            started: true,
            credit: Some(WINDOW),
            ..Features::default()
        };
        Self {
            decoder: Decoder::new(1 << 20),
            table: Pending::new(BOUNDS, &features, SPACE),
            queue: Queue::default(),
            now: Instant::now(),
            next: 0,
            callers: BTreeMap::new(),
            kinds: HashMap::new(),
            ran: Vec::new(),
            denied: Vec::new(),
            worker: Decoder::new(1 << 20),
            jobs: BTreeMap::new(),
            done: Vec::new(),
            to_parent: VecDeque::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Call {
                expects,
                idempotent,
            } => self.call(expects, idempotent),
            Step::Accept(most) => self.accept(most),
            Step::Work { which, what, size } => self.work(which, what, size),
            Step::Deliver(most) => {
                self.deliver(most)
                    .expect("a worker that keeps to the rules breaks none");
            }
            Step::GiveUp(which) => {
                if let Some(serial) = pick(&self.callers, which) {
                    let caller = self.callers.remove(&serial).unwrap();
                    self.give_up(caller.id);
                }
            }
            Step::Expire(which) => {
                if let Some(serial) = pick(&self.callers, which) {
                    let (id, span) = (self.callers[&serial].id, self.callers[&serial].span);
                    let taken_back = self.queue.take_back(span);
                    let outcome = match taken_back {
                        true => Outcome::NotSent,
                        false => Outcome::MaybeExecuted,
                    };
                    self.table.expire(id, outcome, &mut Vec::new());
                    if taken_back {
                        self.table.retire(id);
                    }
                }
            }
            Step::Fetch(which) => {
                if let Some(serial) = pick(&self.callers, which) {
                    self.fetch(serial);
                }
            }
            Step::Tick(seconds) => self.now += Duration::from_secs(seconds.into()),
            Step::AnswerAgain(which) => self.answer_again(which),
        }
        self.check();
    }

    fn call(&mut self, expects: u8, idempotent: bool) {
        let expects = [Expects::Result, Expects::Ack, Expects::Stream][usize::from(expects)];
        let registration = Registration {
            method: 1,
            expects,
            deadline: None,
            silence: None,
            announced: !idempotent,
            cancellable: true,
        };
        match self.table.register(registration) {
            Ok((id, _)) => {
                assert!(id != 0 && !self.jobs.contains_key(&id), "an id in use");
                self.next += 1;
                let header = header(1, Flags::REQUEST, id, 4);
                let frame = [&header[..], &self.next.to_be_bytes()].concat();
                let span = self.queue.put(&frame, None);
                self.table.sent(id, span);
                self.kinds.insert(self.next, (expects, !idempotent));
                let caller = Caller {
                    id,
                    expects,
                    span,
                    items: 0,
                };
                self.callers.insert(self.next, caller);
            }
            Err(Refusal::Full) => {
                let full = self.table.live() == BOUNDS.in_flight
                    || self.table.live() + self.table.given_up() >= SPACE.places;
                assert!(full, "refused although there is room");
            }
            Err(Refusal::Down(_)) => panic!("refused although the connection is up"),
        }
    }

    fn accept(&mut self, most: usize) {
        let mut bytes = Vec::new();
        while bytes.len() < most
            && let Some(front) = self.queue.segments.front()
        {
            if let Data::Gone(gone) = front.data {
                self.queue.accepted += gone as u64;
                self.queue.segments.pop_front();
                continue;
            }
            let fits = (most - bytes.len()).min(front.data.len());
            bytes.extend_from_slice(&front.data.bytes()[..fits]);
            self.queue.accepted += fits as u64;
            if fits == front.data.len() {
                self.queue.segments.pop_front();
            } else {
                cut_front(&mut self.queue.segments, fits);
            }
        }
        let mut frames = Vec::new();
        self.worker
            .feed(&bytes, |frame| frames.push(frame))
            .expect("the parent writes frames");
        frames.into_iter().for_each(|frame| self.take_order(&frame));
    }

    /// A frame reaches the worker.
    fn take_order(&mut self, frame: &Frame) {
        let id = frame.header.request;
        match frame.header.method {
            ABORT => {
                // It ends what it was told to give up, whether the handler ran or not.
                if self.jobs.contains_key(&id) {
                    self.end(id, Flags::ERROR);
                }
            }
            CREDIT => {
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.balance += i64::from(number(&frame.payload));
                }
            }
            _ => {
                let serial = number(&frame.payload);
                let (expects, announces) = self.kinds[&serial];
                let job = Job {
                    serial,
                    expects,
                    announces,
                    ran: false,
                    balance: WINDOW.into(),
                    items: 0,
                };
                let before = self.jobs.insert(id, job);
                assert!(before.is_none(), "two requests with one id");
            }
        }
    }

    fn work(&mut self, which: usize, what: u8, size: usize) {
        let Some(id) = pick(&self.jobs, which) else {
            return;
        };
        let job = self.jobs[&id].clone();
        if what == 0 {
            return self.end(id, Flags::ERROR); // a refusal, or a failure
        }
        if !job.ran {
            if job.announces {
                self.write(STARTED, Flags::TO_PARENT, id, &[]);
            }
            assert!(!self.denied.contains(&job.serial), "a false claim");
            self.ran.push(job.serial);
            self.jobs.get_mut(&id).unwrap().ran = true;
        }
        match (job.expects, what) {
            (Expects::Stream, 1) => self.end(id, Flags::END),
            (Expects::Stream, _) if job.balance > 0 => {
                let mut item = vec![0; 8 + size];
                item[..4].copy_from_slice(&job.serial.to_be_bytes());
                item[4..8].copy_from_slice(&job.items.to_be_bytes());
                self.write(1, Flags::CHUNK, id, &item);
                let job = self.jobs.get_mut(&id).unwrap();
                job.balance -= item.len() as i64 + ITEM_COST;
                job.items += 1;
            }
            (Expects::Stream, _) => {}
            (_, 1..3) => self.end(id, Flags::RESPONSE),
            (Expects::Ack, 3) => self.end(id, Flags::ACK),
            _ => {}
        }
    }

    fn end(&mut self, id: u32, flags: Flags) {
        let job = self.jobs.remove(&id).unwrap();
        let flags = match (job.expects, flags) {
            (Expects::Stream, Flags::ERROR) => Flags::STREAM_ERROR,
            (_, flags) => flags,
        };
        let payload = match flags {
            Flags::END => &[][..],
            _ => &job.serial.to_be_bytes(),
        };
        self.write(1, flags, id, payload);
        self.done.push((id, job.serial));
    }

    fn write(&mut self, method: u16, flags: Flags, id: u32, payload: &[u8]) {
        let header = header(method, flags, id, payload.len());
        self.to_parent.extend(header);
        self.to_parent.extend(payload);
    }

    fn deliver(&mut self, most: usize) -> Result<(), Violation> {
        let most = most.min(self.to_parent.len());
        let bytes: Vec<u8> = self.to_parent.drain(..most).collect();
        let mut frames = Vec::new();
        self.decoder.feed(&bytes, |frame| frames.push(frame))?;
        for frame in frames {
            let (kind, now) = (self.table.rules.kind(&frame.header)?, self.now);
            let action = self.table.on_frame(kind, frame, || now, &mut Vec::new())?;
            assert!(
                !matches!(action, Action::Abort(_)),
                "nothing overflows here"
            );
        }
        Ok(())
    }

    /// As a connection does it for a caller that leaves.
    fn give_up(&mut self, id: u32) {
        let now = self.now;
        if let Some(span) = self.table.abandon(id, || now) {
            self.abort(id, span);
        }
    }

    fn abort(&mut self, id: u32, span: Span) {
        if self.queue.take_back(span) {
            self.table.retire(id);
        } else {
            self.queue.put(&header(ABORT, Flags::REQUEST, id, 0), None);
        }
    }

    fn fetch(&mut self, serial: u32) {
        let (now, context) = (self.now, &mut Context::from_waker(Waker::noop()));
        let caller = self.callers.get_mut(&serial).unwrap();
        let id = caller.id;
        let reply = if caller.expects == Expects::Stream {
            let mut queue = VecDeque::new();
            let polled = self.table.poll_items(id, &mut queue, || now, context);
            for item in queue {
                assert_eq!((number(&item), number(&item[4..])), (serial, caller.items));
                caller.items += 1;
            }
            if let Some(bytes) = self.table.grant(id) {
                let frame = [
                    &header(CREDIT, Flags::REQUEST, id, 4)[..],
                    &bytes.to_be_bytes(),
                ];
                self.queue.put(&frame.concat(), None);
            }
            match polled {
                Poll::Pending | Poll::Ready(Some(Progress::Items)) => return,
                Poll::Ready(Some(Progress::End)) => None,
                Poll::Ready(Some(Progress::Failed(reply))) => Some(reply),
                Poll::Ready(None) => panic!("a stream that is not known"),
            }
        } else {
            match self.table.poll_reply(id, || now, context) {
                Poll::Pending => return,
                Poll::Ready(reply) => Some(reply.expect("a call that is known")),
            }
        };
        let caller = self.callers.remove(&serial).unwrap();
        self.judge(serial, &caller, reply);
    }

    /// Whether what a caller is told is true.
    fn judge(&mut self, serial: u32, caller: &Caller, reply: Option<Reply>) {
        let ran = self.ran.contains(&serial);
        if let Some(Reply::TimedOut(outcome) | Reply::Lost(_, outcome)) = &reply
            && outcome.is_safe_to_retry()
        {
            self.denied.push(serial);
        }
        match reply {
            None => assert!(ran),
            Some(Reply::Answer(payload)) => {
                assert_eq!(number(&payload), serial, "somebody else's answer");
                assert!(ran);
            }
            Some(Reply::Error(payload)) => assert_eq!(number(&payload), serial),
            Some(Reply::TimedOut(outcome)) => {
                assert!(outcome != Outcome::NotSent || !ran);
                if outcome == Outcome::MaybeExecuted {
                    self.queue
                        .put(&header(ABORT, Flags::REQUEST, caller.id, 0), None);
                }
            }
            Some(Reply::Lost(down, outcome)) => match outcome {
                Outcome::NotSent => assert!(self.queue.accepted < caller.span.end && !ran),
                Outcome::NotStarted => assert!(down.drained && !ran, "it was started"),
                Outcome::MaybeExecuted => assert!(self.queue.accepted >= caller.span.end),
                Outcome::Executed => panic!("nobody can know"),
            },
            Some(other) => panic!("a worker that keeps to the rules: {other:?}"),
        }
    }

    fn answer_again(&mut self, which: usize) {
        let Some((id, serial)) = self.done.get(which % self.done.len().max(1)).copied() else {
            return;
        };
        // Behind everything else, and with an id that was not given out again since.
        let in_use = self.jobs.contains_key(&id) || self.callers.values().any(|one| one.id == id);
        let waits = self.table.entry(id).is_some_and(|entry| !entry.is_free());
        if in_use || waits || !self.to_parent.is_empty() || self.decoder.is_mid_frame() {
            return;
        }
        self.write(1, Flags::RESPONSE, id, &serial.to_be_bytes());
        self.now += Duration::from_secs(7); // fewer than ten in a minute
        self.deliver(usize::MAX).expect("a stray is only counted");
    }

    /// What holds at all times.
    fn check(&mut self) {
        assert_eq!(self.table.live(), self.callers.len());
        let mut buffered = 0;
        for entry in &self.table.entries {
            let Entry::Stream(stream) = &entry.state else {
                continue;
            };
            let (left, taken) = stream.window.unwrap().balance();
            let held = (stream.bytes + stream.lent) as i64;
            assert_eq!(
                left + held + taken as i64,
                i64::from(WINDOW),
                "credit is lost"
            );
            buffered += stream.bytes + stream.lent;
        }
        assert_eq!(self.table.buffered, buffered);
    }

    /// Everything that is under way arrives, and every reader reads: then every stream may go on.
    fn settle(&mut self) {
        for _ in 0..4 {
            self.accept(usize::MAX);
            self.deliver(usize::MAX).expect("no rule is broken");
            let serials: Vec<u32> = self.callers.keys().copied().collect();
            serials.into_iter().for_each(|serial| self.fetch(serial));
            self.check();
        }
        for job in self.jobs.values() {
            assert!(job.balance > 0, "a stream that nothing moves any more");
        }
        assert_eq!(
            self.table.live() + self.table.given_up(),
            self.jobs.len(),
            "an entry without a request"
        );
    }

    fn finish(&mut self, finish: &Finish) {
        let drained = match finish {
            Finish::Exit { drained, torn } => {
                if let Some(id) = pick(&self.jobs, *torn) {
                    let next = header(1, Flags::ERROR, id, 4);
                    self.to_parent.extend(&next[..*torn]);
                }
                if *drained {
                    self.deliver(usize::MAX).expect("no rule is broken");
                }
                *drained
            }
            Finish::Unknown => {
                self.deliver(usize::MAX).expect("no rule is broken");
                self.write(1, Flags::RESPONSE, 1000, &[]);
                let violation = Violation::UnknownId { request: 1000 };
                assert_eq!(self.deliver(usize::MAX), Err(violation));
                false
            }
        };
        self.queue.state = State::Closed;
        let down = Down {
            drained,
            ..Down::new("over")
        };
        let accepted = self.queue.accepted;
        let sent = |span: Span| accepted >= span.end;
        self.table.fail_all(&Arc::new(down), sent, &mut Vec::new());
        let serials: Vec<u32> = self.callers.keys().copied().collect();
        for serial in serials {
            // Streams have their items first, in portions.
            for _ in 0..1000 {
                if self.callers.contains_key(&serial) {
                    self.fetch(serial);
                }
            }
        }
        assert!(self.callers.is_empty(), "{:?} still wait", self.callers);
        assert!(self.table.is_empty(), "an entry is left");
        assert_eq!((self.table.buffered, self.table.given_up()), (0, 0));
    }
}

fn header(method: u16, flags: Flags, request: u32, length: usize) -> [u8; HEADER_SIZE] {
    let length = length as u32;
    Header {
        method,
        flags,
        request,
        length,
    }
    .to_bytes()
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(*bytes.first_chunk().expect("four bytes"))
}

fn pick<V>(from: &BTreeMap<u32, V>, which: usize) -> Option<u32> {
    from.keys().nth(which % from.len().max(1)).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_between_them_both_ends_agree(
        steps in proptest::collection::vec(step(), 0..150),
        settles in any::<bool>(),
        finish in finish(),
    ) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        if settles {
            world.settle();
        }
        world.finish(&finish);
    }
}
