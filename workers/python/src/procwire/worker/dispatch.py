"""From a request to its handler, and from the handler's outcome to the one answer that ends the call.

Twins: procwire-runtime/src/worker/dispatch.rs, workers/typescript/src/worker/dispatch.ts. Owns the calls in
progress. Does not read, and sends only through the writer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from ..codec import Decode, Encode
from ..codec import error as failures
from ..codec.limits import MAX_ELEMENTS
from ..codec.msgpack import NIL
from ..contract import Contract
from ..errors import InvalidError
from ..ids import CHUNK_COST
from ..negotiation import Features
from ..wire import flags
from ..wire.encode import LARGE, frame, started
from ..wire.header import HEADER, SIZE
from .call import Call
from .context import Context, current
from .credit import Credit
from .log import log_exception

if TYPE_CHECKING:
    from .tasks import Tasks
    from .threads import Threads
    from .writer import Writer

REFUSED: Final = object()
"""Instead of arguments: the request was answered, there is nothing to run."""
SLOW: Final = 1e-3
"""Seconds. A call that ran long goes to the pool from then on, until its method …"""
REFORMED: Final = 32
"""… has stayed below SLOW this many times in a row."""
FLUSH_AT: Final = 64 << 10
"""Bytes of a stream that are gathered at most."""
GAP: Final = 1e-4
"""Seconds between two items from which on each is sent at once."""

CHUNK: Final = flags.CHUNK
PLAIN: Final = Features()


QuickCall: TypeAlias = "tuple[Decode, Callable[[Any, Context], Any], Encode, int, str, bool]"
"""What the reading thread needs to serve a call by itself."""


class Waker(Protocol):
    """Whoever sends what was added and not sent."""

    sleeps: bool

    def wake(self) -> None:
        """A frame waits."""

    def step_aside(self, busy: object) -> None:
        """Whoever is in ``busy`` is about to wait for what only a reader can bring."""


class Dispatch:
    """The worker's methods, and its calls in progress."""

    def __init__(self, worker: object, contract: Contract, features: Features = PLAIN) -> None:
        self.features = features
        self._is_hurried = False
        self.calls: dict[int, Call] = {}
        for number, method in enumerate(contract.methods, start=1):
            self.calls[number] = Call(worker, method, number, features.started)
        self._by_name = {call.method.name: call for call in self.calls.values()}
        self.quick: dict[int, QuickCall] = {}
        for call in self.calls.values():
            self._sort(call)
        self._tasks: Tasks | None = None
        self._lock = Lock()
        self.active: dict[int, Context] = {}
        """Calls that the reading thread does not wait for, by request id; oneway ones by a number of our own."""

    @property
    def needs_loop(self) -> bool:
        """Whether any handler is asynchronous."""
        return any(call.is_async for call in self.calls.values())

    def connect(self, writer: Writer, threads: Threads, waker: Waker, on_loop: Callable[[Tasks], None]) -> None:
        """Gives it those it works with; nothing is served before. ``waker`` sends what a stream left to be
        gathered; ``on_loop`` hears of the event loop, once there is one."""
        self._writer = writer
        self._threads = threads
        self._waker = waker
        self._on_loop = on_loop
        self._add = writer.pending.append

    def loop(self) -> Tasks:
        """The event loop, started when it is first needed: importing asyncio costs start-up time."""
        if self._tasks is None:
            with self._lock:
                if self._tasks is None:
                    from .tasks import Tasks

                    tasks = Tasks(self, self._writer)
                    self._on_loop(tasks)
                    self._tasks = tasks
        return self._tasks

    def stop_loop(self, timeout: float) -> bool:
        """Ends the event loop, if there is one. False when a handler does not let it."""
        with self._lock:
            return self._tasks is None or self._tasks.stop(timeout)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────

    def knows(self, method: int) -> bool:
        """Whether the id was announced."""
        return method in self.calls

    def is_raw(self, method: int) -> bool:
        """Whether its arguments are bytes."""
        call = self.calls.get(method)
        return call is not None and call.method.args_codec == "raw"

    def context(self, method: int, request: int) -> Context:
        """A new call's context."""
        described = self.calls[method].method
        context = Context(request, described.name)
        if described.kind == "stream" and request and self.features.credit is not None:
            # From the start: a parent may grant more before a handler had its turn.
            context._credit = Credit(self.features.credit)  # pyright: ignore[reportPrivateUsage]
        return context

    def read(self, method: int, request: int, body: memoryview | bytes) -> Any:
        """The arguments, or REFUSED."""
        call = self.calls.get(method)
        if call is None:
            # Answered even with request id 0: the published workers do, and parents drop it.
            self._add(frame(method, flags.ERROR, request, failures.unsupported(method)))
            return REFUSED
        if len(body) > MAX_ELEMENTS:
            # Only the patient way counts them; fewer bytes cannot hold so many.
            return self.read_again(method, request, body)
        try:
            return call.decode(body)
        except Exception:
            return self.read_again(method, request, body)

    def read_again(self, method: int, request: int, body: memoryview | bytes) -> Any:
        """The arguments, patiently, after the quick way refused them; or REFUSED."""
        call = self.calls[method]
        try:
            return call.patient(body)
        except InvalidError as error:
            if call.method.kind == "none":
                log_exception(f"{call.method.name}: the request cannot be read", error)
            else:
                payload = failures.invalid(call.method.name, error)
                self._add(frame(method, call.error_flags, request, payload))
            return REFUSED

    def abort(self, request: int) -> None:
        """The parent gave up on a request. One that is not in progress is over, and answered."""
        context = self.active.get(request)
        if context is None:
            return
        if self._by_name[context.method].method.cancellable:
            self.cancel(context)
        elif context._credit is not None:  # pyright: ignore[reportPrivateUsage]
            context._credit.lift()  # pyright: ignore[reportPrivateUsage]

    def grant(self, request: int, body: memoryview | bytes) -> None:
        """The parent's consumer has taken some of a stream. One that is over needs nothing any more."""
        context = self.active.get(request)
        if context is not None and context._credit is not None and len(body) == 4:  # pyright: ignore[reportPrivateUsage]
            context._credit.grant(int.from_bytes(body, "big"))  # pyright: ignore[reportPrivateUsage]

    def cancel(self, context: Context) -> None:
        """Tells a handler that nobody wants its answer."""
        context._cancel()  # pyright: ignore[reportPrivateUsage]
        if self._tasks is not None:
            self._tasks.cancel(context)

    def hurry(self) -> None:
        """From now on no stream waits for credit: the worker stops, and one that would have to wait is cancelled."""
        self._is_hurried = True
        for context in list(self.active.values()):
            if context._credit is not None:  # pyright: ignore[reportPrivateUsage]
                context._credit.wake()  # pyright: ignore[reportPrivateUsage]

    def cancel_all(self) -> None:
        """Tells every handler that the worker stops."""
        for context in list(self.active.values()):
            self.cancel(context)

    # ── running ──────────────────────────────────────────────────────────────────────────────────────────────

    def hand_over(self, method: int, context: Context, args: Any) -> bool:
        """Gives a call to whoever runs its kind, the event loop or a thread. False when it is to be run here."""
        call = self.calls[method]
        if call.is_async:
            try:
                loop = self.loop()
            except Exception as error:  # no thread is to be had
                self.fail(method, context, error)
                return True
            self._remember(context)
            loop.submit(call, context, args)
        elif call.is_slow:
            self._remember(context)
            try:
                self._threads.submit(lambda: self._run_in_thread(call, context, args))
            except RuntimeError:
                self.forget(context)
                return False
        else:
            return False
        return True

    def run(self, method: int, context: Context, args: Any) -> None:
        """Runs a plain handler here. Raises nothing."""
        self._run(self.calls[method], context, args)

    def _run_in_thread(self, call: Call, context: Context, args: Any) -> None:
        began = time.perf_counter()
        if context.cancelled:
            self.end_cancelled(call, context)
        else:
            token = current.set(context)
            self._run(call, context, args)
            current.reset(token)
        if context._task is None:  # pyright: ignore[reportPrivateUsage]
            self.forget(context)
        self._writer.flush()
        if time.perf_counter() - began > SLOW:
            call.streak = 0
        elif call.is_slow:
            call.streak += 1
            if call.streak >= REFORMED:
                call.is_slow = False
                self._sort(call)

    def _run(self, call: Call, context: Context, args: Any) -> None:
        """Runs a plain handler to its end, on this thread. Raises nothing."""
        if call.starts and context.request_id and not self._start(call, context):
            return
        try:
            outcome = call.handle(args, context)
        except BaseException as error:
            self.fail(call.id, context, error)
            return
        if hasattr(outcome, "__await__") or hasattr(outcome, "__aiter__"):
            self.adopt(call, context, outcome)
        elif call.method.kind == "stream":
            self._run_stream(call, context, outcome)
        elif call.method.kind == "none":
            self.succeed(call.id, context, NIL)
        else:
            self.answer(call, context, outcome)

    def _start(self, call: Call, context: Context) -> bool:
        """Tells the parent that the handler begins. False when it must not: nobody heard, or it was cancelled while
        we waited for the parent."""
        self._add(started(context.request_id))
        if self._writer.through() and not context.cancelled:
            return True
        self.end_cancelled(call, context)
        return False

    def is_given_up(self, context: Context) -> bool:
        """Whether a stream that waits for credit need not go on waiting."""
        if self._is_hurried and not context.cancelled:
            self.cancel(context)
        return context.cancelled

    def _run_stream(self, call: Call, context: Context, items: Any) -> None:
        try:
            iterator = iter(items)
        except TypeError:
            got = type(items).__qualname__
            self.fail(call.id, context, TypeError(f"a stream handler yields or returns items, not {got}"))
            return
        try:
            is_sent = self._send_items(call, context, iterator)
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self.fail(call.id, context, error)
            return
        if is_sent:
            self.end(call, context)

    def _send_items(self, call: Call, context: Context, items: Iterator[Any]) -> bool:
        """Sends items as they come: at once when they come slowly, gathered when they come fast. False when an
        item cannot be sent, which ended the call."""
        add, encode, clock, pack, waker = self._add, call.encode, time.perf_counter, HEADER.pack, self._waker
        number, request = call.id, context.request_id
        credit = context._credit  # pyright: ignore[reportPrivateUsage]
        gathered = 0
        sent = before = 0.0
        for item in items:
            if context._cancelled:  # pyright: ignore[reportPrivateUsage]
                break
            try:
                payload = encode(item)
            except BaseException as error:
                self.cannot_send(call, context, item, error)
                return False
            size = len(payload)
            if credit is not None:
                if credit.spent >= credit.granted:
                    self._waker.step_aside(context)
                    self._writer.flush(wait=True)
                    gathered = 0
                    credit.wait(lambda: self.is_given_up(context))
                    if context._cancelled:  # pyright: ignore[reportPrivateUsage]
                        break
                credit.spent += size + CHUNK_COST
            header = pack(number, CHUNK, request, size)
            add(header + payload if size < LARGE else (header, payload))
            gathered += size + SIZE
            now = clock()
            if gathered >= FLUSH_AT or now - before > GAP or now - sent > 10 * GAP:
                # A stream waits for its parent, or it would fill the memory.
                self._writer.flush(wait=gathered >= FLUSH_AT)
                gathered = 0
                sent = clock()
            elif waker.sleeps:
                waker.wake()
            before = now
        return True

    # ── outcomes: each adds exactly one frame that ends the call ─────────────────────────────────────────────

    def answer(self, call: Call, context: Context, value: Any) -> None:
        """The handler gave a value."""
        try:
            payload = call.encode(value)
        except BaseException as error:
            self.cannot_send(call, context, value, error)
        else:
            self.succeed(call.id, context, payload)

    def succeed(self, method: int, context: Context, payload: bytes | bytearray | memoryview) -> None:
        """The handler's answer is encoded."""
        call = self.calls[method]
        if context.cancelled:
            self.end_cancelled(call, context)
        elif call.method.kind != "none" or context.request_id:
            self._add(frame(method, call.answer_flags, context.request_id, payload))

    def end(self, call: Call, context: Context) -> None:
        """The stream is complete."""
        if context.cancelled:
            self.end_cancelled(call, context)
        else:
            self._add(frame(call.id, flags.END, context.request_id, b""))

    def end_cancelled(self, call: Call, context: Context) -> None:
        """The parent gave up; it still wants to know that the request's id is free."""
        if context.request_id:
            self._add(frame(call.id, call.error_flags, context.request_id, failures.cancelled()))

    def fail(self, method: int, context: Context, error: BaseException) -> None:
        """The handler raised."""
        call = self.calls[method]
        name, throws = call.method.name, call.method.throws
        if context.cancelled:
            self.end_cancelled(call, context)
        elif call.method.kind == "none" and not context.request_id:
            log_exception(name, error)
        else:
            if throws is not None and isinstance(error, throws):
                try:
                    payload = failures.declared(error)
                except BaseException as second:
                    payload = failures.unencodable(name, second)
            else:
                payload = failures.exception(error)
            self._add(frame(method, call.error_flags, context.request_id, payload))

    def cannot_send(self, call: Call, context: Context, value: Any, error: BaseException) -> None:
        """The handler gave a value that the codec refused: something to be awaited first, or an error."""
        if hasattr(value, "__await__") and call.method.kind != "stream":
            self.adopt(call, context, value)
        elif context.cancelled:
            self.end_cancelled(call, context)
        else:
            payload = failures.unencodable(call.method.name, error)
            self._add(frame(call.id, call.error_flags, context.request_id, payload))

    def adopt(self, call: Call, context: Context, outcome: Any) -> None:
        """A plain ``def`` gave something to be awaited: the event loop goes on with it."""
        try:
            loop = self.loop()
        except Exception as error:  # no thread is to be had
            self.fail(call.id, context, error)
            close = getattr(outcome, "close", None)
            if close is not None:
                close()  # a coroutine that will never run, of which Python would complain
            return
        with self._lock:
            context._task = False  # pyright: ignore[reportPrivateUsage]
            self._remember(context)
        loop.adopt(call, context, outcome)

    # ── book-keeping ─────────────────────────────────────────────────────────────────────────────────────────

    def runs_long(self, context: Context) -> None:
        """The reading thread is stuck in this call: it can be aborted now, and the next one goes elsewhere."""
        with self._lock:
            # One that the event loop goes on with is remembered, or over by now.
            if context._task is None:  # pyright: ignore[reportPrivateUsage]
                self._remember(context)
        call = self._by_name[context.method]
        call.is_slow = True
        call.streak = 0
        self._sort(call)

    def forget(self, context: Context) -> None:
        """The call is over."""
        self.active.pop(_key(context), None)

    def _remember(self, context: Context) -> None:
        self.active[_key(context)] = context

    def _sort(self, call: Call) -> None:
        if call.is_quick:
            self.quick[call.id] = (
                call.decode, call.handle, call.encode_quick, call.answer_flags, call.method.name, call.starts,
            )  # fmt: skip
        else:
            self.quick.pop(call.id, None)


def _key(context: Context) -> int:
    """Its place among the calls in progress. Oneway calls have no number of the parent's."""
    return context.request_id or -id(context)
