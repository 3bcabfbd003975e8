"""The worker's descriptors 0 and 1, set aside before user code runs.

After ``capture`` the control plane lives on two private descriptors that no child process inherits. Descriptor 1
is what 2 is, so that whatever prints, in Python, in C or in a child process, writes to the log; descriptor 0 is
empty. Twin in spirit: procwire-runtime/src/worker/stdio.rs. Knows no message.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from typing import Final, NamedTuple

from .negotiation import Features, negotiate

OURS: Final = "PROCWIRE_"
"""What the names of all our variables begin with."""
MODULE_NAME: Final = "PROCWIRE_MODULE_NAME"
TOKEN: Final = "PROCWIRE_TOKEN"
FEATURES: Final = "PROCWIRE_FEATURES"
CHANNEL: Final = "PROCWIRE_FD"
NONCE: Final = "PROCWIRE_NONCE"
FOLDER: Final = "PROCWIRE_DIR"


class Control(NamedTuple):
    """Where the control plane is, and what the parent said through the environment."""

    reads: int
    writes: int
    module: str | None
    token: str | None
    features: Features
    channel: int | None
    """The data channel, where it was inherited."""
    nonce: str | None
    """What control lines carry, where they are tagged."""
    folder: str | None
    """Where the parent wants the socket to be."""


_captured: Control | None = None


def capture() -> Control:
    """Takes descriptors 0 and 1 away, once; later calls give what the first one found.

    The parent's variables leave the environment too: a child process is not this worker.
    """
    global _captured
    if _captured is not None:
        return _captured
    # First, or a descriptor made here might take the number of one that a launcher has closed.
    said = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(OURS)}
    channel, nonce = _inherited(said.get(CHANNEL, "")), _nonce(said.get(NONCE, ""))
    features = negotiate(said.get(FEATURES, ""), has_channel=channel is not None, has_nonce=nonce is not None)
    if channel is not None and features.inherited:
        os.set_inheritable(channel, False)
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
    _captured = Control(
        reads,
        writes,
        said.get(MODULE_NAME),
        said.get(TOKEN),
        features,
        channel if features.inherited else None,
        nonce if features.tagged else None,
        said.get(FOLDER) or None,
    )
    os.register_at_fork(after_in_child=_leave_child)
    return _captured


def capture_if_started_by_a_parent() -> None:
    """``capture``, unless nothing says that a parent is there: importing this package for its types, in a test
    or a notebook, must not move anyone's stdout."""
    if MODULE_NAME in os.environ:
        capture()


def _leave_child() -> None:
    """A forked child is not the worker: it must neither write to the parent nor keep its end open."""
    if _captured is None:
        return
    for fd in (_captured.reads, _captured.writes, _captured.channel):
        if fd is not None:
            try:
                os.close(fd)
            except OSError:
                pass


def _inherited(said: str) -> int | None:
    """The descriptor in ``number:inode``, if it is still what the parent made it: launchers close descriptors, and
    what is opened next takes the number."""
    number, _, inode = said.partition(":")
    if not (number.isascii() and number.isdigit() and inode.isascii() and inode.isdigit()) or int(number) < 3:
        return None
    try:
        found = os.fstat(int(number))
    except (OSError, OverflowError):
        return None
    return int(number) if stat.S_ISSOCK(found.st_mode) and found.st_ino == int(inode) else None


def _nonce(said: str) -> str | None:
    return said if len(said) == 32 and set(said) <= set("0123456789abcdefABCDEF") else None


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
