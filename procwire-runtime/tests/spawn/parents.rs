//! Parents that die: nothing of theirs outlives them, and the next one takes away what they could not.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::puppet::{entries, own_program};
use super::{alive, kill, puppet, shell, until};

/// A process that starts workers, and ends as it is told.
struct Parent {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Parent {
    fn start(how: &str, base: &Path) -> Self {
        let mut process = Command::new(own_program())
            .args([
                "--exact",
                "parents::be_one",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("PARENT", how)
            .env("XDG_RUNTIME_DIR", base)
            .env("PROCWIRE_TOKEN", "stale")
            .env("PROCWIRE_FD", "9:9")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    /// The next line that it says to the test.
    fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "it has ended");
            if let Some((_, said)) = line.split_once("parent: ") {
                return said.trim().to_owned();
            }
        }
    }

    /// Who cleans up after it.
    fn warden(&self) -> u32 {
        let parent = self.process.id().to_string();
        let processes = entries("/proc".as_ref()).into_iter();
        let mut pids = processes.filter_map(|path| path.file_name()?.to_str()?.parse().ok());
        let is_it = |pid: &u32| {
            let read = |file| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let (stat, words) = (read("stat"), read("cmdline"));
            let stat = String::from_utf8_lossy(&stat);
            // After the name: its state, its parent.
            let is_child = stat
                .split(") ")
                .nth(1)
                .and_then(|rest| rest.split(' ').nth(1))
                == Some(&parent);
            is_child && words.ends_with(b"procwire-warden\0")
        };
        pids.find(is_it).expect("it has a warden")
    }

    fn end(&mut self, how: &str) {
        match how {
            "kill" => self.process.kill().unwrap(),
            how => writeln!(self.process.stdin.as_mut().unwrap(), "{how}").unwrap(),
        }
        self.process.wait().unwrap();
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn be_one() {
    let Ok(how) = std::env::var("PARENT") else {
        return; // an ordinary run of the tests
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _kept = match how.as_str() {
        "serving" => Some(runtime.block_on(async {
            let pdf = puppet("", "inherited").spawn().await.unwrap();
            let grandchild = pdf.act("grandchild").result().await.unwrap();
            let token = pdf.act("env PROCWIRE_TOKEN").result().await.unwrap();
            println!(
                "\nparent: {} {grandchild} {token}",
                pdf.module().pid().unwrap()
            );
            pdf
        })),
        // A worker that never gets ready, so that its folder is there when the parent dies.
        "starting" => {
            runtime.spawn(shell("exec sleep 1000").spawn());
            println!("\nparent: starting");
            None
        }
        _ => {
            let pdf = runtime.block_on(puppet("", "tagged").spawn()).unwrap();
            println!("\nparent: started");
            Some(pdf)
        }
    };
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    match line.trim() {
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        "panic" => {
            // As a program without an unwinding main thread would end.
            let _ = std::thread::spawn(|| panic!("as it was told")).join();
            std::process::exit(101);
        }
        _ => {}
    }
}

#[tokio::test]
async fn b01_b06_nothing_outlives_a_parent_however_it_ends() {
    let base = tempfile::tempdir().unwrap();
    for how in ["kill", "abort", "exit", "panic"] {
        let mut parent = Parent::start("serving", base.path());
        let said = parent.hear();
        let mut words = said.split(' ');
        let mut pid = || words.next().unwrap().parse::<u32>().unwrap();
        let (worker, grandchild) = (pid(), pid());
        assert_eq!(
            words.next(),
            Some("unset"),
            "a token that is not the worker's"
        );
        assert!(alive(worker) && alive(grandchild));
        parent.end(how);
        until("the worker is gone", || !alive(worker)).await;
        until("the grandchild is gone", || !alive(grandchild)).await;
        assert!(entries(base.path()).is_empty(), "{how}");
    }
}

#[tokio::test]
async fn b05_a_parent_killed_in_the_middle_of_a_start_leaves_no_folder() {
    let base = tempfile::tempdir().unwrap();
    let mut parent = Parent::start("starting", base.path());
    assert_eq!(parent.hear(), "starting");
    until("there is a folder", || !entries(base.path()).is_empty()).await;
    parent.end("kill");
    until("it is gone", || entries(base.path()).is_empty()).await;
}

#[tokio::test]
async fn b05_the_next_parent_takes_away_what_a_dead_one_and_its_warden_left() {
    let base = tempfile::tempdir().unwrap();
    let mut parent = Parent::start("starting", base.path());
    assert_eq!(parent.hear(), "starting");
    until("there is a folder", || !entries(base.path()).is_empty()).await;
    let warden = parent.warden();
    kill(warden);
    until("the warden is dead", || !alive(warden)).await;
    parent.end("kill");
    let left = entries(base.path());
    assert_eq!(left.len(), 1, "nobody could remove it");
    let mut next = Parent::start("", base.path());
    assert_eq!(next.hear(), "started");
    assert!(entries(base.path()).is_empty());
    next.end("exit");
}

#[test]
fn b04_a_worker_outlives_the_thread_that_asked_for_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_keep_alive(Duration::from_millis(1))
        .enable_all()
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let handle = handle.clone();
            let thread =
                std::thread::spawn(move || handle.block_on(puppet("", "inherited").spawn()));
            thread.join().unwrap().unwrap()
        })
        .collect();
    for pdf in workers {
        assert_eq!(
            runtime.block_on(pdf.act("hello").result()).unwrap(),
            "hello"
        );
        assert_eq!(pdf.module().incarnation(), 1);
        runtime.block_on(pdf.module().shutdown());
    }
}
