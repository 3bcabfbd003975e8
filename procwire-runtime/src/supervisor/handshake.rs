//! Whether a worker serves what the contract promises. Pure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::error::{Difference, StartError};
use crate::connection::MethodBinding;
use crate::contract::{Contract, GENERATION};
use crate::control::{Features, Init};
use crate::ids::is_usable;

/// What parent and worker agreed on.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) methods: Box<[MethodBinding]>,
    pub(super) events: HashMap<u16, usize>,
    pub(super) worker_version: Arc<str>,
}

/// Holds an `$init` against the contract, and says everything that does not fit. Extra methods and events are fine.
pub(super) fn agree(
    contract: &Contract,
    init: &Init,
    features: &Features,
) -> Result<Agreed, StartError> {
    let announced = init.ours.as_ref().map_or(0, |ours| ours.generation);
    if announced != 0 && announced != u64::from(GENERATION) {
        return Err(StartError::VersionMismatch {
            announced,
            expected: GENERATION,
        });
    }
    let is_extended = features.started || features.context || features.credit.is_some();
    let top = if is_extended { LAST_EXTENDED } else { LAST };
    let mut diff = Vec::new();
    let mut usable = |id: u64, name| match u16::try_from(id) {
        Ok(id) if is_usable(id) && id <= top => id,
        _ => {
            diff.push(Difference::UnusableId { name, id });
            0
        }
    };
    let (mut methods, mut events) = (Vec::with_capacity(contract.methods.len()), HashMap::new());
    let mut missing = Vec::new();
    for method in contract.methods {
        let Some(announced) = init.methods.get(method.name) else {
            missing.push(Difference::MissingMethod {
                method: method.name,
                known: known(init.methods.keys()),
            });
            continue;
        };
        if announced.response != method.kind.as_str() {
            missing.push(Difference::OtherKind {
                method: method.name,
                expected: method.kind.as_str(),
                announced: announced.response.clone(),
            });
        }
        methods.push(MethodBinding {
            id: usable(announced.id, method.name),
            starts: starts(init, method.name),
            timeout: announced.timeout_ms.map(limit),
            mismatch: mismatch(init, method.name, || method.fingerprint().to_string()),
        });
    }
    for (index, event) in contract.events.iter().enumerate() {
        match init.events.get(event.name) {
            Some(id) => drop(events.insert(usable(*id, event.name), index)),
            None => missing.push(Difference::MissingEvent {
                event: event.name,
                known: known(init.events.keys()),
            }),
        }
    }
    missing.append(&mut diff);
    if !missing.is_empty() {
        return Err(StartError::SchemaMismatch { diff: missing });
    }
    let worker_version = init.ours.as_ref().map_or("", |ours| &ours.version).into();
    Ok(Agreed {
        methods: methods.into(),
        events,
        worker_version,
    })
}

/// Zero or less, or nonsense, disables the limit, as the protocol has it.
fn limit(ms: f64) -> Option<Duration> {
    if ms > 0.0 {
        Duration::try_from_secs_f64(ms / 1000.0).ok()
    } else {
        None
    }
}

/// Whether the worker says when a handler of this method starts. Its schema decides that, which may be another than ours: a
/// silence proves nothing of a method that it did not list.
fn starts(init: &Init, method: &str) -> bool {
    let ours = init.ours.as_ref();
    ours.is_some_and(|ours| ours.starts.contains(method))
}

/// A hint for errors: the worker was built from another schema of this method. The call is made all the same.
fn mismatch(init: &Init, method: &str, expected: impl FnOnce() -> String) -> Option<Arc<str>> {
    let announced = init.ours.as_ref()?.methods.get(method)?;
    let expected = expected();
    (*announced != expected).then(|| {
        format!(
            " (the worker was generated from another schema of this method: its fingerprint is {announced}, expected {expected}; \
             run procwire-gen for both sides)"
        )
        .into()
    })
}

fn known<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}

/// The highest id of a method, towards a plain peer and towards one with which frames of our own were agreed on.
const LAST: u16 = 0xFFFD;
const LAST_EXTENDED: u16 = 0xFFFA;
