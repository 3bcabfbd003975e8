//! Failures: a worker dies in the middle, and every caller is told what may have been executed.
//!
//! `cargo run --example failures`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks, and is as short as a program of one's own"
)]

use procwire::{CallError, Outcome};

/// Moves money.
#[procwire::module(version = "1.0.0")]
pub trait Bank {
    /// Moves an amount. Never sent again when it may have been executed.
    async fn transfer(&self, cents: u64, #[default(false)] power_cut: bool) -> u64;

    /// What is left. Reading twice harms nobody, so this is sent again whenever a worker dies.
    #[idempotent]
    async fn balance(&self) -> u64;
}

struct Vault;

impl Bank for Vault {
    async fn transfer(&self, cents: u64, power_cut: bool) -> u64 {
        if power_cut {
            eprintln!("moved {cents} cents, about to say so, and then");
            std::process::abort();
        }
        cents
    }

    async fn balance(&self) -> u64 {
        1_000
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return Ok(BankWorker::serve(|_| Vault).await?);
    }
    let bank = BankClient::builder()
        .command(std::env::current_exe()?)
        .arg("worker")
        .spawn()
        .await?;

    // Three calls are on their way when the first one kills the worker.
    let (fatal, behind, reading) = tokio::join!(
        async { bank.transfer(500).power_cut(true).await },
        async { bank.transfer(7).await },
        async { bank.balance().await },
    );

    // The handler had begun: whether the money was moved, nobody can know. How the process ended is in the error.
    match fatal {
        Err(error @ CallError::Crashed { .. }) => {
            assert_eq!(error.outcome(), Outcome::MaybeExecuted);
            println!("{error}");
        }
        other => return Err(format!("{other:?}").into()),
    }
    // This one provably had not begun, so the next worker got it. This caller never notices.
    println!("moved {} cents", behind?);
    println!("{} cents are left", reading?);

    let farewell = bank.shutdown().await;
    println!("{farewell}");
    Ok(())
}
