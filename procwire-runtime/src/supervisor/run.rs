//! The one task that owns a module's worker, from a start that was asked for to the end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tracing::Instrument as _;

use super::burial::DEATH;
use super::error::{SpawnError, StartError};
use super::heartbeat::{Beat, Heart};
use super::keeper::{Command, Parts, Ready, wanted};
use super::process::settled;
use super::restart::{Decision, Restarts};
use super::start::{Live, start};
use crate::chance::dice;
use crate::connection::{Connection, End, Exit};
use crate::module::{Farewell, Lifecycle, ModuleState, SlotState};

/// The owner of one life.
pub(super) struct Supervisor {
    pub(super) parts: Arc<Parts>,
    commands: mpsc::UnboundedReceiver<Command>,
    farewell: watch::Sender<Option<Farewell>>,
    pub(super) incarnation: u64,
    /// The connection that must be failed should this task be dropped in the middle.
    pub(super) current: Option<Arc<Connection>>,
    ended: bool,
    /// Nobody holds the module any more: its streams end with this life.
    abandoned: bool,
}

/// An order to end the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// In an orderly way: someone waits for that.
    Shutdown,
    /// Soon: nobody holds the module, so nobody waits for an answer.
    Abandon,
}

/// How a worker's service ended.
enum Ended {
    /// By an order.
    Ordered(Order),
    /// By itself.
    Died {
        reason: Arc<str>,
        /// The process is likely to end by itself within moments.
        leaving: bool,
    },
}

/// What comes after a worker.
enum Next {
    Live(Box<Live>),
    /// Someone asked for a start while a restart was waited for.
    Asked(Ready),
    /// Nothing: it is closed.
    Closed,
}

/// How a wait ended.
enum Waited {
    Over,
    Asked(Ready),
    Ordered(Order),
}

impl Supervisor {
    pub(super) fn new(
        parts: Arc<Parts>,
        commands: mpsc::UnboundedReceiver<Command>,
        farewell: watch::Sender<Option<Farewell>>,
    ) -> Self {
        Self {
            parts,
            commands,
            farewell,
            incarnation: 0,
            current: None,
            ended: false,
            abandoned: false,
        }
    }

    /// Runs until the module is closed. `ready` hears how the first start went.
    pub(super) async fn run(mut self, mut ready: Ready) {
        loop {
            let live = match self.first_start().await {
                Ok(Ok(live)) => live,
                Ok(Err(error)) => {
                    self.close("the worker could not be started", Arc::from(""), None);
                    let _ = ready.send(Err(error));
                    return;
                }
                Err(order) => {
                    self.abandoned = order == Order::Abandon;
                    self.close("shut down while it was starting", Arc::from(""), None);
                    let _ = ready.send(Err(SpawnError::ShutDown {
                        module: self.parts.contract.name,
                    }));
                    return;
                }
            };
            self.publish(&live);
            let _ = ready.send(Ok(())); // whoever wanted it may have gone; then the module is abandoned too
            match self.keep(live).await {
                Some(asked) => ready = asked,
                None => return,
            }
        }
    }

    /// Keeps a worker going, one life after the other. Resolves when the module is closed, or should be started afresh.
    async fn keep(&mut self, mut live: Live) -> Option<Ready> {
        let mut restarts = Restarts::new(self.parts.plan.restart);
        loop {
            let born = self.parts.clock.now();
            let (reason, leaving) = match self.serve(&mut live).await {
                Ended::Ordered(order) => {
                    self.abandoned = order == Order::Abandon;
                    self.shut_down(live, order).await;
                    return None;
                }
                Ended::Died { reason, leaving } => (reason, leaving),
            };
            let (exit, tail) = self.bury(live, reason, leaving).await;
            let lived = self.parts.clock.now().saturating_duration_since(born);
            let span = tracing::debug_span!(
                "restart",
                module = self.parts.contract.name,
                died = self.incarnation,
                %exit,
            );
            let next = self.restart(&mut restarts, lived, exit, tail);
            match next.instrument(span).await {
                Next::Live(next) => live = *next,
                Next::Asked(ready) => return Some(ready),
                Next::Closed => return None,
            }
        }
    }

    /// The first worker, with retries where they can help. The outer error: an order came first.
    async fn first_start(&mut self) -> Result<Result<Live, SpawnError>, Order> {
        let retry = self.parts.plan.retry;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.start_or_order().await? {
                Ok(live) => return Ok(Ok(live)),
                Err(error) => error,
            };
            let will_retry = attempt <= retry.times && !error.is_permanent();
            self.note_failure(attempt, &error, will_retry);
            if !will_retry {
                return Ok(Err(SpawnError::Failed {
                    module: self.parts.contract.name,
                    command: self.parts.plan.launch.shown(),
                    attempts: attempt,
                    last: Arc::new(error),
                }));
            }
            let delay = retry.delay(attempt);
            self.parts.journal.note(Lifecycle::Retrying {
                retry: attempt,
                delay,
                error: error.to_string().into(),
            });
            self.wait_or_order(delay).await?;
        }
    }

    /// The next worker after a death, if the policy allows one.
    async fn restart(
        &mut self,
        restarts: &mut Restarts,
        mut lived: Duration,
        mut exit: Exit,
        mut tail: Arc<str>,
    ) -> Next {
        let (policy, module) = (self.parts.plan.restart, self.parts.contract.name);
        let mut attempt = 0;
        loop {
            let (delay, count) = match restarts.on_death(self.parts.clock.now(), lived, share()) {
                Decision::After { delay, restarts } => (delay, restarts),
                Decision::GiveUp { restarts } => {
                    self.parts.journal.note(Lifecycle::GaveUp {
                        restarts,
                        within: policy.within,
                    });
                    let reason = if policy.max == 0 {
                        format!("the worker {exit} and its restart policy is `never`")
                    } else {
                        let within = policy.within;
                        format!("the worker {exit}, after {restarts} restarts within {within:?}")
                    };
                    self.close(&reason, tail, None);
                    return Next::Closed;
                }
            };
            self.parts.meters.restarted();
            self.parts.journal.note(Lifecycle::Restarting {
                delay,
                restarts: count,
            });
            tracing::info!(module, ?delay, restarts = count, "restarting the worker");
            attempt += 1;
            let started = match self.wait(delay).await {
                Waited::Over => self.start_or_order().await,
                Waited::Asked(ready) => return Next::Asked(ready),
                Waited::Ordered(order) => Err(order),
            };
            match started {
                Ok(Ok(live)) => {
                    self.publish(&live);
                    return Next::Live(Box::new(live));
                }
                Ok(Err(error)) => {
                    let will_retry = !error.is_hopeless();
                    self.note_failure(attempt, &error, will_retry);
                    if !will_retry {
                        self.parts.journal.note(Lifecycle::RestartFailed {
                            error: error.to_string().into(),
                        });
                        self.close(
                            &format!("the worker {exit} and could not be restarted: {error}"),
                            tail,
                            None,
                        );
                        return Next::Closed;
                    }
                    if let Some(last) = error.exit() {
                        (exit, tail) = (last, error.stderr_tail());
                    }
                    lived = Duration::ZERO;
                }
                Err(order) => {
                    self.abandoned = order == Order::Abandon;
                    self.close("shut down", tail, None);
                    return Next::Closed;
                }
            }
        }
    }

    async fn start_or_order(&mut self) -> Result<Result<Live, StartError>, Order> {
        self.incarnation = self.parts.incarnations.fetch_add(1, Ordering::Relaxed) + 1;
        let parts = &*self.parts;
        let tell = (&parts.clock, &*parts.journal, parts.hub.clone() as _);
        let begun = parts.clock.now();
        let started = tokio::select! {
            biased;
            order = order(&mut self.commands, parts) => Err(order),
            started = start(parts.contract, &parts.plan, self.incarnation, tell) => Ok(started),
        };
        if matches!(started, Ok(Ok(_))) {
            let after = parts.clock.now().saturating_duration_since(begun);
            parts.meters.spawned(after);
        } else {
            // What was killed is gone before anyone hears of it, or the next one comes.
            let _ = tokio::time::timeout(DEATH, settled()).await;
        }
        started
    }

    async fn wait_or_order(&mut self, delay: Duration) -> Result<(), Order> {
        tokio::select! {
            biased;
            order = order(&mut self.commands, &self.parts) => Err(order),
            () = self.parts.clock.sleep(delay) => Ok(()),
        }
    }

    /// Waits unless someone wants a worker, or the end, at once.
    async fn wait(&mut self, delay: Duration) -> Waited {
        tokio::select! {
            biased;
            command = self.commands.recv() => match command {
                Some(Command::Spawn(ready)) => Waited::Asked(ready),
                Some(Command::Shutdown) => Waited::Ordered(Order::Shutdown),
                Some(Command::Abandon) | None => Waited::Ordered(Order::Abandon),
            },
            () = self.parts.clock.sleep(delay) => Waited::Over,
        }
    }

    /// Calls reach this worker from now on.
    fn publish(&mut self, live: &Live) {
        self.current = Some(live.connection.clone());
        self.parts.slot.set(SlotState::Up(live.connection.clone()));
        let journal = &self.parts.journal;
        journal.note(Lifecycle::State(ModuleState::Ready));
        journal.note(Lifecycle::Ready {
            pid: live.child.pid(),
            incarnation: self.incarnation,
        });
    }

    /// Watches a worker that serves until it should or does not any more.
    async fn serve(&mut self, live: &mut Live) -> Ended {
        let (plan, clock) = (&self.parts.plan, self.parts.clock.clone());
        let mut heart = plan.heartbeat.map(|policy| Heart::new(policy, clock.now()));
        let patrol = (plan.stuck.grace / 4).max(PATROL);
        let mut look = later(clock.now(), patrol);
        let died = |reason: &str, leaving| Ended::Died {
            reason: reason.into(),
            leaving,
        };
        loop {
            let now = clock.now();
            if look.is_some_and(|look| now >= look) {
                look = later(now, patrol);
                self.parts.meters.queued(live.connection.backlog());
                let stuck = live.connection.stuck_for(plan.stuck.grace, now);
                if stuck >= plan.stuck.max {
                    return self.recycle(live, stuck).await;
                }
            }
            let next = match heart.as_mut().map(|heart| heart.beat(now)) {
                Some(Beat::Silent) => {
                    // An answer may have arrived and not been read, if it is this process that was slow.
                    let answer = tokio::time::timeout(LAST_LOOK, live.stdout.pong()).await;
                    if let (Ok(()), Some(heart)) = (answer, &mut heart) {
                        heart.pong();
                        continue;
                    }
                    let miss = plan.heartbeat.map_or(Duration::ZERO, |policy| policy.miss);
                    let reason = format!("it did not answer a heartbeat within {miss:?}");
                    return died(&reason, false);
                }
                Some(Beat::Ping) => {
                    live.stdin.ping();
                    continue;
                }
                Some(Beat::Wait(at)) => Some(look.map_or(at, |look| at.min(look))),
                None => look,
            };
            let wait = async {
                match next {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                order = order(&mut self.commands, &self.parts) => return Ended::Ordered(order),
                () = live.child.exited() => return died("", true),
                end = &mut live.reading => {
                    let leaving = matches!(end, Ok(End::Closed | End::Cut | End::Lost(_)));
                    if !leaving {
                        self.parts.meters.violated();
                    }
                    return died(&end.map_or_else(|error| error.to_string(), |end| end.to_string()), leaving);
                }
                () = live.connection.write_failed() => return died("it takes no more requests", true),
                how = live.stdout.violation() => {
                    self.parts.meters.violated();
                    return died(&how, false);
                }
                () = live.stdout.pong() => {
                    if let Some(heart) = &mut heart {
                        heart.pong();
                    }
                }
                () = wait => {}
            }
        }
    }

    /// Takes a worker out of service that has stuck calls: others may finish, new ones wait for the next worker.
    async fn recycle(&mut self, live: &mut Live, stuck: usize) -> Ended {
        let grace = self.parts.plan.stuck.grace;
        tracing::warn!(
            module = self.parts.contract.name,
            pid = live.child.pid(),
            stuck,
            "the worker is stuck and is replaced"
        );
        self.parts.slot.set(SlotState::Waiting);
        tokio::select! {
            biased;
            order = order(&mut self.commands, &self.parts) => return Ended::Ordered(order),
            () = finished(live) => {}
            () = self.parts.clock.sleep(self.parts.plan.drain) => {}
        }
        Ended::Died {
            reason: format!("{stuck} calls were given up and not ended by it within {grace:?}")
                .into(),
            leaving: false,
        }
    }

    fn note_failure(&self, attempt: u32, error: &StartError, will_retry: bool) {
        tracing::warn!(module = self.parts.contract.name, attempt, will_retry, %error, "the worker could not be started");
        self.parts.journal.note(Lifecycle::StartFailed {
            attempt,
            error: error.to_string().into(),
            will_retry,
        });
    }

    /// No worker, and none will come unless it is asked for.
    pub(super) fn close(
        &mut self,
        reason: &str,
        stderr_tail: Arc<str>,
        farewell: Option<Farewell>,
    ) {
        let mut down = wanted(reason);
        down.stderr_tail = stderr_tail;
        let parts = &self.parts;
        parts.slot.set(SlotState::Closed(Arc::new(down)));
        parts.journal.note(Lifecycle::State(ModuleState::Closed));
        if let Some(farewell) = &farewell {
            parts.journal.note(Lifecycle::Ended(farewell.clone()));
        }
        if self.abandoned || !parts.lasting {
            parts.journal.close();
            parts.hub.close();
        }
        self.ended = true;
        self.farewell
            .send_replace(Some(farewell.unwrap_or_else(Farewell::nothing)));
    }
}

impl Drop for Supervisor {
    /// Also when the runtime ends in the middle: nobody may wait for what will not come.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let down = wanted("the runtime that kept the worker has ended");
        self.parts
            .slot
            .set(SlotState::Closed(Arc::new(down.clone())));
        if let Some(connection) = self.current.take() {
            connection.fail(down);
        }
        self.parts.hub.close();
        self.parts
            .journal
            .note(Lifecycle::State(ModuleState::Closed));
        self.parts.journal.close();
    }
}

/// Resolves when nobody waits for an answer of this worker any more, or it cannot give one.
pub(super) async fn finished(live: &mut Live) {
    let idle = async {
        let mut changed = Box::pin(live.connection.changed());
        std::future::poll_fn(|context| {
            // Looked at with the waker in place: the last call may end in between.
            while changed.as_mut().poll(context).is_ready() {
                changed = Box::pin(live.connection.changed());
            }
            match live.connection.in_flight() {
                0 => std::task::Poll::Ready(()),
                _ => std::task::Poll::Pending,
            }
        })
        .await;
    };
    let reading = &mut live.reading;
    let ended = async {
        if !reading.is_finished() {
            let _ = reading.await;
        }
    };
    tokio::select! {
        biased;
        () = idle => {}
        () = live.child.exited() => {}
        () = ended => {}
        () = live.connection.write_failed() => {}
    }
}

/// The next order. A wish for a start is refused meanwhile: there is one under way, or a worker that serves.
async fn order(commands: &mut mpsc::UnboundedReceiver<Command>, parts: &Parts) -> Order {
    loop {
        match commands.recv().await {
            Some(Command::Spawn(ready)) => {
                let _ = ready.send(Err(SpawnError::NotAtRest {
                    module: parts.contract.name,
                    state: parts.journal.state(),
                }));
            }
            Some(Command::Shutdown) => return Order::Shutdown,
            Some(Command::Abandon) | None => return Order::Abandon,
        }
    }
}

/// So long after a time; never where the clock cannot tell.
fn later(now: Instant, duration: Duration) -> Option<Instant> {
    now.checked_add(duration)
}

/// Anything from 0 to 1.
fn share() -> f64 {
    f64::from(dice()) / f64::from(u32::MAX)
}

/// How long an answer to a heartbeat that has arrived may take to be read.
const LAST_LOOK: Duration = Duration::from_millis(50);
/// The shortest time between two looks for stuck calls.
const PATROL: Duration = Duration::from_millis(5);
