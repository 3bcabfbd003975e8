"""The control messages: what a worker writes, and what it understands.

Twins: procwire-runtime/src/control/message.rs, workers/typescript/src/control/message.ts. Pure.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import msgspec

VERSION: Final = "1.0.0"
PONG: Final = b'{"jsonrpc":"2.0","method":"$pong"}\n'


class Order(Enum):
    """What the parent can ask for."""

    PING = "$ping"
    SHUTDOWN = "$shutdown"


class _Line(msgspec.Struct):
    method: str = ""


_decode = msgspec.json.Decoder(_Line).decode


def parse(line: bytes) -> Order | None:
    """The order in a line, or None for whatever else it may be.

    Only ``method`` is looked at, and only in lines whose first byte is ``{``: so do the published peers.
    """
    if not line.startswith(b"{"):
        return None
    try:
        return Order(_decode(line).method)
    except (ValueError, RecursionError):
        return None


def init(pipe: str, methods: dict[str, tuple[int, str]], events: dict[str, int], details: dict[str, Any]) -> bytes:
    """``$init``: where the worker listens and what it serves.

    ``methods`` maps a name to its id and response kind; ``details`` is our own extra key, which unmodified
    parents ignore.
    """
    schema = {
        "methods": {name: {"id": number, "response": kind} for name, (number, kind) in methods.items()},
        "events": {name: {"id": number} for name, number in events.items()},
    }
    params = {"pipe": pipe, "schema": schema, "version": VERSION, "procwire": details}
    return _line({"jsonrpc": "2.0", "method": "$init", "params": params})


def error(message: str) -> bytes:
    """``$error``: why the worker cannot start, instead of ``$init``."""
    return _line({"jsonrpc": "2.0", "method": "$error", "params": {"message": message}})


def _line(message: dict[str, Any]) -> bytes:
    text = msgspec.json.encode(message)
    # Node's line reader also cuts at these two, which JSON allows inside a string.
    return text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029") + b"\n"
