"""The call path: one thread receives, runs plain handlers itself and answers what it has with one send.

Twin in place: procwire-runtime/src/connection/reader.rs. Python's alone in how it is done (leader and followers):
the thread that reads is the leader. A watch looks every few milliseconds whether the leader is still in the same
handler (or in a send that the parent does not take); then another thread becomes the leader, on the same buffer,
and the old one ends its call and joins the pool. So a plain handler costs no thread hop, and a slow one stalls
nobody. Everything here is written for that path: names are bound before loops, and a frame in the middle of a
batch takes no lock.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from io import BytesIO
from threading import Event, Lock, get_ident
from typing import Final

import msgspec

from ..ids import ABORT_METHOD, CONTEXT_METHOD, CREDIT_METHOD
from ..wire.encode import LARGE, started
from ..wire.header import HEADER, SIZE, Header
from .context import Context, leading
from .dispatch import REFUSED, Dispatch, QuickCall
from .log import log
from .threads import Threads
from .writer import Writer

CAPACITY: Final = 256 << 10
"""The receive buffer. Larger frames get memory of their own."""
TICK: Final = 0.004
"""Seconds between two looks of the watch; a handler that is there at two looks runs long."""
IDLE_TICKS: Final = 50
"""Looks at an idle leader before the watch goes to sleep."""
REST: Final = 1.0
"""Seconds after which the watch looks even though nobody woke it."""
KEEP: Final = 8 << 20
"""The largest buffer kept for the next large frame."""
MANY: Final = 1000
"""Bytes received at once from which on there may be several calls in them."""
PACE: Final = 1e6
"""Bytes per second of requests below which handlers count as slow. One of 100 bytes may take 100 us."""
GO_ON, HANDED_OVER, GONE = object(), object(), object()


class Leader:
    """The right to read. ``busy`` is what its thread is in: a call, answers being sent, or None."""

    __slots__ = ("busy",)

    def __init__(self) -> None:
        self.busy: object = None


class Reader:
    """Reads until the parent is gone. ``lead`` is the loop; any thread may run it, one at a time does."""

    def __init__(
        self,
        connection: socket.socket,
        first: bytes,
        max_payload: int,
        dispatch: Dispatch,
        writer: Writer,
        threads: Threads,
        on_end: Callable[[], None],
    ) -> None:
        self._socket = connection
        self._max_payload = max_payload
        self._dispatch = dispatch
        self._writer = writer
        self._threads = threads
        self._on_end = on_end
        self._store = bytearray(max(CAPACITY, len(first)))
        self._store[: len(first)] = first
        self._view = memoryview(self._store)
        self._at = 0
        self._end = len(first)
        self._large = bytearray()
        self._lock = Lock()
        self._leader = Leader()
        self._awake = Event()
        self.sleeps = False
        """Whether the watch rests; see ``wake``."""
        self._is_over = False
        self._counts = dispatch.features.credit is not None
        self._is_traced = dispatch.features.context
        self._trace: tuple[int, str] | None = None
        """What was said about the next request, if it has that id."""

    @property
    def is_busy(self) -> bool:
        """Whether the leader is in a handler or a send."""
        return self._leader.busy is not None

    def lead(self, me: Leader | None = None) -> None:
        """Reads and answers until the parent is gone, or until another thread took over."""
        if me is None:
            me = self._leader
        leading[get_ident()] = me
        dispatch, limit = self._dispatch, self._max_payload
        store, view, receive = self._store, self._view, self._socket.recv_into
        pending, flush = self._writer.pending, self._writer.flush
        append, quick, clock = pending.append, self._quick(), time.perf_counter
        through = self._writer.through
        unpack, pack, header = HEADER.unpack_from, HEADER.pack, SIZE
        at, end = self._at, self._end
        is_steady = True
        began = 0.0
        got = 0
        while True:
            body: memoryview | None = None
            while end - at >= header:
                method, flags, request, length = unpack(store, at)
                start = at + header
                stop = start + length
                if stop > end or flags > 0x3F or length > limit or not method:
                    break
                body = view[start:stop]
                self._at = at = stop
                call = quick(method)
                if call is None:
                    if self._serve_other(me, method, request, body):
                        return
                    quick = self._quick()
                    continue
                decode, handle, encode, reply_flags, name, starts = call
                try:
                    args = decode(body)
                except Exception:
                    args = dispatch.read_again(method, request, body)
                    if args is REFUSED:
                        continue
                context = Context(request, name)
                me.busy = context
                if starts and request:
                    # Together with the answers before it, and all of it gone before the handler begins.
                    append(started(request))
                    if not through() or context._cancelled:  # pyright: ignore[reportPrivateUsage]
                        dispatch.end_cancelled(dispatch.calls[method], context)
                        me.busy = None
                        if self._leader is not me and self._is_deposed(me):
                            self._retire(context)
                            return
                        continue
                try:
                    answer = handle(args, context)
                except BaseException as error:
                    dispatch.fail(method, context, error)
                    me.busy = None
                    if self._leader is not me and self._is_deposed(me):
                        self._retire(context)
                        return
                    continue
                try:
                    reply = encode(answer) if answer is not None else dispatch.calls[method].encode(None)
                except BaseException as error:
                    dispatch.cannot_send(dispatch.calls[method], context, answer, error)
                    me.busy = None
                    if self._leader is not me and self._is_deposed(me):
                        self._retire(context)
                        return
                    continue
                # In this order, with the watch doing the reverse: one of the two always sees the other.
                me.busy = None
                if self._leader is not me and self._is_deposed(me):
                    dispatch.succeed(method, context, reply)
                    self._retire(context)
                    return
                size = len(reply)
                if size < LARGE:
                    append(pack(method, reply_flags, request, size) + reply)
                else:
                    append((pack(method, reply_flags, request, size), reply))
                if not is_steady:
                    me.busy = body
                    flush()
                    me.busy = None
                    if self._leader is not me and self._is_deposed(me):
                        return
            if pending:
                # Sending may take as long as the parent likes, and must not keep anyone from reading.
                me.busy = body if body is not None else object()
                flush()
                me.busy = None
                if self._leader is not me and self._is_deposed(me):
                    return
            if began:
                # Handlers that take their time answer one by one, quick ones all together.
                is_steady = (clock() - began) * PACE < got
            if at == end:
                at = end = 0
            else:
                after = self._go_on(me)
                if after is not GO_ON:
                    if after is GONE:
                        self._finish()
                    return
                at, end = self._at, self._end
            try:
                got = receive(view[end:])
            except OSError:
                got = 0
            if not got:
                self._finish()
                return
            if self.sleeps:
                # Before what has come is served: it may run long.
                self._awake.set()
            end += got
            self._at, self._end = at, end
            began = clock() if got > MANY else 0.0

    def _serve_other(self, me: Leader, method: int, request: int, body: memoryview | bytes) -> bool:
        """Serves whatever is not a quick call. True when another thread reads now."""
        dispatch = self._dispatch
        if method >= CONTEXT_METHOD and self._obey(method, request, body):
            return False
        trace, self._trace = self._trace, None
        # The payload is read before the call counts as running: after that the buffer may be another thread's.
        args = dispatch.read(method, request, body)
        if args is REFUSED:
            return False
        context = dispatch.context(method, request)
        if trace is not None and trace[0] == request:
            context.traceparent = trace[1]
        me.busy = object()  # not the call: it is someone else's once it is handed over
        if dispatch.hand_over(method, context, args):
            me.busy = None
            if self._leader is not me and self._is_deposed(me):
                self._writer.flush()
                return True
            return False
        me.busy = context
        dispatch.run(method, context, args)
        me.busy = None
        if self._leader is not me and self._is_deposed(me):
            self._retire(context)
            return True
        return False

    def _obey(self, method: int, request: int, body: memoryview | bytes) -> bool:
        """Does what a frame asks for that is no request. False when it is one."""
        if method == ABORT_METHOD:
            self._dispatch.abort(request)
        elif method == CREDIT_METHOD and self._counts:
            self._dispatch.grant(request, body)
        elif method == CONTEXT_METHOD and self._is_traced:
            self._trace = read_trace(request, body)
        else:
            return False
        return True

    def _quick(self) -> Callable[[int], QuickCall | None]:
        """How the next method is looked up: a request of which more is known is not served the quick way."""
        return self._dispatch.quick.get if self._trace is None else _not_quick

    def _go_on(self, me: Leader) -> object:
        """Sees to a frame that is not all there: makes room for it, or receives it elsewhere and serves it."""
        at, end = self._at, self._end
        if end - at >= SIZE:
            head = Header.unpack(self._view, at)
            fault = head.fault(self._max_payload)
            if fault is not None:
                log(f"the parent broke a rule of framing: {fault}; the connection is dropped")
                return GONE
            if head.length > len(self._view) - SIZE:
                body = self._receive_large(head)
                if body is None:
                    return GONE
                if self._serve_other(me, head.method, head.request, body):
                    return HANDED_OVER
                me.busy = object()
                self._writer.flush()
                me.busy = None
                return HANDED_OVER if self._leader is not me and self._is_deposed(me) else GO_ON
        if end > len(self._view) // 2:
            self._store[: end - at] = self._store[at:end]
            self._at, self._end = 0, end - at
        return GO_ON

    def _finish(self) -> None:
        self._is_over = True
        self._awake.set()
        self._on_end()

    def _receive_large(self, head: Header) -> memoryview | bytes | None:
        """Receives one payload into memory of its own, of the right size from the start. None at the end of data."""
        length = head.length
        start = self._at + SIZE
        have = self._end - start
        self._at = self._end = 0
        if self._dispatch.is_raw(head.method):
            # The only way to receive into a ``bytes`` that the handler may keep: no copy, and no cost to clear it.
            owner = BytesIO(bytes(length))
            with owner.getbuffer() as target:
                if not self._fill(target, start, have):
                    return None
            return owner.getvalue()
        if not self._dispatch.knows(head.method):
            return b"" if self._discard(length - have) else None
        if len(self._large) < length:
            self._large = bytearray(length)
        body = memoryview(self._large)[:length]
        if length > KEEP:
            # Keeping it would save the cost of fresh memory, and cost the memory itself.
            self._large = bytearray()
        return body if self._fill(body, start, have) else None

    def _fill(self, target: memoryview, start: int, have: int) -> bool:
        target[:have] = self._view[start : start + have]
        while have < len(target):
            try:
                got = self._socket.recv_into(target[have:])
            except OSError:
                got = 0
            if not got:
                return False
            have += got
        return True

    def _discard(self, length: int) -> bool:
        while length > 0:
            try:
                got = self._socket.recv_into(self._view[: min(length, len(self._view))])
            except OSError:
                got = 0
            if not got:
                return False
            length -= got
        return True

    # ── handing over ─────────────────────────────────────────────────────────────────────────────────────────

    def watch(self) -> None:
        """Looks after the leader until the end. Runs on a thread of its own."""
        seen: object = None
        idle = 0
        sleep, writer = time.sleep, self._writer
        while not self._is_over:
            sleep(TICK)
            busy = self._leader.busy
            if busy is not None and busy is seen:
                self._take_over(busy)
                busy = None
            seen = busy
            if writer.pending:
                writer.flush_soft()
            elif busy is None:
                idle += 1
                if idle > IDLE_TICKS:
                    self._rest()
                    idle = 0
                continue
            idle = 0

    def wake(self) -> None:
        """Makes the watch look again: a frame was added that nobody may send soon."""
        self._awake.set()

    def step_aside(self, busy: object) -> None:
        """Makes another thread the leader if the caller is it, and in ``busy``."""
        if self._leader.busy is busy:
            self._take_over(busy)

    def _rest(self) -> None:
        self._awake.clear()
        self.sleeps = True
        while self._leader.busy is None and not self._writer.pending and not self._is_over:
            # A leader that was stopped between hearing that nobody sleeps and its handler wakes nobody.
            if self._awake.wait(REST):
                break
        self.sleeps = False

    def _take_over(self, busy: object) -> None:
        """Makes another thread the leader, unless this one has just come out of ``busy``."""
        after = Leader()
        leads = False
        gate = Lock()
        gate.acquire()

        def lead() -> None:
            with gate:
                pass
            if leads:
                self.lead(after)

        try:
            # The thread comes first: with none to be had, the old leader must stay.
            self._threads.submit_now(lead)
        except RuntimeError:
            return
        try:
            with self._lock:
                before = self._leader
                self._leader = after
                if before.busy is not busy:
                    self._leader = before
                    return
                if isinstance(busy, Context):
                    self._dispatch.runs_long(busy)
                leads = True
        finally:
            gate.release()

    def _is_deposed(self, me: Leader) -> bool:
        with self._lock:
            return self._leader is not me

    def _retire(self, context: Context) -> None:
        if context._task is None:  # pyright: ignore[reportPrivateUsage]
            self._dispatch.forget(context)  # otherwise the event loop goes on with it
        self._writer.flush()


class _Trace(msgspec.Struct):
    traceparent: str | None = None


_read_trace: Final = msgspec.msgpack.Decoder(_Trace).decode


def read_trace(request: int, body: memoryview | bytes) -> tuple[int, str] | None:
    """What a CONTEXT frame says about the request that follows. None for what cannot be read."""
    try:
        trace = _read_trace(body).traceparent
    except Exception:
        return None
    return None if trace is None else (request, trace)


def _not_quick(_: int) -> None:
    return None
