"""Many calls at once: what one handler does, and what the others must not notice."""

from __future__ import annotations

import pytest

from parent import FOREVER, Parent, decode, encode
from procwire.wire import flags


@pytest.mark.parametrize("blocker", ["slow", "slow_async", "spin"])
def test_a_long_handler_stalls_neither_heartbeat_nor_other_calls(parent: Parent, blocker: str) -> None:
    parent.call("echo", 1)
    parent.request(blocker, {"n": 1, "ms": FOREVER})
    parent.ping()
    assert parent.call("echo", 2) == 2
    assert parent.call("slow_async", {"n": 3, "ms": 1}) == 3
    assert parent.stream(parent.request("count", {"n": 3}))[0] == [0, 1, 2]


@pytest.mark.parametrize("method", ["slow", "slow_async"])
def test_a_thousand_calls_in_flight(parent: Parent, method: str) -> None:
    requests = {parent.request(method, {"n": n, "ms": 20}): n for n in range(1000)}
    for request, n in requests.items():
        frame = parent.answer(request)
        assert (frame.flags, decode(frame.payload)) == (flags.RESPONSE, n)


@pytest.mark.parametrize("method", ["patient", "wait_for_cancel"])
def test_a_hundred_handlers_run_side_by_side(parent: Parent, method: str) -> None:
    requests = [parent.request(method, {"n": 1} if method == "patient" else None) for _ in range(100)]
    for _ in requests:  # all of them have begun before one of them ends
        assert parent.frame().flags == flags.EVENT
    for request in requests:
        parent.abort(request)
    for request in requests:
        assert parent.failure(request)["kind"] == "cancelled"


def test_a_thousand_streams_at_once(parent: Parent) -> None:
    names = ["count", "count_async"]
    requests = [parent.request(names[i % 2], {"n": 20}) for i in range(1000)]
    items: dict[int, list[int]] = {request: [] for request in requests}
    ended: set[int] = set()
    while len(ended) < 1000:
        frame = parent.frame()
        assert frame.request not in ended
        if frame.flags == flags.CHUNK:
            items[frame.request].append(decode(frame.payload))
        else:
            assert frame.flags == flags.END
            ended.add(frame.request)
    assert all(values == list(range(20)) for values in items.values())


def test_quick_answers_do_not_wait_behind_a_slow_call_of_the_same_batch(parent: Parent) -> None:
    assert parent.socket is not None
    from procwire.wire.header import Header

    echo, slow = parent.methods["echo"], parent.methods["slow"]
    late = encode({"n": 1, "ms": FOREVER})
    batch = b"".join(
        [
            Header(echo, 0, 1, 1).pack() + b"\x01",
            Header(slow, 0, 2, len(late)).pack() + late,
            Header(echo, 0, 3, 1).pack() + b"\x03",
        ]
    )
    parent.socket.sendall(batch)
    assert {parent.frame().request, parent.frame().request} == {1, 3}


def test_a_parent_that_does_not_read_stalls_neither_heartbeat_nor_cancellation(parent: Parent) -> None:
    requests = [parent.request(name, {"n": 10_000_000}) for name in ("blocks", "blocks_async")]
    for request in requests:
        assert parent.answer(request).flags == flags.CHUNK
    for _ in range(20):
        parent.ping()
    grown = rss(parent.process.pid)
    for _ in range(20):
        parent.ping()
    assert rss(parent.process.pid) < grown + (8 << 20), "frames pile up in the worker"
    for request in requests:
        parent.abort(request)
    for request in requests:
        while (frame := parent.answer(request)).flags == flags.CHUNK:
            assert len(frame.payload) == 8192
        assert (frame.flags, decode(frame.payload)["kind"]) == (flags.STREAM_ERROR, "cancelled")
    assert parent.call("echo", 1) == 1


def rss(pid: int) -> int:
    """Bytes of memory in use; 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0


# ── cancellation ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["patient", "wait_for_cancel", "stubborn", "suppress"])
def test_an_aborted_call_ends_as_cancelled(parent: Parent, method: str) -> None:
    for _ in range(3):  # the first runs where it was read, later ones elsewhere
        args = {"n": 1} if method == "patient" else None
        request = parent.request(method, args)
        assert parent.frame().flags == flags.EVENT  # it runs
        parent.abort(request)
        assert parent.failure(request) == {"message": "Cancelled", "kind": "cancelled"}
    if method == "wait_for_cancel":
        assert parent.call("last") == ["cancelled"] * 3


@pytest.mark.parametrize("method", ["count", "count_async"])
def test_an_aborted_stream_is_closed(parent: Parent, method: str) -> None:
    request = parent.request(method, {"n": 10_000, "ms": 2})
    assert parent.answer(request).flags == flags.CHUNK
    parent.abort(request)
    while (frame := parent.answer(request)).flags == flags.CHUNK:
        pass
    assert frame.flags == flags.STREAM_ERROR
    assert decode(frame.payload)["kind"] == "cancelled"
    assert f"{method} closed" in parent.call("last")


def test_what_is_not_cancellable_goes_on(parent: Parent) -> None:
    request = parent.request("deaf", {"n": 5, "ms": 100})
    parent.abort(request)
    frame = parent.answer(request)
    assert (frame.flags, decode(frame.payload)) == (flags.RESPONSE, 5)


def test_an_aborted_call_that_waits_for_a_thread_never_runs() -> None:
    import sys

    from parent import WORKERS

    with Parent(sys.executable, str(WORKERS / "narrow.py")) as parent:
        held = parent.request("hold")
        assert parent.frame().flags == flags.EVENT
        also = parent.request("hold")  # takes the pool's only thread
        assert parent.frame().flags == flags.EVENT
        waiting = parent.request("hold")
        parent.abort(waiting)
        parent.abort(also)
        assert parent.failure(also)["kind"] == "cancelled"
        assert parent.failure(waiting)["kind"] == "cancelled"
        parent.abort(held)
        assert parent.failure(held)["kind"] == "cancelled"
        assert parent.call("started") == 2


def test_every_request_gets_exactly_one_last_frame_under_random_aborts(parent: Parent) -> None:
    import random

    chance = random.Random(4711)
    names = ["slow", "slow_async", "count", "count_async", "raise_error", "checked"]
    requests: dict[int, str] = {}
    for _ in range(600):
        name = chance.choice(names)
        args: object = {"n": 5, "ms": chance.choice([0, 1, 3])}
        if name == "raise_error":
            args = "declared"
        request = parent.request(name, args)
        requests[request] = name
        if chance.random() < 0.5:
            parent.abort(chance.choice(list(requests)))
    ended: dict[int, int] = dict.fromkeys(requests, 0)
    while not all(ended.values()):
        frame = parent.frame()
        if frame.flags != flags.CHUNK:
            ended[frame.request] += 1
    assert parent.call("echo", "end") == "end"
    assert set(ended.values()) == {1}
