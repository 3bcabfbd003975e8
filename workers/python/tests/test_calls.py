"""Calls, from request to the one frame that ends them."""

from __future__ import annotations

import msgspec
import pytest

from parent import Parent, decode, encode
from procwire.ids import ABORT_METHOD, AUTH_METHOD
from procwire.wire import flags


def test_announces_what_it_serves(parent: Parent) -> None:
    params = parent.init["params"]
    assert params["version"] == "1.0.0"
    assert params["schema"]["methods"]["echo"] == {"id": 1, "response": "result"}
    assert params["schema"]["methods"]["count"]["response"] == "stream"
    assert params["schema"]["events"] == {"progress": {"id": 1}, "bytes": {"id": 2}}
    ours = params["procwire"]
    assert ours["language"] == "python"
    assert ours["module"] == "everyday"
    assert ours["version"] == "1.2.3"
    assert ours["pid"] == parent.process.pid
    assert set(ours["methods"]) == set(params["schema"]["methods"])


@pytest.mark.parametrize("value", [None, True, 0, -1, 2**64 - 1, 1.5, "ż", b"\x00", [1, [2]], {"a": {"b": None}}])
def test_a_result_is_one_response(shared: Parent, value: object) -> None:
    frame = shared.answer(shared.request("echo", value))
    assert frame.flags == flags.RESPONSE
    assert frame.method == shared.methods["echo"]
    assert decode(frame.payload) == value


@pytest.mark.parametrize("raw", [b"\xc0", b"", b"\x80", b"\x81\xa1a\x01"])
def test_no_arguments_may_be_nil_nothing_or_any_map(shared: Parent, raw: bytes) -> None:
    frame = shared.answer(shared.request("nothing", raw=raw))
    assert (frame.flags, frame.payload) == (flags.RESPONSE, b"\xc0")


@pytest.mark.parametrize("raw", [b"\x01", b"\xc1", b"\x91\x01"])
def test_other_payloads_where_there_are_no_arguments_are_refused(shared: Parent, raw: bytes) -> None:
    assert shared.failure(shared.request("nothing", raw=raw))["kind"] == "invalid"


def test_an_ack_is_never_empty(shared: Parent) -> None:
    frame = shared.answer(shared.request("note", "x"))
    assert (frame.flags, frame.payload) == (flags.ACK, b"\xc0")
    frame = shared.answer(shared.request("receipt", "x"))
    assert (frame.flags, decode(frame.payload)) == (flags.ACK, "took x")


def test_oneway_calls_are_not_answered(parent: Parent) -> None:
    parent.oneway("fire", "a")
    parent.oneway("fire", "fail")
    parent.oneway("fire_async", "b")
    while sorted(parent.call("last")) != ["a", "b"]:
        pass
    assert not parent.frames


def test_a_request_with_an_id_is_answered_whatever_its_kind(parent: Parent) -> None:
    assert parent.answer(parent.request("fire", "a")).flags == flags.RESPONSE
    assert parent.failure(parent.request("fire", "fail"))["type"] == "ValueError"


def test_requests_without_an_id_are_served(shared: Parent) -> None:
    shared.send(shared.methods["echo"], 0, encode(5))
    frame = shared.frame()
    assert (frame.flags, frame.request, frame.payload) == (flags.RESPONSE, 0, b"\x05")


def test_request_flags_and_the_largest_id_do_not_matter(shared: Parent) -> None:
    for flag in (0x02, 0x01, 0x3C, 0x3F):
        shared.send(shared.methods["echo"], 0xFFFFFFFF, encode(flag), flag)
        frame = shared.frame()
        assert (frame.flags, frame.request, decode(frame.payload)) == (flags.RESPONSE, 0xFFFFFFFF, flag)


@pytest.mark.parametrize("request_id", [0, 9])
def test_an_unknown_method_is_an_error(shared: Parent, request_id: int) -> None:
    shared.send(4711, request_id, b"\xc0")
    frame = shared.frame()
    assert (frame.method, frame.flags, frame.request) == (4711, flags.ERROR, request_id)
    assert decode(frame.payload) == {"message": "Unknown method ID: 4711", "kind": "unsupported"}


def test_late_auth_and_unknown_aborts_are_ignored(parent: Parent) -> None:
    parent.send(AUTH_METHOD, 0, b"x")
    parent.send(ABORT_METHOD, 77)
    parent.send(ABORT_METHOD, 78, b"a payload")
    assert parent.call("echo", 1) == 1
    assert not [frame for frame in parent.frames if frame.request in (77, 78)]


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_invalid_request_names_the_field(shared: Parent) -> None:
    error = shared.failure(shared.request("checked", {"dpi": 20}))
    assert error == {
        "message": "checked: Expected `int` >= 36 - at `$.dpi`",
        "kind": "invalid",
        "field": "$.dpi",
    }
    error = shared.failure(shared.request("checked", {"tags": ["a", 1]}))
    assert error["field"] == "$.tags[1]"


@pytest.mark.parametrize(
    "raw", [b"", b"\xc1", b"\x81", b"\x01\x02", b"\xa1\xff", b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000]
)
def test_a_corrupt_request_is_answered_and_the_worker_lives(shared: Parent, raw: bytes) -> None:
    assert shared.failure(shared.request("echo", raw=raw))["kind"] == "invalid"
    assert shared.failure(shared.request("count", raw=raw), flags.STREAM_ERROR)["kind"] == "invalid"
    assert shared.call("echo", 1) == 1


def test_whole_floats_are_integers_and_unknown_keys_are_ignored(shared: Parent) -> None:
    assert shared.call("checked", {"dpi": 300.0, "new": 1}) == 300
    assert shared.failure(shared.request("checked", {"dpi": 300.5}))["field"] == "$.dpi"
    assert shared.failure(shared.request("checked", {"dpi": 3000.0}))["field"] == "$.dpi"


@pytest.mark.parametrize("method", ["raise_error", "raise_error_async"])
def test_a_declared_error_travels_typed(shared: Parent, method: str) -> None:
    error = shared.failure(shared.request(method, "declared"))
    assert error == {
        "message": "not_found: path='/x'",
        "kind": "app",
        "error": {"type": "not_found", "path": "/x"},
    }


@pytest.mark.parametrize("method", ["raise_error", "raise_error_async"])
@pytest.mark.parametrize(
    ("which", "type_", "message"),
    [
        ("undeclared", "Other", "Other: other"),
        ("value", "ValueError", "ValueError: bad value"),
        ("key", "KeyError", "KeyError: 'k'"),
        ("empty", "ValueError", "ValueError"),
        ("exit", "SystemExit", "SystemExit: 3"),
        ("interrupt", "KeyboardInterrupt", "KeyboardInterrupt"),
        ("generator_exit", "GeneratorExit", "GeneratorExit"),
        ("cancelled", "asyncio.exceptions.CancelledError", "CancelledError"),
        ("recursion", "RecursionError", "RecursionError: too deep"),
        ("memory", "MemoryError", "MemoryError"),
        ("unprintable", "Unprintable", "Unprintable: (its message cannot be printed)"),
        ("surrogate", "ValueError", "ValueError: a\\udcffb"),
    ],
)
def test_any_other_exception_is_reported_and_the_worker_lives(
    shared: Parent, method: str, which: str, type_: str, message: str
) -> None:
    error = shared.failure(shared.request(method, which))
    assert (error["kind"], error["type"], error["message"]) == ("exception", type_, message)
    if which != "unprintable":
        assert "raise errors()[req]" in error["traceback"]
    assert shared.call("echo", 1) == 1


def test_a_huge_message_is_cut(shared: Parent) -> None:
    frame = shared.answer(shared.request("raise_error", "long"))
    assert len(frame.payload) < 200_000
    assert decode(frame.payload)["message"].endswith("x…")


def test_an_answer_that_cannot_be_sent_is_an_error(shared: Parent) -> None:
    error = shared.failure(shared.request("lambda_"))
    assert error["kind"] == "encode"
    assert "lambda_: the answer cannot be sent: a value of type function" in error["message"]
    error = shared.failure(shared.request("negative"))
    assert (error["kind"], error["field"]) == ("encode", "$.took")
    assert shared.call("echo", 1) == 1


def test_a_plain_handler_may_give_an_awaitable(parent: Parent) -> None:
    assert parent.call("promise", {"n": 3, "ms": 1}) == 3


def test_async_handlers_run_in_one_task_on_one_thread(parent: Parent) -> None:
    assert parent.call("affine", {"n": 0, "ms": 0}) is True
    assert parent.call("affine", {"n": 0, "ms": 1}) is True


def test_context_variables_do_not_leak_between_calls(parent: Parent) -> None:
    for _ in range(3):
        assert parent.call("variable_async") == [0, 7, 0]
        assert parent.call("variable") == [0]


# ── streams ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["count", "count_async", "list"])
@pytest.mark.parametrize("n", [0, 1, 5000])
def test_a_stream_is_its_items_and_one_end(shared: Parent, method: str, n: int) -> None:
    items, last = shared.stream(shared.request(method, {"n": n}))
    assert items == list(range(n))
    assert (last.flags, last.payload) == (flags.END, b"")


@pytest.mark.parametrize("method", ["count", "count_async"])
def test_slow_items_come_one_by_one(shared: Parent, method: str) -> None:
    items, last = shared.stream(shared.request(method, {"n": 5, "ms": 3}))
    assert (items, last.flags) == ([0, 1, 2, 3, 4], flags.END)


@pytest.mark.parametrize("method", ["fail_after", "fail_after_async"])
def test_a_stream_may_fail_after_items(shared: Parent, method: str) -> None:
    items, last = shared.stream(shared.request(method, {"n": 3}))
    assert items == [0, 1, 2]
    assert last.flags == flags.STREAM_ERROR
    assert decode(last.payload)["error"] == {"type": "not_found", "path": "x"}


def test_an_item_that_cannot_be_sent_ends_the_stream(parent: Parent) -> None:
    items, last = parent.stream(parent.request("bad_item", {"n": 0}))
    assert items == [1]
    assert last.flags == flags.STREAM_ERROR
    assert decode(last.payload)["kind"] == "encode"
    assert parent.call("echo", 1) == 1


def test_a_handler_that_streams_nothing_iterable_is_an_error(parent: Parent) -> None:
    error = parent.failure(parent.request("not_a_stream"), flags.STREAM_ERROR)
    assert error["type"] == "TypeError"


def test_items_do_not_wait_for_the_next_one(parent: Parent) -> None:
    request = parent.request("burst_then_stall", {"n": 50})
    for i in range(50):
        assert decode(parent.answer(request).payload) == i
    parent.abort(request)
    assert parent.failure(request, flags.STREAM_ERROR)["kind"] == "cancelled"
    # Known to be slow by now, it runs on a thread of the pool; its items must not wait there either.
    request = parent.request("burst_then_stall", {"n": 50})
    for i in range(50):
        assert decode(parent.answer(request).payload) == i
    parent.abort(request)
    assert parent.failure(request, flags.STREAM_ERROR)["kind"] == "cancelled"


# ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_events_come_in_order_and_before_the_answer(parent: Parent) -> None:
    request = parent.request("emit", {"n": 500})
    for i in range(500):
        frame = parent.frame()
        assert (frame.method, frame.flags, frame.request) == (parent.events["progress"], flags.EVENT, 0)
        assert decode(frame.payload) == i
    assert parent.frame().request == request


def test_events_from_many_threads_stay_whole(parent: Parent) -> None:
    request = parent.request("emit_from_threads", {"n": 8})
    numbers: list[int] = []
    payloads = 0
    while (frame := parent.frame()).request != request:
        if frame.method == parent.events["progress"]:
            numbers.append(msgspec.msgpack.decode(frame.payload, type=int))
        else:
            assert frame.payload == frame.payload[:1] * 1000
            payloads += 1
    assert sorted(numbers) == sorted(list(range(100)) * 8)
    assert payloads == 800
