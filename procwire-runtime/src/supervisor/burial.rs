//! How a worker ends: what it sent is read, what it was at is failed with the reason, and nothing of it is left.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::run::Supervisor;
use super::start::Live;
use crate::connection::{Down, Exit};
use crate::module::{Lifecycle, ModuleState, SlotState};

impl Supervisor {
    /// Ends what is left of a worker that died, hands out every answer that had arrived, then fails the rest.
    pub(super) async fn bury(
        &mut self,
        mut live: Live,
        mut reason: Arc<str>,
        leaving: bool,
    ) -> (Exit, Arc<str>) {
        // New calls, and calls that are sent again, wait for the next worker from here on.
        self.slot.set(SlotState::Waiting);
        self.journal
            .note(Lifecycle::State(ModuleState::Disconnected));
        live.connection.stop_writing();
        if leaving {
            // Let a process that is ending by itself say how, instead of hiding it behind our own signal. Then how it ended is
            // the reason, and that its data channel closed is no news.
            if tokio::time::timeout(LEAVING, live.child.exited())
                .await
                .is_ok()
            {
                reason = "".into();
            }
        }
        let (exit, tail) = put_down(&mut live).await;
        let pid = live.child.pid();
        self.journal.note(Lifecycle::Crashed {
            pid,
            incarnation: self.incarnation,
            exit,
            reason: reason.clone(),
            stderr_tail: tail.clone(),
        });
        let noise = live.stdout.noise();
        tracing::warn!(module = self.contract.name, pid, %exit, %reason, noise, "the worker is gone");
        live.connection.fail(Down {
            exit: Some(exit),
            stderr_tail: tail.clone(),
            ..Down::new(reason)
        });
        self.current = None;
        (exit, tail)
    }

    /// Ends a worker in an orderly way: it may finish what it is at, until the grace is over.
    pub(super) async fn shut_down(&mut self, mut live: Live, done: Option<oneshot::Sender<()>>) {
        let wanted = Down {
            wanted: true,
            ..Down::new("the module was shut down")
        };
        self.slot.set(SlotState::Closed(Arc::new(wanted.clone())));
        live.stdin.shut_down();
        tokio::select! {
            () = live.child.exited() => {}
            () = self.clock.sleep(self.plan.grace) => {
                tracing::warn!(module = self.contract.name, pid = live.child.pid(), "the worker did not end in time and is killed");
            }
        }
        live.connection.stop_writing();
        live.stdin.close();
        let (exit, tail) = put_down(&mut live).await;
        live.connection.fail(Down {
            exit: Some(exit),
            stderr_tail: tail.clone(),
            ..wanted
        });
        self.current = None;
        self.close("the module was shut down", tail, done);
    }
}

/// Kills the group, reads what had arrived, reaps. In this order: the id of the group stays ours until the process is reaped, and
/// the end of the stream proves that nobody is left who could still execute a request.
async fn put_down(live: &mut Live) -> (Exit, Arc<str>) {
    live.child.kill();
    if !live.reading.is_finished() {
        let _ = tokio::time::timeout(DRAIN, &mut live.reading).await;
    }
    live.reading.abort();
    let _ = tokio::time::timeout(DEATH, live.child.exited()).await;
    let exit = live.child.reap().unwrap_or(Exit::Unknown);
    let tail = live.stderr.tail().await;
    (exit, tail)
}

/// How long a process whose data channel ended may take to end by itself.
const LEAVING: Duration = Duration::from_millis(50);
/// How long the data channel of a killed group may take to end.
const DRAIN: Duration = Duration::from_millis(100);
/// How long a killed process may take to die.
const DEATH: Duration = Duration::from_secs(2);
