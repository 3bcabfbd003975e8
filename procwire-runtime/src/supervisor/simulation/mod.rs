//! The whole parent, simulated: supervisor, connection and module as they are, over processes that are none.
//!
//! One seed decides what every worker does with every request, when it dies, how bytes come in pieces, and what callers do. The
//! runtime has one thread, no descriptors and a clock that only moves when nobody has anything to do, so a seed is always the
//! same story. The workers keep a book of what they really did; the oracles hold it against what callers were told.
//!
//! Not simulated: the descriptors and signals of `process`, sockets with a path, oneway requests beyond that nothing of them runs
//! twice, windows of streams that fill up, and a module that is started again after it was closed.
//!
//! A failing seed prints the command that tells its story again. `PROCWIRE_SEEDS` is how many to try instead of the usual number.

mod caller;
mod contract;
mod oracle;
mod worker;
mod world;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::contract::Simulated;
use self::oracle::{Events, Log, judge};
use self::world::{Births, Dice, World};
use super::builder::Builder;
use crate::chance::seeded;
use crate::contract::{Heartbeat, Restart};
use crate::module::Client;

/// A story that was told to its end.
struct Story {
    wrong: Vec<String>,
    /// All that happened, as text: the same for the same seed.
    text: String,
}

/// Tells the story of a seed.
fn tell(seed: u64) -> Story {
    seeded::by(Some(seed));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without descriptors");
    let story = runtime.block_on(story(seed));
    drop(runtime);
    seeded::by(None);
    story
}

async fn story(seed: u64) -> Story {
    let (world, log, mut dice) = (World::new(seed), Log::default(), Dice::new(seed, 0));
    let mut builder = Builder::<Simulated>::new()
        .nursery(Arc::new(Births(world.clone())))
        .restart(Restart::new(dice.below(20) as u32, Duration::from_secs(60)))
        .ready(Duration::from_millis(500));
    if dice.percent(50) {
        let every = Duration::from_millis(100 + dice.below(400));
        builder = builder.heartbeat(Heartbeat::misses(every, 3));
    }
    if dice.percent(20) {
        builder = builder.in_flight(1 + dice.below(4) as usize);
    }
    let (module, keeper) = builder.prepare(false).expect("nothing is missing");
    keeper.watch(Box::new(log.clone()));
    let client = Simulated::from_module(module);
    let module = client.module().clone();
    let mut wrong = Vec::new();
    let started = keeper.spawn().await;
    // A stream of a module at rest would end at once. Events come only with calls.
    let listener = tokio::spawn(listen(module.events::<Bytes>(0)));
    let (count, mut calls, mut settled) = (5 + dice.below(40), JoinSet::new(), Vec::new());
    if started.is_ok() {
        for number in 1..=count {
            let dice = Dice::new(seed, number);
            calls.spawn(caller::run(module.clone(), number, dice));
        }
    }
    let early = dice.percent(20).then(|| dice.ms(2_500));
    let ended = {
        let module = module.clone();
        tokio::spawn(async move {
            if let Some(after) = early {
                sleep(after).await;
                module.shutdown().await;
            }
        })
    };
    while let Ok(Some(next)) = timeout(LONG, calls.join_next()).await {
        match next {
            Ok(call) => settled.push(call),
            Err(error) => wrong.push(format!("a caller: {error}")),
        }
    }
    if !calls.is_empty() {
        wrong.push(format!("O1: {} calls were never settled", calls.len()));
    }
    let busy = module.in_flight();
    if busy > 0 && calls.is_empty() {
        wrong.push(format!("O1: {busy} are under way that nobody waits for"));
    }
    let _ = ended.await;
    if timeout(LONG, module.shutdown()).await.is_err() {
        wrong.push("O8: the shutdown does not end".to_owned());
    }
    // What a reluctant process needs, and what it has left behind.
    sleep(Duration::from_secs(2)).await;
    drop((client, module, keeper));
    let events = timeout(LONG, listener).await;
    let events = events.ok().and_then(Result::ok).unwrap_or_default();
    wrong.extend(judge(&world, &settled, &log, &events));
    let text = format!("{settled:#?}\n{log:#?}\n{events:?}\n{:#?}", world.book());
    Story { wrong, text }
}

async fn listen(mut events: crate::module::EventStream<Bytes>) -> Events {
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let word = |at: usize| {
            event[at..]
                .first_chunk()
                .map(|one| u64::from_be_bytes(*one))
        };
        seen.extend(word(0).zip(word(8)));
    }
    Events {
        seen,
        dropped: events.dropped(),
        emitted: events.emitted(),
    }
}

/// How many seeds, unless someone says, each of the tests below tries.
const SEEDS: u64 = 1_000;
/// Failing seeds that are shown.
const ENOUGH: usize = 5;
/// Longer than anything may take.
const LONG: Duration = Duration::from_secs(600);

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Every fourth seed from `first`; or the one that is asked for, in the first of the tests.
fn try_seeds(first: u64) {
    let seeds: Vec<u64> = match number("PROCWIRE_SEED") {
        Some(seed) if first == 0 => vec![seed],
        Some(_) => return,
        None => (0..number("PROCWIRE_SEEDS").unwrap_or(SEEDS))
            .map(|at| first + at * 4)
            .collect(),
    };
    let replay = seeds.len() == 1;
    let mut report = Vec::new();
    for seed in seeds {
        let story = tell(seed);
        if story.wrong.is_empty() {
            continue;
        }
        report.push(format!(
            "seed {seed}:\n  {}\n{}Tell it again with\n  PROCWIRE_SEED={seed} cargo nextest run -p procwire-runtime --lib simulation::seeds_a",
            story.wrong.join("\n  "),
            if replay { &story.text } else { "" },
        ));
        if report.len() == ENOUGH {
            break;
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn seeds_a() {
    try_seeds(0);
}

#[test]
fn seeds_b() {
    try_seeds(1);
}

#[test]
fn seeds_c() {
    try_seeds(2);
}

#[test]
fn seeds_d() {
    try_seeds(3);
}

#[test]
fn a_seed_is_always_the_same_story() {
    for seed in 0..40 {
        assert_eq!(tell(seed).text, tell(seed).text, "seed {seed}");
    }
}
