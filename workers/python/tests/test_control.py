"""Control lines: what is written, and what is understood."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vectors
from procwire.control.lines import Lines
from procwire.control.message import PONG, Order, error, init, parse

LIVE = vectors.ALL["live"]


def test_what_the_published_parent_writes_is_understood() -> None:
    ping, shutdown = (line.encode() for line in LIVE["npm_parent"]["stdin_lines"])
    assert (parse(ping), parse(shutdown)) == (Order.PING, Order.SHUTDOWN)


def test_what_the_published_worker_writes_we_write_too() -> None:
    theirs, pong = LIVE["npm_worker"]["stdout_lines"]
    assert pong.encode() + b"\n" == PONG
    params = msgspec.json.decode(theirs)["params"]
    methods = {name: (one["id"], one["response"]) for name, one in params["schema"]["methods"].items()}
    events = {name: one["id"] for name, one in params["schema"]["events"].items()}
    line = init(params["pipe"], methods, events, {"generation": 1})
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    ours = msgspec.json.decode(line)
    assert ours["params"].pop("procwire") == {"generation": 1}
    assert ours == msgspec.json.decode(theirs)


def test_line_separators_of_node_are_escaped() -> None:
    line = error("a\u2028b\u2029c\nd")
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert msgspec.json.decode(line)["params"]["message"] == "a\u2028b\u2029c\nd"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"x",
        b' {"method":"$ping"}',
        b'["$ping"]',
        b'{"method":7}',
        b'{"method":"$init"}',
        b"{",
        b"{" * 50_000,
        b"{}\xff",
    ],
)
def test_anything_else_is_ignored(line: bytes) -> None:
    assert parse(line) is None


@given(
    st.lists(st.binary(max_size=50).map(lambda one: one.replace(b"\n", b"").replace(b"\r", b"")), max_size=10),
    st.data(),
)
def test_lines_do_not_depend_on_how_the_stream_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    ends = [data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"])) for _ in lines]
    text = b"".join(line + end for line, end in zip(lines, ends, strict=True))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    reader = Lines()
    found = [one for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) for one in reader.feed(text[a:b])]
    assert found == [line for line in lines if line]


def test_a_line_without_end_costs_no_memory() -> None:
    reader = Lines(max_line=100)
    for _ in range(1000):
        assert reader.feed(b"x" * 90) == []
    assert reader.feed(b"x\nnext\n") == [b"next"]
    assert reader.feed(b"y" * 101 + b"\n" + b"z" * 100 + b"\n") == [b"z" * 100]
