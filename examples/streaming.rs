//! A stream of answers: items as they are made, an end, an error in the middle, and giving up early.
//!
//! `cargo run --example streaming`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks, and is as short as a program of one's own"
)]

use futures_util::TryStreamExt as _;
use procwire::{Answers, CallError};

/// Why there are no more primes.
#[derive(Debug, procwire::Type)]
pub enum SieveError {
    /// The worker does not search beyond this.
    Exhausted { limit: u64 },
}

/// Finds prime numbers.
#[procwire::module(version = "1.0.0")]
pub trait Sieve {
    /// Every prime from `start` on. `timeout` is the longest silence between two of them.
    #[timeout("5s")]
    fn primes(
        &self,
        #[default(2)] start: u64,
        #[default(1000)] limit: u64,
    ) -> Answers<u64, SieveError>;
}

struct Trial;

impl Sieve for Trial {
    fn primes(&self, start: u64, limit: u64) -> Answers<u64, SieveError> {
        // `send` waits while the parent reads slowly. When the parent gives the stream up, this is dropped right there.
        Answers::produce(move |mut items| async move {
            for number in (start.max(2)..).take_while(|number| *number <= limit) {
                if (2..)
                    .take_while(|by| by * by <= number)
                    .all(|by| number % by != 0)
                {
                    items.send(number).await;
                }
            }
            Err(SieveError::Exhausted { limit })
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before there is a second thread: later nobody may change the environment any more.
    procwire::prepare_worker();
    run()
}

#[tokio::main]
async fn run() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return Ok(SieveWorker::serve(|_events| Trial).await?);
    }
    let sieve = SieveClient::builder()
        .command(std::env::current_exe()?)
        .arg("worker")
        .spawn()
        .await?;

    // Item by item, until the error that the schema declares.
    let mut primes = sieve.primes().limit(20).await?;
    loop {
        match primes.try_next().await {
            Ok(Some(prime)) => print!("{prime} "),
            Ok(None) => break,
            Err(CallError::App(SieveError::Exhausted { limit })) => {
                println!("and no more up to {limit}");
                break;
            }
            Err(other) => return Err(other.into()),
        }
    }

    // Two streams at once, through one connection; a slow reader of one does not hold up the other.
    let (small, large) = tokio::try_join!(first(&sieve, 1_000), first(&sieve, 1_000_000))?;
    println!("{small:?}\n{large:?}");

    sieve.shutdown().await;
    Ok(())
}

/// The first five primes from `start` on. Dropping the stream cancels it: the worker stops searching.
async fn first(sieve: &SieveClient, start: u64) -> Result<Vec<u64>, CallError<SieveError>> {
    let primes = sieve.primes().start(start).limit(u64::MAX).await?;
    let five = futures_util::StreamExt::take(primes, 5);
    five.try_collect().await
}
