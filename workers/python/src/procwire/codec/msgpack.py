"""MessagePack as the schema's canonical values want it, on msgspec.

Twins: procwire-runtime/src/codec/msgpack.rs, workers/typescript/src/codec/msgpack.ts. Pure.

Written: structs as maps, timestamps as extension -1, durations and decimals as strings, uuids as 16 bytes.
Read besides: extension 1 as bytes and 2 as a timestamp (what JavaScript peers send), whole floats as integers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from math import copysign
from struct import Struct, error
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import msgspec

from ..errors import EncodeError, InvalidError
from ..values import OpenUnion, Unknown, read_union
from . import limits
from .check import checker, exponents

if TYPE_CHECKING:
    from . import Decode, Encode

NIL: Final = b"\xc0"
EXT_BYTES: Final = 1
EXT_DATE: Final = 2
_KEPT: Final = (bytes, bytearray, memoryview, datetime, timedelta, Decimal, UUID)
_FLOAT64: Final = Struct(">d")


def _dec_hook(type_: Any, value: Any) -> Any:
    if isinstance(type_, type) and issubclass(type_, OpenUnion):
        return read_union(type_, value, _dec_hook)
    raise NotImplementedError(f"{type_!r} cannot be read from MessagePack")


def _ext_hook(code: int, data: memoryview) -> Any:
    if code == EXT_BYTES:
        return bytes(data)
    if code == EXT_DATE:
        try:
            (millis,) = _FLOAT64.unpack(data)
            return datetime.fromtimestamp(millis / 1000, timezone.utc)
        except (error, OverflowError, ValueError, OSError):
            raise ValueError("Invalid timestamp in extension 2") from None
    raise ValueError(f"Extension type {code} is unknown")


def _enc_hook(value: Any) -> Any:
    if isinstance(value, Unknown):
        return {"type": value.type, **value.fields}
    raise TypeError(f"a value of type {type(value).__qualname__} cannot be sent")


write: Final = msgspec.msgpack.Encoder(enc_hook=_enc_hook, uuid_format="bytes", decimal_format="string").encode
read_any: Final = msgspec.msgpack.Decoder(ext_hook=_ext_hook).decode


def decoder(type_: Any) -> tuple[Decode, Decode]:
    """How a value of ``type_`` is read; see ``codec.decoder``."""
    typed = msgspec.msgpack.Decoder(type_, dec_hook=_dec_hook, ext_hook=_ext_hook).decode
    check = checker(type_)
    is_bounded = limits.is_bounded(type_)

    def checked(payload: memoryview | bytes) -> Any:
        if not is_bounded and len(payload) > limits.MAX_DEPTH:
            limits.check(payload)
        value = typed(payload)
        if check is not None:
            check(value)
        return value

    def patient(payload: memoryview | bytes) -> Any:
        try:
            limits.check(payload)
            try:
                return checked(payload)
            except msgspec.ValidationError as refused:
                plain = write(_plain(read_any(payload)))
                if plain == payload:
                    raise
                try:
                    return checked(plain)
                except msgspec.ValidationError:
                    raise refused from None
        except InvalidError:
            raise
        except EncodeError as refused:
            raise InvalidError(str(refused), refused.field) from None
        except Exception as refused:
            raise InvalidError(*_explain(refused)) from None

    return (typed if check is None and is_bounded else checked), patient


def encoder(type_: Any) -> Encode:
    """How a value of ``type_`` is written. The type decides what is checked; msgspec writes any value."""
    check = checker(type_)
    if check is None:
        return write
    inspect: Callable[[Any], None] = check
    has_exponents = exponents(type_)

    def checked(value: Any) -> bytes:
        inspect(value)
        if has_exponents is not None:
            try:
                has_exponents(value)
            except EncodeError:
                return write_plain(value)
        return write(value)

    return checked


def write_plain(value: Any) -> bytes:
    """Writes decimals without an exponent, which msgspec alone does not: ``1E+2`` as ``100``."""
    return write(_without_exponents(msgspec.to_builtins(value, builtin_types=_KEPT, enc_hook=_enc_hook)))


def _without_exponents(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple):
        return [_without_exponents(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _without_exponents(item) for key, item in cast("dict[object, object]", value).items()}
    return value


def read_nothing(payload: memoryview | bytes) -> None:
    """The arguments of a method that has none: nil, no bytes at all, or a map whose keys nobody knows."""
    if len(payload) == 0 or payload == NIL:
        return
    limits.check(payload)
    try:
        value = read_any(payload)
    except Exception as refused:
        raise InvalidError(*_explain(refused)) from None
    if value is not None and not isinstance(value, dict):
        raise InvalidError(f"Expected no arguments, got `{type(value).__name__}`")


def _plain(value: Any) -> Any:
    """A value with what JavaScript cannot tell apart made the same: 3.0 becomes 3, which floats read as well."""
    if type(value) is float:
        whole = value.is_integer() and abs(value) < 2.0**64 and not (value == 0 and copysign(1, value) < 0)
        return int(value) if whole else value
    if type(value) is list:
        return [_plain(item) for item in cast("list[object]", value)]
    if type(value) is dict:
        return {_plain(key): _plain(item) for key, item in cast("dict[object, object]", value).items()}
    return value


def _explain(refused: Exception) -> tuple[str, str]:
    """What is wrong, and where: msgspec ends its messages with the path."""
    message = str(refused)
    if isinstance(refused, RecursionError):
        message = "the value is nested too deeply"
    _, found, path = message.rpartition(" - at `")
    return message, path.split("`")[0] if found else "$"
