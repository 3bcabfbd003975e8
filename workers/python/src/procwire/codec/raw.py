"""Payloads that are the bytes themselves.

Twins: procwire-runtime/src/codec/raw.rs, workers/typescript/src/codec/raw.ts. Pure.
"""

from __future__ import annotations

from typing import Any

from ..errors import EncodeError


def decode(payload: memoryview | bytes) -> bytes:
    """The bytes, owned: a large payload arrives as ``bytes`` already and is not copied."""
    return payload if type(payload) is bytes else bytes(payload)


def encode(value: Any) -> bytes | bytearray | memoryview:
    """The value as it is. It must not change until it is sent."""
    if isinstance(value, bytes | bytearray):
        return value
    try:
        return memoryview(value).cast("B")
    except TypeError:
        raise EncodeError(f"expected bytes, got {type(value).__qualname__}") from None
