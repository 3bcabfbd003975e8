"""A whole frame as one value.

Twins: procwire-runtime/src/wire/frame.rs, workers/typescript/src/wire/frame.ts.
The call path does without this class; it serves what is read once, and tests.
"""

from __future__ import annotations

from typing import NamedTuple


class Frame(NamedTuple):
    """A frame: header fields and payload."""

    method: int
    flags: int
    request: int
    payload: bytes
