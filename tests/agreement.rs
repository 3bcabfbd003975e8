//! `assert_schema!` holds a trait and a file equal, and says where they are not.

#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "as short as can be"
)]

use procwire::{Ack, Answers};

#[derive(procwire::Type)]
pub enum Language {
    En,
    De,
    #[unknown]
    Unknown(String),
}

#[derive(procwire::Type)]
pub enum GreetError {
    UnknownLanguage { language: String },
}

#[procwire::module(version = "1.0.0")]
trait Greeter {
    async fn greet(
        &self,
        name: String,
        #[default(Language::En)] language: Language,
    ) -> Result<String, GreetError>;
}

#[test]
fn the_same_module_both_ways_passes() {
    procwire::assert_schema!(GreeterClient, "schemas/greeter.toml");
}

mod other {
    use super::*;

    #[procwire::module(version = "1.1.0", name = "greeter")]
    trait Other {
        async fn greet(
            &self,
            name: String,
            language: Option<Language>,
        ) -> Result<String, GreetError>;
        fn all(&self) -> Answers<String>;
        async fn stop(&self) -> Ack;
    }

    #[test]
    #[should_panic(
        expected = "OtherClient and schemas/greeter.toml are not the same module:
  version
    trait:  1.1.0
    schema: 1.0.0
  method greet
    trait:  method greet result msgpack>msgpack struct(language?:enum(de|en|...)?,name:string)->string!union(unknown_language(language:string))
    schema: method greet result msgpack>msgpack struct(language?:enum(de|en|...),name:string)->string!union(unknown_language(language:string))
  method all: not in the schema
  method stop: not in the schema"
    )]
    fn every_difference_is_named() {
        procwire::assert_schema!(OtherClient, "schemas/greeter.toml");
    }
}
