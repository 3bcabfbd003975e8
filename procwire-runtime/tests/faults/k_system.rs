//! Group K: the operating system says no, or leaves something lying about.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use procwire_runtime::__private::Exit;
use procwire_runtime::supervisor::StartError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::pdf::PdfClient;
use crate::puppet::init;
use crate::stage::{Stage, exchange, play, spawning};
use crate::told::start_error;

#[test]
fn k01_without_descriptors_a_start_fails_and_recovers_when_there_are_some() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let before = getrlimit(Resource::Nofile);
        let open = fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        for spare in 0..8 {
            let current = Some(open + spare);
            setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
            let starting = stage.builder().spawn();
            let told = tokio::time::timeout(std::time::Duration::from_secs(1), starting).await;
            setrlimit(Resource::Nofile, before).unwrap();
            // With descriptors enough for the start, nobody serves what was started.
            let Ok(told) = told else {
                stage.puppet().await.gone().await;
                continue;
            };
            let error = start_error(told.expect_err("nobody serves"));
            assert!(
                matches!(*error, StartError::FdExhausted { .. }),
                "{spare}: {error}"
            );
        }
        exchange(&pdf, &mut worker).await;
        let (again, mut other) = stage.pair().await;
        exchange(&again, &mut other).await;
    });
}

async fn refused(
    stage: &Stage,
    builder: procwire_runtime::__private::Builder<PdfClient>,
) -> String {
    let told = stage.dressed(builder).retries(5).spawn().await;
    let error = told.expect_err("no program");
    assert!(error.to_string().contains("after 1 attempt"), "{error}");
    format!("{:?}", start_error(error))
}

#[test]
fn k03_every_program_that_cannot_be_started_is_told_apart_and_tried_once() {
    play(async |stage| {
        let garbage = stage.path("garbage");
        fs::write(&garbage, b"\x7fELF\0\0\0\0 no program").unwrap();
        fs::set_permissions(&garbage, Permissions::from_mode(0o755)).unwrap();
        let locked = stage.path("locked");
        fs::write(&locked, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o644)).unwrap();
        let interpreted = stage.path("interpreted");
        fs::write(&interpreted, "#!/no/such/interpreter\n").unwrap();
        fs::set_permissions(&interpreted, Permissions::from_mode(0o755)).unwrap();
        let command = |program: &std::path::Path| PdfClient::builder().command(program);
        for (builder, expected) in [
            (command("procwire-no-such-program".as_ref()), "NotFound"),
            (command(&stage.path("missing")), "NotFound"),
            (command(&interpreted), "NotFound"),
            (command(&locked), "PermissionDenied"),
            (command(stage.folder.path()), "PermissionDenied"),
            (command(&garbage), "ExecFormat"),
            (
                command(crate::stage::evil()).cwd("/no/such/folder"),
                "CwdMissing",
            ),
        ] {
            let error = refused(stage, builder).await;
            assert!(error.starts_with(expected), "{expected}: {error}");
        }
    });
}

#[test]
fn k03_a_script_without_a_first_line_keeps_its_last_words() {
    play(async |stage| {
        let script = stage.path("script");
        for code in [2, 126, 127] {
            let text = format!("echo \"no module named torch\" >&2\nexit {code}\n");
            fs::write(&script, text).unwrap();
            fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
            let builder = stage.dressed(PdfClient::builder().command(&script));
            let error = start_error(builder.spawn().await.expect_err("it serves nothing"));
            assert!(matches!(*error, StartError::ExecFormat { .. }), "{error}");
            assert_eq!(error.exit(), Some(Exit::Code(code)));
            let text = error.to_string();
            assert!(text.contains(&format!("code {code}")), "{text}");
            assert!(text.contains("no module named torch"), "{text}");
            assert!(error.stderr_tail().contains("torch"), "{text}");
        }
    });
}

#[test]
fn k04_a_program_that_is_still_being_written_is_started_when_it_is_whole() {
    play(async |stage| {
        let program = stage.path("fresh");
        fs::copy(crate::stage::evil(), &program).unwrap();
        let writer = fs::OpenOptions::new().append(true).open(&program).unwrap();
        let builder = stage.dressed(PdfClient::builder().command(&program));
        let spawning = spawning(builder);
        // Busy at the first attempts at least: nothing of the parent runs before this thread waits.
        crate::stage::settle().await;
        drop(writer);
        let mut worker = stage.serving().await;
        exchange(&spawning.await.unwrap().unwrap(), &mut worker).await;
    });
}

#[test]
fn k05_a_long_path_is_no_obstacle() {
    play(async |stage| {
        let long = stage.path(&"x".repeat(150));
        fs::create_dir(&long).unwrap();
        let builder = stage
            .builder()
            .env("XDG_RUNTIME_DIR", &long)
            .env("TMPDIR", &long);
        let (pdf, mut worker) = stage.pair_of(builder).await;
        assert!(worker.socket(stage).len() < 104);
        exchange(&pdf, &mut worker).await;
    });
}

#[test]
fn k07_the_folder_of_a_socket_is_this_users_alone() {
    play(async |stage| {
        let spawning_ = spawning(stage.builder());
        let mut worker = stage.puppet().await;
        let folder = worker.env("PROCWIRE_DIR").unwrap().to_owned();
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{mode:o}");
        worker.serve(stage).await;
        let pdf = spawning_.await.unwrap().unwrap();
        assert!(!fs::exists(&folder).unwrap(), "it is needed no more");
        exchange(&pdf, &mut worker).await;

        // A plain worker listens where everyone may write.
        let open = stage.path("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        let error = stage
            .refused(async |worker| {
                let path = open.join("evil.sock");
                worker.step(json!(["listen", path])).await;
                let line = format!("{}\n", init(path.to_str().unwrap(), &[]));
                worker.say(line).await;
            })
            .await;
        let error = start_error(error);
        assert!(
            matches!(*error, StartError::SocketDirInsecure(_)),
            "{error}"
        );
    });
}

#[test]
fn k08_files_of_others_are_left_alone() {
    play(async |stage| {
        let mine = stage.path("precious.sock");
        let _listener = UnixListener::bind(&mine).unwrap();
        let error = stage
            .refused(async |worker| {
                // It names what is not its own, and dies.
                worker.step(json!(["listen", stage.path("own.sock")])).await;
                let line = format!("{}\n", init(stage.path("file").to_str().unwrap(), &[]));
                fs::write(stage.path("file"), "not a socket").unwrap();
                worker.say(line).await;
            })
            .await;
        let error = start_error(error);
        assert!(
            matches!(*error, StartError::SocketRefused { .. }),
            "{error}"
        );
        assert!(mine.exists() && stage.path("file").exists());
        fs::remove_file(&mine).unwrap();
        fs::remove_file(stage.path("own.sock")).unwrap();
    });
}

#[test]
fn k09_a_folder_that_is_swept_away_is_missed_by_nobody() {
    play(async |stage| {
        let (pdf, mut worker) = stage.pair().await;
        let folder = worker.env("PROCWIRE_DIR").unwrap().to_owned();
        let _ = fs::remove_dir_all(folder);
        exchange(&pdf, &mut worker).await;
    });
}

/// What a shell finds, which is started in the place of a worker, on its stderr.
async fn look(stage: &Stage, script: &str) -> String {
    let shell = PdfClient::builder().command("sh").args(["-c", script]);
    let told = stage.dressed(shell).spawn().await;
    told.expect_err("a shell serves nothing").to_string()
}

#[test]
fn k10_a_worker_starts_with_no_signal_blocked_and_a_broken_pipe_that_kills() {
    play(async |stage| {
        let found = look(stage, "grep Sig /proc/self/status >&2; exit 3").await;
        let mask = |name: &str| {
            let line = found.lines().find_map(|line| line.strip_prefix(name));
            u64::from_str_radix(line.unwrap().trim(), 16).unwrap()
        };
        assert_eq!(mask("SigBlk:"), 0, "{found}");
        // SIGPIPE, which this process itself ignores.
        assert_eq!(mask("SigIgn:") & 1 << 12, 0, "{found}");
    });
}

#[test]
fn k11_exactly_four_descriptors_reach_a_worker() {
    play(async |stage| {
        // As a library would that does not know better.
        let mut leaky = File::create(stage.path("leaky")).unwrap();
        rustix::io::fcntl_setfd(&leaky, rustix::io::FdFlags::empty()).unwrap();
        leaky.write_all(b"!").unwrap();
        let (pdf, mut worker) = stage.pair().await;
        let found = look(
            stage,
            "for fd in /proc/self/fd/*; do echo \"fd ${fd##*/}.\" >&2; done; exit 3",
        )
        .await;
        let open: Vec<_> = found
            .lines()
            .filter_map(|line| line.strip_prefix("fd "))
            .collect();
        // The shell itself has the listing open while it looks.
        assert_eq!(open, ["0.", "1.", "2.", "3.", "4."], "{found}");
        exchange(&pdf, &mut worker).await;
    });
}
