"""What is sent when a call fails: always a MessagePack map with a message that stands alone.

Twins: procwire-runtime/src/codec/error.rs, workers/typescript/src/codec/error.ts. Pure.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ..errors import DeclaredError, EncodeError, InvalidError
from .check import error_checker
from .msgpack import write, write_plain

_checks: dict[Any, Any] = {}

MAX_TEXT: Final = 64 << 10
"""Characters of a message or a traceback that are sent."""


class Failure(msgspec.Struct, omit_defaults=True):
    """The payload of an error frame."""

    message: str
    kind: str
    error: dict[str, Any] | None = None
    type: str | None = None
    traceback: str | None = None
    field: str | None = None


def cancelled() -> bytes:
    """The parent gave up on the call and the handler has ended."""
    return write(Failure("Cancelled", "cancelled"))


def unsupported(method: int) -> bytes:
    """A method id nobody announced."""
    return write(Failure(f"Unknown method ID: {method}", "unsupported"))


def invalid(method: str, error: InvalidError) -> bytes:
    """The request cannot be read; its handler did not run."""
    return write(Failure(_cut(f"{method}: {error}"), "invalid", field=_cut(error.field)))


def unencodable(method: str, error: BaseException) -> bytes:
    """The handler answered, and the answer cannot be written."""
    message = _cut(f"{method}: the answer cannot be sent: {_text(error)}")
    field = error.field if isinstance(error, EncodeError) else None
    return write(Failure(message, "encode", type=type(error).__qualname__, field=field))


def declared(error: DeclaredError) -> bytes:
    """An error of the method's own ``throws``.

    Raises whatever the codec raises when a field's value cannot be written.
    """
    check = _checks.get(type(error), _checks)
    if check is _checks:
        check = _checks[type(error)] = error_checker(type(error))
    if check is not None:
        check(error)
    renamed = error.RENAMED
    fields = {renamed.get(name, name): value for name, value in vars(error).items() if value is not None}
    payload = {"type": error.TAG, **{name: v for name, v in fields.items() if not name.startswith("__")}}
    return write_plain(Failure(_cut(str(error)), "app", error=payload))


def exception(error: BaseException) -> bytes:
    """Anything else a handler raised."""
    name = type(error).__qualname__
    module = type(error).__module__
    text = _text(error)
    from traceback import format_exception  # costs start-up time, and most workers never need it

    try:
        trace = "".join(format_exception(type(error), error, error.__traceback__))
    except BaseException:
        trace = ""
    return write(
        Failure(
            _cut(f"{name}: {text}" if text else name),
            "exception",
            type=name if module in ("builtins", "__main__") else f"{module}.{name}",
            traceback=_utf8(trace[-MAX_TEXT:])[-MAX_TEXT:],
        )
    )


def _text(error: BaseException) -> str:
    """What an exception says of itself. User code may have written that too, and may raise anything."""
    try:
        return str(error)
    except BaseException:
        return "(its message cannot be printed)"


def _cut(text: str) -> str:
    sendable = _utf8(text[: MAX_TEXT + 1])  # longer than it was, where something cannot be sent
    return sendable if len(sendable) <= MAX_TEXT else sendable[:MAX_TEXT] + "…"


def _utf8(text: str) -> str:
    """Lone surrogates, as in file names, cannot be sent."""
    return text.encode("utf-8", "backslashreplace").decode()
