"""Control lines on their way to the parent, from any thread, whole.

Python's alone as a file. Knows no message.
"""

from __future__ import annotations

import os
import select
from threading import Lock


class Speaker:
    """The writing half of the control plane."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._lock = Lock()

    def say(self, line: bytes) -> None:
        """Writes a line, as long as the parent takes to make room for it. Raises OSError when it is gone."""
        with self._lock:
            while line:
                line = line[os.write(self.fd, line) :]

    def try_say(self, line: bytes) -> bool:
        """Writes a short line if there is room for it. The thread that hears the parent must not wait for it."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if not has_room(self.fd):
                return False
            # A pipe that is ready has room for PIPE_BUF bytes, so this is one write and does not wait.
            os.write(self.fd, line)
            return True
        finally:
            self._lock.release()


def has_room(fd: int) -> bool:
    """Whether a short write would not wait; it may fail."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))
