"""The socket: where it is, who may see it, and which connection is the parent's.

Twins: procwire-runtime/src/transport, workers/typescript/src/transport.ts. Knows frames only as far as AUTH.
"""

from __future__ import annotations

import os
import select
import socket
from time import monotonic
from typing import Final

from .errors import StartError
from .ids import AUTH_METHOD
from .wire.header import HEADER, SIZE

AUTH_SECONDS: Final = 5.0
"""How long a connection may take to show the token. Others are looked at meanwhile."""
_MAX_TOKEN: Final = 4096
_MAX_PATH: Final = 107 if os.uname().sysname == "Linux" else 103


def socket_path(folder: str | None) -> str:
    """A fresh, unguessable path in ``folder``, or in the user's runtime folder."""
    base = folder or os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"
    return f"{base.rstrip('/')}/procwire-{os.getpid()}-{os.urandom(16).hex()}.sock"


class Listener:
    """A listening socket with its file, which is gone when ``close`` returns."""

    def __init__(self, path: str) -> None:
        if len(os.fsencode(path)) > _MAX_PATH:
            raise StartError(
                f"the socket path has {len(os.fsencode(path))} bytes and the system allows {_MAX_PATH}: {path}; "
                "set XDG_RUNTIME_DIR or TMPDIR to a shorter folder"
            )
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        umask = os.umask(0o177)
        try:
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
            self._socket.bind(path)
            self._socket.listen(16)
        except OSError as error:
            self._socket.close()
            raise StartError(f"cannot listen at {path}: {error.strerror}") from error
        finally:
            os.umask(umask)

    def close(self) -> None:
        """Stops listening and removes the file."""
        try:
            os.unlink(self.path)
        except OSError:
            pass
        self._socket.close()

    def adopt(self, token: str | None, waker: int) -> tuple[socket.socket, bytes] | None:
        """Waits for the parent. Without a token, the first connection is it; with one, the first that shows it,
        whatever strangers do meanwhile. Gives the connection and what came after the token.

        None when ``waker`` became readable first: nobody will come.
        """
        poll = select.poll()
        poll.register(waker, select.POLLIN)
        poll.register(self._socket, select.POLLIN)
        pending: dict[int, _Candidate] = {}
        try:
            while True:
                for fd, _ in poll.poll(_patience(pending)):
                    if fd == waker:
                        return None
                    if fd == self._socket.fileno():
                        connection = self._socket.accept()[0]
                        if token is None:
                            return connection, b""
                        pending[connection.fileno()] = _Candidate(connection)
                        poll.register(connection, select.POLLIN)
                        continue
                    rest = pending[fd].receive(token or "")
                    if rest is not None:
                        return pending.pop(fd).socket, rest
                for fd in [fd for fd, one in pending.items() if one.is_refused or one.deadline <= monotonic()]:
                    poll.unregister(fd)
                    pending.pop(fd).socket.close()
        finally:
            for one in pending.values():
                one.socket.close()


class _Candidate:
    """A connection that has not shown the token yet."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.deadline = monotonic() + AUTH_SECONDS
        self.is_refused = False
        self._data = b""

    def receive(self, token: str) -> bytes | None:
        """Reads on. Gives what follows a right token; notes a wrong one."""
        import hmac  # costs start-up time, and only parents that ask for a token need it

        try:
            got = self.socket.recv(64 << 10)
        except OSError:
            got = b""
        self._data += got
        if not got:
            self.is_refused = True
        if len(self._data) < SIZE:
            return None
        method, _, _, length = HEADER.unpack_from(self._data)
        if method != AUTH_METHOD or length > _MAX_TOKEN:
            self.is_refused = True
            return None
        if len(self._data) < SIZE + length:
            return None
        if hmac.compare_digest(self._data[SIZE : SIZE + length], token.encode()):
            return self._data[SIZE + length :]
        self.is_refused = True
        return None


def _patience(pending: dict[int, _Candidate]) -> float | None:
    """Milliseconds until the first deadline."""
    if not pending:
        return None
    return max(0.0, min(one.deadline for one in pending.values()) - monotonic()) * 1000 + 1
