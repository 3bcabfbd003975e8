"""What goes along with calls and control lines: nonces, trace context, log lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from parent import NONCE, SHORT, WORKERS, Parent, decode, encode
from procwire.ids import CONTEXT_METHOD, CREDIT_METHOD
from procwire.wire import flags

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def worker(features: str, **more: Any) -> Parent:
    return Parent(sys.executable, str(WORKERS / "witness.py"), features=features, **more)


@pytest.fixture
def parent() -> Iterator[Parent]:
    with worker("context,log,tagged,inherited", inherits=True, nonce=NONCE) as one:
        yield one


# ── tagged ───────────────────────────────────────────────────────────────────────────────────────────────────────


def said(parent: Parent, line: str) -> None:
    assert parent.process.stdin is not None
    parent.process.stdin.write(line.encode() + b"\n")
    parent.process.stdin.flush()


def test_every_line_of_a_tagged_worker_carries_the_nonce(parent: Parent) -> None:
    assert "tagged" in parent.features
    assert parent.init["nonce"] == NONCE
    parent.order("$ping")
    assert parent.control() == {"jsonrpc": "2.0", "method": "$pong", "nonce": NONCE}
    parent.call("tell", {"info": "x"})
    assert parent.control()["nonce"] == NONCE


def test_lines_without_the_right_nonce_are_not_obeyed(parent: Parent) -> None:
    for nonce in ("", ', "nonce": null', ', "nonce": 7', f', "nonce": "{NONCE[:-1]}"', f', "nonce": "{NONCE[::-1]}"'):
        said(parent, f'{{"jsonrpc":"2.0","method":"$ping"{nonce}}}')
        said(parent, f'{{"jsonrpc":"2.0","method":"$shutdown"{nonce}}}')
    parent.ping()  # its pong is the next line: nothing before it was answered
    assert parent.call("echo", 1) == 1


@pytest.mark.parametrize(
    ("features", "nonce"), [("", NONCE), ("tagged", None), ("tagged", "short"), ("tagged", "x" * 32)]
)
def test_without_a_nonce_or_the_feature_lines_are_plain(features: str, nonce: str | None) -> None:
    with worker(features, nonce=nonce) as parent:
        assert parent.features == []
        assert "nonce" not in parent.init
        said(parent, '{"method":"$ping","nonce":7}')
        assert parent.control() == {"jsonrpc": "2.0", "method": "$pong"}


def test_a_tagged_worker_that_cannot_start_says_so_with_the_nonce() -> None:
    with Parent(
        sys.executable, "-m", "procwire", "run", "no:where", connects=False, features="tagged", nonce=NONCE
    ) as parent:
        message = parent.control()
        assert (message["method"], message["nonce"]) == ("$error", NONCE)


def test_c16_a_parent_that_reads_no_control_line_is_still_heard() -> None:
    with worker("log", env=SHORT) as parent:
        assert parent.process.stdout is not None
        # More than the pipe holds: the handler waits, and pongs find no room.
        parent.request("tell", {"info": "x" * 16000, "debug": "x" * 16000, "warn": "x" * 16000, "error": "x" * 16000})
        parent.request("tell", {"info": "x" * 16000, "debug": "x" * 16000, "warn": "x" * 16000, "error": "x" * 16000})
        for _ in range(50):
            parent.order("$ping")
        assert parent.call("echo", 1) == 1
        parent.order("$shutdown")
        assert parent.wait() == 0


# ── context ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["trace", "trace_async", "trace_in_thread", "trace_stream"])
def test_a_call_knows_its_place_in_the_trace(parent: Parent, method: str) -> None:
    for n in range(3):
        trace = f"{TRACE}{n}"
        parent.send(CONTEXT_METHOD, parent.upcoming, encode({"traceparent": trace, "more": [1, {}]}))
        assert decode(parent.answer(parent.request(method)).payload) == trace
        if method == "trace_stream":
            parent.frame()
        assert decode(parent.answer(parent.request(method)).payload) is None
        if method == "trace_stream":
            parent.frame()


def test_it_belongs_to_the_next_request_and_to_that_id_only(parent: Parent) -> None:
    parent.send(CONTEXT_METHOD, parent.upcoming + 1, encode({"traceparent": TRACE}))
    assert parent.call("trace") is None
    assert parent.call("trace") is None
    parent.send(CONTEXT_METHOD, parent.upcoming, encode({"traceparent": TRACE}))
    parent.abort(4711)
    parent.send(CREDIT_METHOD, 4711, b"")  # not negotiated here, so a request of its own
    assert parent.call("trace") is None
    parent.send(CONTEXT_METHOD, parent.upcoming, encode({"traceparent": TRACE}))
    parent.abort(4711)
    assert parent.call("trace") == TRACE
    parent.send(CONTEXT_METHOD, parent.upcoming, encode({"traceparent": TRACE}))
    parent.failure(parent.request("tell", 7))
    assert parent.call("trace") is None


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x01", b"\x80", b"\x81\xabtraceparent\x07", bytes(300_000)])
def test_what_cannot_be_read_says_nothing(parent: Parent, payload: bytes) -> None:
    parent.send(CONTEXT_METHOD, parent.upcoming, payload)
    assert parent.call("trace") is None


def test_many_traced_calls_in_one_batch(parent: Parent) -> None:
    parent.socket_batch(
        [
            one
            for n in range(200)
            for one in (
                (CONTEXT_METHOD, 1000 + n, encode({"traceparent": str(n)})),
                (parent.methods["trace"], 1000 + n, b""),
            )
        ]
    )
    assert [decode(parent.answer(1000 + n).payload) for n in range(200)] == [str(n) for n in range(200)]


def test_without_the_feature_it_is_a_method_nobody_announced() -> None:
    with worker("") as parent:
        parent.send(CONTEXT_METHOD, 9, encode({"traceparent": TRACE}))
        assert parent.answer(9).flags == flags.ERROR
        assert parent.call("trace") is None


# ── log ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["tell", "tell_async"])
def test_a_handler_tells_the_parents_log(parent: Parent, method: str) -> None:
    levels = {"debug": "a", "info": "ż\u2028\n", "warn": "", "error": "d"}
    request = parent.request(method, levels)
    for level, message in levels.items():
        assert parent.control() == {
            "jsonrpc": "2.0",
            "method": "$log",
            "params": {"level": level, "message": message, "request": request},
            "nonce": NONCE,
        }
    assert parent.answer(request).flags == flags.RESPONSE


@pytest.mark.parametrize(
    ("method", "level", "knows"),
    [
        ("record", "warn", True),
        ("record_async", "error", True),
        ("record_in_thread", "info", True),
        ("record_stream", "warn", True),
        ("record_elsewhere", "error", False),
    ],
)
def test_logging_knows_the_call_it_is_done_in(parent: Parent, method: str, level: str, knows: bool) -> None:
    for _ in range(3):  # where it was read, later in the pool
        request = parent.request(method, "hello")
        params = parent.control()["params"]
        assert (params["level"], params["message"], params["target"]) == (level, "hello", "witness")
        assert params.get("request") == (request if knows else None)
        if method == "record_async":
            again = parent.control()["params"]
            assert (again["message"], again["request"]) == ("hello again", request)
        parent.answer(request)


def test_messages_are_bounded_and_always_fit_a_line(parent: Parent) -> None:
    for text, length in (("x" * 100_000, 16 << 10), ("ż" * 100_000, 8 << 10), ("\x01" * 100_000, None)):
        parent.call("tell", {"info": text})
        line = parent.line()
        assert len(line) < 64 << 10
        message = msgspec.json.decode(line)["params"]["message"]
        assert message
        assert text.startswith(message)
        assert length is None or len(message) == length


def test_lines_from_many_calls_stay_whole(parent: Parent) -> None:
    requests = {parent.request(("tell", "tell_async")[n % 2], {"info": f"{n}" * 2000}): n for n in range(40)}
    for _ in requests:
        params = parent.control()["params"]
        assert params["message"] == (f"{requests[params['request']]}" * 2000)[: 16 << 10]


def test_without_the_feature_it_is_a_line_on_stderr() -> None:
    with worker("") as parent:
        parent.call("tell", {"warn": "careful"})
        parent.call("record", "recorded")
        parent.ping()
        parent.order("$shutdown")
        parent.wait()
        log = parent.stderr()
    assert "warn: careful\n" in log
    assert "warn: recorded\n" in log
