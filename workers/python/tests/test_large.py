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
def test_raw_bytes_cross_both_ways(shared: Parent, size: int) -> None:
    data = pattern(size)
    assert shared.socket is not None
    # Something before and after it, in the same pieces.
    before, after = shared.request("echo", 1), 0
    request = shared.request("blob", raw=data)
    after = shared.request("echo", 2)
    assert shared.answer(before).payload == b"\x01"
    frame = shared.answer(request)
    assert frame.flags == flags.RESPONSE
    assert frame.payload == data
    assert shared.answer(after).payload == b"\x02"


@pytest.mark.parametrize("size", [262_140, 9 * MIB, 64 * MIB])
def test_packed_bytes_cross_both_ways(shared: Parent, size: int) -> None:
    for _ in range(2):  # the second finds a used buffer
        assert shared.call("size", pattern(size)) == size
    assert decode(shared.answer(shared.request("make", {"n": size})).payload) == bytes(size)
    assert shared.call("echo", "after") == "after"


def test_a_large_request_for_an_unknown_method_is_passed_over(shared: Parent) -> None:
    shared.send(4711, 9, bytes(3 * MIB))
    assert decode(shared.frame().payload)["kind"] == "unsupported"
    assert shared.call("echo", 1) == 1


def test_a_large_invalid_request_is_refused(shared: Parent) -> None:
    request = shared.request("checked", raw=encode({"tags": ["x" * 300_000, 5]}))
    assert shared.failure(request)["field"] == "$.tags[1]"
    assert shared.call("echo", 1) == 1


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
