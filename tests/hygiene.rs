//! Generated code stands beside whatever a user has: their own `Result`, lints that deny, names like its own.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::all
)]

use std::time::Duration;

#[allow(dead_code, reason = "only in the way")]
struct Own;
#[expect(dead_code, reason = "only in the way")]
type Result = Own;
#[expect(dead_code, reason = "only in the way")]
type Option = Own;
#[expect(dead_code, reason = "only in the way")]
type Vec = Own;
#[expect(dead_code, reason = "only in the way")]
type Box = Own;
#[expect(dead_code, reason = "only in the way")]
type String = Own;
#[expect(dead_code, reason = "only in the way")]
trait Send {}
#[expect(dead_code, reason = "only in the way")]
trait Clone {}
mod core {}
mod std_ {}

/// An error.
#[derive(Debug, procwire::Type)]
pub enum Fault {
    /// Named like a variant of the prelude.
    Some,
    /// Likewise.
    None,
    /// Likewise.
    Ok {
        /// A field.
        err: u8,
    },
}

/// Fields named like what the generated code itself uses.
#[derive(Debug, procwire::Type)]
pub struct Error {
    /// Not the trait.
    #[default(5)]
    pub f: u32,
    /// Not the serializer.
    pub serializer: std::option::Option<u8>,
    /// Not the map.
    pub map: u8,
    /// Not the value.
    pub value: std::vec::Vec<u8>,
    /// Not the place.
    pub place: u8,
    /// Not a local.
    pub field_0: u8,
    /// Not the path.
    pub at: u8,
    /// Not the findings.
    #[range(1..=3)]
    pub found: u8,
    /// A keyword.
    pub r#type: u8,
    /// No longer.
    #[deprecated = "for the test"]
    pub old: std::option::Option<u8>,
}

/// Methods and parameters named like what the generated code itself uses.
#[procwire::module(version = "1.0.0")]
pub trait Strange {
    /// Like a method of a trait in the prelude.
    async fn clone(
        &self,
        request: Error,
        worker: u8,
        args: u8,
        module: u8,
        answer: std::option::Option<u8>,
    ) -> std::result::Result<Error, Fault>;
    /// Like what the stub has of its own.
    async fn spawn(
        &self,
        timeout: std::option::Option<u8>,
        into_future: std::option::Option<u8>,
        r#type: u8,
    ) -> u8;
    /// Likewise.
    async fn in_memory_with(&self) -> u8;
    /// Like a method that nobody may call.
    async fn drop(&self) -> u8;
    /// A keyword.
    async fn r#match(&self, r#loop: std::option::Option<u8>) -> u8;
    /// Like what the stub has of its own.
    #[event]
    fn events(out: u8, module: u8);
}

#[test]
fn names_of_a_schema_that_are_taken_get_an_underscore() {
    let _ = |strange: StrangeClient, error: Error| async move {
        let spawn = strange
            .spawn_(1)
            .timeout_(1)
            .into_future_(2)
            .timeout(Duration::ZERO);
        let _ = spawn.await;
        let _ = strange.clone_(error, 1, 2, 3).answer(3).await;
        let _ = strange.drop().await;
        let _ = strange.r#match().r#loop(1).await;
        strange.events().events()
    };
}
