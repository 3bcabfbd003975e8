//! A parent to be killed: starts the worker given as `PROGRAM ARGS…`, prints its process id and waits.

use std::process::ExitCode;

procwire::include_schema!("../../../schemas/interop.toml");

#[tokio::main]
async fn main() -> ExitCode {
    let mut command = std::env::args_os().skip(1);
    let Some(program) = command.next() else {
        return ExitCode::from(2);
    };
    let worker = match InteropClient::builder()
        .command(program)
        .args(command)
        .spawn()
        .await
    {
        Ok(worker) => worker,
        Err(error) => return report(&error),
    };
    match worker.pid().await {
        Ok(pid) => report(&pid),
        Err(error) => return report(&error),
    };
    // busy over there as well, so that only death can end it
    let _ = worker
        .slow(u32::MAX)
        .timeout(std::time::Duration::from_secs(3_600))
        .await;
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "the test reads it")]
fn report(what: &dyn std::fmt::Display) -> ExitCode {
    println!("{what}");
    ExitCode::FAILURE
}
