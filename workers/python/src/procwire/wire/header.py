"""The 11 bytes before every payload, big-endian:

    0       2       3               7               11
    | method | flags | request id    | payload length |
    | u16    | u8    | u32           | u32            |

Twins: procwire-runtime/src/wire/header.rs, workers/typescript/src/wire/header.ts.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from .flags import RESERVED

HEADER: Final = Struct(">HBII")
SIZE: Final = HEADER.size


class Header(NamedTuple):
    """A header's four numbers."""

    method: int
    flags: int
    request: int
    length: int

    def pack(self) -> bytes:
        """The header's bytes."""
        return HEADER.pack(*self)

    @classmethod
    def unpack(cls, data: bytes | bytearray | memoryview, at: int = 0) -> Header:
        """Reads a header at ``at``; the caller made sure that 11 bytes are there."""
        return cls(*HEADER.unpack_from(data, at))

    def fault(self, max_payload: int) -> str | None:
        """What forbids this header, or None. A frame that breaks a rule here ends the connection."""
        if self.method == 0:
            return "method id 0 is reserved"
        if self.flags & RESERVED:
            return f"reserved flag bits are set: {self.flags:#04x}"
        if self.length > max_payload:
            return f"payload of {self.length} bytes is over the limit of {max_payload}"
        return None
