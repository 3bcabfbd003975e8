"""What no caller will hear of: lines for the parent's log, over the control plane where it listens, else on stderr.

Twins: procwire-runtime/src/worker/log.rs, workers/typescript/src/worker/log.ts. Knows no descriptor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["debug", "info", "warn", "error"]
Tell: TypeAlias = "Callable[[str, str, int | None, str | None], None]"

MAX_MESSAGE: Final = 16 << 10
"""Bytes of a message that are sent."""

_tell: Tell | None = None


def connect(to: Tell | None) -> None:
    """Sends log lines there from now on: level, message, request id, target. None: to stderr."""
    global _tell
    _tell = to


def tell(level: str, message: str, request: int | None = None, target: str | None = None) -> None:
    """One message of user code. Raises nothing."""
    to = _tell
    data = message.encode("utf-8", "backslashreplace")
    message = data[:MAX_MESSAGE].decode("utf-8", "ignore")
    if to is None:
        _write(f"{level}: {message}")
        return
    try:
        to(level, message, request or None, target)
    except OSError:
        pass  # a parent that is gone closes our stdin too


def log(text: str) -> None:
    """One line of our own."""
    _write(f"procwire: {text}")


def log_exception(where: str, error: BaseException) -> None:
    """What was raised and where."""
    from traceback import format_exception

    try:
        text = "".join(format_exception(type(error), error, error.__traceback__)).rstrip()
    except BaseException:
        text = f"{type(error).__qualname__}, which cannot be printed"
    log(f"{where}: {text}")


def _write(text: str) -> None:
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # no stderr, nobody to tell
