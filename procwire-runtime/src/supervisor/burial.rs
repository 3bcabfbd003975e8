//! How a worker ends: what it sent is read, what it was at is failed with the reason, and nothing of it is left.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::keeper::wanted;
use super::process::{Child, Stderr};
use super::run::{Order, Supervisor, finished};
use super::start::Live;
use crate::clock::Clock;
use crate::connection::{self, Down, Exit};
use crate::module::{Farewell, Lifecycle, Means, ModuleState, SlotState};

impl Supervisor {
    /// Ends what is left of a worker that died, hands out every answer that had arrived, then fails the rest.
    pub(super) async fn bury(
        &mut self,
        mut live: Live,
        mut reason: Arc<str>,
        leaving: bool,
    ) -> (Exit, Arc<str>) {
        let (pid, incarnation) = (live.child.pid(), self.incarnation);
        // New calls, and calls that are sent again, wait for the next worker from here on.
        self.parts.slot.set(SlotState::Waiting);
        let journal = &self.parts.journal;
        journal.note(Lifecycle::State(ModuleState::Disconnected));
        journal.note(Lifecycle::Disconnected {
            pid,
            incarnation,
            reason: reason.clone(),
        });
        live.connection.stop_writing();
        let mut by_itself = false;
        if leaving {
            // Let a process that is ending by itself say how, instead of hiding it behind our own signal. Then how it ended is
            // the reason, and that its data channel closed is no news.
            by_itself = tokio::time::timeout(LEAVING, live.child.exited())
                .await
                .is_ok();
            if by_itself {
                reason = "".into();
            }
        }
        let End {
            exit,
            stderr_tail,
            drained,
            escaped,
        } = put_down(&mut live.child, &mut live.reading, &mut live.stderr).await;
        let exit = exit.unwrap_or(Exit::Unknown);
        if by_itself && exit == Exit::Signal(SIGKILL) {
            reason = NOT_OURS.into();
        }
        self.parts.journal.note(Lifecycle::Crashed {
            pid,
            incarnation,
            exit,
            reason: reason.clone(),
            stderr_tail: stderr_tail.clone(),
        });
        if escaped {
            self.note_escape(pid);
        }
        let noise = live.stdout.noise();
        self.parts.meters.died();
        self.parts.meters.noise(noise);
        tracing::warn!(module = self.parts.contract.name, pid, %exit, %reason, noise, drained, "the worker is gone");
        live.connection.fail(Down {
            exit: Some(exit),
            stderr_tail: stderr_tail.clone(),
            ..Down::new(reason)
        });
        self.current = None;
        (exit, stderr_tail)
    }

    /// Ends a worker in an orderly way: what is under way may finish, then it is asked, told, and killed.
    pub(super) async fn shut_down(&mut self, mut live: Live, order: Order) {
        let (module, pid) = (self.parts.contract.name, live.child.pid());
        let (clock, plan) = (self.parts.clock.clone(), &self.parts.plan);
        let gone = wanted("the module was shut down");
        self.parts
            .slot
            .set(SlotState::Closed(Arc::new(gone.clone())));
        let grace = match order {
            Order::Shutdown => {
                tokio::select! {
                    biased;
                    () = finished(&mut live) => {}
                    () = clock.sleep(plan.drain) => {}
                }
                plan.grace
            }
            // Every call and stream holds the module: none is under way, and nobody waits.
            Order::Abandon => plan.grace.min(HURRY),
        };
        let given_up = live.connection.abort_all();
        live.stdin.shut_down();
        let mut means = Means::Asked;
        let mut over = wait(&live.child, &clock, grace * 2 / 5).await;
        if !over {
            // One that did not listen, or waits for the end of its input.
            live.connection.hang_up();
            live.stdin.close();
            over = wait(&live.child, &clock, grace * 2 / 5).await;
        }
        if !over {
            means = Means::Terminated;
            live.child.terminate();
            over = wait(&live.child, &clock, grace / 5).await;
        }
        if !over {
            means = Means::Killed;
            tracing::warn!(module, pid, "the worker did not end in time and is killed");
        }
        live.connection.stop_writing();
        let end = put_down(&mut live.child, &mut live.reading, &mut live.stderr).await;
        if end.escaped {
            self.note_escape(pid);
        }
        if end.exit.is_none() {
            means = Means::StillAlive;
            tracing::error!(module, pid, "the worker does not die");
        }
        live.connection.fail(Down {
            exit: end.exit,
            stderr_tail: end.stderr_tail.clone(),
            ..gone
        });
        self.current = None;
        self.parts.meters.noise(live.stdout.noise());
        let farewell = Farewell {
            pid: Some(pid),
            exit: end.exit,
            means,
            given_up,
            stderr_tail: end.stderr_tail.clone(),
        };
        tracing::debug!(module, pid, %farewell, "shut down");
        self.close("the module was shut down", end.stderr_tail, Some(farewell));
    }
}

impl Supervisor {
    /// The group is dead, and the data channel is open all the same.
    fn note_escape(&self, pid: u32) {
        tracing::warn!(
            module = self.parts.contract.name,
            pid,
            "something that the worker started left its group and still holds its data channel"
        );
        self.parts.journal.note(Lifecycle::Escaped {
            pid,
            incarnation: self.incarnation,
        });
    }
}

/// Whether the process ends in this time.
async fn wait(child: &Child, clock: &Clock, time: Duration) -> bool {
    tokio::select! {
        biased;
        () = child.exited() => true,
        () = clock.sleep(time) => false,
    }
}

/// How a process and its data channel ended.
struct End {
    /// None when it has not ended at all.
    exit: Option<Exit>,
    stderr_tail: Arc<str>,
    /// The data channel came to its end: nobody is left who could still execute a request.
    drained: bool,
    /// It did not, though the process is dead.
    escaped: bool,
}

/// Kills the group, reads what had arrived, reaps. In this order: the id of the group stays ours until the process is reaped, and
/// the end of the stream proves that nobody is left who could still execute a request.
async fn put_down(
    child: &mut Child,
    reading: &mut JoinHandle<connection::End>,
    stderr: &mut Stderr,
) -> End {
    child.kill();
    let mut drained = reading.is_finished();
    if !drained {
        drained = tokio::time::timeout(DRAIN, &mut *reading).await.is_ok();
        reading.abort();
    }
    let escaped = !drained
        && tokio::time::timeout(Duration::ZERO, child.exited())
            .await
            .is_ok();
    let dead = tokio::time::timeout(DEATH, child.exited()).await.is_ok();
    let exit = match child.reap() {
        None if dead => Some(Exit::Unknown),
        exit => exit,
    };
    let stderr_tail = stderr.tail().await;
    End {
        exit,
        stderr_tail,
        drained,
        escaped,
    }
}

/// What ends a process that the system has no memory for.
const SIGKILL: i32 = 9;
/// Said of a worker that was killed, and not by this program.
const NOT_OURS: &str =
    "which this program did not do: an operator, or the system for want of memory?";
/// The grace of a worker that nobody holds any more.
const HURRY: Duration = Duration::from_millis(500);
/// How long a process whose data channel ended may take to end by itself.
const LEAVING: Duration = Duration::from_millis(50);
/// How long the data channel of a killed group may take to end.
const DRAIN: Duration = Duration::from_millis(100);
/// How long a killed process may take to die.
pub(super) const DEATH: Duration = Duration::from_secs(2);
