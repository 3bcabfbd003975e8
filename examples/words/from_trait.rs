//! The schema `words.toml` as a Rust trait, served in the same process: `cargo run --example words_from_trait`.

#![allow(missing_docs, clippy::print_stdout, reason = "an example talks")]

use std::collections::BTreeMap;

use procwire::Answers;

#[derive(Clone, Debug, PartialEq, procwire::Type)]
pub enum WordsError {
    /// There is not a single word in the text.
    Empty {},
}

#[derive(Clone, Debug, PartialEq, procwire::Type)]
pub struct Count {
    pub word: String,
    pub times: u32,
}

/// Looks at words.
#[procwire::module(version = "1.0.0", timeout = "10s")]
pub trait Words {
    /// Counts the words of a text, the most frequent first.
    async fn count(
        &self,
        text: String,
        #[default(3)]
        #[range(1..=100)]
        top: u32,
    ) -> Result<Vec<Count>, WordsError>;

    /// The text, word by word.
    fn split(&self, text: String) -> Answers<String, WordsError>;
}

struct InRust;

impl Words for InRust {
    async fn count(&self, text: String, top: u32) -> Result<Vec<Count>, WordsError> {
        let mut times = BTreeMap::new();
        for word in text.to_lowercase().split_whitespace() {
            *times.entry(word.to_owned()).or_insert(0) += 1;
        }
        if times.is_empty() {
            return Err(WordsError::Empty {});
        }
        let mut counts: Vec<Count> = times
            .into_iter()
            .map(|(word, times)| Count { word, times })
            .collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.times));
        counts.truncate(top as usize);
        Ok(counts)
    }

    fn split(&self, text: String) -> Answers<String, WordsError> {
        Answers::from_iter(
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words = WordsClient::in_memory(InRust);
    for Count { word, times } in words.count("to be or not to be").top(2).await? {
        println!("{word}: {times}");
    }
    procwire::assert_schema!(WordsClient, "examples/words/words.toml");
    Ok(())
}
