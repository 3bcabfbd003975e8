"""Payloads: MessagePack, raw bytes, and the shape of errors. Pure: values to bytes and back.

Twins: procwire-runtime/src/codec, workers/typescript/src/codec. Knows no frame and no socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from . import msgpack, raw

Decode: TypeAlias = "Callable[[memoryview | bytes], Any]"
Encode: TypeAlias = "Callable[[Any], bytes | bytearray | memoryview]"


def decoder(codec: str, type_: Any) -> tuple[Decode, Decode]:
    """How a payload of that type is read: the quick way, and the patient one that is tried when the quick
    one refuses. What the patient one raises is what is wrong with the payload."""
    if codec == "raw":
        return raw.decode, raw.decode
    return msgpack.decoder(type_)


def encoder(codec: str, type_: Any) -> Encode:
    """How a value of that type is written."""
    if codec == "raw":
        return raw.encode
    return msgpack.encoder(type_)
