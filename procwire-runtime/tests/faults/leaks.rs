//! That nothing of a test is left: descriptors, zombies, processes, files, tasks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::stage::Stage;

/// What there was before.
pub(crate) struct Baseline {
    descriptors: BTreeMap<String, usize>,
    /// Whoever ends the workers of this process when it is killed lives as long as it does.
    children: Vec<String>,
    tasks: usize,
}

impl Baseline {
    pub(crate) fn now() -> Self {
        Self {
            descriptors: descriptors(),
            children: processes(None).into_iter().map(|(pid, _)| pid).collect(),
            tasks: Self::tasks(),
        }
    }

    /// Tasks of the runtime that are alive.
    pub(crate) fn tasks() -> usize {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    }

    /// Reaping and closing happen behind the caller's back, so what is left is given time to go.
    pub(crate) async fn restored(self, stage: Stage) {
        let marker = stage.marker.clone();
        let made =
            std::mem::take(&mut *stage.folders.lock().unwrap_or_else(PoisonError::into_inner));
        let folder = stage.folder;
        drop(stage.listener);
        let give_up = Instant::now() + PATIENCE;
        loop {
            let mut left = String::new();
            let now = descriptors();
            if now != self.descriptors {
                let _ = writeln!(left, "descriptors: {:?}, now {now:?}", self.descriptors);
            }
            if Self::tasks() != self.tasks {
                let _ = writeln!(left, "tasks: {}, now {}", self.tasks, Self::tasks());
            }
            for (pid, state) in processes(Some(&marker)) {
                if !self.children.contains(&pid) {
                    let _ = writeln!(left, "process: {pid} in state {state}");
                }
            }
            for file in sockets(folder.path()) {
                let _ = writeln!(left, "file: {file}");
            }
            for folder in made.iter().filter(|folder| folder.exists()) {
                let _ = writeln!(left, "folder: {}", folder.display());
            }
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < give_up, "left behind:\n{left}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// By what they lead to, without the numbers that name one socket or pipe.
fn descriptors() -> BTreeMap<String, usize> {
    let mut open = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        // The listing itself is gone when it is looked at.
        if let Ok(target) = fs::read_link(entry.path()) {
            let target = target.to_string_lossy();
            let kind = target.split(":[").next().unwrap_or_default().to_owned();
            *open.entry(kind).or_default() += 1;
        }
    }
    open
}

/// Children of this process, zombies too, and whoever carries the marker; each with its state.
fn processes(marker: Option<&str>) -> Vec<(String, String)> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) || name == own {
            continue;
        }
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // After the name, which may contain anything: state, parent.
        let mut rest = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let (state, parent) = (rest.next(), rest.next());
        let child = parent == Some(&own);
        let marked = marker.is_some_and(|marker| {
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            environ
                .split(|byte| *byte == 0)
                .any(|variable| variable == marker.as_bytes())
        });
        if child || marked {
            found.push((name, state.unwrap_or("?").to_owned()));
        }
    }
    found
}

fn sockets(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".sock"))
        .collect()
}

/// Much longer than anything here takes on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(20);
