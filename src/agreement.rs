//! What `assert_schema!` runs: a trait's contract against the shapes that a schema file gives.
//!
//! Knows descriptors and texts; the file was read when the macro was expanded.

use std::fmt::Write as _;

use procwire_runtime::__private::Contract;

/// A module as its schema file has it.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The file, as written in the macro.
    pub source: &'static str,
    /// The module's name.
    pub name: &'static str,
    /// The module's version.
    pub version: &'static str,
    /// The shape of each method, by name.
    pub methods: &'static [(&'static str, &'static str)],
    /// The shape of each event, by name.
    pub events: &'static [(&'static str, &'static str)],
}

/// Panics with every difference, if there is one.
///
/// # Panics
/// When the two differ.
#[track_caller]
pub fn assert_agreement(client: &str, contract: &Contract, expected: &Expected) {
    let differences = differences(contract, expected);
    assert!(
        differences.is_empty(),
        "{client} and {} are not the same module:{differences}",
        expected.source
    );
}

fn differences(contract: &Contract, expected: &Expected) -> String {
    let mut out = String::new();
    for (what, ours, theirs) in [
        ("name", contract.name, expected.name),
        ("version", contract.version, expected.version),
    ] {
        if ours != theirs {
            let _ = write!(out, "\n  {what}\n    trait:  {ours}\n    schema: {theirs}");
        }
    }
    let methods = contract
        .methods
        .iter()
        .map(|method| (method.name, method.shape_text()))
        .collect();
    compare("method", methods, expected.methods, &mut out);
    let events = contract
        .events
        .iter()
        .map(|event| (event.name, event.shape_text()))
        .collect();
    compare("event", events, expected.events, &mut out);
    out
}

fn compare(what: &str, ours: Vec<(&str, String)>, theirs: &[(&str, &str)], out: &mut String) {
    for (name, ours) in &ours {
        match theirs.iter().find(|(theirs, _)| theirs == name) {
            None => {
                let _ = write!(out, "\n  {what} {name}: not in the schema");
            }
            Some((_, theirs)) if theirs != ours => {
                let _ = write!(
                    out,
                    "\n  {what} {name}\n    trait:  {ours}\n    schema: {theirs}"
                );
            }
            Some(_) => {}
        }
    }
    for (name, _) in theirs
        .iter()
        .filter(|(theirs, _)| ours.iter().all(|(name, _)| name != theirs))
    {
        let _ = write!(out, "\n  {what} {name}: not in the trait");
    }
}
