"""What a handler can know about its call, and how it hears that nobody wants the answer any more.

Twins: procwire-runtime/src/worker/context.rs, workers/typescript/src/worker/context.ts. Knows no socket.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from threading import get_ident
from typing import Any, Final, Protocol

from msgspec import Struct

from ..errors import Cancelled
from .credit import Credit
from .log import Level, log_exception, tell


class Context(Struct, eq=False, gc=False):
    """One call in progress, the second argument of every handler.

    A plain ``def`` handler asks ``cancelled`` now and then, or calls ``raise_if_cancelled``; an ``async def`` one
    is cancelled by asyncio and needs neither.
    """

    request_id: int
    """The parent's number for this call; 0 for a oneway call."""
    method: str
    """The method's name on the wire."""
    traceparent: str | None = None
    """The caller's place in a trace, as W3C Trace Context writes it, where the parent tells."""
    _cancelled: bool = False
    _task: Any = None
    _callbacks: list[Callable[[], object]] | None = None
    _credit: Credit | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the parent gave up on this call, or the worker is stopping."""
        return self._cancelled

    def raise_if_cancelled(self) -> None:
        """Raises procwire.Cancelled once the parent gave up on this call."""
        if self._cancelled:
            raise Cancelled

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Calls ``callback``, on some other thread, when the parent gives up; at once if it already has.

        For libraries that can be told to stop: ``ctx.on_cancel(connection.interrupt)``.
        """
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)
        if self._cancelled:
            self._run_callbacks()

    def log(self, level: Level, message: object) -> None:
        """Tells the parent's log, with this call's number. A line on stderr where the parent does not listen."""
        tell(level, str(message), self.request_id)

    def _cancel(self) -> None:
        self._cancelled = True
        if self._credit is not None:
            self._credit.wake()
        self._run_callbacks()

    def _run_callbacks(self) -> None:
        callbacks = self._callbacks
        while callbacks:
            try:
                # The list gives each callback to one thread only, whoever comes first.
                callback = callbacks.pop()
            except IndexError:
                return
            try:
                callback()
            except Exception as error:
                log_exception(f"{self.method}: on_cancel callback", error)


class Leading(Protocol):
    """What a thread that reads is in; see ``reader``."""

    busy: object


current: Final[ContextVar[Context | None]] = ContextVar("procwire", default=None)
"""The call whose handler runs here, where it was handed over."""
leading: Final[dict[int, Leading]] = {}
"""What the threads that have ever read are in. Setting the variable above would cost each quick call."""


def running() -> Context | None:
    """The call whose handler is running, if the caller is in one."""
    context = current.get()
    if context is None:
        leader = leading.get(get_ident())
        if leader is not None and isinstance(leader.busy, Context):
            return leader.busy
    return context
