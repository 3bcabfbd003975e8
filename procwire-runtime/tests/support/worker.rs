//! The worker process of the tests: the module of `support/pdf.rs`, served for real.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a worker speaks there"
)]

mod evil;
mod pdf;

#[tokio::main]
async fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    match mode.as_str() {
        "exit" => {
            eprintln!("ModuleNotFoundError: no module named 'torch'");
            std::process::exit(3);
        }
        "mute" => {
            drop(std::fs::File::open("/dev/null"));
            eprintln!("still loading");
            tokio::time::sleep(std::time::Duration::from_secs(1000)).await;
        }
        "evil" => return evil::run(&std::env::args().nth(2).unwrap_or_default()),
        "parent" => return parent().await,
        _ => {}
    }
    if let Err(error) = pdf::serve(pdf::Handlers::new).await {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Starts a worker of its own with a grandchild, says their ids, and waits to be killed.
async fn parent() {
    let own = std::env::current_exe().unwrap_or_default();
    let pdf = match pdf::PdfClient::builder().command(own).spawn().await {
        Ok(pdf) => pdf,
        Err(error) => return eprintln!("{error}"),
    };
    println!("{}", pdf.module().pid().unwrap_or_default());
    tokio::time::sleep(std::time::Duration::from_secs(1000)).await;
}
