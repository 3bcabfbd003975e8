//! The messages of the control plane: `$init`, `$error`, `$ping`, `$pong`, `$log`, `$shutdown`.
//! Siblings: `workers/python/src/procwire/control/message.py`, `workers/typescript/src/control/message.ts`.

use serde_json::{Map, Value, json};

use super::init::{self, Init, InvalidInit};
use super::log::LogLine;
use super::tag::Nonce;

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
    /// A record of the worker's log.
    Log(LogLine),
    /// A message of a later version, or one that lacks what it must have.
    Unknown,
    /// Anything else: what someone printed.
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

impl Message {
    /// Reads a line from a worker. Only `method` and `params` are looked at.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        object(line).map_or(Self::Noise, |object| Self::of(object, line))
    }

    /// Reads a line from a worker that tags its messages: one without the nonce is noise, whatever it says.
    #[must_use]
    pub fn parse_tagged(line: &[u8], nonce: &Nonce) -> Self {
        match object(line) {
            Some(object) if has(&object, nonce) => Self::of(object, line),
            _ => Self::Noise,
        }
    }

    fn of(mut object: Map<String, Value>, line: &[u8]) -> Self {
        match object.get("method").and_then(Value::as_str) {
            Some("$init") => {
                let nonce = object.remove("nonce");
                let params = object.remove("params").unwrap_or(Value::Null);
                let init = init::unique_names(line).and_then(|()| Init::parse(&params, nonce));
                Self::Init(Box::new(init))
            }
            Some("$error") => {
                let message = object
                    .get("params")
                    .and_then(|params| params.get("message"))
                    .and_then(Value::as_str);
                Self::Error(message.unwrap_or("Unknown").to_owned())
            }
            Some("$pong") => Self::Pong,
            Some("$log") => LogLine::parse(object.get("params")).map_or(Self::Unknown, Self::Log),
            Some(_) => Self::Unknown,
            None => Self::Noise,
        }
    }
}

impl ParentMessage {
    /// Reads a line from the parent.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        object(line.trim_ascii_start()).map_or(Self::Noise, |object| Self::of(&object))
    }

    /// Reads a line from a parent that tags its messages: one without the nonce is noise.
    #[must_use]
    pub fn parse_tagged(line: &[u8], nonce: &Nonce) -> Self {
        match object(line.trim_ascii_start()) {
            Some(object) if has(&object, nonce) => Self::of(&object),
            _ => Self::Noise,
        }
    }

    fn of(object: &Map<String, Value>) -> Self {
        match object.get("method").and_then(Value::as_str) {
            Some("$ping") => Self::Ping,
            Some("$shutdown") => Self::Shutdown,
            _ => Self::Noise,
        }
    }
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

fn has(object: &Map<String, Value>, nonce: &Nonce) -> bool {
    object.get("nonce").and_then(Value::as_str) == Some(nonce.as_str())
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
    fn without_the_nonce_a_message_of_a_tagged_channel_is_noise() {
        let (nonce, other) = (Nonce::new([7; 16]), Nonce::new([8; 16]));
        let pong = |nonce| crate::control::tagged(PONG, nonce);
        let read = |line: String| Message::parse_tagged(line.trim().as_bytes(), &nonce);
        assert_eq!(read(pong(Some(&nonce))), Message::Pong);
        assert_eq!(read(pong(Some(&other))), Message::Noise);
        assert_eq!(read(pong(None)), Message::Noise);
        let read = |line: String| ParentMessage::parse_tagged(line.as_bytes(), &nonce);
        let shutdown = |nonce| crate::control::tagged(SHUTDOWN, nonce);
        assert_eq!(read(shutdown(Some(&nonce))), ParentMessage::Shutdown);
        assert_eq!(read(shutdown(Some(&other))), ParentMessage::Noise);
    }

    #[test]
    fn what_names_a_method_is_a_message_and_what_does_not_is_noise() {
        assert_eq!(Message::parse(br#"{"method":"$later"}"#), Message::Unknown);
        assert_eq!(
            Message::parse(br#"{"level":30,"msg":"up"}"#),
            Message::Noise
        );
    }
}
