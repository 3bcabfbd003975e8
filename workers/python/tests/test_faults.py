"""The catalogue of faults, row by row, from the worker's side: what user code and a hostile parent may do to it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from parent import EVERYTHING, NONCE, SHORT, WORKERS, Parent, decode, encode
from procwire.ids import ABORT_METHOD
from procwire.wire import flags


@pytest.fixture
def parent() -> Iterator[Parent]:
    """A parent with the worker that does what nobody should."""
    command = (sys.executable, str(WORKERS / "reckless.py"))
    with Parent(*command, features=EVERYTHING, inherits=True, nonce=NONCE, env=SHORT) as one:
        yield one


@pytest.fixture(scope="module")
def lasting() -> Iterator[Parent]:
    """One for all the tests of what harms nobody."""
    command = (sys.executable, str(WORKERS / "reckless.py"))
    with Parent(*command, features=EVERYTHING, inherits=True, nonce=NONCE, env=SHORT) as one:
        yield one


def serves(parent: Parent) -> None:
    """The worker serves every kind of call, and answers pings."""
    assert parent.call("echo", 1) == 1
    assert parent.call("echo_async", 2) == 2
    assert parent.stream(parent.request("count", 3))[0] == [0, 1, 2]
    parent.ping()


def lives(parent: Parent) -> None:
    """The same, and it ends when it is told to."""
    serves(parent)
    parent.order("$shutdown")
    assert parent.wait() == 0


# ── C: the control plane ─────────────────────────────────────────────────────────────────────────────────────────

STRAY = ["print", "write", "stdout_buffer", "dunder_stdout", "subprocess", "shell", "printf", "puts", "fork", "child"]


@pytest.mark.parametrize("how", STRAY)
@pytest.mark.parametrize(
    "text", ["hello", '{"jsonrpc":"2.0","method":"$pong"}', '{"method":"$init"}', "\x00\xff\ufffe"]
)
def test_c09_c12_what_a_handler_prints_is_no_control_line(shared: Parent, how: str, text: str) -> None:
    assert shared.call("stray", {"how": how, "text": text}) is None
    shared.ping()  # its pong is the next line
    serves(shared)


def test_c08_what_is_printed_while_loading_is_no_control_line() -> None:
    program = "import procwire; print('banner'); import sys; sys.path.insert(0, {!r}); import reckless; reckless.main()"
    with Parent(sys.executable, "-c", program.format(str(WORKERS))) as parent:
        assert parent.init["method"] == "$init"
        lives(parent)


def test_c10_c11_noise_on_stdin_costs_nothing(parent: Parent) -> None:
    stdin = parent.process.stdin
    assert stdin is not None
    for noise in (b"\xff\xfe\x00\n", b"\x00" * 1000 + b"\n", b"x" * (8 << 20) + b"\n", b"\r\r\n\n"):
        stdin.write(noise)
        stdin.flush()
    lives(parent)


def test_c13_an_order_may_come_byte_by_byte(parent: Parent) -> None:
    stdin = parent.process.stdin
    assert stdin is not None
    for end in (b"\n", b"\r\n"):
        for byte in (
            b'{"jsonrpc":"2.0","method":"$ping","nonce":"' + NONCE.encode() + b'","\xc5\xbc":"\xf0\x9f\x8e\x84"}' + end
        ):
            stdin.write(bytes([byte]))
            stdin.flush()
        assert parent.control()["method"] == "$pong"


def test_c17_init_is_not_lost_in_a_buffer() -> None:
    with Parent(
        sys.executable, str(WORKERS / "reckless.py"), env={"RECKLESS": "exit_after_init"}, connects=False
    ) as parent:
        assert parent.control()["method"] == "$init"
        assert parent.wait() == 3


def test_c18_a_flood_of_pings_and_unknown_orders_is_survived(parent: Parent) -> None:
    stdin = parent.process.stdin
    assert stdin is not None
    tag = f'"nonce":"{NONCE}"'
    stdin.write(f'{{"method":"$unknown",{tag}}}\n'.encode() * 20_000)
    stdin.write(f'{{"method":"$ping","id":7,{tag}}}\n'.encode() * 100)
    stdin.flush()
    for _ in range(100):
        assert parent.control()["method"] == "$pong"
    lives(parent)


# ── F: payloads ──────────────────────────────────────────────────────────────────────────────────────────────────

KINDS = {"typed": flags.ERROR, "typed_async": flags.ERROR, "typed_stream": flags.STREAM_ERROR, "typed_ack": flags.ERROR}


@pytest.mark.parametrize("method", KINDS)
@pytest.mark.parametrize(
    "raw",
    [
        b"\xc1",
        b"",
        b"\x82\xa1n",
        b"\x81\xa1n\xcd\x01",
        b"\xdf\xff\xff\xff\xff",
        b"\x81\xa1n\xc1",
        b"\x81\xa5items\xdd\xff\xff\xff\xff",
    ],
)
def test_f02_f05_a_corrupt_request_is_answered_and_does_not_begin(shared: Parent, method: str, raw: bytes) -> None:
    request = shared.request(method, raw=raw)
    assert shared.failure(request, KINDS[method])["kind"] == "invalid"
    assert request not in shared.started
    assert shared.call("echo", 1) == 1


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"n": "x"}, "$.n"),
        ({"n": 300}, "$.n"),
        ({"items": [{"id": 1}, {"id": "x"}]}, "$.items[1].id"),
        ({"items": 7}, "$.items"),
        ([], "$"),
    ],
)
def test_f03_a_wrong_type_is_named_with_its_path(shared: Parent, value: object, field: str) -> None:
    error = shared.failure(shared.request("typed", value))
    assert (error["kind"], error["field"]) == ("invalid", field)
    serves(shared)


def test_f07_bytes_after_the_value_are_refused(shared: Parent) -> None:
    for method, flag in KINDS.items():
        assert shared.failure(shared.request(method, raw=b"\x80\xc0"), flag)["kind"] == "invalid"
    assert shared.failure(shared.request("echo", raw=b"\x01\x02"))["kind"] == "invalid"
    serves(shared)


@pytest.mark.parametrize(
    ("raw", "is_read"),
    [
        (b"\xa2\xc3\x28", False),  # no UTF-8
        (b"\xa3\xed\xa0\x80", False),  # a surrogate
        (b"\xd4\x05\x00", False),  # an extension nobody knows
        (b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", True),  # NaN
        (b"\xcb\x80\x00\x00\x00\x00\x00\x00\x00", True),  # -0.0
        (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", True),
        (b"\x82\xa1a\x01\xa1a\x02", True),  # a key twice
        (b"\x81\xa9__proto__\x01", True),
    ],
)
def test_f08_odd_values_are_read_or_refused_and_harm_nobody(shared: Parent, raw: bytes, is_read: bool) -> None:
    frame = shared.answer(shared.request("echo", raw=raw))
    assert frame.flags == (flags.RESPONSE if is_read else flags.ERROR)
    serves(shared)


def test_f09_an_error_is_always_a_map_with_a_bounded_message(shared: Parent) -> None:
    for what in ("long", "no_text", "surrogates", "bytes", "unprintable_field", "declared_lambda", "group"):
        error = shared.failure(shared.request("fail", what))
        assert error["kind"] in ("exception", "encode", "app")
        assert 0 < len(error["message"]) <= (64 << 10) + 1
        assert len(error.get("traceback") or "") <= 64 << 10
    serves(shared)


UNSENDABLE = ["lambda", "cycle", "object", "huge_int", "class", "generator", "module", "raises", "surrogate", "deep"]


@pytest.mark.parametrize("method", ["give", "give_async", "give_stream", "give_ack"])
@pytest.mark.parametrize("what", UNSENDABLE)
def test_f10_an_answer_that_cannot_be_sent_is_an_error(shared: Parent, method: str, what: str) -> None:
    request = shared.request(method, what)
    error = shared.failure(request, flags.STREAM_ERROR if method == "give_stream" else flags.ERROR)
    assert error["kind"] == "encode"
    assert "the answer cannot be sent" in error["message"]
    assert shared.started == [request]
    serves(shared)


# ── H: cancellation ──────────────────────────────────────────────────────────────────────────────────────────────


def test_h08_an_abort_of_what_is_unknown_or_over_does_nothing(parent: Parent) -> None:
    done = parent.request("echo", 1)
    parent.answer(done)
    for request in (done, 0, 4711, 0xFFFFFFFF, done):
        parent.abort(request)
        parent.send(ABORT_METHOD, request, b"with a payload")
    assert parent.call("echo", 2) == 2
    assert not parent.frames
    lives(parent)


def test_h04_n07_a_handler_that_swallows_its_cancellation_still_ends_once(parent: Parent) -> None:
    request = parent.request("swallow", None)
    assert parent.frame().flags == flags.EVENT
    for _ in range(3):
        parent.abort(request)
    assert parent.failure(request)["kind"] == "cancelled"
    assert not parent.frames
    lives(parent)


# ── N: user code ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["sleep", "spin", "sleep_on_loop", "spin_on_loop", "lock", "many"])
def test_n04_a_handler_that_blocks_stalls_no_heartbeat_and_no_plain_call(parent: Parent, how: str) -> None:
    if how == "many":
        for _ in range(40):
            parent.request("block", "sleep")
    else:
        parent.request("block_async" if how.endswith("_on_loop") else "block", how)
    assert parent.frame().flags == flags.EVENT
    for n in range(5):
        parent.ping()
        assert parent.call("echo", n) == n
    assert not [frame for frame in parent.frames if frame.flags == flags.RESPONSE], "its end was waited for"
    parent.order("$shutdown")
    assert parent.wait() == 0


RAISED = [
    "SystemExit", "KeyboardInterrupt", "GeneratorExit", "CancelledError", "StopIteration", "StopAsyncIteration",
    "RecursionError", "MemoryError", "BaseExceptionGroup", "own", "Cancelled", "real_recursion",
]  # fmt: skip


@pytest.mark.parametrize("method", ["fail", "fail_async", "fail_stream", "fail_stream_async", "fail_ack"])
@pytest.mark.parametrize("what", RAISED)
def test_n05_system_exit_and_its_like_in_a_handler_are_an_error_reply(shared: Parent, method: str, what: str) -> None:
    for _ in range(2):
        request = shared.request(method, what)
        error = shared.failure(request, flags.STREAM_ERROR if "stream" in method else flags.ERROR)
        assert error["kind"] == "exception"
        assert error["message"]
    serves(shared)


@pytest.mark.parametrize("what", RAISED)
def test_n05_also_in_one_that_runs_long(parent: Parent, what: str) -> None:
    for _ in range(2):  # where it was read, then in the pool
        error = parent.failure(parent.request("fail_slow", what))
        assert error["kind"] == "exception"
        assert error["message"]
    lives(parent)


@pytest.mark.parametrize("what", RAISED)
def test_n05_in_a_oneway_handler_they_are_a_line_in_the_log(parent: Parent, what: str) -> None:
    parent.oneway("fail_oneway", what)
    lives(parent)
    assert "fail_oneway" in parent.stderr()


@pytest.mark.parametrize("what", ["exit", "raise_signal", "abort"])
def test_n06_a_handler_that_ends_the_process_was_heard_to_begin(parent: Parent, what: str) -> None:
    request = parent.request("end", what)
    assert parent.rest() == []
    assert parent.started == [request]
    assert parent.wait() == {"exit": 9, "raise_signal": -signal.SIGKILL, "abort": -signal.SIGABRT}[what]


def test_n08_what_fails_after_the_answer_reaches_the_log_and_no_other_call(parent: Parent) -> None:
    for what in ("task", "thread", "callback"):
        assert parent.call("fail_later", what) == "answered"
    assert parent.call("echo_async", 1) == 1
    lives(parent)
    log = parent.stderr()
    for what in ("task", "thread", "callback"):
        assert f"later: {what}" in log


def test_n10_a_handler_that_returns_nothing_is_answered(parent: Parent) -> None:
    assert parent.failure(parent.request("nothing", None))["kind"] == "encode"
    assert parent.failure(parent.request("nothing_async", None))["kind"] == "encode"
    assert parent.failure(parent.request("nothing_stream", None), flags.STREAM_ERROR)["type"] == "TypeError"
    lives(parent)


@pytest.mark.parametrize("method", ["endless_close", "yields_after_close", "raises_on_close"])
def test_n10_a_stream_has_one_end_whatever_its_generator_does(parent: Parent, method: str) -> None:
    request = parent.request(method, None)
    assert parent.answer(request).flags == flags.CHUNK
    parent.abort(request)
    ends = 0
    while not ends:
        ends += parent.answer(request).flags == flags.STREAM_ERROR
    lives(parent)
    assert not [frame for frame in parent.rest() if frame.request == request]


FORKS = ["fork", "multiprocessing", "spawn", "subprocess", "daemon"]


@pytest.mark.parametrize("how", FORKS)
def test_n11_a_child_of_a_handler_neither_speaks_nor_listens(parent: Parent, how: str) -> None:
    pid = parent.call("children", how)
    try:
        assert parent.call("echo", 1) == 1
        parent.order("$shutdown")
        assert parent.rest() == []  # the end, although a child may live
        assert parent.process.stdout is not None
        assert parent.process.stdout.read() == b""
        assert parent.wait() == 0
    finally:
        if pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


@pytest.mark.parametrize("how", ["low", "all", "dup2"])
def test_n12_a_handler_that_closes_descriptors_ends_at_most_the_worker(parent: Parent, how: str) -> None:
    parent.request("close_descriptors", how)
    if how == "low":
        parent.frame()
        lives(parent)
    else:
        # Its channel is gone, and it with it: never a worker that lives and serves nobody.
        parent.notes(b"closed\n")
        try:
            parent.request("echo", 1)  # another thread may have been about to receive by then, and still does
        except OSError:
            pass
        parent.rest()
        assert parent.process.stdin is not None
        parent.process.stdin.close()
        assert parent.wait() in (0, 1, -signal.SIGPIPE)


@pytest.mark.parametrize("how", ["$shutdown", "sigterm", "stdin", "data"])
@pytest.mark.parametrize("is_busy", [False, True])
def test_n13_without_threads_to_be_had_calls_fail_one_by_one_and_the_worker_ends(
    parent: Parent, how: str, is_busy: bool
) -> None:
    assert parent.socket is not None
    assert parent.process.stdin is not None
    assert parent.call("change", "no_threads") is None
    # Served if the event loop, which starts beside the first calls, was there before; else an error, and no silence.
    for method in ("echo_async", "promise"):
        assert parent.answer(parent.request(method, 1)).flags in (flags.RESPONSE, flags.ERROR)
    for method in ("block", "fail_slow", "block", "fail_slow"):  # long ones, of which the second would go to a thread
        request = parent.request(method, "moment" if method == "block" else "own")
        assert parent.call("echo", 1) == 1
        while (frame := parent.answer(request)).flags == flags.EVENT:
            pass
        assert frame.flags == (flags.RESPONSE if method == "block" else flags.ERROR)
    parent.ping()
    if is_busy:
        parent.frames.clear()
        parent.request("block", "sleep")
        assert parent.frame().flags == flags.EVENT
    if how == "$shutdown":
        parent.order("$shutdown")
    elif how == "sigterm":
        parent.process.send_signal(signal.SIGTERM)
    elif how == "stdin":
        parent.process.stdin.close()
    elif not is_busy:
        parent.socket.close()
    else:
        # Nobody reads while the handler runs; the control plane is heard all the same.
        parent.socket.close()
        parent.process.stdin.close()
    assert parent.wait() == 0


CHANGES = ["signals", "umask", "cwd", "rlimits", "setsid", "recursion", "excepthook", "gc", "switch"]


@pytest.mark.parametrize("how", CHANGES)
def test_n13_a_handler_that_changes_the_process_changes_nothing_here(parent: Parent, how: str) -> None:
    assert parent.call("change", how) is None
    assert parent.call("echo", encode([1])) == encode([1])
    assert decode(parent.answer(parent.request("echo", {"a": [1] * 30})).payload) == {"a": [1] * 30}
    lives(parent)
