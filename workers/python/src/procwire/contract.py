"""What a worker serves, as data: generated code fills it, the runtime reads it.

Twins: procwire-runtime/src/contract, workers/typescript/src/contract.ts. Pure.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from .errors import ContractError, DeclaredError

GENERATION: Final = 1
"""What generated code and this package must agree on. It changes when old generated code would stop working."""

Kind: TypeAlias = Literal["result", "stream", "ack", "none"]
Codec: TypeAlias = Literal["msgpack", "raw"]


class Method(Struct, frozen=True, kw_only=True):
    """One method: how it is called, and the handler that answers."""

    name: str
    """The name on the wire."""
    kind: Kind
    """``result``: one value; ``stream``: any number; ``ack``: "taken", with an optional receipt; ``none``."""
    handler: str = ""
    """The name of the worker's method, where it differs from ``name``."""
    args: Any = None
    """The type of the payload; None for a method without arguments, whose handler takes only the context."""
    answer: Any = None
    """The type of the answer, of one item, or of the receipt; None for nothing."""
    throws: type[DeclaredError] | None = None
    """The base class of the errors it declares."""
    args_codec: Codec = "msgpack"
    answer_codec: Codec = "msgpack"
    cancellable: bool = True
    """Whether an ABORT reaches the handler."""
    idempotent: bool = False
    """Whether a call may be sent again without asking how far it got. Then nobody is told that it begins."""
    fingerprint: str = ""
    """The shape of all of the above, as the schema computed it; 16 hex digits."""


class Event(Struct, frozen=True, kw_only=True):
    """One event."""

    name: str
    """The name on the wire."""
    payload: Any = None
    """The type of what it carries; None for nothing."""
    codec: Codec = "msgpack"


class Contract(Struct, frozen=True, kw_only=True):
    """A module: its methods and events. Ids are given in this order."""

    name: str
    version: str = "0.0.0"
    methods: tuple[Method, ...] = ()
    events: tuple[Event, ...] = ()
    fingerprint: str = ""


def require_generation(generation: int) -> None:
    """Called by generated code as its first act, so that a mismatch is one clear sentence.

    Raises ContractError when this package does not serve that generation.
    """
    if generation != GENERATION:
        what = "older" if generation < GENERATION else "newer"
        raise ContractError(
            f"the generated code is of generation {generation}, {what} than this procwire package (generation "
            f"{GENERATION}): install the procwire package that belongs to your procwire-gen, and generate again"
        )
