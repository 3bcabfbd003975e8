"""Streams send what the parent has granted, and wait for nothing else."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from parent import LONG, WINDOW, WORKERS, Parent, decode
from procwire.ids import CHUNK_COST, CREDIT_METHOD
from procwire.wire import flags

BLOCKS = ["blocks", "blocks_async"]
FITS = -(-WINDOW // (8192 + CHUNK_COST))
"""Blocks in a window: it may be overdrawn by one."""


def worker(features: str = f"credit={WINDOW},inherited") -> Parent:
    parent = Parent(sys.executable, str(WORKERS / "witness.py"), features=features, inherits=True, env=LONG)
    parent.grants = False
    return parent


@pytest.fixture
def parent() -> Iterator[Parent]:
    with worker() as one:
        yield one


def chunks(parent: Parent, request: int, count: int) -> None:
    for _ in range(count):
        assert parent.answer(request).flags == flags.CHUNK


def exhaust(parent: Parent, request: int) -> None:
    """Reads one window of a stream: from then on it waits."""
    spent = 0
    while spent < WINDOW:
        frame = parent.answer(request)
        assert frame.flags == flags.CHUNK
        spent += len(frame.payload) + CHUNK_COST


def is_silent(parent: Parent, request: int) -> bool:
    """Whether nothing of that request comes before the answers to calls made now."""
    for n in range(3):
        assert parent.call("echo", n) == n
        parent.ping()
    return not any(frame.request == request for frame in parent.frames)


@pytest.mark.parametrize("method", BLOCKS)
def test_a_frozen_consumer_gets_one_window_and_delays_nobody(parent: Parent, method: str) -> None:
    request = parent.request(method, {"n": 1_000_000})
    chunks(parent, request, FITS)
    assert is_silent(parent, request)
    parent.grant(request, 1)  # the overdraft is larger
    assert is_silent(parent, request)
    parent.grant(request, WINDOW)
    granted = WINDOW + WINDOW + 1
    chunks(parent, request, -(-granted // (8192 + CHUNK_COST)) - FITS)
    assert is_silent(parent, request)


@pytest.mark.parametrize("method", ["count", "count_async", "deaf"])
def test_a_million_items_against_a_frozen_consumer_move_one_window(parent: Parent, method: str) -> None:
    request = parent.request(method, {"n": 1_000_000})
    exhaust(parent, request)
    assert is_silent(parent, request)


@pytest.mark.parametrize("method", BLOCKS)
def test_the_end_costs_nothing(parent: Parent, method: str) -> None:
    request = parent.request(method, {"n": FITS})
    chunks(parent, request, FITS)
    assert parent.answer(request).flags == flags.END


@pytest.mark.parametrize("method", BLOCKS)
def test_a_consumer_that_grants_gets_everything(parent: Parent, method: str) -> None:
    parent.grants = True
    requests = [parent.request(method, {"n": 50}) for _ in range(8)]
    left = dict.fromkeys(requests, 50)
    while left:
        frame = parent.frame()
        if frame.flags == flags.CHUNK:
            left[frame.request] -= 1
        else:
            assert (frame.flags, left.pop(frame.request)) == (flags.END, 0)


@pytest.mark.parametrize("method", ["count", "count_async"])
def test_an_abort_ends_the_wait_and_closes_the_generator(parent: Parent, method: str) -> None:
    for _ in range(3):  # where it was read, later in the pool
        request = parent.request(method, {"n": 1_000_000})
        exhaust(parent, request)
        parent.abort(request)
        while (frame := parent.answer(request)).flags == flags.CHUNK:
            pass
        assert (frame.flags, decode(frame.payload)["kind"]) == (flags.STREAM_ERROR, "cancelled")
    assert parent.call("closed") == [method] * 3


def test_one_that_does_not_hear_an_abort_goes_on_to_its_end(parent: Parent) -> None:
    request = parent.request("deaf", {"n": 5000})
    assert parent.answer(request).flags == flags.CHUNK
    parent.abort(request)
    while (frame := parent.answer(request)).flags == flags.CHUNK:
        pass
    assert frame.flags == flags.END
    assert parent.call("closed") == ["deaf"]


@pytest.mark.parametrize("method", ["count", "count_async"])
@pytest.mark.parametrize("how", ["$shutdown", "sigterm", "data", "stdin"])
def test_the_end_of_the_worker_ends_the_wait_at_once(parent: Parent, method: str, how: str) -> None:
    assert parent.socket is not None
    assert parent.process.stdin is not None
    requests = [parent.request(method, {"n": 1_000_000}) for _ in range(3)]
    for request in requests:
        exhaust(parent, request)
    if how == "$shutdown":
        parent.order("$shutdown")
    elif how == "sigterm":
        parent.process.send_signal(signal.SIGTERM)
    elif how == "data":
        parent.socket.close()
    else:
        parent.process.stdin.close()
    if how != "data":
        ends = [frame for frame in parent.rest() if frame.flags == flags.STREAM_ERROR]
        assert sorted(frame.request for frame in ends) == requests
        assert {decode(frame.payload)["kind"] for frame in ends} == {"cancelled"}
    # Had they to be waited for, they would get all the time that there is.
    assert parent.wait() == 0


def test_what_is_granted_to_nobody_is_ignored(parent: Parent) -> None:
    parent.grant(4711, 100)
    parent.grant(0, 100)
    request = parent.request("blocks", {"n": 1})
    chunks(parent, request, 1)
    assert parent.answer(request).flags == flags.END
    parent.grant(request, 100)
    for payload in (b"", b"\x00", b"\x00" * 5, b"\xff" * 300_000):
        request = parent.request("blocks", {"n": 1_000_000})
        chunks(parent, request, FITS)
        parent.send(CREDIT_METHOD, request, payload)
        assert is_silent(parent, request)
    assert not parent.frames


def test_grants_may_be_as_large_as_they_like(parent: Parent) -> None:
    request = parent.request("blocks", {"n": 100})
    chunks(parent, request, FITS)
    for _ in range(3):
        parent.grant(request, 0xFFFFFFFF)
    chunks(parent, request, 100 - FITS)
    assert parent.answer(request).flags == flags.END


@pytest.mark.parametrize("method", ["count", "count_async"])
def test_a_window_of_nothing_waits_for_the_first_grant(method: str) -> None:
    with worker("credit=0,inherited") as parent:
        request = parent.request(method, {"n": 3})
        assert is_silent(parent, request)
        parent.grant(request, 1)
        assert decode(parent.answer(request).payload) == 0
        assert is_silent(parent, request)
        parent.grant(request, 1000)
        assert [decode(parent.answer(request).payload) for _ in range(2)] == [1, 2]
        assert parent.answer(request).flags == flags.END


@pytest.mark.parametrize("features", ["", "credit=x", "credit=-1", "credit=99999999999"])
def test_without_the_feature_there_is_no_window(features: str) -> None:
    with worker(features) as parent:
        assert parent.features == []
        request = parent.request("blocks", {"n": 40})
        chunks(parent, request, 40)
        assert parent.answer(request).flags == flags.END
        parent.send(CREDIT_METHOD, 9, b"\x00\x00\x00\x01")
        assert decode(parent.answer(9).payload)["kind"] == "unsupported"


def test_a_hundred_frozen_streams_leave_the_threads_to_others(parent: Parent) -> None:
    for _ in range(100):
        parent.request("blocks", {"n": 1_000_000})
    moved = 0
    while moved < 100 * FITS:
        frame = parent.frame()
        moved += frame.flags == flags.CHUNK
    for n in range(50):
        assert parent.call("echo", n) == n
    assert not parent.frames
