"""The worker's descriptors 0 and 1, set aside before user code runs.

After ``capture`` the control plane lives on two private descriptors that no child process inherits. Descriptor 1
is what 2 is, so that whatever prints, in Python, in C or in a child process, writes to the log; descriptor 0 is
empty. Twin in spirit: procwire-runtime/src/worker/stdio.rs. Knows no message.
"""

from __future__ import annotations

import fcntl
import os
import sys
from typing import Final, NamedTuple

MODULE_NAME: Final = "PROCWIRE_MODULE_NAME"
TOKEN: Final = "PROCWIRE_TOKEN"
FEATURES: Final = "PROCWIRE_FEATURES"


class Control(NamedTuple):
    """Where the control plane is, and what the parent said through the environment."""

    reads: int
    writes: int
    module: str | None
    token: str | None
    features: tuple[str, ...]


_captured: Control | None = None


def capture() -> Control:
    """Takes descriptors 0 and 1 away, once; later calls give what the first one found.

    The parent's variables leave the environment too: a child process is not this worker.
    """
    global _captured
    if _captured is not None:
        return _captured
    reads = _aside(0, os.O_RDONLY)
    writes = _aside(1, os.O_WRONLY)
    _replace(0, os.O_RDONLY)
    if _is_open(2):
        os.dup2(2, 1)
    else:
        _replace(1, os.O_WRONLY)
    stdout: object = sys.stdout
    reconfigure = getattr(stdout, "reconfigure", None)
    if reconfigure is not None:
        # Or what a handler prints would sit in a buffer, and be lost with the process.
        reconfigure(line_buffering=True)
    features = os.environ.pop(FEATURES, "")
    _captured = Control(
        reads,
        writes,
        os.environ.pop(MODULE_NAME, None),
        os.environ.pop(TOKEN, None),
        tuple(name for name in features.split(",") if name),
    )
    return _captured


def capture_if_started_by_a_parent() -> None:
    """``capture``, unless nothing says that a parent is there: importing this package for its types, in a test
    or a notebook, must not move anyone's stdout."""
    if MODULE_NAME in os.environ:
        capture()


def _aside(fd: int, mode: int) -> int:
    try:
        # Above 2, should any of the three be closed; not inherited by children.
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    except OSError:
        return os.open(os.devnull, mode | os.O_CLOEXEC)


def _replace(fd: int, mode: int) -> None:
    null = os.open(os.devnull, mode | os.O_CLOEXEC)
    if null != fd:
        os.dup2(null, fd)
        os.close(null)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
