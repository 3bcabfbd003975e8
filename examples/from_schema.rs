//! A module written as a TOML schema: one macro call expands to its types, the worker's trait and the parent's stub.
//!
//! `cargo run --example from_schema`

#![allow(clippy::print_stdout, reason = "an example talks")]

procwire::include_schema!("schemas/greeter.toml");

struct Polite;

impl Greeter for Polite {
    async fn greet(&self, name: String, language: Language) -> Result<String, GreetError> {
        match language {
            Language::En => Ok(format!("Good day, {name}")),
            Language::De => Ok(format!("Guten Tag, {name}")),
            other => Err(GreetError::UnknownLanguage {
                language: other.to_string(),
            }),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return Ok(GreeterWorker::serve(|_events| Polite).await?);
    }
    let greeter = GreeterClient::builder()
        .command(std::env::current_exe()?)
        .arg("worker")
        .spawn()
        .await?;

    // `name` is required and comes by position, `language` has a default in the schema and is set by name.
    println!("{}", greeter.greet("Ada").await?);
    println!("{}", greeter.greet("Ada").language(Language::De).await?);

    // The enum is open: a value that this program's schema does not have travels all the same.
    let klingon = Language::Unknown("tlh".to_owned());
    let error = greeter
        .greet("Ada")
        .language(klingon)
        .await
        .expect_err("nobody here speaks it");
    println!("{error}");

    greeter.shutdown().await;
    Ok(())
}
