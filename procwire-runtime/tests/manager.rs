//! Many modules under one manager: names, types, states, starts and ends together, and what its readers see.

#[path = "support/pdf.rs"]
mod pdf;

use std::time::{Duration, Instant};

use pdf::PdfClient;
use procwire_runtime::__private as P;
use procwire_runtime::__private::{
    Client, Contract, Exit, Fault, Lifecycle, ManagerError, ManagerEvent, ManagerEvents, Means,
    Module, ModuleManager, ModuleState, Outcome, Restart, Retry, SpawnDefaults, SpawnError,
};

fn worker() -> &'static str {
    env!("CARGO_BIN_EXE_runtime-test-worker")
}

fn builder() -> P::Builder<PdfClient> {
    PdfClient::builder().command(worker())
}

/// Another client of a module that has the same name.
#[derive(Debug)]
struct OtherClient;

impl Client for OtherClient {
    const CONTRACT: &'static Contract = &pdf::PDF;
    const SPAWN: Option<&'static SpawnDefaults> = None;

    fn from_module(_: Module) -> Self {
        Self
    }
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < give_up, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn next(events: &mut ManagerEvents) -> ManagerEvent {
    tokio::time::timeout(Duration::from_secs(30), events.next())
        .await
        .expect("it comes")
        .expect("the manager is there")
}

#[tokio::test]
async fn names_and_types() {
    let manager = ModuleManager::new();
    assert!(manager.get::<PdfClient>().is_none());
    let pdf = manager.register(builder()).unwrap();
    assert_eq!(pdf.module().state(), ModuleState::Created);
    let spare = manager.register_as("spare", builder()).unwrap();
    assert!(matches!(
        manager.register(builder()),
        Err(ManagerError::AlreadyRegistered { name }) if &*name == "pdf"
    ));
    assert!(matches!(
        manager.register_as("empty", PdfClient::builder()),
        Err(ManagerError::Spawn(SpawnError::NoCommand { .. }))
    ));
    assert_eq!(
        manager
            .names()
            .iter()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["pdf", "spare"]
    );
    assert!(manager.has("spare") && !manager.has("empty"));
    // By its type alone, and never as another.
    assert!(manager.get::<PdfClient>().is_some() && manager.get_as::<PdfClient>("spare").is_some());
    assert!(manager.get::<OtherClient>().is_none());
    assert!(matches!(
        manager.spawn("nobody").await,
        Err(ManagerError::NotRegistered { name }) if &*name == "nobody"
    ));
    drop(spare);

    // In its place: the old client's calls are refused, as are those of one that was forgotten.
    let newer = manager.replace(builder()).unwrap();
    manager.spawn_all().await.unwrap();
    assert!(matches!(
        manager.replace(builder()),
        Err(ManagerError::Running {
            state: ModuleState::Ready,
            ..
        })
    ));
    assert_eq!(newer.act("hello").result().await.unwrap(), "hello");
    let error = pdf.act("hello").result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    manager.shutdown_all().await;
}

#[tokio::test]
async fn one_client_over_many_lives() {
    let manager = ModuleManager::new();
    let pdf = manager.register(builder()).unwrap();
    let mut lifecycle = pdf.module().lifecycle();
    let error = pdf.act("early").result().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    for life in 1..=3 {
        manager.spawn("pdf").await.unwrap();
        assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
        assert_eq!(pdf.module().incarnation(), life);
        let farewell = manager.shutdown("pdf").await.unwrap();
        assert_eq!(
            (farewell.means, farewell.exit),
            (Means::Asked, Some(Exit::Code(0)))
        );
        let error = pdf.act("late").result().await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        let mut states = Vec::new();
        loop {
            match lifecycle.next().await.unwrap() {
                Lifecycle::State(state) => states.push(state),
                Lifecycle::Ended(ended) => break assert_eq!(ended, farewell),
                _ => {}
            }
        }
        use ModuleState::{Closed, Connecting, Initializing, Ready};
        assert_eq!(states, [Initializing, Connecting, Ready, Closed]);
    }
    assert!(manager.unregister("pdf").unwrap());
    assert!(!manager.unregister("pdf").unwrap());
    assert!(lifecycle.next().await.is_none(), "its streams end with it");
}

#[tokio::test]
async fn a_start_is_refused_unless_the_module_is_at_rest() {
    let manager = ModuleManager::new();
    let pdf = manager.register(builder()).unwrap();
    // Of two at once one starts it, the other is told where it stands.
    let (one, other) = tokio::join!(manager.spawn("pdf"), manager.spawn("pdf"));
    let refused = one.and(other).unwrap_err();
    assert!(
        matches!(refused, ManagerError::Spawn(SpawnError::NotAtRest { .. })),
        "{refused}"
    );
    until("it serves", || pdf.module().state() == ModuleState::Ready).await;
    assert_eq!(pdf.module().incarnation(), 1);
    assert!(matches!(
        manager.spawn("pdf").await,
        Err(ManagerError::Spawn(SpawnError::NotAtRest {
            state: ModuleState::Ready,
            ..
        }))
    ));
    // What serves is left alone.
    manager.spawn_all().await.unwrap();
    assert_eq!(pdf.module().incarnation(), 1);
    assert!(matches!(
        manager.unregister("pdf"),
        Err(ManagerError::Running {
            state: ModuleState::Ready,
            ..
        })
    ));
    let farewell = manager.unregister_by_force("pdf").await.unwrap();
    assert!(farewell.is_clean());
    assert!(!manager.has("pdf") && manager.unregister_by_force("pdf").await.is_none());
}

#[tokio::test]
async fn of_many_starts_the_first_failure_is_told_and_what_became_of_the_others() {
    let manager = ModuleManager::new();
    let good = manager.register_as("good", builder()).unwrap();
    manager
        .register_as(
            "bad",
            PdfClient::builder().command("procwire-no-such-program"),
        )
        .unwrap();
    let error = manager.spawn_all().await.unwrap_err();
    let ManagerError::SpawnAll {
        name,
        error: why,
        others,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(&**name, "bad");
    assert!(
        matches!(**why, SpawnError::Failed { attempts: 1, .. }),
        "{why}"
    );
    assert_eq!(others.len(), 1);
    assert_eq!(&*others[0].0, "good");
    assert!(error.to_string().contains("`good` is "), "{error}");
    // The others go on.
    until("it serves", || good.module().state() == ModuleState::Ready).await;
    assert_eq!(good.act("hello").result().await.unwrap(), "hello");
    assert_eq!(manager.module("bad").unwrap().state(), ModuleState::Closed);
    manager.shutdown_all().await;
}

#[tokio::test]
async fn what_happens_is_told_in_order() {
    let manager = ModuleManager::new();
    let mut events = manager.events();
    let pdf = manager.register(builder()).unwrap();
    manager.spawn("pdf").await.unwrap();
    let ManagerEvent::Ready {
        pid,
        incarnation: 1,
        ..
    } = next(&mut events).await
    else {
        panic!()
    };
    assert_eq!(Some(pid), pdf.module().pid());

    assert!(pdf.risky("abort").result().await.is_err());
    let mut died = next(&mut events).await;
    if matches!(
        &died,
        ManagerEvent::Error {
            fault: Fault::Disconnected { .. },
            ..
        }
    ) {
        died = next(&mut events).await; // its channel was seen to end before it was
    }
    let ManagerEvent::Error {
        fault:
            Fault::Crashed {
                pid: dead,
                exit: Exit::Signal(6),
                stderr_tail,
                ..
            },
        ..
    } = died
    else {
        panic!("{died:?}")
    };
    assert_eq!(dead, pid);
    assert!(stderr_tail.contains("about to abort"), "{stderr_tail}");
    assert!(matches!(
        next(&mut events).await,
        ManagerEvent::Restarting {
            delay: Duration::ZERO,
            restarts: 1,
            ..
        }
    ));
    assert!(matches!(
        next(&mut events).await,
        ManagerEvent::Ready { incarnation: 2, .. }
    ));

    manager.shutdown("pdf").await.unwrap();
    let ManagerEvent::Closed { farewell, .. } = next(&mut events).await else {
        panic!()
    };
    assert!(farewell.is_clean());
    manager.unregister("pdf").unwrap();
    let last = next(&mut events).await;
    assert!(matches!(&last, ManagerEvent::Unregistered { name } if &**name == "pdf"));
    assert_eq!((&**last.name(), events.dropped()), ("pdf", 0));
}

#[tokio::test]
async fn every_attempt_is_told() {
    let manager = ModuleManager::new();
    let mut events = manager.events();
    let stubborn = builder()
        .args(["evil", "nobody-listens"])
        .retry(Retry::exponential(
            2,
            Duration::from_millis(2),
            Duration::from_millis(3),
        ));
    manager.register(stubborn).unwrap();
    let error = manager.spawn("pdf").await.unwrap_err();
    assert!(
        matches!(
            error,
            ManagerError::Spawn(SpawnError::Failed { attempts: 3, .. })
        ),
        "{error}"
    );
    for (attempt, wait) in [(1, Some(2)), (2, Some(3)), (3, None)] {
        let ManagerEvent::SpawnFailed {
            attempt: n,
            will_retry,
            error,
            ..
        } = next(&mut events).await
        else {
            panic!()
        };
        assert_eq!((n, will_retry), (attempt, wait.is_some()), "{error}");
        if let Some(ms) = wait {
            let ManagerEvent::Retrying { retry, delay, .. } = next(&mut events).await else {
                panic!()
            };
            assert_eq!((retry, delay), (attempt, Duration::from_millis(ms)));
        }
    }
    assert_eq!(manager.module("pdf").unwrap().state(), ModuleState::Closed);
}

/// Protocol 16.3: an explicit start ends the wait for a restart.
#[tokio::test]
async fn a_start_during_the_wait_for_a_restart_is_at_once() {
    let manager = ModuleManager::new();
    let slow = Restart::default().backoff(Duration::from_secs(600), Duration::from_secs(600));
    let pdf = manager.register(builder().restart(slow)).unwrap();
    manager.spawn("pdf").await.unwrap();
    let mut events = manager.events();
    assert!(pdf.risky("abort").result().await.is_err());
    while !matches!(next(&mut events).await, ManagerEvent::Restarting { .. }) {}
    assert_eq!(pdf.module().state(), ModuleState::Disconnected);
    manager.spawn("pdf").await.unwrap();
    assert_eq!(pdf.module().incarnation(), 2);
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    manager.shutdown_all().await;
}

/// N1, N2: a reader that panics and one that never reads.
#[tokio::test]
async fn a_bad_reader_harms_nobody() {
    let manager = ModuleManager::new();
    let (mut panics, _never, mut good) = (manager.events(), manager.events(), manager.events());
    let bad = tokio::spawn(async move {
        let event = panics.next().await;
        panic!("on purpose: {event:?}");
    });
    let pdf = manager.register(builder()).unwrap();
    manager.spawn("pdf").await.unwrap();
    assert!(bad.await.unwrap_err().is_panic());
    assert_eq!(pdf.act("hello").result().await.unwrap(), "hello");
    manager.shutdown_all().await;
    assert!(matches!(next(&mut good).await, ManagerEvent::Ready { .. }));
    assert!(matches!(next(&mut good).await, ManagerEvent::Closed { .. }));
}

/// I5: whatever order starts, ends and deaths come in, there is never a second process, and none afterwards.
#[tokio::test]
async fn i05_there_is_never_a_second_process() {
    let dir = tempfile::tempdir().unwrap();
    let (lock, second) = (dir.path().join("lock"), dir.path().join("second"));
    // The lock is held by the worker itself, for as long as it lives.
    let script = format!(
        "exec 9> '{}'; flock -n 9 || echo $$ >> '{}'; exec \"$0\"",
        lock.display(),
        second.display()
    );
    let manager = ModuleManager::new();
    let lived = Restart::new(1000, Duration::from_secs(60));
    let launch = builder().command("sh").args(["-c", &script, worker()]);
    let pdf = manager.register(launch.restart(lived)).unwrap();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..60 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let (manager, pdf) = (manager.clone(), pdf.clone());
        match seed % 5 {
            0 | 1 => drop(under_way.spawn(async move { drop(manager.spawn("pdf").await) })),
            2 => drop(under_way.spawn(async move { drop(manager.shutdown("pdf").await) })),
            3 => drop(under_way.spawn(async move { drop(pdf.risky("abort").result().await) })),
            _ => drop(manager.spawn("pdf").await),
        }
    }
    let all = async { while under_way.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("everyone is answered");
    manager.shutdown_all().await;
    assert_eq!(pdf.module().state(), ModuleState::Closed);
    assert!(
        !second.exists(),
        "two at once: {:?}",
        std::fs::read_to_string(&second)
    );
    assert!(pdf.module().pid().is_none());
}
