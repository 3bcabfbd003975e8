"""What the parent offered beyond the plain protocol, and what of it this worker uses.

Twin in spirit: procwire-runtime/src/worker. Pure: knows no environment and no descriptor.

A token is ``name`` or ``name=value``. What we do not know is passed over; a peer that offers nothing gets the plain
protocol.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW = 256 << 10
"""Bytes of a stream that may be under way when the parent names no number."""


class Features(NamedTuple):
    """What both ends use."""

    started: bool = False
    """A STARTED frame goes out before a handler begins."""
    credit: int | None = None
    """Bytes that a stream may send before the parent grants more; None for no limit."""
    inherited: bool = False
    """The data channel is a descriptor that this process was started with."""
    tagged: bool = False
    """Control lines carry the parent's nonce."""
    context: bool = False
    """A CONTEXT frame may come before a request."""
    log: bool = False
    """Log lines may go over the control plane."""

    @property
    def names(self) -> list[str]:
        """What ``$init`` announces."""
        return [name for name, value in self._asdict().items() if value is not None and value is not False]


def negotiate(offered: str, *, has_channel: bool, has_nonce: bool) -> Features:
    """What of ``offered``, a list with commas, this worker uses."""
    tokens: dict[str, str] = {}
    for token in offered.split(","):
        name, _, value = token.strip().partition("=")
        tokens[name] = value
    return Features(
        started="started" in tokens,
        credit=_window(tokens.get("credit")),
        inherited="inherited" in tokens and has_channel,
        tagged="tagged" in tokens and has_nonce,
        context="context" in tokens,
        log="log" in tokens,
    )


def _window(value: str | None) -> int | None:
    if value is None:
        return None
    if not value:
        return WINDOW
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None
