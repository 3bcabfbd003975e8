"""The numbers both ends agree on: reserved method ids and the bounds of ids and payloads.

Twins: procwire-runtime/src/ids.rs, workers/typescript/src/ids.ts. Knows nothing of frames or sockets.
"""

from __future__ import annotations

from typing import Final

FIRST_ID: Final = 1
"""Methods and events are numbered from here, each in a space of its own."""

AUTH_METHOD: Final = 0xFFFE
"""The frame that carries the token, before anything else, when the parent asks for it."""

ABORT_METHOD: Final = 0xFFFF
"""The frame that gives up on the request whose id it carries."""

UNCORRELATED: Final = 0
"""The request id of frames nobody answers: oneway calls, events, AUTH."""

DEFAULT_MAX_PAYLOAD: Final = 1 << 30
"""Bytes of payload accepted unless ``serve`` is told otherwise: 1 GiB."""

ABSOLUTE_MAX_PAYLOAD: Final = (1 << 31) - 1
"""No peer accepts a larger payload, whatever it is told."""
