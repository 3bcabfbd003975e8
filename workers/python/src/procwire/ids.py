"""The numbers both ends agree on: reserved method ids and the bounds of ids and payloads.

Twins: procwire-runtime/src/ids.rs, workers/typescript/src/ids.ts. Knows nothing of frames or sockets.
"""

from __future__ import annotations

from typing import Final

FIRST_ID: Final = 1
"""Methods and events are numbered from here, each in a space of its own."""

CONTEXT_METHOD: Final = 0xFFFB
"""The frame that says more about the request that follows it. An ordinary id, like the next two, where the feature
was not negotiated."""

CREDIT_METHOD: Final = 0xFFFC
"""The frame by which the parent lets a stream send more."""

STARTED_METHOD: Final = 0xFFFD
"""The frame that says that a handler is about to begin."""

AUTH_METHOD: Final = 0xFFFE
"""The frame that carries the token, before anything else, when the parent asks for it."""

ABORT_METHOD: Final = 0xFFFF
"""The frame that gives up on the request whose id it carries."""

UNCORRELATED: Final = 0
"""The request id of frames nobody answers: oneway calls, events, AUTH."""

CHUNK_COST: Final = 64
"""Bytes that an item of a stream costs beside its payload, so that empty ones are not free."""

DEFAULT_MAX_PAYLOAD: Final = 1 << 30
"""Bytes of payload accepted unless ``serve`` is told otherwise: 1 GiB."""

ABSOLUTE_MAX_PAYLOAD: Final = (1 << 31) - 1
"""No peer accepts a larger payload, whatever it is told."""
