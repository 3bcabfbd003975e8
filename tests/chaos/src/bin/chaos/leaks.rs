//! What must be as it was when nothing is under way: descriptors, children, files, tasks.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The variable that marks every descendant of a storm.
pub(crate) const MARK: &str = "CHAOS_MARK";

/// What there is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) descriptors: usize,
    pub(crate) children: Vec<u32>,
    pub(crate) files: Vec<String>,
    pub(crate) tasks: usize,
}

impl Census {
    /// Looks.
    pub(crate) fn take(sockets: &Path) -> Self {
        let files = fs::read_dir(sockets).into_iter().flatten().flatten();
        Self {
            descriptors: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            children: children(),
            files: files
                .map(|file| file.file_name().to_string_lossy().into_owned())
                .collect(),
            tasks: tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks(),
        }
    }

    /// Looks until everything is as in `before`, or the patience is over; gives what is left over then.
    pub(crate) async fn settle(before: &Self, sockets: &Path) -> Option<String> {
        let began = Instant::now();
        loop {
            let now = Self::take(sockets);
            if now.descriptors <= before.descriptors
                && now.children.is_empty()
                && now.files.is_empty()
                && now.tasks <= before.tasks
            {
                return None;
            }
            if began.elapsed() > PATIENCE {
                return Some(format!("before {before:?}, after {now:?}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The processes that this one has started and not reaped, but the runtime's own warden, which stays.
pub(crate) fn children() -> Vec<u32> {
    let mut children = Vec::new();
    for task in fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(
            list.split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
    }
    children.retain(|pid| {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        !words.contains("procwire-warden")
    });
    children
}

/// Every process whose environment has this mark, but the one that asks.
pub(crate) fn marked(mark: &str) -> Vec<u32> {
    let wanted = format!("{MARK}={mark}");
    let me = std::process::id();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let is_marked = environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes());
        if is_marked && pid != me && is_alive(pid) {
            found.push(pid);
        }
    }
    found
}

/// Bytes of memory that this process has in use.
pub(crate) fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok())
        .map_or(0, |pages| pages * 4096)
}

/// A zombie has ended.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| !rest.starts_with(['Z', 'X']))
    })
}

/// A process that was killed needs its turn on the processor to die, which takes its time where there are many.
const PATIENCE: Duration = Duration::from_secs(60);
