//! The messages of the control plane: `$init`, `$error`, `$ping`, `$pong`, `$shutdown`.
//! Siblings: `workers/python/src/procwire/control/message.py`, `workers/typescript/src/control/message.ts`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::contract::{Contract, GENERATION};

/// Parent to worker: are you there?
pub const PING: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"$ping\"}\n";
/// Worker to parent: I am.
pub const PONG: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"$pong\"}\n";
/// Parent to worker: finish and go.
pub const SHUTDOWN: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"$shutdown\",\"params\":{}}\n";

/// A line from the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The worker listens and says what it serves.
    Init(Box<Result<Init, InvalidInit>>),
    /// The worker cannot start, and says why.
    Error(String),
    /// The worker is alive.
    Pong,
    /// Anything else: a log line, or a message of a later version.
    Noise,
}

/// A line from the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentMessage {
    /// Are you there?
    Ping,
    /// Finish and go.
    Shutdown,
    /// Anything else.
    Noise,
}

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
}

/// An `$init` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("$init without a usable `{field}`: expected {expected}")]
pub struct InvalidInit {
    /// The path of the field.
    pub field: String,
    /// What belongs there.
    pub expected: &'static str,
}

impl Message {
    /// Reads a line from the worker. Only `method` and `params` are looked at.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let Some(mut object) = object(line) else {
            return Self::Noise;
        };
        match object.get("method").and_then(Value::as_str) {
            Some("$init") => {
                let params = object.remove("params").unwrap_or(Value::Null);
                Self::Init(Box::new(Init::parse(&params)))
            }
            Some("$error") => {
                let message = object
                    .get("params")
                    .and_then(|params| params.get("message"))
                    .and_then(Value::as_str);
                Self::Error(message.unwrap_or("Unknown").to_owned())
            }
            Some("$pong") => Self::Pong,
            _ => Self::Noise,
        }
    }
}

impl ParentMessage {
    /// Reads a line from the parent.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let object = object(line.trim_ascii_start());
        match object
            .as_ref()
            .and_then(|object| object.get("method"))
            .and_then(Value::as_str)
        {
            Some("$ping") => Self::Ping,
            Some("$shutdown") => Self::Shutdown,
            _ => Self::Noise,
        }
    }
}

impl Init {
    fn parse(params: &Value) -> Result<Self, InvalidInit> {
        let pipe = text(params.get("pipe"), "params.pipe")?;
        let schema = map(params.get("schema"), "params.schema")?;
        let mut init = Self {
            pipe,
            version: params
                .get("version")
                .and_then(Value::as_str)
                .map(str::to_owned),
            ..Self::default()
        };
        for (name, method) in map(schema.get("methods"), "params.schema.methods")? {
            let at = |field: &str| format!("params.schema.methods.{name}.{field}");
            let method = InitMethod {
                id: id(method.get("id"), &at("id"))?,
                response: text(method.get("response"), &at("response"))?,
                timeout_ms: method.get("timeout").and_then(Value::as_f64),
            };
            init.methods.insert(name.clone(), method);
        }
        for (name, event) in map(schema.get("events"), "params.schema.events")? {
            let id = id(event.get("id"), &format!("params.schema.events.{name}.id"))?;
            init.events.insert(name.clone(), id);
        }
        init.ours = params
            .get("procwire")
            .and_then(Value::as_object)
            .map(Announcement::parse);
        Ok(init)
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
        }
    }
}

/// The `$init` line of a Rust worker. Ids are 1, 2, 3, … in the order of the contract, for methods and events apart.
#[must_use]
pub fn announce(contract: &Contract, pipe: &str, pid: u32) -> String {
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
                "pid": pid,
                "features": [],
            },
        },
    });
    format!("{line}\n")
}

/// The `$error` line of a worker that cannot start.
#[must_use]
pub fn failure(message: &str) -> String {
    format!(
        "{}\n",
        json!({ "jsonrpc": "2.0", "method": "$error", "params": { "message": message } })
    )
}

/// A line whose first byte is `{` and that is a JSON object.
fn object(line: &[u8]) -> Option<Map<String, Value>> {
    if line.first() != Some(&b'{') {
        return None;
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn text(value: Option<&Value>, field: &str) -> Result<String, InvalidInit> {
    let text = value.and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| InvalidInit {
        field: field.to_owned(),
        expected: "text",
    })
}

fn map<'a>(value: Option<&'a Value>, field: &str) -> Result<&'a Map<String, Value>, InvalidInit> {
    value.and_then(Value::as_object).ok_or_else(|| InvalidInit {
        field: field.to_owned(),
        expected: "an object",
    })
}

fn id(value: Option<&Value>, field: &str) -> Result<u64, InvalidInit> {
    let id = value
        .and_then(Value::as_f64)
        .filter(|id| id.trunc() == *id && (0.0..=4e9).contains(id));
    id.map(|id| id as u64).ok_or_else(|| InvalidInit {
        field: field.to_owned(),
        expected: "a whole number",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_begin_with_a_brace_are_messages() {
        assert_eq!(Message::parse(b"{\"method\":\"$pong\"}"), Message::Pong);
        assert_eq!(Message::parse(b" {\"method\":\"$pong\"}"), Message::Noise);
        assert_eq!(Message::parse(b"{\"method\":"), Message::Noise);
        assert_eq!(Message::parse(b"\xff\xfe"), Message::Noise);
        assert_eq!(Message::parse(b""), Message::Noise);
        assert_eq!(
            ParentMessage::parse(b"  {\"method\":\"$ping\"}"),
            ParentMessage::Ping
        );
    }

    #[test]
    fn an_error_without_text_is_unknown() {
        assert_eq!(
            Message::parse(b"{\"method\":\"$error\"}"),
            Message::Error("Unknown".into())
        );
        assert_eq!(
            Message::parse(failure("no model").trim().as_bytes()),
            Message::Error("no model".into())
        );
    }

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
