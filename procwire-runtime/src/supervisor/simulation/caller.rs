//! The simulated callers: what they ask for, how patient they are, and what they were told.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::contract::{FLOW, TELL, TOUR, call, read_answer};
use super::world::Dice;
use crate::codec::Never;
use crate::connection::Outcome;
use crate::module::{Call, CallError, Cancel, Module};

/// A call, and what became of it.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) call: u64,
    /// Its method's id.
    pub(super) method: u16,
    pub(super) told: Told,
    /// How much later than allowed.
    pub(super) late: Duration,
}

/// What a caller was told.
#[derive(Debug)]
pub(super) enum Told {
    /// Nothing: it left.
    Left,
    /// A oneway request was taken.
    Taken,
    /// An answer, or all items of a stream, of this process.
    Answered(Option<u32>),
    /// Something that is no answer to this call.
    Wrong(String),
    /// An error.
    Failed(Box<CallError<Never>>),
}

/// Makes a call as the dice have it.
pub(super) async fn run(module: Module, number: u64, mut dice: Dice) -> Settled {
    sleep(dice.ms(2_000)).await;
    let method = 1 + dice.below(5) as u16;
    let size = match dice.below(20) {
        0 => 40_000,
        1 | 2 => dice.below(3_000),
        _ => dice.below(60),
    };
    let limit = Duration::from_millis([20, 100, 500, 3_000, 30_000][dice.below(5) as usize]);
    let asked = call(&module, method, number, size as usize).timeout(limit);
    let (cancel, begun) = (Cancel::new(), Instant::now());
    let leave = dice.percent(15).then(|| dice.ms(200));
    let (told, allowed) = match method {
        FLOW | TOUR => stream(asked, number, limit, leave, &mut dice).await,
        TELL => {
            let told = leaving(leave, async {
                match asked.oneway().await {
                    Ok(()) => Told::Taken,
                    Err(error) => Told::Failed(Box::new(error)),
                }
            });
            (told.await, begun + limit)
        }
        _ if dice.percent(10) => {
            let after = dice.ms(300);
            let answer = value(asked.cancel_with(&cancel), number);
            let (told, ()) = tokio::join!(answer, async {
                sleep(after).await;
                cancel.cancel();
            });
            (told, (begun + limit).max(begun + after + LAST_WORD))
        }
        _ => (leaving(leave, value(asked, number)).await, begun + limit),
    };
    Settled {
        call: number,
        method,
        told,
        late: Instant::now().saturating_duration_since(allowed),
    }
}

async fn leaving(leave: Option<Duration>, told: impl Future<Output = Told>) -> Told {
    match leave {
        Some(after) => timeout(after, told).await.unwrap_or(Told::Left),
        None => told.await,
    }
}

async fn value(call: Call<Bytes, Bytes, Never>, number: u64) -> Told {
    match call.result().await {
        Ok(bytes) => match read_answer(number, &bytes) {
            Some((pid, 0)) => Told::Answered(Some(pid)),
            _ => Told::Wrong(format!("{bytes:?}")),
        },
        Err(error) => Told::Failed(Box::new(error)),
    }
}

/// Reads a stream, slowly at times. Its time is counted anew for every item.
async fn stream(
    call: Call<Bytes, Bytes, Never>,
    number: u64,
    limit: Duration,
    leave: Option<Duration>,
    dice: &mut Dice,
) -> (Told, Instant) {
    let mut allowed = Instant::now() + limit;
    let leave = leave.map(|leave| Instant::now() + leave);
    let opened = match leave {
        Some(at) => match tokio::time::timeout_at(at, call.stream()).await {
            Ok(opened) => opened,
            Err(_) => return (Told::Left, at),
        },
        None => call.stream().await,
    };
    let mut items = match opened {
        Ok(items) => items,
        Err(error) => return (Told::Failed(Box::new(error)), allowed),
    };
    // From here a limit holds for each incarnation and each item.
    allowed = Instant::now() + limit * RESENDS;
    let (mut from, mut next) = (None, 0);
    loop {
        let item = match leave {
            Some(at) => match tokio::time::timeout_at(at, items.try_next()).await {
                Ok(item) => item,
                Err(_) => return (Told::Left, at),
            },
            None => items.try_next().await,
        };
        match item {
            Ok(None) => return (Told::Answered(from), allowed),
            Err(error) => return (Told::Failed(Box::new(error)), allowed),
            Ok(Some(bytes)) => match read_answer(number, &bytes) {
                Some((pid, index)) if index == next && from.is_none_or(|one| one == pid) => {
                    (from, next) = (Some(pid), next + 1);
                }
                _ => return (Told::Wrong(format!("item {next}: {bytes:?}")), allowed),
            },
        }
        if dice.percent(20) {
            sleep(dice.ms(40)).await;
        }
        allowed = Instant::now() + limit;
    }
}

impl Told {
    /// What the machinery claims about the call, if anything.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Failed(error) => Some(error.outcome()),
            Self::Answered(_) => Some(Outcome::Executed),
            Self::Left | Self::Taken | Self::Wrong(_) => None,
        }
    }
}

/// How long the worker's last word is waited for on a call that is given up.
const LAST_WORD: Duration = Duration::from_secs(5);
/// How often a request may be sent in all.
const RESENDS: u32 = 4;
