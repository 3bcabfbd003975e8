"""Payloads far beyond the receive buffer."""

from __future__ import annotations

import hashlib
import sys

import pytest

from parent import WORKERS, Parent, decode, encode
from procwire.wire import flags

MIB = 1 << 20


def pattern(size: int) -> bytes:
    block = hashlib.shake_128(b"procwire").digest(65_537)
    return (block * (size // len(block) + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 65_536, 262_132, 262_133, 262_134, 262_144, MIB, 64 * MIB])
def test_raw_bytes_cross_both_ways(parent: Parent, size: int) -> None:
    data = pattern(size)
    assert parent.socket is not None
    # Something before and after it, in the same pieces.
    before, after = parent.request("echo", 1), 0
    request = parent.request("blob", raw=data)
    after = parent.request("echo", 2)
    assert parent.answer(before).payload == b"\x01"
    frame = parent.answer(request)
    assert frame.flags == flags.RESPONSE
    assert frame.payload == data
    assert parent.answer(after).payload == b"\x02"


@pytest.mark.parametrize("size", [262_140, 9 * MIB, 64 * MIB])
def test_packed_bytes_cross_both_ways(parent: Parent, size: int) -> None:
    for _ in range(2):  # the second finds a used buffer
        assert parent.call("size", pattern(size)) == size
    assert decode(parent.answer(parent.request("make", {"n": size})).payload) == bytes(size)
    assert parent.call("echo", "after") == "after"


def test_a_large_request_for_an_unknown_method_is_passed_over(parent: Parent) -> None:
    parent.send(4711, 9, bytes(3 * MIB))
    assert decode(parent.frame().payload)["kind"] == "unsupported"
    assert parent.call("echo", 1) == 1


def test_a_large_invalid_request_is_refused(parent: Parent) -> None:
    request = parent.request("checked", raw=encode({"tags": ["x" * 300_000, 5]}))
    assert parent.failure(request)["field"] == "$.tags[1]"
    assert parent.call("echo", 1) == 1


def test_the_limit_is_kept() -> None:
    with Parent(sys.executable, "-c", LIMITED.format(folder=str(WORKERS))) as parent:
        assert parent.call("size", bytes(90)) == 90
        parent.request("size", bytes(100))
        with pytest.raises((EOFError, ConnectionResetError)):
            parent.frame()
        assert "over the limit of 100" in parent.stderr()


LIMITED = """
import sys
sys.path.insert(0, {folder!r})
from everyday import Everyday
from procwire import serve
serve(Everyday, max_payload=100)
"""
