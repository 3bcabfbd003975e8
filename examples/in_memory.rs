//! Tests without a process: a fake of your own behind the real codec and framing, or a script of answers.
//!
//! `cargo run --example in_memory`

#![allow(clippy::print_stdout, reason = "an example talks")]

use procwire::CallError;

procwire::include_schema!("schemas/greeter.toml");

/// The code to be tested: it takes the stub, and does not care what is behind it.
async fn welcome(
    greeter: &GreeterClient,
    names: &[&str],
) -> Result<Vec<String>, CallError<GreetError>> {
    let mut lines = Vec::new();
    for name in names {
        lines.push(format!("{}!", greeter.greet(*name).await?));
    }
    Ok(lines)
}

/// A fake is the worker's trait, implemented.
struct Terse;

impl Greeter for Terse {
    async fn greet(&self, name: String, _: Language) -> Result<String, GreetError> {
        Ok(format!("Hi {name}"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greeter = GreeterClient::in_memory(Terse);
    assert_eq!(
        welcome(&greeter, &["Ada", "Grace"]).await?,
        ["Hi Ada!", "Hi Grace!"]
    );

    // A script answers from closures, which is all that most tests need.
    let silent = GreeterClient::scripted()
        .on_greet(|args| {
            Err(GreetError::UnknownLanguage {
                language: args.language.to_string(),
            })
        })
        .start();
    let error = welcome(&silent, &["Ada"])
        .await
        .expect_err("it greets nobody");
    assert!(matches!(
        error,
        CallError::App(GreetError::UnknownLanguage { .. })
    ));

    // A method that was not scripted says so.
    let empty = GreeterClient::scripted().start();
    let error = welcome(&empty, &["Ada"])
        .await
        .expect_err("it has no answers");
    assert!(matches!(error, CallError::Unsupported { .. }));

    println!("three workers, no process");
    Ok(())
}
