//! The one task that owns a module's worker, from the first start to the end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::error::{SpawnError, StartError};
use super::heartbeat::{Beat, Heart};
use super::restart::{Decision, Restarts};
use super::start::{Live, Plan, start};
use crate::clock::Clock;
use crate::connection::{Connection, Down, End, Exit};
use crate::contract::Contract;
use crate::module::{Hub, Journal, Lifecycle, ModuleState, Owner, Slot, SlotState};

/// What the supervisor is told.
#[derive(Debug)]
pub(super) enum Command {
    /// End the worker and say when it is gone.
    Shutdown(oneshot::Sender<()>),
    /// Nobody holds the module any more.
    Abandon,
}

/// The owner of one module's worker.
pub(super) struct Supervisor {
    pub(super) contract: &'static Contract,
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    pub(super) slot: Arc<Slot>,
    pub(super) hub: Arc<Hub>,
    pub(super) journal: Arc<Journal>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) incarnation: u64,
    /// The connection that must be failed should this task be dropped in the middle.
    pub(super) current: Option<Arc<Connection>>,
}

/// What the module holds of its supervisor.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) commands: mpsc::UnboundedSender<Command>,
}

impl Owner for Handle {
    fn shutdown(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let (done, gone) = oneshot::channel();
        let told = self.commands.send(Command::Shutdown(done));
        Box::pin(async move {
            if told.is_ok() {
                let _ = gone.await; // closed: the supervisor has ended, and the worker with it
            }
        })
    }

    fn abandoned(&self) {
        let _ = self.commands.send(Command::Abandon);
    }
}

/// How a worker's service ended.
enum Ended {
    /// By an order; whoever gave it waits to hear that it is done.
    Ordered(Option<oneshot::Sender<()>>),
    /// By itself.
    Died {
        reason: Arc<str>,
        /// The process is likely to end by itself within moments.
        leaving: bool,
    },
}

impl Supervisor {
    /// Runs until the module is closed. `ready` hears how the first start went.
    pub(super) async fn run(mut self, ready: oneshot::Sender<Result<(), SpawnError>>) {
        let mut live = match self.first_start().await {
            Ok(Ok(live)) => live,
            Ok(Err(error)) => {
                self.close("the worker could not be started", Arc::from(""), None);
                let _ = ready.send(Err(error));
                return;
            }
            Err(done) => {
                self.close("shut down while it was starting", Arc::from(""), done);
                let _ = ready.send(Err(SpawnError::ShutDown {
                    module: self.contract.name,
                }));
                return;
            }
        };
        self.publish(&live);
        let _ = ready.send(Ok(())); // whoever wanted it may have gone; then the module is abandoned too
        let mut restarts = Restarts::new(self.plan.restart);
        loop {
            let born = self.clock.now();
            match self.serve(&mut live).await {
                Ended::Ordered(done) => return self.shut_down(live, done).await,
                Ended::Died { reason, leaving } => {
                    let (exit, tail) = self.bury(live, reason, leaving).await;
                    let lived = self.clock.now().saturating_duration_since(born);
                    match self.restart(&mut restarts, lived, exit, tail).await {
                        Some(next) => live = next,
                        None => return,
                    }
                }
            }
        }
    }

    /// The first worker, with retries where they can help. The outer error: an order came first.
    async fn first_start(
        &mut self,
    ) -> Result<Result<Live, SpawnError>, Option<oneshot::Sender<()>>> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.start_or_order().await? {
                Ok(live) => return Ok(Ok(live)),
                Err(error) => error,
            };
            let will_retry = attempt <= self.plan.retries && !error.is_permanent();
            self.note_failure(attempt, &error, will_retry);
            if !will_retry {
                return Ok(Err(SpawnError::Failed {
                    module: self.contract.name,
                    command: self.plan.launch.shown(),
                    attempts: attempt,
                    last: Arc::new(error),
                }));
            }
            let delay = RETRY
                .saturating_mul(1 << (attempt - 1).min(5))
                .min(RETRY_MAX);
            self.wait_or_order(delay).await?;
        }
    }

    /// The next worker after a death, if the policy allows one. None when the module is closed then.
    async fn restart(
        &mut self,
        restarts: &mut Restarts,
        mut lived: Duration,
        mut exit: Exit,
        mut tail: Arc<str>,
    ) -> Option<Live> {
        let mut attempt = 0;
        loop {
            let (delay, count) = match restarts.on_death(self.clock.now(), lived, dice()) {
                Decision::After { delay, restarts } => (delay, restarts),
                Decision::GiveUp { restarts } => {
                    self.journal.note(Lifecycle::GaveUp {
                        restarts,
                        within: self.plan.restart.within,
                    });
                    let reason = if self.plan.restart.max == 0 {
                        format!("the worker {exit} and its restart policy is `never`")
                    } else {
                        format!(
                            "the worker {exit}, after {restarts} restarts within {:?}",
                            self.plan.restart.within
                        )
                    };
                    self.close(&reason, tail, None);
                    return None;
                }
            };
            self.journal.note(Lifecycle::Restarting {
                delay,
                restarts: count,
            });
            tracing::info!(
                module = self.contract.name,
                ?delay,
                restarts = count,
                "restarting the worker"
            );
            attempt += 1;
            let started = match self.wait_or_order(delay).await {
                Ok(()) => self.start_or_order().await,
                Err(done) => Err(done),
            };
            match started {
                Ok(Ok(live)) => {
                    self.publish(&live);
                    return Some(live);
                }
                Ok(Err(error)) => {
                    let will_retry = !error.is_hopeless();
                    self.note_failure(attempt, &error, will_retry);
                    if !will_retry {
                        self.close(
                            &format!("the worker {exit} and could not be restarted: {error}"),
                            tail,
                            None,
                        );
                        return None;
                    }
                    if let Some(last) = error.exit() {
                        (exit, tail) = (last, error.stderr_tail());
                    }
                    lived = Duration::ZERO;
                }
                Err(done) => {
                    self.close("shut down", tail, done);
                    return None;
                }
            }
        }
    }

    async fn start_or_order(
        &mut self,
    ) -> Result<Result<Live, StartError>, Option<oneshot::Sender<()>>> {
        self.incarnation += 1;
        let events = self.hub.clone();
        let parts = (&self.clock, &*self.journal, events as _);
        tokio::select! {
            biased;
            order = self.commands.recv() => Err(into_order(order)),
            started = start(self.contract, &self.plan, self.incarnation, parts) => Ok(started),
        }
    }

    async fn wait_or_order(&mut self, delay: Duration) -> Result<(), Option<oneshot::Sender<()>>> {
        tokio::select! {
            biased;
            order = self.commands.recv() => Err(into_order(order)),
            () = self.clock.sleep(delay) => Ok(()),
        }
    }

    /// Calls reach this worker from now on.
    fn publish(&mut self, live: &Live) {
        self.current = Some(live.connection.clone());
        self.slot.set(SlotState::Up(live.connection.clone()));
        self.journal.note(Lifecycle::State(ModuleState::Ready));
        self.journal.note(Lifecycle::Ready {
            pid: live.child.pid(),
            incarnation: self.incarnation,
        });
    }

    /// Watches a worker that serves until it should or does not any more.
    async fn serve(&mut self, live: &mut Live) -> Ended {
        let mut heart = self
            .plan
            .heartbeat
            .map(|policy| Heart::new(policy, self.clock.now()));
        let died = |reason: &str, leaving| Ended::Died {
            reason: reason.into(),
            leaving,
        };
        loop {
            let beat = heart.as_mut().map(|heart| heart.beat(self.clock.now()));
            let next = match beat {
                Some(Beat::Dead) => {
                    let miss = self
                        .plan
                        .heartbeat
                        .map_or(Duration::ZERO, |policy| policy.miss);
                    return died(
                        &format!("it did not answer a heartbeat within {miss:?}"),
                        false,
                    );
                }
                Some(Beat::Ping) => {
                    live.stdin.ping();
                    continue;
                }
                Some(Beat::Wait(at)) => Some(at),
                None => None,
            };
            let clock = self.clock.clone();
            let wait = async {
                match next {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                order = self.commands.recv() => return Ended::Ordered(into_order(order)),
                () = live.child.exited() => return died("", true),
                end = &mut live.reading => {
                    let leaving = matches!(end, Ok(End::Closed | End::Cut | End::Lost(_)));
                    return died(&end.map_or_else(|error| error.to_string(), |end| end.to_string()), leaving);
                }
                () = live.connection.write_failed() => return died("it takes no more requests", true),
                how = live.stdout.violation() => return died(&how, false),
                () = live.stdout.pong() => {
                    if let Some(heart) = &mut heart {
                        heart.pong();
                    }
                }
                () = wait => {}
            }
        }
    }

    fn note_failure(&self, attempt: u32, error: &StartError, will_retry: bool) {
        tracing::warn!(module = self.contract.name, attempt, will_retry, %error, "the worker could not be started");
        self.journal.note(Lifecycle::StartFailed {
            attempt,
            error: error.to_string().into(),
            will_retry,
        });
    }

    /// No worker, and none will come.
    pub(super) fn close(
        &mut self,
        reason: &str,
        stderr_tail: Arc<str>,
        done: Option<oneshot::Sender<()>>,
    ) {
        let down = Down {
            stderr_tail,
            wanted: true,
            ..Down::new(reason)
        };
        self.slot.set(SlotState::Closed(Arc::new(down)));
        self.journal.note(Lifecycle::State(ModuleState::Closed));
        self.journal.close();
        self.hub.close();
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
}

impl Drop for Supervisor {
    /// Also when the runtime ends in the middle: nobody may wait for what will not come.
    fn drop(&mut self) {
        let down = Down {
            wanted: true,
            ..Down::new("the runtime that kept the worker has ended")
        };
        self.slot.set(SlotState::Closed(Arc::new(down.clone())));
        if let Some(connection) = self.current.take() {
            connection.fail(down);
        }
        self.hub.close();
        self.journal.close();
    }
}

fn into_order(command: Option<Command>) -> Option<oneshot::Sender<()>> {
    match command {
        Some(Command::Shutdown(done)) => Some(done),
        Some(Command::Abandon) | None => None,
    }
}

/// Anything from 0 to 1.
fn dice() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the middle will do.
    if getrandom::fill(&mut bytes).is_err() {
        0.5
    } else {
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }
}

/// First and greatest delay between attempts of the first start.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);
