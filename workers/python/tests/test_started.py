"""STARTED: what a parent may conclude from hearing, or not hearing, that a handler began."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from parent import WORKERS, Parent, decode, encode
from procwire.ids import STARTED_METHOD
from procwire.negotiation import Features
from procwire.wire import flags
from procwire.wire.decode import FrameDecoder
from procwire.wire.encode import frame
from procwire.worker.dispatch import Dispatch
from procwire.worker.reader import Reader
from procwire.worker.threads import Threads
from procwire.worker.writer import Writer

sys.path.insert(0, str(WORKERS))

from everyday import Everyday


@pytest.fixture
def parent() -> Iterator[Parent]:
    with Parent(sys.executable, str(WORKERS / "witness.py"), features="started,inherited", inherits=True) as one:
        yield one


TELLS = ["journal", "journal_async", "journal_stream", "journal_stream_async", "journal_ack"]


@pytest.mark.parametrize("method", TELLS)
def test_it_comes_once_and_before_the_answer(parent: Parent, folder: Path, method: str) -> None:
    for n in range(3):
        request = parent.request(method, {"path": str(folder / "j"), "n": n})
        first = parent.any_frame()
        assert first == (STARTED_METHOD, flags.TO_PARENT, request, b"")
        rest = [parent.any_frame()]
        while rest[-1].flags == flags.CHUNK:
            rest.append(parent.any_frame())
        assert {one.request for one in rest} == {request}
        assert STARTED_METHOD not in {one.method for one in rest}


def test_idempotent_oneway_and_refused_calls_are_not_told_of(parent: Parent, folder: Path) -> None:
    path = str(folder / "j")
    parent.oneway("journal_oneway", {"path": path, "n": 1})
    parent.send(parent.methods["journal"], 0, encode({"path": path, "n": 2}))
    assert parent.any_frame().request == 0
    parent.call("journal_again", {"path": path, "n": 3})
    parent.failure(parent.request("journal", {"path": 5}))
    parent.failure(parent.request("journal_async", {"path": 5}))
    parent.failure(parent.request("journal_stream", {"path": 5}), flags.STREAM_ERROR)
    parent.send(4711, 99)
    assert parent.answer(99).flags == flags.ERROR
    assert parent.started == []
    assert (folder / "j").read_text() == "1\n2\n3\n"


def test_a_request_that_is_oneway_by_kind_but_has_an_id_is_told_of(parent: Parent, folder: Path) -> None:
    request = parent.request("journal_oneway", {"path": str(folder / "j")})
    assert parent.answer(request).flags == flags.RESPONSE
    assert parent.started == [request]


def test_it_is_announced_of_which_methods(parent: Parent) -> None:
    starts = parent.init["params"]["procwire"]["starts"]
    assert {*TELLS, "journal_oneway", "exit"} <= set(starts)
    assert set(parent.methods) - set(starts) == {"journal_again"}
    with Parent(sys.executable, str(WORKERS / "witness.py")) as plain:
        assert plain.init["params"]["procwire"]["starts"] == []


@pytest.mark.parametrize(
    "method", ["exit", "exit_async", "exit_in_thread", "exit_stream", "exit_stream_async", "exit_ack", "exit_oneway"]
)
def test_n06_os_exit_as_the_first_act_of_a_handler_comes_after_it(parent: Parent, method: str) -> None:
    if method == "exit_in_thread":
        parent.call(method, 0)
        parent.started.clear()
    request = parent.request(method, 7)
    with pytest.raises((EOFError, ConnectionResetError)):
        parent.frame()
    assert parent.started == [request]
    assert parent.wait() == 7


def test_an_answer_and_the_next_start_go_out_together() -> None:
    calls = [frame(1, 0, request, encode(request)) for request in range(1, 6)]
    sends = served(b"".join(cast("list[bytes]", calls)))
    assert [[(one.method == STARTED_METHOD, one.request) for one in batch] for batch in sends] == [
        [(True, 1)],
        [(False, 1), (True, 2)],
        [(False, 2), (True, 3)],
        [(False, 3), (True, 4)],
        [(False, 4), (True, 5)],
        [(False, 5)],
    ]


class Wire:
    """A socket that gives all there is at once, and keeps what is sent, send by send."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.sends: list[bytes] = []

    def recv_into(self, target: memoryview) -> int:
        count = len(self._data)
        target[:count] = self._data
        self._data = b""
        return count

    def sendall(self, data: bytes) -> None:
        self.sends.append(data)


def served(data: bytes) -> list[Any]:
    wire = Wire(data)
    threads = Threads(4)
    writer = Writer(cast("Any", wire), threads.submit_now)
    dispatch = Dispatch(Everyday(), Everyday.CONTRACT, Features(started=True))
    reader = Reader(cast("Any", wire), b"", 1 << 30, dispatch, writer, threads, lambda: None)
    dispatch.connect(writer, threads, reader, lambda _: None)
    reader.lead()
    threads.stop()
    return [FrameDecoder(1 << 30).feed(sent) for sent in wire.sends]


@pytest.mark.parametrize("method", TELLS)
def test_no_handler_begins_while_the_parent_cannot_hear_it(parent: Parent, folder: Path, method: str) -> None:
    journal = folder / "j"
    parent.request("make", {"n": 8 << 20})  # fills the socket
    request = parent.request(method, {"path": str(journal)})
    for _ in range(3):
        parent.ping()
    parent.process.kill()
    parent.wait()
    parent.rest()
    assert request not in parent.started
    assert not journal.exists()


@pytest.mark.parametrize("method", TELLS)
def test_one_that_waits_to_be_heard_can_be_aborted_and_never_begins(parent: Parent, folder: Path, method: str) -> None:
    journal = folder / "j"
    # Slow at first, so that a plain one waits in the pool. Streams wait where they are read.
    parent.answer(parent.request(method, {"path": str(journal), "ms": 50}))
    large = parent.request("make", {"n": 8 << 20})
    request = parent.request(method, {"path": str(journal), "n": 1})
    after = parent.request("echo", 1)
    parent.abort(request)
    last = parent.request("echo", 2)
    ends: dict[int, Any] = {}
    while not {large, request, after, last} <= set(ends):
        one = parent.frame()
        if one.flags != flags.CHUNK:
            ends[one.request] = one
    # It may have been heard before the abort was; begun without being heard it has not.
    if request not in parent.started:
        assert decode(ends[request].payload)["kind"] == "cancelled"
        assert "1\n" not in journal.read_text().replace("0\n", "")
    assert parent.call("echo", 3) == 3


@pytest.mark.parametrize("seed", range(8))
def test_what_was_not_heard_to_begin_has_not_begun(folder: Path, seed: int) -> None:
    """Killed anywhere under load: the journal never has what the stream has not."""
    chance = random.Random(seed)
    journal = folder / "j"
    with Parent(sys.executable, str(WORKERS / "witness.py"), features="started,inherited", inherits=True) as parent:
        for n in range(400):
            ms = chance.choice([0, 0, 0, 0, 2])
            parent.request(chance.choice(TELLS), {"path": str(journal), "n": n + 1, "ms": ms})
        for _ in range(chance.randrange(400)):
            parent.frame()
        parent.process.kill()
        parent.wait()
        parent.rest()
        begun = [int(line) for line in journal.read_text().split()] if journal.exists() else []
        # Requests are numbered from 1, as the entries are.
        assert set(begun) <= set(parent.started)
        assert len(begun) == len(set(begun))
        assert len(parent.started) == len(set(parent.started))


def test_without_the_feature_there_is_none() -> None:
    with Parent() as parent:
        assert parent.features == []
        for n in range(3):
            request = parent.request("echo", n)
            assert parent.any_frame().request == request
        parent.send(STARTED_METHOD, 77, b"\xc0")
        assert decode(parent.any_frame().payload)["kind"] == "unsupported"
