//! What ends the children of workers when this process is killed.
//!
//! The kernel ends a worker with its parent, but not what the worker has started. So a shell, one for this whole process, is
//! told of every group of processes that a worker leads. It reads a pipe; when this process is gone, in whichever way, the
//! pipe ends and the shell kills the groups that are left. It does nothing else, costs a megabyte, and where there is no
//! shell there is none.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};

/// The pipe to the shell.
#[derive(Debug)]
pub(super) struct Warden {
    orders: Option<ChildStdin>,
}

impl Warden {
    /// Starts the shell.
    pub(super) fn start() -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "procwire-warden"])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal that a terminal sends to this process's group is not for it.
            .process_group(0)
            .spawn();
        Self {
            orders: shell.ok().and_then(|mut shell| shell.stdin.take()),
        }
    }

    /// This group must not outlive us.
    pub(super) fn watch(&mut self, group: u32) {
        self.tell('+', group);
    }

    /// Nothing is left of this group; its number may soon be another's.
    pub(super) fn forget(&mut self, group: u32) {
        self.tell('-', group);
    }

    fn tell(&mut self, order: char, group: u32) {
        if let Some(orders) = &mut self.orders
            && writeln!(orders, "{order} {group}").is_err()
        {
            self.orders = None; // someone killed it
        }
    }
}

const SCRIPT: &str = r#"
trap '' HUP INT TERM QUIT
groups=
while read -r order group; do
  case $groups in
    *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
  if [ "$order" = + ]; then groups="$groups $group "; fi
done
for group in $groups; do kill -9 "-$group"; done
"#;
