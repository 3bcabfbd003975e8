"""``async def`` handlers and async generators, on one asyncio loop in a thread of its own.

Python's alone. A handler's first step is taken as soon as the loop sees it, so one that never waits costs no
further turn of the loop. All steps of a coroutine run on the loop's thread: libraries that keep state per thread
(greenlets, sqlite3) count on that, which is why the reading thread does not take the first step itself.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import Context as Variables
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..codec.msgpack import NIL
from ..ids import CHUNK_COST
from ..wire.encode import frame, started
from ..wire.header import SIZE
from .call import Call
from .context import Context, current
from .dispatch import CHUNK, FLUSH_AT, Dispatch

if TYPE_CHECKING:
    from .credit import Credit
    from .writer import Writer

Job: TypeAlias = "tuple[Call, Context, Any, bool]"
"""A call, what it is given, and whether its handler is still to be called with that."""

FAIR: Final = 64
"""Items an async generator may give without waiting before other tasks get their turn."""
TOLD: Final = 64
"""Handlers that the parent is told of with one send. A death leaves it in doubt about no more than these."""


class _Selector(selectors.DefaultSelector):
    """Sends what the last turn of the loop added, before the loop waits."""

    writer: Writer

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.writer.pending:
            self.writer.flush_soft()
        return super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    """A loop that can take the first step of a new task at once, on every Python that we serve."""

    _catches = False
    _caught: tuple[Callable[..., object], Variables | None] | None = None

    def call_soon(  # type: ignore[override]  # typeshed has a TypeVarTuple here, which 3.10 lacks
        self, callback: Callable[..., object], *args: Any, context: Variables | None = None
    ) -> asyncio.Handle:
        if self._catches:
            self._catches = False
            self._caught = (callback, context)
            return asyncio.Handle(callback, args, self, context)
        return super().call_soon(callback, *args, context=context)

    def start(self, coroutine: Any) -> asyncio.Task[None]:
        """Makes a task and runs it to where it first waits."""
        self._catches = True
        try:
            task: asyncio.Task[None] = asyncio.Task(coroutine, loop=self)
        finally:
            self._catches = False
        caught, self._caught = self._caught, None
        if caught is not None:
            step, context = caught
            if context is None:
                step()
            else:
                context.run(step)
        return task


class Tasks:
    """The loop's side of the worker."""

    def __init__(self, dispatch: Dispatch, writer: Writer) -> None:
        self._dispatch = dispatch
        self._writer = writer
        self._inbox: deque[Job] = deque()
        self._is_called = False
        self._is_held = False
        """Whether handlers wait for the parent to hear of them."""
        self._tasks: dict[asyncio.Task[None], None] = {}
        selector = _Selector()
        selector.writer = writer
        self._loop = _Loop(selector)
        self._thread = threading.Thread(target=self._run, name="procwire asyncio", daemon=True)
        try:
            self._thread.start()
        except BaseException:
            self._loop.close()
            raise

    def submit(self, call: Call, context: Context, args: Any) -> None:
        """Runs an asynchronous handler. Any thread may ask."""
        self._post((call, context, args, True))

    def adopt(self, call: Call, context: Context, outcome: Any) -> None:
        """Goes on with what a plain ``def`` gave: an awaitable, or an async iterator."""
        self._post((call, context, outcome, False))

    def cancel(self, context: Context) -> None:
        """Raises CancelledError where the handler waits. One that has not started will not."""
        self._loop.call_soon_threadsafe(self._cancel, context)

    def stop(self, timeout: float) -> bool:
        """Ends the loop, for good. False when a handler does not let it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _post(self, job: Job) -> None:
        self._inbox.append(job)
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self._take)

    # ── on the loop's thread ─────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    def _take(self) -> None:
        self._is_called = False
        while self._inbox and not self._is_held:
            told: list[Job] = []
            while self._inbox and len(told) < TOLD:
                job = self._inbox.popleft()
                call, context, _, is_call = job
                if is_call and call.starts and context.request_id and not context.cancelled:
                    told.append(job)
                else:
                    self._begin(job)
            if told:
                # A whole list, which is added at one blow; a generator is not.
                self._writer.pending.extend([started(context.request_id) for _, context, _, _ in told])
                if self._writer.through_soft():
                    self._begin_told(told, True)
                else:
                    self._is_held = True
                    self._writer.through_later(partial(self._release, told))

    def _release(self, told: list[Job], is_heard: bool) -> None:
        """On the thread that waited for the parent."""
        try:
            self._loop.call_soon_threadsafe(self._begin_held, told, is_heard)
        except RuntimeError:
            pass  # the loop is closed

    def _begin_held(self, told: list[Job], is_heard: bool) -> None:
        self._is_held = False
        self._begin_told(told, is_heard)
        self._take()

    def _begin_told(self, told: list[Job], is_heard: bool) -> None:
        """Begins what the parent was told of. When it is gone, nothing may begin any more."""
        for job in told:
            if not is_heard:
                self._dispatch.cancel(job[1])
            self._begin(job)

    def _begin(self, job: Job) -> None:
        call, context, value, is_call = job
        if context.cancelled:
            self._dispatch.end_cancelled(call, context)
            self._dispatch.forget(context)
            _abandon(value)
            return
        serve = self._stream if call.method.kind == "stream" else self._answer
        # The task is known before its first step, which may already want it cancelled.
        self._loop.start(serve(call, context, value, is_call))

    @property
    def thread(self) -> int | None:
        """The loop's thread, which must not wait for the parent."""
        return self._thread.ident

    def _cancel(self, context: Context) -> None:
        task = context._task  # pyright: ignore[reportPrivateUsage]
        if task:
            task.cancel()

    def _enter(self, context: Context) -> None:
        context._task = asyncio.current_task()  # pyright: ignore[reportPrivateUsage]
        current.set(context)

    async def _answer(self, call: Call, context: Context, value: Any, is_call: bool) -> None:
        self._enter(context)
        dispatch = self._dispatch
        try:
            outcome: Any = await (call.handle(value, context) if is_call else value)
        except BaseException as error:
            dispatch.fail(call.id, context, error)
        else:
            if call.method.kind == "none":
                dispatch.succeed(call.id, context, NIL)
            else:
                dispatch.answer(call, context, outcome)
        finally:
            dispatch.forget(context)

    async def _stream(self, call: Call, context: Context, value: Any, is_call: bool) -> None:
        self._enter(context)
        dispatch = self._dispatch
        items: Any = None
        try:
            items = call.handle(value, context) if is_call else value
            if hasattr(items, "__await__"):
                items = await items
            try:
                is_sent = await self._send_items(call, context, items)
            finally:
                close = getattr(items, "aclose", None) or getattr(items, "close", None)
                outcome: Any = close() if close is not None else None
                if hasattr(outcome, "__await__"):
                    await outcome
        except BaseException as error:
            dispatch.fail(call.id, context, error)
        else:
            if is_sent:
                dispatch.end(call, context)
        finally:
            dispatch.forget(context)

    async def _send_items(self, call: Call, context: Context, items: Any) -> bool:
        """Sends items as they come. False when one cannot be sent, which ended the call."""
        add, encode, writer = self._writer.pending.append, call.encode, self._writer
        number, request = call.id, context.request_id
        credit = context._credit  # pyright: ignore[reportPrivateUsage]
        gathered = count = 0
        if not hasattr(items, "__aiter__"):
            items = _each(iter(items))
        async for item in items:
            if context.cancelled:
                break
            try:
                payload = encode(item)
            except BaseException as error:
                self._dispatch.cannot_send(call, context, item, error)
                return False
            size = len(payload)
            if credit is not None:
                if credit.spent >= credit.granted:
                    writer.flush_soft()
                    await self._wait_for_credit(credit, context)
                    if context.cancelled:
                        break
                credit.spent += size + CHUNK_COST
            add(frame(number, CHUNK, request, payload))
            gathered += size + SIZE
            count += 1
            if gathered >= FLUSH_AT:
                writer.flush_soft(counts=True)
                gathered = 0
                if writer.is_congested:
                    await wait_until_drained(writer)
            if count >= FAIR:
                count = 0
                await asyncio.sleep(0)
        return True

    async def _wait_for_credit(self, credit: Credit, context: Context) -> None:
        future: asyncio.Future[None] | None = None
        loop = self._loop

        def settle() -> None:
            if future is not None and not future.done():
                future.set_result(None)

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:
                pass  # the loop is closed: nobody waits any more

        credit.wake = tell
        # Whoever grants does so before it wakes, and what it posts runs after this turn: it finds the future.
        while credit.is_spent and not self._dispatch.is_given_up(context):
            future = loop.create_future()
            await future


async def wait_until_drained(writer: Writer) -> None:
    """Waits until the parent has taken what was offered."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not future.done():
            future.set_result(None)

    def tell() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    writer.when_drained(tell)
    await future


async def _each(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _abandon(value: Any) -> None:
    """A coroutine that never ran must be closed, or Python complains."""
    close = getattr(value, "close", None)
    if callable(close):
        close()
