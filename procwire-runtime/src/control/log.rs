//! What a worker logs over the control plane: `$log`.

use serde_json::{Map, Value, json};

/// One record of a worker's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// What it says, at most 16 KiB of it.
    pub message: String,
    /// The request that was being served.
    pub request: Option<u32>,
    /// Which part of the worker says it; empty when it does not tell.
    pub target: String,
}

/// How much a record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever looks for a mistake.
    Debug,
    /// For whoever watches.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

impl LogLevel {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl LogLine {
    /// Reads the `params` of a `$log`. None without a message; what else is missing or strange does not hide it.
    pub(super) fn parse(params: Option<&Value>) -> Option<Self> {
        let params = params?;
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let level = match text("level") {
            Some("debug") => LogLevel::Debug,
            Some("warn") => LogLevel::Warn,
            Some("error") => LogLevel::Error,
            _ => LogLevel::Info,
        };
        let request = params.get("request").and_then(Value::as_u64);
        Some(Self {
            level,
            message: cut(text("message")?).to_owned(),
            request: request.and_then(|id| u32::try_from(id).ok()),
            target: text("target").unwrap_or_default().to_owned(),
        })
    }
}

/// The `$log` line of a worker.
#[must_use]
pub fn log_line(log: &LogLine) -> String {
    let mut params = Map::new();
    params.insert("level".to_owned(), log.level.as_str().into());
    params.insert("message".to_owned(), cut(&log.message).into());
    if let Some(request) = log.request {
        params.insert("request".to_owned(), request.into());
    }
    if !log.target.is_empty() {
        params.insert("target".to_owned(), log.target.as_str().into());
    }
    format!(
        "{}\n",
        json!({ "jsonrpc": "2.0", "method": "$log", "params": params })
    )
}

fn cut(message: &str) -> &str {
    let mut end = message.len().min(MAX_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

const MAX_MESSAGE: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Message;

    #[test]
    fn a_record_arrives_as_it_was_sent() {
        for request in [None, Some(7)] {
            let log = LogLine {
                level: LogLevel::Warn,
                message: "a \"b\"\nc".to_owned(),
                request,
                target: "torch".to_owned(),
            };
            let line = log_line(&log);
            assert_eq!(line.lines().count(), 1);
            assert_eq!(Message::parse(line.trim().as_bytes()), Message::Log(log));
        }
    }

    #[test]
    fn a_long_message_is_cut_between_two_characters() {
        let log = LogLine {
            level: LogLevel::Error,
            message: "é".repeat(20_000),
            request: None,
            target: String::new(),
        };
        let Message::Log(read) = Message::parse(log_line(&log).trim().as_bytes()) else {
            panic!()
        };
        assert_eq!(read.message, "é".repeat(8 << 10));
    }

    #[test]
    fn strange_fields_do_not_hide_a_message() {
        let line =
            br#"{"method":"$log","params":{"level":7,"message":"m","request":-1,"target":null}}"#;
        let Message::Log(log) = Message::parse(line) else {
            panic!()
        };
        assert_eq!((log.level, log.request), (LogLevel::Info, None));
        assert_eq!(
            Message::parse(br#"{"method":"$log","params":{}}"#),
            Message::Unknown
        );
    }
}
