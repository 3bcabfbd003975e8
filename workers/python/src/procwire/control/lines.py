"""Bytes to lines, bounded: a peer that never ends a line costs no memory.

Twins: procwire-runtime/src/control/lines.rs, workers/typescript/src/control/lines.ts. Pure.
"""

from __future__ import annotations

from typing import Final

MAX_LINE: Final = 64 << 10
"""Bytes of a line that are kept; a longer one is dropped whole, and reading goes on after it."""


class Lines:
    """Cuts a byte stream at LF, CRLF or CR."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max = max_line
        self._part = b""
        self._drops = False

    def feed(self, data: bytes) -> list[bytes]:
        """Takes what was read and gives the lines it completed, without their ends."""
        *lines, rest = data.replace(b"\r", b"\n").split(b"\n")
        if lines:
            if self._drops:
                lines[0] = b""
                self._drops = False
            else:
                lines[0] = self._part + lines[0]
            self._part = b""
        if not self._drops:
            self._part += rest
            if len(self._part) > self._max:
                self._part = b""
                self._drops = True
        return [line for line in lines if line and len(line) <= self._max]
