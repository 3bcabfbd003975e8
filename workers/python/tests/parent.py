"""A parent in a hundred lines, over real processes: what the tests need to say and hear, and nothing hidden."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from procwire.ids import ABORT_METHOD, AUTH_METHOD, CHUNK_COST, CREDIT_METHOD, STARTED_METHOD
from procwire.wire import flags
from procwire.wire.decode import FrameDecoder
from procwire.wire.frame import Frame
from procwire.wire.header import Header

WORKERS = Path(__file__).parent / "workers"
PATIENCE = 120.0
"""Seconds after which a test gives up. What is waited for takes milliseconds; the machine may be busy."""
FOREVER = 600_000
"""Milliseconds that a handler takes of which nobody shall see the end."""
LONG = {"DRAIN": "600", "CLEANUP": "600"}
"""The environment of a worker that gives running calls more time at its end than anyone waits …"""
SHORT = {"DRAIN": "0.1"}
"""… and of one that hardly gives them any."""
WINDOW = 64 << 10
"""Bytes of a stream's window where tests offer one."""
EVERYTHING = f"started,credit={WINDOW},inherited,tagged,context,log"
NONCE = "0123456789abcdef" * 2
encode = msgspec.msgpack.encode
decode = msgspec.msgpack.decode

# Where the tests run in the background SIGINT is ignored, and what is ignored stays so in every child; what has a
# handler is not.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Parent:
    """One worker process and its two channels."""

    def __init__(
        self,
        *command: str,
        token: str | None = None,
        env: dict[str, str] | None = None,
        connects: bool = True,
        features: str = "",
        inherits: bool = False,
        nonce: str | None = None,
        keeps: Sequence[int] = (),
    ) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("PROCWIRE_")}
        environment = {**own, "PROCWIRE_MODULE_NAME": "test", "PYTHONUNBUFFERED": ""}
        environment["PROCWIRE_FEATURES"] = features
        if token is not None:
            environment["PROCWIRE_TOKEN"] = token
        if nonce is not None:
            environment["PROCWIRE_NONCE"] = nonce
        self.socket: socket.socket | None = None
        theirs: list[socket.socket] = []
        if inherits:
            self.socket, given = socket.socketpair()
            self.socket.settimeout(PATIENCE)
            theirs.append(given)
            environment["PROCWIRE_FD"] = f"{given.fileno()}:{os.fstat(given.fileno()).st_ino}"
        environment.update(env or {})
        self.process = subprocess.Popen(
            command or (sys.executable, str(WORKERS / "everyday.py")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=[*keeps, *(one.fileno() for one in theirs)],
        )
        for one in theirs:
            one.close()
        self.nonce = nonce if "tagged" in features.split(",") else None
        self.token = token
        self._text = b""
        self._lines: deque[bytes] = deque()
        self._decoder = FrameDecoder(1 << 31)
        self.frames: deque[Frame] = deque()
        self._next = 1
        self.features: list[str] = []
        self.started: list[int] = []
        """The requests whose handlers were said to begin."""
        self.grants = True
        """Whether what is read of a stream is granted again."""
        self._taken: dict[int, int] = {}
        if connects:
            self.start()

    def __enter__(self) -> Parent:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        self.process.wait()
        if self.socket is not None:
            self.socket.close()

    # ── control plane ────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Waits for $init and connects."""
        self.init = self.control()
        assert self.init["method"] == "$init", self.init
        self.path = self.init["params"]["pipe"]
        schema = self.init["params"]["schema"]
        self.methods: dict[str, int] = {name: one["id"] for name, one in schema["methods"].items()}
        self.events: dict[str, int] = {name: one["id"] for name, one in schema["events"].items()}
        self.features = self.init["params"]["procwire"]["features"]
        if "inherited" not in self.features:
            if self.socket is not None:
                self.socket.close()
            self.connect()

    def connect(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.socket.settimeout(PATIENCE)
        if self.token is not None:
            self.send(AUTH_METHOD, 0, self.token.encode())

    def line(self, timeout: float = PATIENCE) -> bytes:
        """The next line of the worker's stdout."""
        stdout = self.process.stdout
        assert stdout is not None
        while not self._lines:
            assert select.select([stdout], [], [], timeout)[0], "no line"
            got = os.read(stdout.fileno(), 65536)
            if not got:
                raise EOFError(self.stderr())
            *lines, self._text = (self._text + got).split(b"\n")
            self._lines.extend(lines)
        return self._lines.popleft()

    def control(self) -> Any:
        return msgspec.json.decode(self.line())

    def order(self, method: str) -> None:
        stdin = self.process.stdin
        assert stdin is not None
        tag = {} if self.nonce is None else {"nonce": self.nonce}
        stdin.write(msgspec.json.encode({"jsonrpc": "2.0", "method": method, **tag}) + b"\n")
        stdin.flush()

    def ping(self) -> None:
        """Waits for the pong, which is the next line."""
        self.order("$ping")
        pong = self.control()
        assert (pong["method"], pong.get("nonce")) == ("$pong", self.nonce)

    def stderr(self) -> str:
        """What the worker wrote to stderr; waits for its end."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def notes(self, text: bytes) -> None:
        """Waits for a line on stderr."""
        assert self.process.stderr is not None
        while (line := self.process.stderr.readline()) != text:
            assert line, "the worker is gone"

    def wait(self, timeout: float = PATIENCE) -> int:
        return self.process.wait(timeout)

    # ── data plane ───────────────────────────────────────────────────────────────────────────────────────────

    def send(self, method: int, request: int, payload: bytes = b"", flag: int = 0) -> None:
        assert self.socket is not None
        self.socket.sendall(Header(method, flag, request, len(payload)).pack() + payload)

    def request(self, name: str, args: Any = None, *, raw: bytes | None = None) -> int:
        """Sends a request and gives its id."""
        request = self._next
        self._next += 1
        self.send(self.methods[name], request, encode(args) if raw is None else raw)
        return request

    @property
    def upcoming(self) -> int:
        """The id of the next request."""
        return self._next

    def socket_batch(self, frames: Sequence[tuple[int, int, bytes]]) -> None:
        """Sends frames of (method, request, payload) at once."""
        assert self.socket is not None
        self.socket.sendall(b"".join(Header(m, 0, r, len(payload)).pack() + payload for m, r, payload in frames))

    def oneway(self, name: str, args: Any = None) -> None:
        self.send(self.methods[name], 0, encode(args))

    def abort(self, request: int) -> None:
        self.send(ABORT_METHOD, request)

    def frame(self) -> Frame:
        """The next frame but those that say that a handler begins, which are noted. Raises EOFError at the end."""
        while True:
            frame = self.any_frame()
            if frame.method == STARTED_METHOD and "started" in self.features:
                assert (frame.flags, frame.payload) == (flags.TO_PARENT, b"")
                self.started.append(frame.request)
                continue
            if self.grants and "credit" in self.features and frame.flags == flags.CHUNK:
                taken = self._taken.get(frame.request, 0) + len(frame.payload) + CHUNK_COST
                if taken >= WINDOW // 2:
                    self.grant(frame.request, taken)
                    taken = 0
                self._taken[frame.request] = taken
            return frame

    def grant(self, request: int, amount: int) -> None:
        """Lets a stream send that many bytes more."""
        try:
            self.send(CREDIT_METHOD, request, amount.to_bytes(4, "big"))
        except OSError:
            pass  # the worker is gone; what it sent is still to be read

    def any_frame(self) -> Frame:
        """The next frame, whatever it is."""
        assert self.socket is not None
        while not self.frames:
            got = self.socket.recv(1 << 20)
            if not got:
                raise EOFError
            self.frames.extend(self._decoder.feed(got))
        return self.frames.popleft()

    def rest(self) -> list[Frame]:
        """What comes until the end of data; a reset is the end that a killed worker leaves."""
        frames: list[Frame] = []
        while True:
            try:
                frames.append(self.frame())
            except (EOFError, ConnectionResetError):
                return frames

    def answer(self, request: int) -> Frame:
        """The next frame of that request; others are kept."""
        kept: list[Frame] = []
        try:
            while True:
                frame = self.frame()
                if frame.request == request:
                    return frame
                kept.append(frame)
        finally:
            self.frames.extendleft(reversed(kept))

    def call(self, name: str, args: Any = None) -> Any:
        """A whole call to a result method."""
        frame = self.answer(self.request(name, args))
        assert frame.flags == flags.RESPONSE, decode(frame.payload)
        return decode(frame.payload)

    def failure(self, request: int, flag: int = flags.ERROR) -> Any:
        """The error that answers a request."""
        frame = self.answer(request)
        assert frame.flags == flag, (hex(frame.flags), frame.payload)
        return decode(frame.payload)

    def stream(self, request: int) -> tuple[list[Any], Frame]:
        """The items of a stream and its last frame."""
        items: list[Any] = []
        while True:
            frame = self.answer(request)
            if frame.flags != flags.CHUNK:
                return items, frame
            items.append(decode(frame.payload))
