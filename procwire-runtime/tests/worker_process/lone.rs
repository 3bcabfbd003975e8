//! The worker of `noisy.rs` in a program of its own, as one that prepares is written.

#![allow(
    clippy::print_stdout,
    reason = "a worker may print where it should not"
)]

#[allow(dead_code, unused_imports, reason = "the rest is for the tests")]
mod noisy;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    procwire_runtime::worker::prepare();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(procwire_runtime::worker::serve(
        &noisy::CONTRACT,
        noisy::Noisy,
    ))?;
    Ok(())
}
