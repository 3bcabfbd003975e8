"""Where the data channel is: inherited from the parent, or at a path in the folder that the parent made."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from parent import PATIENCE, WORKERS, Parent
from procwire.wire import flags


def test_an_inherited_descriptor_is_the_channel() -> None:
    with Parent(features="inherited", inherits=True) as parent:
        assert parent.init["params"]["pipe"] == "inherited"
        assert parent.features == ["inherited"]
        assert parent.call("echo", 1) == 1
        assert parent.call("slow_async", {"n": 2, "ms": 1}) == 2


def test_what_was_sent_before_init_is_served() -> None:
    with Parent(features="inherited", inherits=True, connects=False) as parent:
        parent.methods = {"echo": 1}
        request = parent.request("echo", "early")
        parent.start()
        assert parent.answer(request).flags == flags.RESPONSE


def test_no_token_is_asked_for_on_an_inherited_channel() -> None:
    with Parent(features="inherited", inherits=True, env={"PROCWIRE_TOKEN": "secret"}) as parent:
        assert parent.call("echo", 1) == 1
        assert parent.call("environment") == {}


def test_a_channel_that_does_not_block_is_served_all_the_same() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        said = f"{theirs.fileno()}:{os.fstat(theirs.fileno()).st_ino}"
        parent = Parent(features="inherited", connects=False, env={"PROCWIRE_FD": said}, keeps=[theirs.fileno()])
    with parent:
        parent.socket = ours
        ours.settimeout(PATIENCE)
        parent.start()
        assert parent.features == ["inherited"]
        parent.request("make", {"n": 8 << 20})  # more than the socket holds
        assert len(parent.frame().payload) > 8 << 20


@pytest.mark.parametrize("said", ["", "3", "x:y", "-1:2", "0:1", "1:1", "99999999999999999999:1", "{fd}:1", "{fd}:"])
def test_without_the_right_descriptor_it_listens_at_a_path(said: str) -> None:
    with Parent(features="inherited", inherits=True, connects=False, env={"PROCWIRE_FD": said}) as parent:
        parent.start()
        assert parent.features == []
        assert os.path.isabs(parent.path)
        assert parent.call("echo", 1) == 1


def test_another_file_under_the_number_is_not_the_channel(folder: Path) -> None:
    with open(folder / "file", "wb") as file:
        found = os.fstat(file.fileno())
        said = f"{file.fileno()}:{found.st_ino}"
        with Parent(features="inherited", env={"PROCWIRE_FD": said}, keeps=[file.fileno()]) as parent:
            assert parent.features == []
            assert parent.call("echo", 1) == 1


def test_a_descriptor_that_was_not_offered_is_left_alone() -> None:
    with Parent(features="started", inherits=True) as parent:
        assert "inherited" not in parent.features
        assert os.path.isabs(parent.path)
        assert parent.call("echo", 1) == 1


@pytest.mark.parametrize("how", ["stdin", "data", "shutdown", "sigterm"])
def test_a_worker_with_an_inherited_channel_ends(how: str) -> None:
    with Parent(features="inherited", inherits=True) as parent:
        assert parent.socket is not None
        assert parent.process.stdin is not None
        parent.call("echo", 1)
        if how == "stdin":
            parent.process.stdin.close()
        elif how == "data":
            parent.socket.close()
        elif how == "shutdown":
            parent.order("$shutdown")
        else:
            parent.process.send_signal(signal.SIGTERM)
        assert parent.wait() == 0


def test_nothing_that_is_started_inherits_the_channel() -> None:
    with Parent(features="inherited", inherits=True) as parent:
        assert parent.call("children_see") == [0, 1, 2]


def test_a_forked_child_does_not_keep_the_inherited_channel_open() -> None:
    with Parent(features="inherited", inherits=True) as parent:
        child = parent.call("fork")
        try:
            parent.order("$shutdown")
            with pytest.raises(EOFError):
                parent.frame()
            assert parent.process.stdout is not None
            assert parent.process.stdout.read() == b""
            os.kill(child, 0)
        finally:
            os.kill(child, signal.SIGKILL)


EARLY = """
import os, sys, time
sys.path.insert(0, {folder!r})
from everyday import Everyday
from procwire import serve
child = os.fork()
if child == 0:
    os.close(2)
    os.close(1)
    time.sleep(60)
    os._exit(0)
worker = Everyday()
worker.log.append(str(child))
serve(worker)
"""


def test_a_child_forked_before_serving_does_not_keep_anything_open() -> None:
    code = EARLY.format(folder=str(WORKERS))
    with Parent(sys.executable, "-c", code, features="inherited", inherits=True) as parent:
        (child,) = parent.call("last")
        try:
            parent.order("$shutdown")
            with pytest.raises(EOFError):
                parent.frame()
            with pytest.raises(EOFError):
                parent.line()
            assert parent.wait() == 0
        finally:
            os.kill(int(child), signal.SIGKILL)


def test_the_socket_goes_where_the_parent_wants_it(folder: Path) -> None:
    with Parent(env={"PROCWIRE_DIR": str(folder), "XDG_RUNTIME_DIR": "/nowhere"}, connects=False) as parent:
        path = Path(parent.control()["params"]["pipe"])
        assert path.parent == folder
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_parent_that_removes_socket_and_folder_harms_nobody(folder: Path) -> None:
    place = folder / "own"
    place.mkdir(0o700)
    with Parent(env={"PROCWIRE_DIR": str(place)}, connects=False) as parent:
        parent.start()
        Path(parent.path).unlink(missing_ok=True)
        place.rmdir()
        assert parent.call("echo", 1) == 1
        parent.order("$shutdown")
        assert parent.wait() == 0


def test_no_variable_of_ours_reaches_user_code() -> None:
    env = {"PROCWIRE_ANYTHING": "1", "PROCWIRE_NONCE": "0" * 32, "PROCWIRE_TOKEN": ""}
    with Parent(features="inherited,unknown=7,,started", inherits=True, token="", env=env) as parent:
        assert sorted(parent.features) == ["inherited", "started"]
        assert parent.call("environment") == {}
