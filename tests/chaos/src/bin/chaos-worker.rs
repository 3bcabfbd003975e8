//! `schemas/chaos.toml` in Rust.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chaos::{Chaos, ChaosEvents, ChaosWorker, Done, Task};
use procwire::{Answers, Oneway};

struct Worker {
    events: ChaosEvents,
    journal: File,
    ticks: AtomicU64,
}

impl Worker {
    /// Before anything else a handler does.
    fn entered(&self, call: u64) {
        let written = (&self.journal).write_all(&call.to_le_bytes());
        written.expect("the journal takes eight bytes");
    }

    async fn work(&self, task: Task) -> Done {
        self.entered(task.call);
        if task.ms > 0 {
            tokio::time::sleep(Duration::from_millis(task.ms.into())).await;
        }
        Done {
            call: task.call,
            data: task.data,
            pid: std::process::id(),
        }
    }
}

impl Chaos for Worker {
    async fn once(&self, task: Task) -> Done {
        self.work(task).await
    }

    async fn again(&self, task: Task) -> Done {
        self.work(task).await
    }

    fn items(&self, call: u64, n: u32) -> Answers<u64> {
        self.entered(call);
        Answers::from_iter((0..n).map(move |i| call + u64::from(i)))
    }

    async fn tick(&self, times: u32) -> Oneway {
        for _ in 0..times {
            let number = self.ticks.fetch_add(1, Ordering::SeqCst);
            let _ = self.events.ticked(std::process::id(), number).await;
        }
        Oneway
    }

    async fn breed(&self) -> u32 {
        let child = std::process::Command::new("sleep").arg("3600").spawn();
        child.map_or(0, |child| child.id())
    }

    async fn die(&self, how: String) -> u32 {
        match how.as_str() {
            "exit" => std::process::exit(0),
            "fail" => std::process::exit(3),
            "abort" => std::process::abort(),
            "segv" => signal_self("SEGV"),
            "half" => write_to_parent(&[0, 1, 0x03, 0, 0]),
            "garbage" => write_to_parent(&[0xFF; 64]),
            "socket" => shut_sockets(),
            other => panic!("{other}: no such way to die"),
        }
        std::future::pending().await
    }
}

/// As an outsider would.
fn signal_self(signal: &str) {
    let _ = std::process::Command::new("kill")
        .args([format!("-{signal}"), std::process::id().to_string()])
        .status();
}

/// What no worker runtime does: writes to the data channel past it, in the middle of whatever goes on there.
fn write_to_parent(bytes: &[u8]) {
    for_each_socket(|socket| {
        let _ = rustix::io::write(socket, bytes);
    });
    std::process::exit(9);
}

fn shut_sockets() {
    for_each_socket(|socket| {
        let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
    });
}

#[expect(unsafe_code, reason = "a worker that does what it must not do")]
fn for_each_socket(act: impl Fn(BorrowedFd<'_>)) {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    for entry in entries.flatten() {
        let is_socket = std::fs::read_link(entry.path())
            .is_ok_and(|target| target.to_string_lossy().starts_with("socket:"));
        let number = entry.file_name().to_string_lossy().parse().unwrap_or(-1);
        if is_socket && number >= 0 {
            // SAFETY: it was open a moment ago, and no descriptor of a connected worker is closed before it ends.
            act(unsafe { BorrowedFd::borrow_raw(number) });
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder =
        PathBuf::from(std::env::var_os("CHAOS_JOURNAL").ok_or("CHAOS_JOURNAL is missing")?);
    let journal = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join(std::process::id().to_string()))?;
    ChaosWorker::serve(|events| Worker {
        events,
        journal,
        ticks: AtomicU64::new(0),
    })
    .await?;
    Ok(())
}
