//! A module written as a Rust trait: the trait is what you see and what a worker implements.
//!
//! `cargo run --example from_trait`
//!
//! The program is its own worker: started again with `worker`, it serves instead of calling. A Python or TypeScript
//! worker for the same trait comes from `procwire-gen examples/from_trait.rs --lang python --out …`.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks, and is as short as a program of one's own"
)]

use procwire::CallError;

/// How a text is made up.
#[derive(Clone, Debug, PartialEq, procwire::Type)]
pub struct Counts {
    pub words: u32,
    pub letters: u32,
}

/// Why a text cannot be counted.
#[derive(Debug, procwire::Type)]
pub enum CountError {
    /// There is nothing but blanks.
    Blank,
    /// A word is longer than was asked for.
    TooLong { word: String },
}

/// Counts what is in texts.
#[procwire::module(version = "1.0.0", timeout = "10s")]
pub trait Texts {
    /// Counts words, and the letters in them.
    async fn count(
        &self,
        text: String,
        /// No word may be longer than this.
        #[default(40)]
        #[range(1..=100)]
        longest: u32,
    ) -> Result<Counts, CountError>;
}

struct Counter;

impl Texts for Counter {
    async fn count(&self, text: String, longest: u32) -> Result<Counts, CountError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() {
            return Err(CountError::Blank);
        }
        if let Some(word) = words
            .iter()
            .find(|word| word.chars().count() > longest as usize)
        {
            return Err(CountError::TooLong {
                word: (*word).to_owned(),
            });
        }
        let letters = words.iter().map(|word| word.chars().count()).sum::<usize>();
        Ok(Counts {
            words: words.len() as u32,
            letters: letters as u32,
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before there is a second thread: later nobody may change the environment any more.
    procwire::prepare_worker();
    run()
}

#[tokio::main]
async fn run() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return Ok(TextsWorker::serve(|_events| Counter).await?);
    }
    let texts = TextsClient::builder()
        .command(std::env::current_exe()?)
        .arg("worker")
        .spawn()
        .await?;

    let counts = texts.count("the quick brown fox").await?;
    assert_eq!(
        counts,
        Counts {
            words: 4,
            letters: 16
        }
    );
    println!("{counts:?}, says worker {:?}", texts.module().pid());

    // What the schema declares is a value of your own type …
    match texts
        .count("antidisestablishmentarianism")
        .longest(20)
        .await
    {
        Err(CallError::App(CountError::TooLong { word })) => println!("too long: {word}"),
        other => return Err(format!("expected an error of our own, got {other:?}").into()),
    }
    // … and what breaks a constraint is not even sent.
    match texts.count("a b c").longest(0).await {
        Err(CallError::Invalid { violations, .. }) => println!("refused: {violations}"),
        other => return Err(format!("expected a refusal, got {other:?}").into()),
    }
    texts.shutdown().await;
    Ok(())
}
