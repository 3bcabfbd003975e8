//! Whether a worker serves what the contract promises. Pure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::error::HandshakeError;
use crate::connection::MethodBinding;
use crate::contract::Contract;
use crate::control::Init;
use crate::ids::is_usable;

/// What parent and worker agreed on.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) methods: Box<[MethodBinding]>,
    pub(super) events: HashMap<u16, usize>,
    pub(super) worker_version: Arc<str>,
}

/// Holds an `$init` against the contract. Extra methods and events are fine.
pub(super) fn agree(contract: &Contract, init: &Init) -> Result<Agreed, HandshakeError> {
    let mut methods = Vec::with_capacity(contract.methods.len());
    for method in contract.methods {
        let Some(announced) = init.methods.get(method.name) else {
            return Err(HandshakeError::MissingMethod {
                method: method.name,
                known: known(init.methods.keys()),
            });
        };
        if announced.response != method.kind.as_str() {
            return Err(HandshakeError::KindMismatch {
                method: method.name,
                expected: method.kind.as_str(),
                announced: announced.response.clone(),
            });
        }
        methods.push(MethodBinding {
            id: usable(announced.id, method.name)?,
            timeout: announced.timeout_ms.map(limit),
            mismatch: mismatch(init, method.name, || method.fingerprint().to_string()),
        });
    }
    let mut events = HashMap::new();
    for (index, event) in contract.events.iter().enumerate() {
        let Some(id) = init.events.get(event.name) else {
            return Err(HandshakeError::MissingEvent {
                event: event.name,
                known: known(init.events.keys()),
            });
        };
        events.insert(usable(*id, event.name)?, index);
    }
    let worker_version = init.ours.as_ref().map_or("", |ours| &ours.version).into();
    Ok(Agreed {
        methods: methods.into(),
        events,
        worker_version,
    })
}

fn usable(id: u64, name: &'static str) -> Result<u16, HandshakeError> {
    u16::try_from(id)
        .ok()
        .filter(|id| is_usable(*id))
        .ok_or(HandshakeError::UnusableId { name, id })
}

/// Zero or less, or nonsense, disables the limit, as the protocol has it.
fn limit(ms: f64) -> Option<Duration> {
    if ms > 0.0 {
        Duration::try_from_secs_f64(ms / 1000.0).ok()
    } else {
        None
    }
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
