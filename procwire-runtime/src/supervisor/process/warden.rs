//! What ends the children of workers, and removes the folders of their sockets, when this process is killed.
//!
//! The kernel ends a worker with its parent, but not what the worker has started, and it removes no files. So a shell, one for
//! this whole process, is told of every group of processes that a worker leads, and of every folder before it is made. It reads
//! a pipe; when this process is gone, in whichever way, the pipe ends, and the shell kills the groups and removes the folders
//! that are left. It does nothing else, costs a megabyte, and where there is no shell there is none.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::transport::Caretaker;

/// The one of this process.
static WARDEN: Mutex<Option<Warden>> = Mutex::new(None);

/// This group must not outlive us.
pub(super) fn watch(group: u32) {
    with(|warden| warden.tell('+', group));
}

/// Nothing is left of this group; its number may soon be another's.
pub(super) fn forget(group: u32) {
    with(|warden| warden.tell('-', group));
}

/// The warden, as one that looks after folders.
#[derive(Debug)]
pub(in crate::supervisor) struct Folders;

impl Caretaker for Folders {
    fn expect(&self, base: &Path, name: &str) {
        with(|warden| warden.tell_folder('+', base, name));
    }

    fn release(&self, base: &Path, name: &str) {
        with(|warden| warden.tell_folder('-', base, name));
    }
}

fn with(tell: impl FnOnce(&mut Warden)) {
    let mut warden = WARDEN.lock().unwrap_or_else(PoisonError::into_inner);
    tell(warden.get_or_insert_with(Warden::start));
}

/// The pipe to the shell.
#[derive(Debug)]
struct Warden {
    orders: Option<ChildStdin>,
    /// What the pipe has not taken: whoever tells does not wait for a shell that stands still.
    untold: Vec<u8>,
    /// The directories that it knows, by their place from 1.
    bases: Vec<PathBuf>,
}

impl Warden {
    /// Starts the shell.
    fn start() -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "procwire-warden"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C") // names of files are bytes
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal that a terminal sends to this process's group is not for it.
            .process_group(0)
            .spawn();
        let orders = shell.ok().and_then(|mut shell| shell.stdin.take());
        Self {
            orders: orders.filter(|orders| rustix::io::ioctl_fionbio(orders, true).is_ok()),
            untold: Vec::new(),
            bases: Vec::new(),
        }
    }

    fn tell_folder(&mut self, order: char, base: &Path, name: &str) {
        let known = self.bases.iter().position(|known| known == base);
        let place = match known {
            Some(place) => place + 1,
            None => {
                let bytes = base.as_os_str().as_bytes();
                if bytes.contains(&b'\n') {
                    return; // it would be taken for two orders: the next parent has to look after that one
                }
                self.say(&[b"/ ", bytes, b"\n"].concat());
                self.bases.push(base.to_owned());
                self.bases.len()
            }
        };
        self.tell(order, format_args!("{place}:{name}"));
    }

    fn tell(&mut self, order: char, what: impl std::fmt::Display) {
        self.say(format!("{order} {what}\n").as_bytes());
    }

    fn say(&mut self, line: &[u8]) {
        let Some(orders) = &mut self.orders else {
            return;
        };
        self.untold.extend_from_slice(line);
        while !self.untold.is_empty() {
            match orders.write(&self.untold) {
                Ok(taken) => drop(self.untold.drain(..taken)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    // Someone killed it.
                    self.orders = None;
                    self.untold = Vec::new();
                    return;
                }
            }
        }
    }
}

/// `+` adds a word and `-` takes it out again: the number of a group, or a folder as `<number of its directory>:<its name>`.
/// `/` adds a directory; directories are the only words that may have spaces in them, and are the script's parameters.
const SCRIPT: &str = r#"
trap '' HUP INT TERM QUIT
words=' '
while IFS= read -r line; do
  word=${line#??}
  case $line in
    '/ '*) set -- "$@" "$word"; continue ;;
  esac
  case $words in
    *" $word "*) words="${words%% $word *} ${words#* $word }" ;;
  esac
  case $line in
    '+ '*) words="$words$word " ;;
  esac
done
for word in $words; do
  case $word in
    *:*) ;;
    *) kill -9 "-$word" ;;
  esac
done
for word in $words; do
  case $word in
    *:procwire-*) eval "folder=\${${word%%:*}}/\${word#*:}" ;;
    *) continue ;;
  esac
  # Who is being killed may be at binding a socket.
  for again in 1 2 3 4 5 6 7 8; do
    if [ -h "$folder" ] || ! [ -d "$folder" ]; then break; fi
    for file in "$folder"/*; do
      if [ -S "$file" ] && ! [ -h "$file" ]; then rm -f "$file"; fi
    done
    rmdir "$folder" && break
  done
done
"#;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    const NAMES: [&str; 3] = [
        "procwire-00000000000a",
        "procwire-00000000000b",
        "procwire-00000000000c",
    ];

    /// What a shell does that is given these orders, up to its end.
    fn obeyed(orders: impl FnOnce(&mut Warden)) {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "procwire-warden"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut warden = Warden {
            orders: shell.stdin.take(),
            untold: Vec::new(),
            bases: Vec::new(),
        };
        orders(&mut warden);
        drop(warden);
        shell.wait().unwrap();
    }

    #[test]
    fn b05_folders_it_was_told_of_go_with_their_sockets_wherever_they_are() {
        let root = tempfile::tempdir().unwrap();
        for strange in [
            "plain",
            " with  spaces ",
            "*?[a]'\"$HOME`x`\\",
            "häßlich-あ",
        ] {
            let base = root.path().join(strange);
            for name in NAMES {
                fs::create_dir_all(base.join(name)).unwrap();
                drop(UnixListener::bind(base.join(name).join("s 1.sock")).unwrap());
            }
            obeyed(|warden| {
                warden.tell_folder('+', &base, NAMES[0]);
                warden.tell_folder('+', root.path(), "procwire-never-made");
                warden.tell_folder('+', &base, NAMES[1]);
                warden.tell_folder('+', &base, NAMES[2]);
                warden.tell_folder('-', &base, NAMES[1]);
            });
            let left: Vec<_> = fs::read_dir(&base).unwrap().flatten().collect();
            assert_eq!(left.len(), 1, "{strange}: {left:?}");
            assert_eq!(left[0].file_name(), NAMES[1], "it was told to forget it");
            assert!(base.join(NAMES[1]).join("s 1.sock").exists());
        }
    }

    #[test]
    fn what_is_no_socket_stays_and_so_does_what_a_link_leads_to() {
        let base = tempfile::tempdir().unwrap();
        let (notes, link) = (base.path().join(NAMES[0]), base.path().join(NAMES[1]));
        let elsewhere = base.path().join("elsewhere");
        fs::create_dir(&notes).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        fs::write(notes.join("file"), "mine").unwrap();
        drop(UnixListener::bind(notes.join("s.sock")).unwrap());
        drop(UnixListener::bind(elsewhere.join("s.sock")).unwrap());
        symlink(elsewhere.join("s.sock"), notes.join("link.sock")).unwrap();
        symlink(&elsewhere, &link).unwrap();
        obeyed(|warden| {
            warden.tell_folder('+', base.path(), NAMES[0]);
            warden.tell_folder('+', base.path(), NAMES[1]);
        });
        assert!(notes.join("file").exists() && !notes.join("s.sock").exists());
        assert!(fs::symlink_metadata(notes.join("link.sock")).is_ok());
        assert!(elsewhere.join("s.sock").exists() && fs::symlink_metadata(link).is_ok());
    }

    #[test]
    fn groups_it_was_told_of_are_killed_and_others_are_not() {
        let sleeper = || {
            let mut command = Command::new("sleep");
            command.arg("1000").process_group(0).spawn().unwrap()
        };
        let (mut doomed, mut spared) = (sleeper(), sleeper());
        obeyed(|warden| {
            for pid in [doomed.id(), spared.id()] {
                warden.tell('+', pid);
            }
            warden.tell('-', spared.id());
        });
        assert!(!doomed.wait().unwrap().success());
        assert!(spared.try_wait().unwrap().is_none());
        spared.kill().unwrap();
        spared.wait().unwrap();
    }

    #[test]
    fn nobody_waits_for_a_shell_that_reads_nothing() {
        let mut deaf = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = deaf.stdin.take().unwrap();
        rustix::io::ioctl_fionbio(&orders, true).unwrap();
        let mut warden = Warden {
            orders: Some(orders),
            untold: Vec::new(),
            bases: Vec::new(),
        };
        for group in 0..50_000 {
            warden.tell('+', group);
        }
        assert!(!warden.untold.is_empty());
        deaf.kill().unwrap();
        deaf.wait().unwrap();
        warden.tell('+', 1);
        assert!(warden.orders.is_none() && warden.untold.is_empty());
    }
}
