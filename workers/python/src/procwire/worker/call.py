"""One method of a worker: its handler, how its payloads are read and written, and how it is doing.

Python's alone as a file: the twins have it in dispatch. Knows no request.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from msgspec import ValidationError, convert

from ..codec import Decode, Encode, decoder, encoder
from ..codec.msgpack import NIL, read_nothing
from ..contract import Method
from ..errors import ContractError, EncodeError
from ..wire import flags
from .context import Context

_TO_FLAGS: Final = {"result": flags.RESPONSE, "ack": flags.ACK, "stream": flags.CHUNK, "none": flags.RESPONSE}


class Call:
    """One method with its handler bound, and how it is doing."""

    __slots__ = (
        "answer_flags", "calls_back", "decode", "encode_quick", "error_flags", "handle", "id", "is_async", "is_slow",
        "method", "patient", "starts", "streak", "takes_none",
    )  # fmt: skip

    def __init__(self, worker: object, method: Method, number: int, tells: bool) -> None:
        name = method.handler or method.name
        handle = getattr(worker, name, None)
        if not callable(handle):
            raise ContractError(f"{type(worker).__qualname__} has no handler `{name}` for method `{method.name}`")
        self.id = number
        self.method = method
        self.handle: Callable[[Any, Context], Any] = handle
        self.is_async = inspect.iscoroutinefunction(handle) or inspect.isasyncgenfunction(handle)
        self.answer_flags = _TO_FLAGS[method.kind]
        self.error_flags = flags.STREAM_ERROR if method.kind == "stream" else flags.ERROR
        self.starts = tells and not method.idempotent
        """Whether the parent is told that a handler begins."""
        self.is_slow = False
        self.streak = 0
        self.decode: Decode
        self.patient: Decode
        try:
            if method.args is None and method.args_codec == "msgpack":
                self.decode = self.patient = read_nothing
                self.handle = _without_args(handle)
            else:
                self.decode, self.patient = decoder(method.args_codec, method.args)
            self.encode_quick = _answer_encoder(method)
        except (TypeError, NameError) as error:
            raise ContractError(f"method `{method.name}`: {error}") from error

        self.takes_none = method.answer is None or method.answer_codec == "raw" or _takes_none(method.answer)

    def encode(self, value: Any) -> bytes | bytearray | memoryview:
        """An answer's payload. None where a value is due is a ``return`` that was forgotten."""
        if value is None and not self.takes_none:
            raise EncodeError("the handler returned nothing")
        return self.encode_quick(value)

    @property
    def is_quick(self) -> bool:
        """Whether the reading thread runs it without further thought: plain, one answer, not known to be slow."""
        return not (self.is_async or self.is_slow or self.method.kind in ("stream", "none"))


def _without_args(handle: Callable[[Context], Any]) -> Callable[[Any, Context], Any]:
    return lambda _, context: handle(context)


def _answer_encoder(method: Method) -> Encode:
    if method.answer is None and method.answer_codec == "msgpack":
        return _write_nothing
    return encoder(method.answer_codec, method.answer)


def _takes_none(type_: Any) -> bool:
    try:
        convert(None, type_)
    except ValidationError:
        return False
    return True


def _write_nothing(value: Any) -> bytes:
    if value is not None:
        raise EncodeError(f"expected None, got {type(value).__qualname__}")
    return NIL
