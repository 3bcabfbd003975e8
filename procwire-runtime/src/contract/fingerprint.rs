//! Fingerprints: sixteen hex digits that are equal exactly when two ends mean the same shape.
//!
//! Owns the texts that are hashed. Names of types, docs, defaults, constraints and timeouts are not in them.

use std::fmt;

use sha2::{Digest, Sha256};

use super::shape::Expansion;
use super::{Contract, Event, Method};

/// The first 64 bits of a SHA-256, written as 16 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// The fingerprint of a text.
    fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(first)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Contract {
    /// The fingerprint of the whole module: its name, and every method and event.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut text = format!("procwire 1\nmodule {}\n", self.name);
        let mut methods: Vec<_> = self.methods.iter().collect();
        methods.sort_by_key(|method| method.name);
        for method in methods {
            text.push_str(&format!(
                "method {} {}\n",
                method.name,
                method.fingerprint()
            ));
        }
        let mut events: Vec<_> = self.events.iter().collect();
        events.sort_by_key(|event| event.name);
        for event in events {
            text.push_str(&format!("event {} {}\n", event.name, event.fingerprint()));
        }
        Fingerprint::of(&text)
    }
}

impl Method {
    /// The fingerprint of one method.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.shape_text())
    }

    /// The text that is hashed.
    #[must_use]
    pub fn shape_text(&self) -> String {
        let mut expansion = Expansion::new();
        let mut text = format!(
            "method {} {} {}>{} ",
            self.name,
            self.kind.as_str(),
            self.args_codec.as_str(),
            self.answer_codec.as_str()
        );
        expansion.write((self.args)(), &mut text);
        text.push_str("->");
        expansion.write((self.answer)(), &mut text);
        if let Some(error) = self.error {
            text.push('!');
            expansion.write(error(), &mut text);
        }
        text
    }
}

impl Event {
    /// The fingerprint of one event.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.shape_text())
    }

    /// The text that is hashed.
    #[must_use]
    pub fn shape_text(&self) -> String {
        let mut text = format!("event {} {} ", self.name, self.codec.as_str());
        Expansion::new().write((self.payload)(), &mut text);
        text
    }
}
