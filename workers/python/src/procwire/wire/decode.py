"""From received bytes to frames, for every way a stream can be cut.

Twins: procwire-runtime/src/wire/decode.rs, workers/typescript/src/wire/decode.ts. Pure.
The call path has this loop once more, in worker/reader.py, where a call per frame would cost a tenth of the
throughput; a test holds the two to the same answers.
"""

from __future__ import annotations

from ..ids import ABSOLUTE_MAX_PAYLOAD
from .frame import Frame
from .header import SIZE, Header


class FrameError(Exception):
    """The peer broke a rule of framing; nothing after it can be trusted."""


class FrameDecoder:
    """Gathers bytes and gives whole frames, for whoever reads few of them."""

    def __init__(self, max_payload: int) -> None:
        self._max_payload = min(max_payload, ABSOLUTE_MAX_PAYLOAD)
        self._data = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """Takes what was received and gives the frames it completed.

        Raises FrameError on a header that no peer may send.
        """
        self._data += data
        frames: list[Frame] = []
        at = 0
        while len(self._data) - at >= SIZE:
            header = Header.unpack(self._data, at)
            fault = header.fault(self._max_payload)
            if fault is not None:
                raise FrameError(fault)
            stop = at + SIZE + header.length
            if stop > len(self._data):
                break
            payload = bytes(self._data[at + SIZE : stop])
            frames.append(Frame(header.method, header.flags, header.request, payload))
            at = stop
        del self._data[:at]
        return frames

    @property
    def rest(self) -> bytes:
        """What was received beyond the last whole frame."""
        return bytes(self._data)
