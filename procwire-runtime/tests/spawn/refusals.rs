//! Workers that do not start: the reason, typed, and at once.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use procwire_runtime::__private::{
    Difference, Environment, Exit, SpawnError, StartError, StartPhase,
};

use super::pdf::PdfClient;
use super::{puppet, refused, shell};

fn file(dir: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[tokio::test]
async fn k03_what_is_missing_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let command = |program: &Path| PdfClient::builder().command(program);

    let error = refused(command("procwire-no-such-program".as_ref()).env("PATH", dir.path())).await;
    let searched = dir.path().to_str().unwrap();
    assert!(
        matches!(&error, StartError::NotFound { searched: Some(path), exists: false, .. } if path == searched),
        "{error}"
    );
    assert!(error.to_string().contains(searched), "{error}");

    let error = refused(command(&dir.path().join("none"))).await;
    assert!(
        matches!(
            error,
            StartError::NotFound {
                searched: None,
                exists: false,
                ..
            }
        ),
        "{error}"
    );

    let script = file(dir.path(), "script", "#!/no/such/interpreter\n", 0o755);
    let error = refused(command(&script)).await;
    assert!(
        matches!(error, StartError::NotFound { exists: true, .. }),
        "{error}"
    );

    let text = file(dir.path(), "text", "#!/bin/sh\n", 0o644);
    let error = refused(command(&text)).await;
    assert!(
        matches!(error, StartError::PermissionDenied { is_dir: false, .. }),
        "{error}"
    );

    let error = refused(command(dir.path())).await;
    assert!(
        matches!(error, StartError::PermissionDenied { is_dir: true, .. }),
        "{error}"
    );

    let binary = file(dir.path(), "binary", "\x7fELF nonsense", 0o755);
    let error = refused(command(&binary)).await;
    assert!(matches!(error, StartError::ExecFormat { .. }), "{error}");

    let error = refused(shell("exit 0").cwd(dir.path().join("none"))).await;
    assert!(matches!(error, StartError::CwdMissing { .. }), "{error}");
}

#[tokio::test]
async fn no_text_repeats_its_source() {
    let error = PdfClient::builder()
        .command("/none")
        .spawn()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot start `/none`"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn k04_a_program_that_is_still_being_written_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("copy");
    fs::copy("/bin/true", &program).unwrap();
    let writer = fs::OpenOptions::new().append(true).open(&program).unwrap();
    let closing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(10));
        drop(writer);
    });
    let error = PdfClient::builder()
        .command(&program)
        .spawn()
        .await
        .unwrap_err();
    closing.join().unwrap();
    let SpawnError::Failed { last, .. } = error else {
        panic!("{error}")
    };
    // It ran in the end.
    assert!(
        matches!(
            *last,
            StartError::ExitedBeforeInit {
                exit: Exit::Code(0),
                ..
            }
        ),
        "{last}"
    );
}

#[tokio::test]
async fn a06_a_worker_that_ends_at_once_tells_code_and_output() {
    let error = refused(shell("echo loading; echo 'no torch' >&2; exit 3")).await;
    let StartError::ExitedBeforeInit {
        exit,
        stdout_tail,
        stderr_tail,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (*exit, &**stdout_tail, &**stderr_tail),
        (Exit::Code(3), "loading", "no torch")
    );
    assert!(error.is_permanent() && !error.is_hopeless());
}

#[tokio::test]
async fn c01_c17_a_worker_that_says_nothing_is_hinted_at() {
    let error = refused(
        shell("exec sleep 1000")
            .ready(Duration::from_millis(200))
            .retries(0),
    )
    .await;
    assert!(
        matches!(
            error,
            StartError::InitTimeout {
                phase: StartPhase::Init,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("wrote nothing to stdout"),
        "{error}"
    );
}

#[tokio::test]
async fn c02_a_malformed_init_says_where_and_shows_the_line() {
    let line = r#"{"method":"$init","params":{"pipe":"/p","schema":{"methods":{"a":{"id":0,"response":"ack"}},"events":{}}}}"#;
    let error = refused(shell(&format!("echo '{line}'; exec sleep 1000"))).await;
    let StartError::InitMalformed {
        problem,
        line: shown,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(problem.field, "params.schema.methods.a.id");
    assert_eq!(shown, line);

    let long = r#"printf '{"method":"$init","params":"'; head -c 2000000 /dev/zero | tr '\0' x; echo '"}'; exec sleep 1000"#;
    let error = refused(shell(long)).await;
    assert!(
        matches!(&error, StartError::InitMalformed { line, .. } if line.len() == 256),
        "{error}"
    );
}

#[tokio::test]
async fn c06_everything_that_does_not_fit_is_said_at_once() {
    let line = r#"{"method":"$init","params":{"pipe":"/p","schema":{"methods":{"open":{"id":1,"response":"ack"}},"events":{}}}}"#;
    let error = refused(shell(&format!("echo '{line}'; exec sleep 1000"))).await;
    let StartError::SchemaMismatch { diff } = &error else {
        panic!("{error}")
    };
    let missing = |difference: &&Difference| matches!(difference, Difference::MissingMethod { .. });
    assert_eq!(diff.iter().filter(missing).count(), 8, "{error}");
    let other = |difference: &Difference| {
        matches!(
            difference,
            Difference::OtherKind { method: "open", expected: "result", announced } if announced == "ack"
        )
    };
    assert!(diff.iter().any(other), "{error}");
}

#[tokio::test]
async fn c07_another_generation_is_refused() {
    let error = refused(puppet("generation", "")).await;
    assert!(
        matches!(
            error,
            StartError::VersionMismatch {
                announced: 9,
                expected: 1
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn l09_the_environment_is_what_the_policy_says() {
    let keys = async |environment: Environment| {
        let pdf = puppet("", "inherited")
            .environment(environment)
            .env("SECRET", "s")
            .spawn()
            .await
            .unwrap();
        let keys = pdf.act("keys").result().await.unwrap();
        pdf.module().shutdown().await;
        let keys = keys.split(' ').filter(|key| !key.starts_with("PROCWIRE_"));
        keys.map(str::to_owned).collect::<Vec<_>>()
    };
    let everything = keys(Environment::Inherit).await;
    let own = std::env::vars().map(|(key, _)| key);
    for key in own.filter(|key| !key.starts_with("PROCWIRE_")) {
        assert!(everything.contains(&key), "{key}");
    }
    let minimal = keys(Environment::Minimal).await;
    assert!(minimal.contains(&"PATH".to_owned()), "{minimal:?}");
    assert!(
        minimal.iter().all(|key| !key.starts_with("CARGO")),
        "{minimal:?}"
    );
    let mut nothing = keys(Environment::Only(Vec::new())).await;
    nothing.sort();
    assert_eq!(nothing, ["PUPPET", "PUPPET_ACCEPTS", "SECRET"]);
    let named = keys(Environment::Only(vec!["PATH".into()])).await;
    assert!(named.contains(&"PATH".to_owned()));
}

#[tokio::test]
async fn k01_descriptors_that_ran_out_are_told_and_nothing_is_kept() {
    // Limits are those of a whole process: one of its own.
    let own = tokio::process::Command::new(puppet::own_program())
        .args([
            "--exact",
            "refusals::starve",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("STARVE", "1")
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&own.stderr);
    assert!(
        own.status.success() && told.contains("starved and fed"),
        "{told}"
    );
}

#[test]
fn starve() {
    if std::env::var_os("STARVE").is_none() {
        return; // an ordinary run of the tests
    }
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let open = || fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    // A runtime that has ended has closed everything of its tasks.
    let start = |spare: Option<u64>| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let limit = getrlimit(Resource::Nofile);
        let few = |spare| Rlimit {
            current: Some(open() - 1 + spare),
            maximum: limit.maximum,
        };
        setrlimit(
            Resource::Nofile,
            spare.map_or_else(|| getrlimit(Resource::Nofile), few),
        )
        .unwrap();
        let error = runtime
            .block_on(shell("exit 3").retries(0).spawn())
            .unwrap_err();
        setrlimit(Resource::Nofile, limit).unwrap();
        let SpawnError::Failed { last, .. } = error else {
            panic!("{error}")
        };
        last
    };
    // What is opened once and for all is, when a second start has had its turn.
    drop((start(None), start(None)));
    let before = open();
    for spare in 0..8 {
        match &*start(Some(spare)) {
            StartError::FdExhausted { cause, .. } => {
                assert_eq!(cause.raw_os_error(), Some(24));
            }
            // The last ones may be enough for a start.
            other => assert!(spare > 4, "{spare}: {other}"),
        }
        assert_eq!(open(), before, "with {spare} descriptors to spare");
    }
    assert_eq!(start(None).exit(), Some(Exit::Code(3)));
    assert_eq!(open(), before);
    io::Write::flush(&mut io::stderr()).unwrap();
    eprintln!("starved and fed");
}
