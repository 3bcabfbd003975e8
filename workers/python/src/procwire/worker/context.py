"""What a handler can know about its call, and how it hears that nobody wants the answer any more.

Twins: procwire-runtime/src/worker/context.rs, workers/typescript/src/worker/context.ts. Knows no socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from ..errors import Cancelled
from .log import log_exception


class Context(Struct, eq=False, gc=False):
    """One call in progress, the second argument of every handler.

    A plain ``def`` handler asks ``cancelled`` now and then, or calls ``raise_if_cancelled``; an ``async def`` one
    is cancelled by asyncio and needs neither.
    """

    request_id: int
    """The parent's number for this call; 0 for a oneway call."""
    method: str
    """The method's name on the wire."""
    _cancelled: bool = False
    _task: Any = None
    _callbacks: list[Callable[[], object]] | None = None

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

    def _cancel(self) -> None:
        self._cancelled = True
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
