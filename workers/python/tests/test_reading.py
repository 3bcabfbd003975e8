"""The reader itself, on a socket that gives what it is told to: any cut, with handlers of every kind."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from parent import FOREVER, PATIENCE
from procwire.wire import flags
from procwire.wire.decode import FrameDecoder
from procwire.wire.encode import frame
from procwire.worker.dispatch import Dispatch
from procwire.worker.reader import CAPACITY, Reader
from procwire.worker.threads import Threads
from procwire.worker.writer import Writer

sys.path.insert(0, str(Path(__file__).parent / "workers"))

from everyday import Everyday

IDS = {method.name: number for number, method in enumerate(Everyday.CONTRACT.methods, start=1)}


class Wire:
    """A socket whose other end is two lists."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self._lock = threading.Lock()
        self.sent = bytearray()

    def recv_into(self, target: memoryview) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        count = min(len(self._rest), len(target))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def sendall(self, data: bytes) -> None:
        assert self._lock.acquire(blocking=False), "two threads send at once"
        self.sent += data
        self._lock.release()

    def send(self, data: bytes, _: int) -> int:
        self.sendall(data)
        return len(data)


def serve(pieces: list[bytes]) -> dict[int, tuple[int, Any]]:
    """Lets the reader read the pieces; gives flags and payload of each request's answer."""
    wire = Wire(iter(pieces))
    threads = Threads(4)
    writer = Writer(cast("Any", wire), threads.submit_now)
    dispatch = Dispatch(Everyday(), Everyday.CONTRACT)
    reader = Reader(cast("Any", wire), b"", 1 << 30, dispatch, writer, threads, lambda: None)
    dispatch.connect(writer, threads, reader, lambda _: None)
    reader.lead()
    writer.flush(wait=True)
    threads.stop()
    frames = FrameDecoder(1 << 30).feed(wire.sent)
    answers = {one.request: (one.flags, one.payload) for one in frames}
    assert len(answers) == len(frames)
    return {
        request: (flag, payload if flag == flags.RESPONSE else msgspec.msgpack.decode(payload)["kind"])
        for request, (flag, payload) in answers.items()
    }


# (method, payload) and what must come back
CASES: list[tuple[str, bytes, tuple[int, Any]]] = [
    ("echo", b"\x01", (flags.RESPONSE, b"\x01")),
    ("echo", b"\xa5hello", (flags.RESPONSE, b"\xa5hello")),
    ("echo", b"\xc1", (flags.ERROR, "invalid")),
    ("echo", b"", (flags.ERROR, "invalid")),
    ("checked", b"\x81\xa3dpi\x64", (flags.RESPONSE, b"\x64")),
    ("checked", b"\x81\xa3dpi\x01", (flags.ERROR, "invalid")),
    ("blob", b"", (flags.RESPONSE, b"")),
    ("blob", b"\x00\xff" * 40, (flags.RESPONSE, b"\x00\xff" * 40)),
    ("blob", bytes(range(256)) * 1200, (flags.RESPONSE, bytes(range(256)) * 1200)),  # beyond the buffer
    ("nothing", b"\xc0", (flags.RESPONSE, b"\xc0")),
    ("raise_error", b"\xa5value", (flags.ERROR, "exception")),
    ("raise_error", b"\xa8declared", (flags.ERROR, "app")),
    ("lambda_", b"\xc0", (flags.ERROR, "encode")),
]
assert len(CASES[8][1]) > CAPACITY


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(CASES), max_size=12),
    st.lists(st.integers(1, 5000), min_size=1, max_size=30),
)
def test_answers_do_not_depend_on_how_the_stream_is_cut(
    calls: list[tuple[str, bytes, tuple[int, Any]]], sizes: list[int]
) -> None:
    data = b"".join(
        one if isinstance(one, bytes) else b"".join(one)
        for one in (frame(IDS[name], 0, request, payload) for request, (name, payload, _) in enumerate(calls, 1))
    )
    pieces: list[bytes] = []
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[at : at + size])
        at += size
        turn += 1
    assert serve(pieces) == {request: answer for request, (_, _, answer) in enumerate(calls, 1)}


def test_byte_by_byte() -> None:
    calls = [case for case in CASES if len(case[1]) < 200]
    data = b"".join(
        cast("bytes", frame(IDS[name], 0, request, payload)) for request, (name, payload, _) in enumerate(calls, 1)
    )
    answers = serve([data[at : at + 1] for at in range(len(data))])
    assert answers == {request: answer for request, (_, _, answer) in enumerate(calls, 1)}


def test_a_long_handler_stalls_nobody_after_a_time_without_calls() -> None:
    """The watch rests when nothing happens; it must look again before a handler runs, not after it."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    threads = Threads(4)
    writer = Writer(theirs, threads.submit_now)
    dispatch = Dispatch(Everyday(), Everyday.CONTRACT)
    reader = Reader(theirs, b"", 1 << 30, dispatch, writer, threads, lambda: None)
    dispatch.connect(writer, threads, reader, lambda _: None)
    for loop in (reader.lead, reader.watch):
        threading.Thread(target=loop, daemon=True).start()
    while not reader.sleeps:
        time.sleep(0.001)
    ours.sendall(cast("bytes", frame(IDS["slow"], 0, 1, msgspec.msgpack.encode({"n": 1, "ms": FOREVER}))))
    ours.sendall(cast("bytes", frame(IDS["echo"], 0, 2, b"\x02")))
    first = FrameDecoder(1 << 30).feed(ours.recv(4096))
    assert [one.request for one in first] == [2]
    ours.close()
    threads.stop()


def test_a_watch_that_nobody_woke_looks_again() -> None:
    """The leader may be stopped between hearing that nobody sleeps and its handler."""
    ours, theirs = socket.socketpair()
    threads = Threads(4)
    writer = Writer(theirs, threads.submit_now)
    dispatch = Dispatch(Everyday(), Everyday.CONTRACT)
    reader = Reader(theirs, b"", 1 << 30, dispatch, writer, threads, lambda: None)
    leader = reader._leader  # pyright: ignore[reportPrivateUsage]
    watch = threading.Thread(target=reader.watch, daemon=True)
    watch.start()
    while not reader.sleeps:
        time.sleep(0.001)
    leader.busy = object()
    until = time.monotonic() + PATIENCE
    while reader._leader is leader and time.monotonic() < until:  # pyright: ignore[reportPrivateUsage]
        time.sleep(0.001)
    assert reader._leader is not leader, "nobody reads"  # pyright: ignore[reportPrivateUsage]
    ours.close()
    watch.join(PATIENCE)
    assert not watch.is_alive()
    threads.stop()
    theirs.close()
