//! `[spawn]`: how the parent runs the worker.

use crate::diagnostic::{Code, Diagnostics};
use crate::model::{Heartbeat, Limits, Restart, Spawn, literal};
use crate::text::keys::{self, Keys};
use crate::text::tree::{Entry, Kind, Node};

/// Reads `[spawn]`. Whether the values make sense together is the checker's question.
pub(crate) fn read(entry: &Entry, found: &mut Diagnostics) -> Option<Spawn> {
    let table = Keys::of(
        &entry.node,
        "[spawn]",
        &["command", "ready", "restart", "heartbeat", "limits", "doc"],
        found,
    )?;
    let command = table.require(
        "command",
        "[spawn]",
        "add command = [\"python\", \"-m\", \"…\"]",
        found,
    );
    let command = command.and_then(|entry| command_of(&entry.node, found));
    let spawn = Spawn {
        command: command.clone().unwrap_or_default(),
        ready: table
            .get("ready")
            .and_then(|entry| duration(&entry.node, found)),
        restart: table
            .get("restart")
            .and_then(|entry| restart(&entry.node, found)),
        heartbeat: table
            .get("heartbeat")
            .and_then(|entry| heartbeat(&entry.node, found)),
        limits: table
            .get("limits")
            .map(|entry| limits(&entry.node, found))
            .unwrap_or_default(),
        span: Some(entry.node.span),
    };
    // Without a command there is nothing to start; that is reported.
    command.map(|_| spawn)
}

fn command_of(node: &Node, found: &mut Diagnostics) -> Option<Vec<String>> {
    let Kind::List(elements) = &node.kind else {
        keys::wrong(
            node,
            "a command is a list of program and arguments: [\"python\", \"worker.py\"]",
            found,
        );
        return None;
    };
    let words = elements
        .iter()
        .filter_map(|element| keys::string(&element.node, "an argument is a string", found))
        .map(str::to_owned);
    Some(words.collect())
}

fn restart(node: &Node, found: &mut Diagnostics) -> Option<Restart> {
    let table = Keys::of(node, "`restart`", &["max", "within", "backoff"], found)?;
    let or = Restart::USUAL;
    Some(Restart {
        max: table
            .get("max")
            .and_then(|entry| {
                keys::whole(
                    &entry.node,
                    "a whole number of restarts; 0 means never",
                    found,
                )
            })
            .unwrap_or(or.max),
        within: table
            .get("within")
            .and_then(|entry| duration(&entry.node, found))
            .unwrap_or(or.within),
        backoff: table
            .get("backoff")
            .and_then(|entry| {
                keys::spelled(
                    &entry.node,
                    Code::DurationSyntax,
                    "a backoff is a string: \"200ms..10s\"",
                    literal::backoff,
                    found,
                )
            })
            .unwrap_or(or.backoff),
    })
}

fn heartbeat(node: &Node, found: &mut Diagnostics) -> Option<Heartbeat> {
    let table = Keys::of(node, "`heartbeat`", &["every", "miss"], found)?;
    let every = table
        .get("every")
        .and_then(|entry| duration(&entry.node, found));
    let miss = table
        .get("miss")
        .and_then(|entry| duration(&entry.node, found));
    Some(Heartbeat::of(every, miss))
}

fn limits(node: &Node, found: &mut Diagnostics) -> Limits {
    let Some(table) = Keys::of(node, "`limits`", &["in_flight", "payload"], found) else {
        return Limits::default();
    };
    Limits {
        in_flight: table
            .get("in_flight")
            .and_then(|entry| keys::whole(&entry.node, "a whole number of calls", found)),
        payload: table
            .get("payload")
            .and_then(|entry| match entry.node.kind {
                Kind::Int(bytes) if bytes >= 0 => u64::try_from(bytes).ok(),
                _ => keys::spelled(
                    &entry.node,
                    Code::SizeSyntax,
                    "a size is a string: \"256 MiB\"",
                    literal::size,
                    found,
                ),
            }),
    }
}

fn duration(node: &Node, found: &mut Diagnostics) -> Option<std::time::Duration> {
    keys::spelled(
        node,
        Code::DurationSyntax,
        "a duration is a string: \"10s\"",
        literal::duration,
        found,
    )
}
