//! What a worker says of itself before anything else: `$init`.
//!
//! With `started` agreed on, `procwire.starts` lists the methods of which the worker says when a handler of theirs starts. It
//! goes by the schema that the worker was built from: the parent's may call other methods idempotent, and would take a
//! silence for a proof.
//! Siblings: `workers/python/src/procwire/control/message.py`, `workers/typescript/src/control/message.ts`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use super::features::Features;
use crate::contract::{Contract, GENERATION};

/// What a worker announces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Init {
    /// Where it listens.
    pub pipe: String,
    /// What it serves.
    pub methods: BTreeMap<String, InitMethod>,
    /// Ids of the events it may send.
    pub events: BTreeMap<String, u64>,
    /// `params.version`, if it is text.
    pub version: Option<String>,
    /// The `nonce` that came with it.
    pub nonce: Option<String>,
    /// What only our own workers say.
    pub ours: Option<Announcement>,
}

/// A method as announced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitMethod {
    /// Its id.
    pub id: u64,
    /// How it answers, in the words of the wire.
    pub response: String,
    /// A time limit in milliseconds, where a peer states one. Zero or less means none.
    pub timeout_ms: Option<f64>,
}

/// The key `procwire` of `$init`: what our own workers add, and what plain peers ignore.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Announcement {
    /// `rust`, `python` or `typescript`.
    pub language: String,
    /// The version of the worker's runtime.
    pub runtime: String,
    /// The version of the module it was built for.
    pub version: String,
    /// The fingerprint of the whole module.
    pub fingerprint: String,
    /// The fingerprint of each method.
    pub methods: BTreeMap<String, String>,
    /// The methods of which it says when a handler starts; none, when it does not list them.
    pub starts: BTreeSet<String>,
    /// What the peer can be relied on to do, as numbered by the contract; zero when it does not say.
    pub generation: u64,
    /// The features it will use.
    pub features: Vec<String>,
}

/// An `$init` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("$init without a usable `{field}`: expected {expected}")]
pub struct InvalidInit {
    /// The path of the field.
    pub field: String,
    /// What belongs there.
    pub expected: Cow<'static, str>,
}

impl Init {
    pub(super) fn parse(params: &Value, nonce: Option<Value>) -> Result<Self, InvalidInit> {
        let pipe = text(params.get("pipe"), "params.pipe")?;
        let schema = map(params.get("schema"), "params.schema")?;
        let mut init = Self {
            pipe,
            nonce: nonce.and_then(|nonce| nonce.as_str().map(str::to_owned)),
            version: params
                .get("version")
                .and_then(Value::as_str)
                .map(str::to_owned),
            ..Self::default()
        };
        let mut ids = HashMap::new();
        for (name, method) in map(schema.get("methods"), "params.schema.methods")? {
            let at = |field: &str| format!("params.schema.methods.{name}.{field}");
            let method = InitMethod {
                id: id(method.get("id"), &at("id"))?,
                response: text(method.get("response"), &at("response"))?,
                timeout_ms: method.get("timeout").and_then(Value::as_f64),
            };
            if let Some(other) = ids.insert(method.id, name) {
                return Err(taken(&at("id"), other));
            }
            init.methods.insert(name.clone(), method);
        }
        ids.clear(); // events have ids of their own
        for (name, event) in map(schema.get("events"), "params.schema.events")? {
            let id = id(event.get("id"), &format!("params.schema.events.{name}.id"))?;
            if let Some(other) = ids.insert(id, name) {
                return Err(taken(&format!("params.schema.events.{name}.id"), other));
            }
            init.events.insert(name.clone(), id);
        }
        init.ours = params
            .get("procwire")
            .and_then(Value::as_object)
            .map(Announcement::parse);
        Ok(init)
    }

    /// What of an offer the worker accepted.
    #[must_use]
    pub fn accepted(&self, offer: &Features) -> Features {
        let names = self.ours.iter().flat_map(|ours| &ours.features);
        offer.accepted(names.map(String::as_str))
    }
}

impl Announcement {
    fn parse(ours: &Map<String, Value>) -> Self {
        let text = |key: &str| {
            ours.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let methods = ours
            .get("methods")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        Self {
            language: text("language"),
            runtime: text("runtime"),
            version: text("version"),
            fingerprint: text("fingerprint"),
            methods: methods
                .filter_map(|(name, print)| Some((name.clone(), print.as_str()?.to_owned())))
                .collect(),
            generation: ours
                .get("generation")
                .and_then(Value::as_u64)
                .unwrap_or_default(),
            starts: names(ours, "starts").collect(),
            features: names(ours, "features").collect(),
        }
    }
}

fn names(ours: &Map<String, Value>, key: &str) -> impl Iterator<Item = String> {
    let list = ours.get(key).and_then(Value::as_array);
    let names = list.into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned))
}

/// The `$init` line of a Rust worker. Ids are 1, 2, 3, … in the order of the contract, for methods and events apart.
#[must_use]
pub fn announce(contract: &Contract, pipe: &str, pid: u32, features: &Features) -> String {
    let mut methods = Map::new();
    let mut prints = Map::new();
    for (index, method) in contract.methods.iter().enumerate() {
        methods.insert(
            method.name.to_owned(),
            json!({ "id": index + 1, "response": method.kind.as_str() }),
        );
        prints.insert(
            method.name.to_owned(),
            method.fingerprint().to_string().into(),
        );
    }
    let told = contract
        .methods
        .iter()
        .filter(|method| features.started && method.tells_start());
    let starts: Vec<&str> = told.map(|method| method.name).collect();
    let mut events = Map::new();
    for (index, event) in contract.events.iter().enumerate() {
        events.insert(event.name.to_owned(), json!({ "id": index + 1 }));
    }
    let line = json!({
        "jsonrpc": "2.0",
        "method": "$init",
        "params": {
            "pipe": pipe,
            "schema": { "methods": methods, "events": events },
            "version": "1.0.0",
            "procwire": {
                "generation": GENERATION,
                "language": "rust",
                "runtime": env!("CARGO_PKG_VERSION"),
                "module": contract.name,
                "version": contract.version,
                "fingerprint": contract.fingerprint().to_string(),
                "methods": prints,
                "starts": starts,
                "pid": pid,
                "features": features.names(),
            },
        },
    });
    format!("{line}\n")
}

fn text(value: Option<&Value>, field: &str) -> Result<String, InvalidInit> {
    let text = value.and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| InvalidInit {
        field: field.to_owned(),
        expected: "text".into(),
    })
}

fn map<'a>(value: Option<&'a Value>, field: &str) -> Result<&'a Map<String, Value>, InvalidInit> {
    value.and_then(Value::as_object).ok_or_else(|| InvalidInit {
        field: field.to_owned(),
        expected: "an object".into(),
    })
}

fn id(value: Option<&Value>, field: &str) -> Result<u64, InvalidInit> {
    let id = value
        .and_then(Value::as_f64)
        .filter(|id| id.trunc() == *id && (1.0..=MAX_ID).contains(id));
    id.map(|id| id as u64).ok_or_else(|| InvalidInit {
        field: field.to_owned(),
        expected: "a whole number from 1 to 65533".into(),
    })
}

fn taken(field: &str, other: &str) -> InvalidInit {
    InvalidInit {
        field: field.to_owned(),
        expected: format!("an id of its own, this is the one of `{other}`").into(),
    }
}

/// Refuses an `$init` that says two things of one name: a parser of JSON would keep either.
///
/// # Errors
/// A key occurs twice in an object.
pub(super) fn unique_names(line: &[u8]) -> Result<(), InvalidInit> {
    let found = serde_json::from_slice::<Unique>(line);
    found.map(drop).map_err(|error| InvalidInit {
        field: "$init".to_owned(),
        expected: format!("every key once: {error}").into(),
    })
}

/// Any JSON in which no object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = object.next_key::<String>()? {
            object.next_value::<Self>()?;
            if let Some(key) = keys.replace(key) {
                return Err(A::Error::custom(format!("`{key}` is there twice")));
            }
        }
        Ok(self)
    }
}

/// The highest id that a frame can carry; those above mean something to the wire itself.
const MAX_ID: f64 = 65_533.0;

#[cfg(test)]
mod tests {
    use crate::control::Message;

    #[test]
    fn an_init_names_what_it_lacks() {
        for (line, field) in [
            (r#"{"method":"$init"}"#, "params.pipe"),
            (r#"{"method":"$init","params":{"pipe":1}}"#, "params.pipe"),
            (
                r#"{"method":"$init","params":{"pipe":"p"}}"#,
                "params.schema",
            ),
            (
                r#"{"method":"$init","params":{"pipe":"p","schema":{"events":{}}}}"#,
                "params.schema.methods",
            ),
            (
                r#"{"method":"$init","params":{"pipe":"p","schema":{"methods":{}}}}"#,
                "params.schema.events",
            ),
            (
                r#"{"method":"$init","params":{"pipe":"p","schema":{"methods":{"a":{"id":1.5,"response":"ack"}},"events":{}}}}"#,
                "params.schema.methods.a.id",
            ),
        ] {
            let Message::Init(init) = Message::parse(line.as_bytes()) else {
                panic!("{line}")
            };
            assert_eq!(init.unwrap_err().field, field);
        }
    }
}
