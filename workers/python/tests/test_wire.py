"""Frames: the golden bytes, and every way to cut a stream."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vectors
from procwire import ids
from procwire.wire import flags
from procwire.wire.decode import FrameDecoder, FrameError
from procwire.wire.encode import LARGE, frame
from procwire.wire.frame import Frame
from procwire.wire.header import Header

LIMIT = ids.DEFAULT_MAX_PAYLOAD


def test_constants_are_the_published_ones() -> None:
    constants = vectors.ALL["constants"]
    assert Header(1, 0, 1, 0).pack().__len__() == constants["HEADER_SIZE"]
    assert constants["DEFAULT_MAX_PAYLOAD_SIZE"] == ids.DEFAULT_MAX_PAYLOAD
    assert constants["ABSOLUTE_MAX_PAYLOAD_SIZE"] == ids.ABSOLUTE_MAX_PAYLOAD
    assert constants["ABORT_METHOD_ID"] == ids.ABORT_METHOD
    assert constants["AUTH_METHOD_ID"] == ids.AUTH_METHOD
    published: dict[str, int] = constants["Flags"]
    for name, number in published.items():
        assert getattr(flags, "TO_PARENT" if name == "DIRECTION_TO_PARENT" else name) == number


@pytest.mark.parametrize("vector", vectors.ALL["headers"], ids=lambda one: one["hex"])
def test_headers_both_ways(vector: Any) -> None:
    header = Header(vector["methodId"], vector["flags"], vector["requestId"], vector["payloadLength"])
    assert header.pack().hex() == vector["hex"]
    assert Header.unpack(bytes.fromhex(vector["hex"])) == header


@pytest.mark.parametrize("vector", vectors.ALL["frames"], ids=lambda one: one["kind"])
def test_frames_both_ways(vector: Any) -> None:
    data = bytes.fromhex(vector["hex"])
    (one,) = FrameDecoder(LIMIT).feed(data)
    assert (one.method, one.flags, one.request) == (vector["methodId"], int(vector["flags"], 16), vector["requestId"])
    assert len(one.payload) == vector["payloadLength"]
    assert frame(*one) == data


SENT = {
    "response": flags.RESPONSE,
    "ack": flags.ACK,
    "stream chunk": flags.CHUNK,
    "stream end": flags.END,
    "error response": flags.ERROR,
    "stream error": flags.STREAM_ERROR,
    "event": flags.EVENT,
}


@pytest.mark.parametrize("kind", SENT)
def test_flag_combinations_are_the_published_ones(kind: str) -> None:
    found = [v for v in vectors.ALL["frames"] if v["kind"].startswith(kind) and v["direction"] == "worker->parent"]
    assert found
    assert {int(one["flags"], 16) for one in found} == {SENT[kind]}


@pytest.mark.parametrize("vector", vectors.ALL["frame_validation"], ids=lambda one: one["name"])
def test_what_is_accepted_and_what_ends_the_connection(vector: Any) -> None:
    decoder = FrameDecoder(vector["maxPayloadSize"])
    data = bytes.fromhex(vector["hex"])
    if vector["accepted"]:
        assert len(decoder.feed(data)) == vector.get("frames", 1)
    else:
        with pytest.raises(FrameError):
            decoder.feed(data)


FRAMES = st.lists(
    st.builds(
        Frame,
        st.integers(1, 0xFFFF),
        st.integers(0, 0x3F),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=300),
    ),
    max_size=8,
)


@given(FRAMES, st.lists(st.integers(0, 3000), max_size=20))
def test_frames_do_not_depend_on_how_the_stream_is_cut(frames: list[Frame], cuts: list[int]) -> None:
    data = b"".join(joined(one) for one in frames)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    decoder = FrameDecoder(LIMIT)
    found = [one for a, b in pairwise(places) for one in decoder.feed(data[a:b])]
    assert found == frames
    assert decoder.rest == b""


@given(st.binary(max_size=200))
def test_any_bytes_give_frames_or_a_frame_error(data: bytes) -> None:
    decoder = FrameDecoder(100)
    try:
        found = decoder.feed(data)
    except FrameError:
        return
    assert b"".join(joined(one) for one in found) + decoder.rest == data


def test_a_large_payload_is_not_copied() -> None:
    payload = bytes(LARGE)
    encoded = frame(1, flags.RESPONSE, 1, payload)
    assert isinstance(encoded, tuple)
    assert encoded[1] is payload


def joined(one: Frame) -> bytes:
    encoded = frame(*one)
    return encoded if isinstance(encoded, bytes) else b"".join(encoded)
