//! What a seed makes happen: dice, the simulated processes, and the book in which the workers write what they did.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::worker;
use crate::chance::seeded;
use crate::connection::Exit;
use crate::supervisor::process::simulated::{Body, Nursery, Started};
use crate::supervisor::process::{Child, Offer};
use crate::transport::{Duplex, memory};

/// Numbers that follow from a seed.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for one thing among many, so that what one does leaves the numbers of the others as they are.
    pub(super) const fn new(seed: u64, thing: u64) -> Self {
        Self(seeded::next(seed ^ thing.wrapping_mul(0xA076_1D64_78BD_642F)).1)
    }

    /// A number below `end`.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        let (state, number) = seeded::next(self.0);
        self.0 = state;
        number % end
    }

    /// Whether something happens that does so many times in a hundred.
    pub(super) const fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A time in milliseconds below `end`.
    pub(super) const fn ms(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

/// Everything outside the parent.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    book: Mutex<Book>,
}

/// What really happened.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Calls with the process whose handler was entered, in order.
    pub(super) executions: Vec<(u64, u32)>,
    /// Calls that a process has read, whatever it did with them.
    pub(super) seen: BTreeSet<(u64, u32)>,
    /// Calls whose answer a living process has written whole.
    pub(super) answered: BTreeSet<(u64, u32)>,
    /// Every process by its id.
    pub(super) processes: BTreeMap<u32, Record>,
}

/// One process.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) exit: Option<Exit>,
    pub(super) reaped: bool,
    /// It has broken the protocol, so that the rest of what it wrote need not be read.
    pub(super) lawless: bool,
    /// Events written whole, and those of them written while it lived.
    pub(super) numbered: u64,
    pub(super) emitted: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            seed,
            book: Mutex::default(),
        })
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of a process.
    pub(super) fn note(&self, pid: u32, change: impl FnOnce(&mut Record)) {
        change(self.book().processes.entry(pid).or_default());
    }
}

/// A nursery of the world; a type of its own, since it hands the world on to every process.
#[derive(Debug)]
pub(super) struct Births(pub(super) Arc<World>);

impl Nursery for Births {
    fn start(&self, offer: &Offer) -> io::Result<Started> {
        let births = self.0.book().processes.len();
        let pid = FIRST_PID + u32::try_from(births).unwrap_or(0);
        let mut dice = Dice::new(self.0.seed, u64::from(pid));
        self.0.note(pid, |_| {});
        if dice.percent(3) {
            self.0.note(pid, |record| {
                (record.exit, record.reaped) = (Some(Exit::Unknown), true);
            });
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        // From a few frames to more than is ever under way.
        let capacity = [200, 4 << 10, 208 << 10][dice.below(3) as usize];
        let (near, far) = memory::stream(capacity);
        let (stdin, its_stdin) = tokio::io::duplex(PIPE);
        let (stdout, its_stdout) = tokio::io::duplex(PIPE);
        let (stderr, its_stderr) = tokio::io::duplex(PIPE);
        let (tell, end) = watch::channel(false);
        let process = Arc::new(Process {
            world: self.0.clone(),
            pid,
            tell,
            tasks: Mutex::default(),
            reluctance: Duration::from_millis(match dice.below(10) {
                0 => 30,
                1 => 400,
                _ => 0,
            }),
            survivor: Duration::from_millis(match dice.below(10) {
                0 => 20,
                1 => 350,
                _ => 0,
            }),
        });
        worker::begin(
            &process,
            offer.clone(),
            dice,
            (its_stdin, its_stdout, its_stderr),
            far,
        );
        Ok(Started {
            child: Child::simulated(pid, end, Box::new(Handle(process))),
            stdin,
            stdout,
            stderr,
            channel: Duplex::in_memory(near),
        })
    }
}

/// A process from its own side.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) world: Arc<World>,
    pub(super) pid: u32,
    tell: watch::Sender<bool>,
    /// What ends with it: the control plane first, then the data channel.
    pub(super) tasks: Mutex<Vec<(Part, AbortHandle)>>,
    /// How long it lives on after SIGKILL, as one does that is stuck in the kernel.
    reluctance: Duration,
    /// How long something that it started and that left its group goes on to serve the data channel.
    survivor: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Control,
    Data,
}

impl Process {
    pub(super) fn is_dead(&self) -> bool {
        *self.tell.borrow()
    }

    /// Ends it. What has started apart from its group may go on for a while.
    pub(super) fn die(&self, exit: Exit) {
        if self.is_dead() {
            return;
        }
        self.world.note(self.pid, |record| record.exit = Some(exit));
        self.tell.send_replace(true);
        self.abort(Part::Control);
        self.later(self.survivor, |process| process.abort(Part::Data));
    }

    fn abort(&self, part: Part) {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, task) in tasks.iter().filter(|(of, _)| *of == part) {
            task.abort();
        }
    }

    fn later(&self, time: Duration, then: impl FnOnce(&Self) + Send + 'static) {
        if time.is_zero() {
            return then(self);
        }
        let process = Self {
            world: self.world.clone(),
            tell: self.tell.clone(),
            tasks: Mutex::new(
                self.tasks
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone(),
            ),
            ..*self
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(time).await;
                then(&process);
            });
        }
    }
}

/// A process from its parent's side.
#[derive(Debug)]
struct Handle(Arc<Process>);

impl Body for Handle {
    fn kill(&self) {
        let process = &self.0;
        process.later(process.reluctance, |process| process.die(Exit::Signal(9)));
    }

    fn terminate(&self) {
        if self.0.pid.is_multiple_of(2) {
            self.0.die(Exit::Signal(15));
        }
    }

    fn reap(&self) -> Option<Exit> {
        let exit = self.0.is_dead().then(|| {
            let mut book = self.0.world.book();
            let record = book.processes.entry(self.0.pid).or_default();
            record.reaped = true;
            record.exit
        });
        exit.flatten()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.kill();
        // A thread of the real one waits for it.
        self.0.world.note(self.0.pid, |record| record.reaped = true);
    }
}

pub(super) const FIRST_PID: u32 = 1_000;
const PIPE: usize = 64 << 10;
