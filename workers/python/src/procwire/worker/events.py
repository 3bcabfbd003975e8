"""Events: from the worker to its parent, from any thread, at any time.

Twins: procwire-runtime/src/worker/events.rs, workers/typescript/src/worker/events.ts. Knows no socket.
"""

from __future__ import annotations

from collections.abc import Generator
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ..codec import Encode, encoder
from ..codec.msgpack import NIL
from ..contract import Contract
from ..errors import NotConnectedError
from ..wire.encode import frame
from ..wire.flags import EVENT
from .writer import CROWD

if TYPE_CHECKING:
    from .writer import Writer


class Emitted:
    """What sending an event gives. The event is on its way already; awaiting it, which only ``async def`` can,
    waits while the parent does not keep up."""

    __slots__ = ("_writer",)

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def __await__(self) -> Generator[Any, None, None]:
        if self._writer.is_congested:
            from .tasks import wait_until_drained

            yield from wait_until_drained(self._writer).__await__()


class Sink:
    """The worker's events, with their ids and encoders."""

    def __init__(self, contract: Contract) -> None:
        self._events: dict[str, tuple[int, Encode]] = {}
        for number, event in enumerate(contract.events, start=1):
            encode = encoder(event.codec, event.payload) if event.payload is not None else _nothing
            self._events[event.name] = number, encode
        self._writer: Writer | None = None
        self._loop_thread: int | None = None

    def spare(self, thread: int | None) -> None:
        """Names the thread that must not wait for the parent: the event loop's."""
        self._loop_thread = thread

    def connect(self, writer: Writer | None) -> None:
        """Lets events out from now on; None stops them."""
        self._writer = writer

    def emit(self, name: str, payload: Any) -> Emitted:
        """Sends one event.

        Raises NotConnectedError while there is no parent, EncodeError or TypeError when the payload does not fit.
        """
        writer = self._writer
        if writer is None:
            raise NotConnectedError(f"event `{name}` was sent while no parent is connected")
        number, encode = self._events[name]
        writer.pending.append(frame(number, EVENT, 0, encode(payload)))
        if get_ident() == self._loop_thread:
            writer.flush_soft()
        else:
            writer.flush(wait=len(writer.pending) > CROWD)
        return Emitted(writer)


class Events:
    """Base of the generated class with one method per event."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def _emit(self, name: str, payload: Any) -> Emitted:
        return self._sink.emit(name, payload)


def _nothing(_: Any) -> bytes:
    return NIL
