//! One schema, served by a Python and by a TypeScript worker. From the repository's folder: `cargo run --example words`.

#![allow(clippy::print_stdout, reason = "an example talks")]

use procwire::CallError;

procwire::include_schema!("examples/words/words.toml");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let python = WordsClient::builder()
        .command(".venv/bin/python")
        .arg("examples/words/python/worker.py");
    look_at(python.spawn().await?).await?;

    let typescript = WordsClient::builder()
        .command("npx")
        .args(["procwire-worker", "run", "worker.ts"])
        .cwd("examples/words/typescript");
    look_at(typescript.spawn().await?).await
}

async fn look_at(words: WordsClient) -> Result<(), Box<dyn std::error::Error>> {
    for Count { word, times } in words.count("to be or not to be").top(2).await? {
        println!("{word}: {times}");
    }

    let mut split = words.split("that is the question").await?;
    while let Some(word) = split.try_next().await? {
        println!("{word}");
    }

    match words.count("   ").await {
        Err(CallError::App(WordsError::Empty)) => println!("not a word"),
        other => println!("{other:?}"),
    }
    words.shutdown().await;
    Ok(())
}
