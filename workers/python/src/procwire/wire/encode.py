"""From a payload to what is put on the wire.

Twins: procwire-runtime/src/wire/encode.rs, workers/typescript/src/wire/encode.ts. Pure.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ..ids import STARTED_METHOD
from .flags import TO_PARENT
from .header import HEADER

Payload: TypeAlias = "bytes | bytearray | memoryview"
Encoded: TypeAlias = "bytes | tuple[bytes, Payload]"
"""A frame ready to be sent: in one piece, or as header and payload when copying the payload would cost."""

LARGE: Final = 64 << 10
"""Payloads from here on are sent from where they are."""


def started(request: int) -> bytes:
    """The frame that says that the handler of ``request`` is about to begin."""
    return HEADER.pack(STARTED_METHOD, TO_PARENT, request, 0)


def frame(method: int, flags: int, request: int, payload: Payload) -> Encoded:
    """One frame."""
    length = len(payload)
    header = HEADER.pack(method, flags, request, length)
    if length >= LARGE:
        return header, payload
    return header + payload
