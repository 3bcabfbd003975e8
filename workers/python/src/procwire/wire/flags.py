"""The flag byte of a header, and the combinations a worker sends.

Twins: procwire-runtime/src/wire/flags.rs, workers/typescript/src/wire/flags.ts.
"""

from __future__ import annotations

from typing import Final

TO_PARENT: Final = 0x01
IS_RESPONSE: Final = 0x02
IS_ERROR: Final = 0x04
IS_STREAM: Final = 0x08
STREAM_END: Final = 0x10
IS_ACK: Final = 0x20

RESERVED: Final = 0xC0
"""Bits that must be 0; a frame that sets one ends the connection."""

REQUEST: Final = 0
RESPONSE: Final = TO_PARENT | IS_RESPONSE
ACK: Final = RESPONSE | IS_ACK
CHUNK: Final = RESPONSE | IS_STREAM
END: Final = CHUNK | STREAM_END
ERROR: Final = RESPONSE | IS_ERROR
STREAM_ERROR: Final = CHUNK | IS_ERROR
EVENT: Final = TO_PARENT
