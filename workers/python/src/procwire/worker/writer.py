"""Frames from every thread, sent in the order they were added, many with one system call.

Twin: procwire-runtime/src/worker/writer.rs; Node has a queue of its own. Knows no frame.

Whoever adds a frame may also send: the first to get the lock sends for all, the others leave. So a reply costs no
thread hop, and a burst of replies costs one ``send``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Lock
from typing import Final

from ..wire.encode import Encoded, Payload

CROWD: Final = 4096
"""Frames waiting for a parent that does not read, from which on those who send events wait too. Answers never do:
the thread that reads requests must stay free, or it could not hear an ABORT, and there is one answer to a request."""


MOMENT: Final = 5e-4
"""Seconds that the event loop waits at most while another thread is sending."""


class Writer:
    """The sending half of the connection."""

    def __init__(self, connection: socket.socket, drain_later: Callable[[Callable[[], None]], None]) -> None:
        self.pending: list[Encoded] = []
        """Frames not yet handed over. Adding to it needs no lock."""
        self.is_congested = False
        """Whether the parent does not take what ``flush_soft`` offered; see ``when_drained``."""
        self._socket = connection
        self._drain_later = drain_later
        self._send = connection.sendall
        lock = Lock()
        self._acquire, self._release = lock.acquire, lock.release
        self._rest: list[memoryview] = []
        self._waiting: list[Callable[[], None]] = []
        self._is_broken = False

    def flush(self, wait: bool = False) -> None:
        """Sends everything, as long as the parent takes it.

        When another thread is sending, that one sends these frames too: then this returns at once, unless ``wait``.
        """
        pending = self.pending
        while pending or self._rest:
            if not self._acquire(wait):
                return
            try:
                self._send_pending()
            except OSError:
                self._break()
            finally:
                self._release()

    def through(self) -> bool:
        """Sends everything, and returns once the system has whatever was added before, whoever sent it. May wait for
        the parent. False when the parent is gone."""
        self._acquire()
        try:
            self._send_pending()
        except OSError:
            self._break()
        finally:
            self._release()
        if self.pending:
            self.flush()  # of those who found us sending, and left
        return not self._is_broken

    def through_soft(self) -> bool:
        """The same without waiting: False when it cannot be done at once, which ``through_later`` does then."""
        if self.is_congested or not self._acquire(True, MOMENT):
            return False
        is_through = self._offer()
        if self.pending:
            self.flush_soft()
        return is_through and not self._is_broken

    def through_later(self, callback: Callable[[bool], None]) -> None:
        """``through`` on a thread that may wait, which tells ``callback`` what came of it."""
        self._drain_later(lambda: callback(self.through()))

    def flush_soft(self, counts: bool = False) -> None:
        """Sends what the parent takes without waiting; a thread sees to the rest. For the event loop.

        When another thread is sending, it is left to that one, which may be waiting for the parent: whoever
        ``counts`` on being told to stop in time finds the writer congested then.
        """
        if self._is_broken:
            self.pending.clear()
        while self.pending and not self.is_congested:
            if not self._acquire(False):
                if counts:
                    self.is_congested = True
                    self._drain_later(self._drain)
                return
            self._offer()

    def _offer(self) -> bool:
        """Sends what the parent takes at once, and sees to the rest. Whether there is none. Gives the lock back."""
        chunk = self.pending[:]
        del self.pending[: len(chunk)]
        pieces = _merge(chunk)
        try:
            while pieces:
                sent = self._socket.send(pieces[0], socket.MSG_DONTWAIT)
                if sent == len(pieces[0]):
                    pieces.pop(0)
                else:
                    pieces[0] = pieces[0][sent:]
        except BlockingIOError:
            self._rest = pieces
            self.is_congested = True
        except OSError:
            self._break()
        finally:
            self._release()
        if pieces and not self._is_broken:
            self._drain_later(self._drain)
            return False
        return True

    def when_drained(self, callback: Callable[[], None]) -> None:
        """Calls ``callback``, on some thread, once the parent has taken what was offered."""
        self._waiting.append(callback)
        if not self.is_congested:
            self._tell()

    def _drain(self) -> None:
        self.through()
        self.is_congested = False
        self.flush_soft()  # what was added by those who still saw it congested, and left
        if not self.is_congested:
            self._tell()

    def _tell(self) -> None:
        while self._waiting:
            try:
                callback = self._waiting.pop()
            except IndexError:
                return
            callback()

    def _send_pending(self) -> None:
        """The lock is held."""
        pending = self.pending
        if self._rest:
            self._send_rest()
        if len(pending) == 1:
            data = pending.pop(0)
            if type(data) is bytes:
                self._send(data)
            else:
                self._send_pieces([data])
        elif pending:
            chunk = pending[:]
            del pending[: len(chunk)]
            try:
                # Fails on a frame in two pieces, which only large ones are.
                data = b"".join(chunk)  # type: ignore[arg-type]
            except TypeError:
                self._send_pieces(chunk)
            else:
                self._send(data)

    def _send_pieces(self, chunk: list[Encoded]) -> None:
        for piece in _merge(chunk):
            self._send(piece)

    def _send_rest(self) -> None:
        rest, self._rest = self._rest, []
        for piece in rest:
            self._send(piece)

    def _break(self) -> None:
        """The parent is gone; the reader hears it too and ends the worker."""
        self._is_broken = True
        self._rest = []
        self.pending.clear()


def _merge(chunk: list[Encoded]) -> list[memoryview]:
    """Small frames joined, large payloads where they are."""
    pieces: list[memoryview] = []
    small: list[Payload] = []
    for frame in chunk:
        if isinstance(frame, tuple):
            header, payload = frame
            pieces.append(memoryview(b"".join([*small, header])))
            pieces.append(memoryview(payload))
            small = []
        else:
            small.append(frame)
    if small:
        pieces.append(memoryview(b"".join(small)))
    return pieces
