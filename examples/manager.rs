//! Many modules under one manager: started together, watched in one place, ended together.
//!
//! `cargo run --example manager`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks, and is as short as a program of one's own"
)]

use procwire::{Builder, Client, ManagerEvent, ModuleManager};

/// Counts letters.
#[procwire::module(version = "1.0.0")]
pub trait Counter {
    async fn count(&self, text: String) -> u32;
}

/// Turns texts round.
#[procwire::module(version = "1.0.0")]
pub trait Mirror {
    async fn reversed(&self, text: String) -> String;
}

struct Worker;

impl Counter for Worker {
    async fn count(&self, text: String) -> u32 {
        text.chars().count() as u32
    }
}

impl Mirror for Worker {
    async fn reversed(&self, text: String) -> String {
        text.chars().rev().collect()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("counter") => return Ok(CounterWorker::serve(|_| Worker).await?),
        Some("mirror") => return Ok(MirrorWorker::serve(|_| Worker).await?),
        _ => {}
    }

    let manager = ModuleManager::new();
    let mut events = manager.events();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let ManagerEvent::Ready { name, pid, .. } = event {
                println!("{name} is process {pid}");
            }
        }
    });

    // What `register` returns is the typed client; nothing runs yet.
    let counter = manager.register(itself(CounterClient::builder(), "counter")?)?;
    manager.register(itself(MirrorClient::builder(), "mirror")?)?;
    manager.spawn_all().await?;

    println!("{} letters", counter.count("Procwire").await?);
    // Elsewhere in the program, the type finds it.
    let mirror: MirrorClient = manager.get().ok_or("nobody registered it")?;
    println!("{}", mirror.reversed("Procwire").await?);

    manager.shutdown_all().await;
    Ok(())
}

/// This very program, in another role.
fn itself<C: Client>(builder: Builder<C>, role: &str) -> std::io::Result<Builder<C>> {
    Ok(builder.command(std::env::current_exe()?).arg(role))
}
