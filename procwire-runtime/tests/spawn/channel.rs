//! The data channel: inherited, in a private folder, or at a path that a plain peer chose.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use procwire_runtime::__private::{CallError, Outcome, Restart, StartError};

use super::puppet::{PIPE, entries};
use super::{alive, kill, puppet, refused, shell, until};

fn base() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn an_inherited_channel_needs_no_path() {
    let base = base();
    let pdf = puppet("", "inherited,tagged")
        .env("XDG_RUNTIME_DIR", base.path())
        .auth(true)
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    let fd = pdf.act("env PROCWIRE_FD").result().await.unwrap();
    assert!(fd.starts_with("3:"), "{fd}");
    assert!(entries(base.path()).is_empty(), "the folder has gone");
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn a_worker_that_does_not_take_it_is_reached_in_its_folder() {
    let base = base();
    let pdf = puppet("", "tagged")
        .env("XDG_RUNTIME_DIR", base.path())
        .auth(true)
        .spawn()
        .await
        .unwrap();
    let folder = pdf.act("env PROCWIRE_DIR").result().await.unwrap();
    assert_eq!(Path::new(&folder).parent(), Some(base.path()));
    assert!(
        !Path::new(&folder).exists(),
        "connected, so no longer needed"
    );
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn a16_a_launcher_that_closes_descriptors_leaves_the_path() {
    let program = puppet::own_program();
    let pdf = shell("exec 3>&- 4<&0; \"$0\" \"$@\" <&4 4<&- & exec 4<&-; wait")
        .arg(program)
        .args(puppet::ARGS)
        .env(puppet::MODE, "")
        .env(puppet::ACCEPTS, "inherited,tagged")
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    assert_ne!(pdf.act("env PROCWIRE_DIR").result().await.unwrap(), "unset");
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn a_plain_peer_sees_the_plain_protocol() {
    let base = base();
    let pdf = puppet("", "")
        .env("TMPDIR", base.path())
        .spawn()
        .await
        .unwrap();
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    pdf.module().shutdown().await;
    assert!(entries(base.path()).is_empty());
}

#[tokio::test]
async fn a07_a_worker_that_dies_before_it_is_connected_leaves_no_socket() {
    let base = base();
    let error = puppet("dies", "tagged")
        .env("XDG_RUNTIME_DIR", base.path())
        .retries(0)
        .spawn()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("cannot connect to the worker"), "{text}");
    until("the folder is gone", || entries(base.path()).is_empty()).await;
}

#[tokio::test]
async fn c05_a_worker_of_ours_cannot_name_another_socket() {
    let base = base();
    let other = base.path().join("other.sock");
    let listener = UnixListener::bind(&other).unwrap();
    listener.set_nonblocking(true).unwrap();
    let error = refused(puppet("", "tagged").env(PIPE, &other)).await;
    assert!(
        matches!(&error, StartError::SocketRefused { reason, .. } if reason.contains("not in the folder")),
        "{error}"
    );
    let never = listener.accept().unwrap_err();
    assert_eq!(never.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn c05_a_plain_peer_cannot_name_what_is_no_socket_of_ours() {
    let base = base();
    let at = |name: &str| base.path().join(name);
    let listener = UnixListener::bind(at("s.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();
    symlink(at("s.sock"), at("link")).unwrap();
    std::fs::write(at("file"), "").unwrap();
    for path in [at("link"), at("file"), at("../x"), "s.sock".into()] {
        let error = refused(puppet("", "").env(PIPE, &path)).await;
        assert!(matches!(error, StartError::SocketRefused { .. }), "{error}");
    }
    let never = listener.accept().unwrap_err();
    assert_eq!(never.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn k05_a_long_directory_is_passed_over() {
    let base = base();
    let long = base.path().join("x".repeat(200));
    std::fs::create_dir(&long).unwrap();
    let pdf = puppet("", "tagged")
        .env("XDG_RUNTIME_DIR", &long)
        .env("TMPDIR", &long)
        .spawn()
        .await
        .unwrap();
    let folder = pdf.act("env PROCWIRE_DIR").result().await.unwrap();
    assert!(folder.starts_with("/tmp/procwire-"), "{folder}");
    assert!(entries(&long).is_empty());
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn a15_a_descendant_that_left_the_group_blocks_nothing() {
    let pdf = puppet("", "inherited")
        .restart(Restart::never())
        .spawn()
        .await
        .unwrap();
    let escaped: u32 = pdf.act("escape").result().await.unwrap().parse().unwrap();
    let error = pdf.risky("die").result().await.unwrap_err();
    assert!(matches!(error, CallError::Crashed { .. }), "{error}");
    assert_eq!(
        error.outcome(),
        Outcome::MaybeExecuted,
        "someone still holds the channel"
    );
    assert!(alive(escaped));
    kill(escaped);
}

#[tokio::test]
async fn a17_a_foreign_reaper_hides_how_it_ended_and_nothing_else() {
    let pdf = puppet("", "inherited").spawn().await.unwrap();
    let pid = pdf.module().pid().unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap());
    let foreign = std::thread::spawn(move || {
        let _ = rustix::process::waitpid(process, rustix::process::WaitOptions::empty());
    });
    let error = pdf.risky("die").result().await.unwrap_err();
    assert!(matches!(error, CallError::Crashed { .. }), "{error}");
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    foreign.join().unwrap();
    pdf.module().shutdown().await;
}

#[tokio::test]
async fn k11_a_worker_has_its_four_descriptors_and_no_others() {
    // As a library would leave it, which knows nothing of children.
    let noise = std::fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&noise, rustix::io::FdFlags::empty()).unwrap();
    let starts = (0..16).map(|_| tokio::spawn(refused(shell("ls /proc/self/fd >&2; exit 3"))));
    for start in starts.collect::<Vec<_>>() {
        let error = start.await.unwrap();
        let listed = error.stderr_tail();
        let listed: Vec<&str> = listed.lines().collect();
        // The last one is the folder that `ls` reads.
        assert_eq!(listed, ["0", "1", "2", "3", "4"]);
    }
}

#[tokio::test]
async fn k10_a_worker_dies_of_a_broken_pipe_as_programs_do() {
    let error = refused(shell(
        "grep -E '^Sig(Ign|Blk)' /proc/self/status >&2; exit 3",
    ))
    .await;
    let text = error.stderr_tail();
    let masks: Vec<u64> = text
        .lines()
        .filter_map(|line| u64::from_str_radix(line.split_whitespace().nth(1)?, 16).ok())
        .collect();
    let pipe = 1 << (13 - 1);
    assert_eq!(masks.len(), 2, "{text}");
    assert!(masks.iter().all(|mask| mask & pipe == 0), "{text}");
}
