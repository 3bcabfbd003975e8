"""The control messages: what a worker writes, and what it understands.

Twins: procwire-runtime/src/control/message.rs, workers/typescript/src/control/message.ts. Pure.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import msgspec

VERSION: Final = "1.0.0"
PONG: Final = b'{"jsonrpc":"2.0","method":"$pong"}\n'
MAX_LOG_LINE: Final = 48 << 10
"""Bytes of a log line; the parent drops longer lines whole."""


class Order(Enum):
    """What the parent can ask for."""

    PING = "$ping"
    SHUTDOWN = "$shutdown"


class _Line(msgspec.Struct):
    method: str = ""
    nonce: Any = None


_decode = msgspec.json.Decoder(_Line).decode


def parse(line: bytes, nonce: str | None = None) -> Order | None:
    """The order in a line, or None for whatever else it may be; with a ``nonce``, for whatever does not carry it.

    Only these two are looked at, and only in lines whose first byte is ``{``: so do the published peers.
    """
    if not line.startswith(b"{"):
        return None
    try:
        found = _decode(line)
        return Order(found.method) if nonce is None or found.nonce == nonce else None
    except (ValueError, RecursionError):
        return None


def pong(nonce: str | None) -> bytes:
    """``$pong``: the answer to a heartbeat."""
    return PONG if nonce is None else _line({"jsonrpc": "2.0", "method": "$pong"}, nonce)


def init(
    pipe: str,
    methods: dict[str, tuple[int, str]],
    events: dict[str, int],
    details: dict[str, Any],
    nonce: str | None = None,
) -> bytes:
    """``$init``: where the worker listens and what it serves.

    ``methods`` maps a name to its id and response kind; ``details`` is our own extra key, which unmodified
    parents ignore.
    """
    schema = {
        "methods": {name: {"id": number, "response": kind} for name, (number, kind) in methods.items()},
        "events": {name: {"id": number} for name, number in events.items()},
    }
    params = {"pipe": pipe, "schema": schema, "version": VERSION, "procwire": details}
    return _line({"jsonrpc": "2.0", "method": "$init", "params": params}, nonce)


def error(message: str, nonce: str | None = None) -> bytes:
    """``$error``: why the worker cannot start, instead of ``$init``."""
    return _line({"jsonrpc": "2.0", "method": "$error", "params": {"message": message}}, nonce)


def log_line(level: str, message: str, request: int | None, target: str | None, nonce: str | None) -> bytes:
    """``$log``: one message of user code. Cut where what JSON escapes would make the line too long."""
    params: dict[str, Any] = {"level": level, "message": message}
    if request is not None:
        params["request"] = request
    if target is not None:
        params["target"] = target[:256]
    whole = {"jsonrpc": "2.0", "method": "$log", "params": params}
    line = _line(whole, nonce)
    if len(line) > MAX_LOG_LINE:
        params["message"] = message[: MAX_LOG_LINE // 8]
        line = _line(whole, nonce)
    return line


def _line(message: dict[str, Any], nonce: str | None) -> bytes:
    if nonce is not None:
        message["nonce"] = nonce
    text = msgspec.json.encode(message)
    # Node's line reader also cuts at these two, which JSON allows inside a string.
    return text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029") + b"\n"
