"""A worker's life: start, handshake, stdout, and every way to end."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from parent import FOREVER, LONG, SHORT, WORKERS, Parent
from procwire.ids import AUTH_METHOD
from procwire.wire.header import Header
from procwire.worker.worker import DRAIN_SECONDS, END_SECONDS

TOKEN = "0123456789abcdef" * 4


# ── the socket ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_path_is_unguessable_private_and_gone_after_adoption(folder: Path) -> None:
    with Parent(env={"XDG_RUNTIME_DIR": f"{folder}//"}, connects=False) as parent:
        path = Path(parent.control()["params"]["pipe"])
        assert path.parent == folder
        pid, secret = path.name.removeprefix("procwire-").removesuffix(".sock").split("-")
        assert int(pid) == parent.process.pid
        assert len(secret) == 32
        int(secret, 16)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        parent.path = str(path)
        parent.methods = {"echo": 1}
        parent.connect()
        assert parent.call("echo", 1) == 1
        assert not path.exists()
        with pytest.raises(FileNotFoundError):
            socket.socket(socket.AF_UNIX).connect(str(path))


def test_the_base_falls_back(folder: Path) -> None:
    with Parent(env={"XDG_RUNTIME_DIR": "", "TMPDIR": str(folder)}) as parent:
        assert Path(parent.path).parent == folder


@pytest.mark.parametrize("base", ["x" * 100, "missing"])
def test_a_socket_that_cannot_be_made_is_reported(folder: Path, base: str) -> None:
    place = folder / base
    if base != "missing":
        place.mkdir()
    with Parent(env={"XDG_RUNTIME_DIR": str(place)}, connects=False) as parent:
        message = parent.control()
        assert message["method"] == "$error"
        assert str(place) in message["params"]["message"]
        assert parent.wait() == 1


# ── AUTH ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_token_lets_in_and_what_follows_it_is_served() -> None:
    with Parent(token=TOKEN, connects=False) as parent:
        parent.token = None
        parent.start()
        assert parent.socket is not None
        auth = Header(AUTH_METHOD, 0x3F, 9, len(TOKEN)).pack() + TOKEN.encode()
        call = Header(1, 0, 1, 1).pack() + b"\x07"
        for part in (auth[:5], auth[5:40], auth[40:] + call):  # in any pieces
            parent.socket.sendall(part)
        assert parent.frame().payload == b"\x07"
        assert parent.call("environment") == {}, "children must not see the token"


def test_an_empty_token_is_a_token() -> None:
    with Parent(token="") as parent:
        assert parent.call("echo", 1) == 1


@pytest.mark.parametrize(
    "first",
    [
        Header(AUTH_METHOD, 0, 0, 64).pack() + b"f" * 64,
        Header(AUTH_METHOD, 0, 0, 63).pack() + TOKEN.encode()[:63],
        Header(AUTH_METHOD, 0, 0, 1 << 30).pack(),
        Header(1, 0, 1, 1).pack() + b"\x07",
    ],
)
def test_strangers_are_dropped_without_a_word_and_the_parent_gets_in(first: bytes) -> None:
    with Parent(token=TOKEN, connects=False) as parent:
        token, parent.token = parent.token, None
        parent.start()
        stranger = parent.socket
        silent = socket.socket(socket.AF_UNIX)
        silent.connect(parent.path)
        assert stranger is not None
        stranger.sendall(first)
        assert stranger.recv(100) == b""
        stranger.close()
        parent.token = token
        parent.connect()
        assert parent.call("echo", 1) == 1
        assert silent.recv(100) == b""
        silent.close()


# ── stdout ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["hello", "forge"])
def test_nothing_a_handler_writes_reaches_the_control_plane(text: str) -> None:
    with Parent() as parent:
        assert parent.call("talk", text) == 1
        parent.ping()  # the next line is our pong
        parent.order("$shutdown")
        with pytest.raises(EOFError):
            parent.line()
        assert parent.wait() == 0


def test_what_is_printed_goes_to_the_log() -> None:
    with Parent() as parent:
        parent.call("talk", "hello")
        parent.order("$shutdown")
        assert parent.wait() == 0
        log = parent.stderr()
    assert "printed while the module is loading" in log
    # print, os.write, puts, a child's echo, sys.__stdout__
    assert log.count("hello") == 5


def test_importing_the_package_elsewhere_moves_nothing() -> None:
    import subprocess

    code = "import procwire; print('here')"
    environment = {name: value for name, value in os.environ.items() if name != "PROCWIRE_MODULE_NAME"}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert out.stdout == b"here\n"


# ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────


def ends(parent: Parent, code: int = 0) -> None:
    """Told so, with nothing to wait for, although it would wait longer than anyone here."""
    assert parent.wait() == code
    assert not os.path.exists(parent.path)
    assert "still running" not in parent.stderr()


def test_the_parent_gives_more_time_than_all_of_it_takes() -> None:
    assert DRAIN_SECONDS + 2 * END_SECONDS < 5


def test_shutdown_lets_calls_finish() -> None:
    with Parent(env=LONG) as parent:
        slow = parent.request("slow", {"n": 1, "ms": 300})
        slow_async = parent.request("slow_async", {"n": 2, "ms": 300})
        parent.call("echo", 1)
        parent.order("$shutdown")
        assert parent.answer(slow).payload == b"\x01"
        assert parent.answer(slow_async).payload == b"\x02"
        with pytest.raises(EOFError):
            parent.frame()
        ends(parent)


@pytest.mark.parametrize("is_busy", [False, True])
@pytest.mark.parametrize("how", ["stdin", "data", "shutdown", "sigterm", "sigint", "both"])
def test_a_worker_ends(how: str, is_busy: bool) -> None:
    with Parent(env=SHORT if is_busy else LONG) as parent:
        assert parent.socket is not None
        assert parent.process.stdin is not None
        parent.call("echo", 1)
        if is_busy:
            parent.request("patient", {"n": 1})
            parent.request("wait_for_cancel")
            parent.request("count_async", {"n": 10_000, "ms": 1})
            parent.request("slow", {"n": 1, "ms": FOREVER})  # does not listen
            parent.call("echo", 2)
        if how == "stdin":
            parent.process.stdin.close()
        elif how == "data":
            parent.socket.close()
        elif how == "shutdown":
            parent.order("$shutdown")
        elif how == "both":
            parent.order("$shutdown")
            parent.socket.close()
        else:
            parent.process.send_signal(signal.SIGTERM if how == "sigterm" else signal.SIGINT)
        # With nobody in a handler, it waits for nobody, whatever time it has.
        assert parent.wait() == 0
        if not is_busy and how in ("shutdown", "stdin"):
            with pytest.raises(EOFError):
                parent.frame()
        log = parent.stderr()
        assert ("exits although handlers are still running: " in log) == is_busy
        assert ("slow" in log.splitlines()[-1]) == is_busy


@pytest.mark.parametrize("how", ["stdin", "shutdown", "sigterm"])
def test_a_worker_ends_before_anyone_connected(how: str) -> None:
    with Parent(connects=False, env=LONG) as parent:
        parent.path = parent.control()["params"]["pipe"]
        assert parent.process.stdin is not None
        if how == "stdin":
            parent.process.stdin.close()
        elif how == "shutdown":
            parent.order("$shutdown")
        else:
            parent.process.send_signal(signal.SIGTERM)
        ends(parent)


def test_a_parent_that_comes_and_goes_ends_it() -> None:
    with Parent(env=LONG) as parent:
        assert parent.socket is not None
        parent.socket.close()
        ends(parent)


@pytest.mark.parametrize(
    "frame",
    [
        Header(0, 0, 1, 1).pack() + b"\x01",
        Header(1, 0x40, 1, 1).pack() + b"\x01",
        Header(1, 0x80, 1, 1).pack() + b"\x01",
        Header(1, 0, 1, (1 << 30) + 1).pack(),
    ],
)
def test_a_broken_rule_of_framing_ends_it_after_what_came_before(frame: bytes) -> None:
    with Parent() as parent:
        assert parent.socket is not None
        parent.socket.sendall(Header(1, 0, 5, 1).pack() + b"\x07" + frame)
        assert parent.frame().payload == b"\x07"
        with pytest.raises((EOFError, ConnectionResetError)):
            parent.frame()
        assert parent.wait() == 0
        assert "rule of framing" in parent.stderr()


def test_a_forked_child_neither_speaks_nor_keeps_the_connection_open() -> None:
    with Parent() as parent:
        child = parent.call("fork")
        try:
            parent.order("$shutdown")
            with pytest.raises(EOFError):
                parent.frame()  # no event of the child's, and the end, although the child lives
            os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


# ── starting ─────────────────────────────────────────────────────────────────────────────────────────────────────


METHOD = "CONTRACT = Contract(name='w', methods=(Method(name='x', kind='result'{more}),))"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("pass", "has no CONTRACT"),
        (METHOD.format(more=""), "no handler `x`"),
        ("CONTRACT = Contract(name='w')\n def __init__(self): raise ValueError('bad disk')", "bad disk"),
        (METHOD.format(more=", args=set[object] | set[int]") + "\n def x(self, req, ctx): pass", "method `x`"),
    ],
)
def test_a_worker_that_cannot_start_says_why(body: str, says: str) -> None:
    program = f"from procwire import *\nclass W(Worker):\n {body}\nserve(W)"
    with Parent(sys.executable, "-c", program, connects=False) as parent:
        message = parent.control()
        assert message["method"] == "$error"
        assert says in message["params"]["message"]
        assert parent.wait() == 1
        assert says in parent.stderr()


def test_run_serves_a_class_by_its_name() -> None:
    env = {"PYTHONPATH": str(WORKERS)}
    with Parent(sys.executable, "-m", "procwire", "run", "everyday:Everyday", env=env) as parent:
        assert parent.call("echo", 5) == 5


@pytest.mark.parametrize("target", ["nowhere:Nothing", "everyday:Nothing", "everyday:Number"])
def test_run_reports_what_it_cannot_load(target: str) -> None:
    env = {"PYTHONPATH": str(WORKERS)}
    with Parent(sys.executable, "-m", "procwire", "run", target, env=env, connects=False) as parent:
        message = parent.control()
        assert message["method"] == "$error"
        assert target.split(":")[0] in message["params"]["message"]
        assert parent.wait() == 1


def test_orders_among_noise_are_heard_and_noise_is_not() -> None:
    with Parent() as parent:
        stdin = parent.process.stdin
        assert stdin is not None
        stdin.write(b'noise\n {"method":"$shutdown"}\n{"method":\n[]\n{"method":7}\n' + b"x" * 200_000 + b"\n")
        stdin.write(b'\xff\xfe{"method":"$ping"}\r\n{"id":1,"method":"$ping","params":[]}\r\n')
        stdin.flush()
        assert parent.control()["method"] == "$pong"
        assert parent.call("echo", 1) == 1
