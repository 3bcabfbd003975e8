//! Where a fault is played: a runtime of its own, workers that obey, and a look round afterwards.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use procwire_runtime::__private as P;
use procwire_runtime::__private::Restart;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use crate::leaks::Baseline;
use crate::pdf::PdfClient;
use crate::puppet::{Puppet, RISKY};

/// Plays `scene` and asserts that nothing of it is left: no descriptor, process, file or task.
///
/// One thread runs test and parent, so between two awaits of the test the parent does nothing at all.
pub(crate) fn play(scene: impl AsyncFnOnce(&Stage)) {
    // The leak guard counts what the whole process has; nextest gives each test one, `cargo test` does not.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        // What the first start of a process sets up for good is no leak, and the second start comes after it.
        for _ in 0..2 {
            let nothing = PdfClient::builder().command("true").retries(0);
            nothing.spawn().await.expect_err("it serves nothing");
        }
        until("they are gone", || Baseline::tasks() == 0).await;
        let baseline = Baseline::now();
        let stage = Stage::new();
        tokio::time::timeout(LIMIT, scene(&stage))
            .await
            .expect("the scene ends");
        baseline.restored(stage).await;
    });
}

pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) listener: UnixListener,
    /// Is in the environment of every process that comes of this test, and of no other.
    pub(crate) marker: String,
    /// Folders that the parent made for its workers.
    pub(crate) folders: Mutex<Vec<PathBuf>>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            listener: UnixListener::bind(folder.path().join("puppet")).unwrap(),
            marker: format!("EVIL_MARK={}", folder.path().display()),
            folder,
            folders: Mutex::default(),
        }
    }

    /// A parent of one evil worker, which is neither started twice nor restarted unless the test says so.
    pub(crate) fn builder(&self) -> P::Builder<PdfClient> {
        self.dressed(PdfClient::builder().command(evil()))
    }

    /// The variables that every worker of the test needs.
    pub(crate) fn dressed(&self, builder: P::Builder<PdfClient>) -> P::Builder<PdfClient> {
        self.variables()
            .into_iter()
            .fold(builder, |builder, (key, value)| builder.env(key, value))
            .restart(Restart::never())
            .retries(0)
    }

    pub(crate) fn variables(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("EVIL_PUPPET", self.folder.path().join("puppet")),
            ("EVIL_MARK", self.folder.path().to_owned()),
        ]
    }

    /// A path in the folder of the test.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next worker that was started.
    pub(crate) async fn puppet(&self) -> Puppet {
        let (channel, _) = tokio::time::timeout(LIMIT, self.listener.accept())
            .await
            .expect("a worker is started")
            .unwrap();
        let puppet = Puppet::new(channel).await;
        if let Some(folder) = puppet.env("PROCWIRE_DIR") {
            self.folders
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(PathBuf::from(folder));
        }
        puppet
    }

    /// The next worker, serving.
    pub(crate) async fn serving(&self) -> Puppet {
        let mut puppet = self.puppet().await;
        puppet.serve(self).await;
        puppet
    }

    /// A client and its worker, of the plain protocol, serving.
    pub(crate) async fn pair(&self) -> (PdfClient, Puppet) {
        self.pair_of(self.builder()).await
    }

    /// As [`pair`](Self::pair), of a builder that the test made.
    pub(crate) async fn pair_of(&self, builder: P::Builder<PdfClient>) -> (PdfClient, Puppet) {
        let spawning = spawning(builder);
        let puppet = self.serving().await;
        (spawning.await.unwrap().unwrap(), puppet)
    }

    /// What becomes of a start whose worker does `act`.
    pub(crate) async fn refused(&self, act: impl AsyncFnOnce(&mut Puppet)) -> P::SpawnError {
        self.refused_by(self.builder(), act).await
    }

    pub(crate) async fn refused_by(
        &self,
        builder: P::Builder<PdfClient>,
        act: impl AsyncFnOnce(&mut Puppet),
    ) -> P::SpawnError {
        let spawning = spawning(builder);
        let mut puppet = self.puppet().await;
        act(&mut puppet).await;
        let error = spawning.await.unwrap().expect_err("the start fails");
        puppet.gone().await;
        error
    }
}

/// One call and its answer: parent and worker understand each other.
pub(crate) async fn exchange(pdf: &PdfClient, worker: &mut Puppet) {
    let call = tokio::spawn(pdf.risky("exchange").result());
    let got = worker.next().await;
    assert_eq!(
        (got.method, got.flags, got.text().as_str()),
        (RISKY, 0, "exchange")
    );
    worker.reply(&got, "exchanged").await;
    assert_eq!(call.await.unwrap().unwrap(), "exchanged");
}

pub(crate) fn spawning(
    builder: P::Builder<PdfClient>,
) -> JoinHandle<Result<PdfClient, P::SpawnError>> {
    tokio::spawn(builder.spawn())
}

pub(crate) fn evil() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_runtime-evil-worker"))
}

/// Waits for something that no event tells of.
pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < give_up, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The process runs. A zombie does not, and one that was reaped has no entry at all.
pub(crate) fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Lets everything that is ready run, a few times over.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Far beyond what any scene takes on a machine with other work.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
