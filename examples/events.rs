//! Events: what a worker says without being asked, at any time.
//!
//! `cargo run --example events`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks, and is as short as a program of one's own"
)]

use std::time::Duration;

use procwire::Ack;

/// Burns discs.
#[procwire::module(version = "1.0.0")]
pub trait Burner {
    /// Starts burning; `done` fires at the end.
    async fn burn(&self, disc: String, #[default(5)] tracks: u32) -> Ack;

    /// How far it has come. A slow reader sees the newest, never a backlog.
    #[event]
    #[keep(latest)]
    fn progress(disc: String, track: u32, of: u32);

    /// It is finished. Every one of these is kept until it is read.
    #[event]
    fn done(disc: String);
}

struct Drive {
    events: BurnerEvents,
}

impl Burner for Drive {
    async fn burn(&self, disc: String, tracks: u32) -> Ack {
        // The acknowledgement goes out now, and the work goes on behind it.
        let events = self.events.clone();
        tokio::spawn(async move {
            for track in 1..=tracks {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if events.progress(disc.clone(), track, tracks).await.is_err() {
                    return; // the parent is gone
                }
            }
            let _ = events.done(disc).await;
        });
        Ack::default()
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
        return Ok(BurnerWorker::serve(|events| Drive { events }).await?);
    }
    let burner = BurnerClient::builder()
        .command(std::env::current_exe()?)
        .arg("worker")
        .spawn()
        .await?;

    // Subscribe first: what fired before that is not heard.
    let (mut progress, mut done) = (burner.events().progress(), burner.events().done());
    burner.burn("holidays").await?;
    println!("taken");
    loop {
        tokio::select! {
            Some(at) = progress.next() => println!("{}: {} of {}", at.disc, at.track, at.of),
            Some(end) = done.next() => {
                println!("{}: done", end.disc);
                break;
            }
            else => return Err("the worker is gone".into()),
        }
    }
    burner.shutdown().await;
    Ok(())
}
