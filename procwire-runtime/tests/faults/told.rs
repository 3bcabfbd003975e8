//! What a caller is told, in one place: a test asserts the kind and the outcome, not merely that something failed.

use std::fmt::Debug;
use std::sync::Arc;

use procwire_runtime::__private::{CallError, Exit, Outcome, SpawnError, Type};
use procwire_runtime::supervisor::StartError;

/// The call failed since its worker is gone; how the worker ended.
#[track_caller]
pub(crate) fn died<T: Debug, E: Type + Debug>(
    told: Result<T, CallError<E>>,
    outcome: Outcome,
) -> Exit {
    let error = told.expect_err("the worker died");
    assert_eq!(error.outcome(), outcome, "{error}");
    match error {
        CallError::Crashed { exit, .. } => exit,
        other => panic!("{other}"),
    }
}

/// The call failed with this outcome and these words.
#[track_caller]
pub(crate) fn failed<T: Debug, E: Type + Debug>(
    told: Result<T, CallError<E>>,
    outcome: Outcome,
    words: &str,
) {
    let error = told.expect_err(words);
    assert_eq!(error.outcome(), outcome, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

/// Why the last attempt to start a worker failed.
#[track_caller]
pub(crate) fn start_error(error: SpawnError) -> Arc<StartError> {
    match error {
        SpawnError::Failed { last, .. } => last,
        other => panic!("{other}"),
    }
}
