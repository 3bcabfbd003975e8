"""A worker's life: announce, serve, drain, exit.

Twins: procwire-runtime/src/worker/worker.rs, workers/typescript/src/worker/worker.ts.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from abc import ABC
from collections.abc import Callable
from importlib import import_module
from math import inf
from threading import Thread
from time import monotonic, sleep
from typing import Any, ClassVar, Final, NoReturn, TypeVar

from ..contract import GENERATION, Contract
from ..control.lines import Lines
from ..control.message import Order, error, init, log_line, parse, pong
from ..errors import ContractError, ProcwireError, StartError
from ..ids import ABSOLUTE_MAX_PAYLOAD, DEFAULT_MAX_PAYLOAD, FIRST_ID
from ..stdio import Control, capture
from ..transport import Listener, socket_path
from .dispatch import Dispatch
from .events import Events, Sink
from .log import connect as connect_log
from .log import log, log_exception
from .reader import Reader
from .speaker import Speaker, has_room
from .threads import Threads
from .writer import Writer

E = TypeVar("E")

VERSION: Final = "0.1.0"
RETRY_MS: Final = 20
"""How soon a pong is tried again that the parent's pipe had no room for …"""
MAX_OWED: Final = 16
"""… and how many of them are kept; more would tell it nothing."""
INHERITED: Final = "inherited"
"""What ``$init`` has for a path when there is none."""
DRAIN_SECONDS: Final = 3.0
"""How long calls may go on after ``$shutdown``, unless ``serve`` is told otherwise; the parent gives 5 seconds for
everything."""
END_SECONDS: Final = 0.75
"""How long cancelled handlers may clean up, and as much again for the program's own end. Then the process exits."""


class Worker(ABC):
    """Base of the generated base class of your worker."""

    CONTRACT: ClassVar[Contract]
    _procwire_sink: Sink | None = None

    def _events_of(self, kind: Callable[[Sink], E]) -> E:
        """The generated ``events`` property. Needs no ``__init__``, which a subclass may forget to call."""
        if self._procwire_sink is None:
            self._procwire_sink = Sink(self.CONTRACT)
        return kind(self._procwire_sink)


def serve(
    worker: Worker | Callable[[], Worker],
    *,
    threads: int = 128,
    max_payload: int = DEFAULT_MAX_PAYLOAD,
    drain: float = DRAIN_SECONDS,
) -> None:
    """Serves ``worker`` to the parent that started this process, and returns when the parent is done.

    ``threads`` bounds the plain ``def`` handlers that run at the same time once they are known to take long;
    ``max_payload`` is the largest request accepted, in bytes. ``drain`` is how many seconds calls in progress may go
    on once the parent wants the worker to stop; with the moment they then get to clean up, it should stay below the
    time that the parent gives. A class is made an instance here, so that a constructor that fails is reported to the
    parent like any other failure to start.

        if __name__ == "__main__":
            serve(Pdf())
    """
    control = capture()
    try:
        instance = worker if isinstance(worker, Worker) else worker()
        run = _Run(instance, control, threads, min(max_payload, ABSOLUTE_MAX_PAYLOAD), drain)
        run.announce()
    except Exception as failure:
        _tell_and_exit(control, failure)
    run.serve()


class _Run:
    """One worker being served."""

    def __init__(self, worker: Worker, control: Control, threads: int, max_payload: int, drain: float) -> None:
        contract = getattr(worker, "CONTRACT", None)
        if not isinstance(contract, Contract):
            raise ContractError(f"{type(worker).__qualname__} has no CONTRACT: derive it from the generated class")
        self._contract: Contract = contract
        self._control = control
        self._speaker = Speaker(control.writes)
        self._max_payload = max_payload
        self._threads = Threads(threads)
        self._dispatch = Dispatch(worker, contract, control.features)
        if worker._procwire_sink is None:  # pyright: ignore[reportPrivateUsage]
            worker._procwire_sink = Sink(contract)  # pyright: ignore[reportPrivateUsage]
        self._sink = worker._procwire_sink  # pyright: ignore[reportPrivateUsage]
        self._listener: Listener | None = None
        self._connection: socket.socket | None = None
        self._reader: Reader | None = None
        self._waker, self._wakes = _pipe()
        self._heard, self._signals = _pipe()
        self._caught: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._drain_seconds = drain
        self._is_stopping = False
        self._is_over = threading.Event()
        self._is_ending = threading.Event()
        self._drain_until = -inf
        self._exit_at = inf

    def announce(self) -> None:
        """Listens, unless the channel is there already, then says so. The parent tries to connect once, right away."""
        control, contract = self._control, self._contract
        pipe = INHERITED
        if control.channel is None:
            self._listener = Listener(socket_path(control.folder))
            pipe = self._listener.path
        else:
            self._connection = socket.socket(fileno=control.channel)
            self._connection.setblocking(True)
        methods: dict[str, tuple[int, str]] = {
            m.name: (number, m.kind) for number, m in enumerate(contract.methods, start=FIRST_ID)
        }
        events = {e.name: number for number, e in enumerate(contract.events, start=FIRST_ID)}
        details: dict[str, Any] = {
            "generation": GENERATION,
            "language": "python",
            "runtime": VERSION,
            "module": contract.name,
            "version": contract.version,
            "fingerprint": contract.fingerprint,
            "methods": {m.name: m.fingerprint for m in contract.methods},
            "starts": [call.method.name for call in self._dispatch.calls.values() if call.starts],
            "pid": os.getpid(),
            "features": control.features.names,
        }
        # Now, because at the end there may be no thread to be had.
        Thread(target=self._see_to_the_end, name="procwire end", daemon=True).start()
        self._catch_signals()
        os.register_at_fork(after_in_child=self._leave_child)
        self._speaker.say(init(pipe, methods, events, details, control.nonce))
        if control.features.log:
            connect_log(self._log)
        Thread(target=self._listen_to_parent, name="procwire control", daemon=True).start()
        if self._dispatch.needs_loop:
            # It takes longer than the parent takes to connect.
            Thread(target=import_module, args=("asyncio",), name="procwire start", daemon=True).start()

    def serve(self) -> None:
        """Serves until the end, which it leaves to the caller unless a handler does not let go."""
        connection, first = self._connection, b""
        if connection is None:
            listener = self._listener
            assert listener is not None, "announce comes first"
            try:
                adopted = listener.adopt(self._control.token, self._waker)
            finally:
                listener.close()
            if adopted is None:
                return
            connection, first = adopted
        writer = Writer(connection, self._threads.submit_surely)
        reader = Reader(connection, first, self._max_payload, self._dispatch, writer, self._threads, self._end)
        self._dispatch.connect(writer, self._threads, reader, lambda tasks: self._sink.spare(tasks.thread))
        self._connection, self._reader = connection, reader
        self._sink.connect(writer)
        if self._dispatch.needs_loop:
            Thread(target=self._dispatch.loop, name="procwire start", daemon=True).start()
        Thread(target=reader.watch, name="procwire watch", daemon=True).start()
        if self._is_stopping:
            self._end()
        else:
            reader.lead()
            if not self._is_over.is_set():
                # Another thread reads now; this one, being Python's main thread, may not leave.
                self._threads.join_in()
        self._finish()

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────

    def _listen_to_parent(self) -> None:
        """Answers pings, whatever handlers do; hears ``$shutdown``, signals, and the end of the parent itself."""
        lines = Lines()
        reads, nonce = self._control.reads, self._control.nonce
        answer = pong(nonce)
        owed = 0
        poll = select.poll()
        poll.register(reads, select.POLLIN)
        poll.register(self._heard, select.POLLIN)
        while True:
            # A parent that reads nothing may still have something to say.
            ready = [fd for fd, _ in poll.poll(RETRY_MS if owed else None)]
            if self._heard in ready:
                signals = _read(self._heard, 64)
                if not signals:
                    poll.unregister(self._heard)  # a handler has closed it
                elif self._is_ended_by(signals):
                    self._stop(self._drain_seconds)
            owed = self._pay(answer, owed)
            if reads not in ready:
                continue
            data = _read(reads, 64 << 10)
            if not data:
                self._stop(0.0)
                return
            for line in lines.feed(data):
                order = parse(line, nonce)
                if order is Order.PING:
                    owed = self._pay(answer, min(owed + 1, MAX_OWED))
                elif order is Order.SHUTDOWN:
                    self._stop(self._drain_seconds)

    def _pay(self, answer: bytes, owed: int) -> int:
        """Answers as many pings as the pipe has room for. Gives the number left."""
        try:
            while owed and self._speaker.try_say(answer):
                owed -= 1
        except OSError:
            return 0  # a parent that is gone closes our stdin too
        return owed

    def _log(self, level: str, message: str, request: int | None, target: str | None) -> None:
        self._speaker.say(log_line(level, message, request, target, self._control.nonce))

    def _stop(self, drain: float) -> None:
        """Starts the end, once: calls in progress may finish within ``drain`` seconds."""
        with self._lock:
            if self._is_stopping:
                return
            self._is_stopping = True
        self._drain_until = monotonic() + drain
        self._exit_within(drain + 2 * END_SECONDS)
        self._dispatch.hurry()
        try:
            os.write(self._wakes, b"!")
        except OSError:
            pass  # a handler has closed it

    def _see_to_the_end(self) -> None:
        """Lets calls in progress finish, then ends the reading; and whatever hangs after that, in a handler or in
        someone's atexit, the process ends."""
        self._is_ending.wait()
        while monotonic() < self._drain_until and not self._is_over.is_set() and self._is_busy():
            sleep(0.005)
        connection = self._connection
        if connection is not None and not self._is_over.is_set():
            try:
                # The reader takes this for the end of data, which it is.
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                pass
        while (left := self._exit_at - monotonic()) > 0:
            sleep(min(left, END_SECONDS / 8))  # it may be brought forward meanwhile
        if self._listener is not None:
            self._listener.close()
        self._exit_now()

    def _is_busy(self) -> bool:
        return bool(self._dispatch.active) or (self._reader is not None and self._reader.is_busy)

    def _end(self) -> None:
        """No more requests will come. Called by whichever thread was reading; the main one may be in a handler."""
        self._exit_within(2 * END_SECONDS)
        self._sink.connect(None)
        self._dispatch.cancel_all()
        self._is_over.set()
        self._threads.stop()

    def _finish(self) -> None:
        """Lets handlers clean up, briefly."""
        until = monotonic() + END_SECONDS
        while self._is_busy() and monotonic() < until:
            sleep(0.002)
        if self._connection is not None:
            try:
                self._connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._connection.close()
        if self._is_busy() or not self._dispatch.stop_loop(END_SECONDS):
            self._exit_now()

    def _exit_within(self, seconds: float) -> None:
        """The process ends by then, or earlier if that was said before."""
        with self._lock:
            self._exit_at = min(self._exit_at, monotonic() + seconds)
        self._is_ending.set()

    def _exit_now(self) -> NoReturn:
        if has_room(2):  # a log that nobody reads must not keep the process
            names = sorted({context.method for context in list(self._dispatch.active.values())})
            if names:
                log(f"exits although handlers are still running: {', '.join(names)}")
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except (OSError, ValueError, AttributeError):
                    pass
        os._exit(0)

    def _catch_signals(self) -> None:
        """SIGTERM and SIGINT end the worker as ``$shutdown`` does, unless the program has its own idea of them.

        They are heard through a descriptor: Python runs a handler on the main thread only, and a signal that comes
        just before that thread waits in a ``recv`` would not be seen until something else arrives.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number, usual in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            if signal.getsignal(number) is usual:
                self._caught[number] = usual
                signal.signal(number, self._on_signal)
        os.set_blocking(self._signals, False)
        other = signal.set_wakeup_fd(self._signals, warn_on_full_buffer=False)
        if other != -1:
            signal.set_wakeup_fd(other, warn_on_full_buffer=False)

    def _on_signal(self, number: int, _frame: object) -> None:
        """Runs where a program took the wake-up descriptor for itself, and does no harm elsewhere."""
        try:
            os.write(self._signals, bytes([number]))
        except BlockingIOError:
            pass  # enough of them are there

    def _is_ended_by(self, signals: bytes) -> bool:
        return any(number in self._caught and signal.getsignal(number) == self._on_signal for number in signals)

    def _leave_child(self) -> None:
        """A forked child is not the worker, see ``stdio``, which has closed its own descriptors by now."""
        for number, usual in self._caught.items():
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, usual)
        if self._caught:
            signal.set_wakeup_fd(-1)
        for fd in (self._waker, self._wakes, self._heard, self._signals):
            try:
                os.close(fd)
            except OSError:
                pass
        self._sink.connect(None)
        connect_log(None)
        self._listener = None
        if self._connection is not None:
            if self._control.channel is None:
                self._connection.close()
            else:
                self._connection.detach()


def _pipe() -> tuple[int, int]:
    return os.pipe2(os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()


def _read(fd: int, most: int) -> bytes:
    """Nothing at the end of data, and where user code has closed the descriptor."""
    try:
        return os.read(fd, most)
    except OSError:
        return b""


def _tell_and_exit(control: Control, failure: Exception) -> NoReturn:
    """The parent gets the sentence, the log the traceback."""
    name = type(failure).__qualname__
    text = str(failure) if isinstance(failure, ProcwireError) else f"{name}: {failure}"
    if isinstance(failure, StartError | ContractError):
        log(text)
    else:
        log_exception("the worker cannot start", failure)
    try:
        Speaker(control.writes).say(error(text, control.nonce))
    except OSError:
        pass
    sys.exit(1)


__all__ = ["Events", "Worker", "serve"]
