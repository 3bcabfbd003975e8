"""Payloads made to hurt: refused with a sentence, and the worker lives."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parent import Parent, encode
from procwire import Json, Struct, open_union
from procwire.codec import decoder, limits
from procwire.errors import InvalidError
from procwire.wire import flags

HOSTILE = Path(__file__).parents[3] / "tests" / "vectors" / "hostile.json"


def read(payload: bytes, type_: Any = Json) -> Any:
    """As a worker reads: the quick way, then the patient one."""
    quick, patient = decoder("msgpack", type_)
    try:
        return quick(payload)
    except Exception:
        return patient(payload)


class Tree(Struct):
    name: str = ""
    children: tuple[Tree, ...] = ()


class Flat(Struct):
    n: int = 0
    items: tuple[dict[str, list[float]], ...] = ()


class Leaf(Struct, tag="leaf"):
    n: int = 0


def arrays(depth: int, inner: bytes = b"\xc0") -> bytes:
    return b"\x91" * depth + inner


def maps(depth: int) -> bytes:
    return b"\x81\xa1a" * depth + b"\xc0"


def trees(depth: int) -> bytes:
    return b"\x81\xa8children\x91" * depth + b"\x80"


@pytest.mark.parametrize(
    "payload",
    [
        arrays(64),
        arrays(63, b"\x90"),
        maps(64),
        b"\xdc\x00\x01" * 64 + b"\x01",
        b"\xdf\x00\x00\x00\x01\xa0" * 64 + b"\x01",
    ],
)
def test_f04_sixty_four_levels_are_read(payload: bytes) -> None:
    assert read(payload) is not None


@pytest.mark.parametrize(
    "payload",
    [
        arrays(65),
        arrays(64, b"\x90"),
        arrays(64, b"\x80"),
        maps(65),
        b"\xdd\x00\x00\x00\x01" * 65 + b"\x01",
        b"\xde\x00\x01\xa0" * 65 + b"\x01",
        b"\x92\xc4\x03abc" + arrays(64),
        b"\x93\xc7\x09\x01" + b"\x91" * 9 + b"\xd9\x02ab" + arrays(64),
        arrays(1_025),
        arrays(1_000_000),
        b"\x81" * 300 + b"\xc0",  # maps as keys of maps
    ],
)
def test_f04_deeper_ones_are_refused(payload: bytes) -> None:
    with pytest.raises(InvalidError, match="nested more than 64 deep"):
        read(payload)
    with pytest.raises(InvalidError, match="nested more than 64 deep"):
        read(payload, Any)


def test_f04_bytes_that_look_like_nesting_are_not() -> None:
    assert read(encode({"a": b"\x91" * 1000}), Any) == {"a": b"\x91" * 1000}
    assert read(encode([[n] for n in range(1000)])) == [[n] for n in range(1000)]


def test_f04_types_that_contain_themselves_are_held_to_it() -> None:
    assert not limits.is_bounded(Tree)
    assert read(trees(31), Tree)
    with pytest.raises(InvalidError, match="nested more than 64 deep"):
        read(trees(33), Tree)
    assert not limits.is_bounded(open_union(Leaf))
    with pytest.raises(InvalidError, match="nested more than 64 deep"):
        read(b"\x82\xa4type\xa1x\xa1a" + arrays(64), open_union(Leaf))


def test_f04_flat_types_cost_no_check() -> None:
    assert limits.is_bounded(Flat)
    typed, _ = decoder("msgpack", Flat)
    assert type(typed).__name__ == "builtin_function_or_method"


@pytest.mark.parametrize(
    "payload",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ],
)
def test_f05_length_bombs_cost_no_memory(payload: bytes) -> None:
    for data in (payload, b"\x91" * 60 + payload, payload + bytes(500)):
        tracemalloc.start()
        with pytest.raises(InvalidError):
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 20


def test_f06_a_million_elements_are_read() -> None:
    assert len(read(b"\xdd" + (1_000_000).to_bytes(4, "big") + b"\xc0" * 1_000_000)) == 1_000_000
    assert len(read(encode(dict.fromkeys(map(str, range(500_000)), 0)))) == 500_000


@pytest.mark.parametrize(
    "payload",
    [
        b"\xdd" + (1_000_001).to_bytes(4, "big") + b"\xc0" * 1_000_001,
        b"\xdd" + (16 << 20).to_bytes(4, "big") + b"\xc0" * (16 << 20),
        b"\xdd" + (600_000).to_bytes(4, "big") + b"\x91\xc0" * 600_000,
        b"\xdf" + (500_001).to_bytes(4, "big") + b"\xa1a\xc0" * 500_001,
        b"\x92" + (b"\xdd" + (500_000).to_bytes(4, "big") + b"\xc0" * 500_000) * 2,
    ],
)
def test_f06_more_are_refused_before_any_is_made(payload: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(InvalidError, match="more than 1000000 elements"):
        decoder("msgpack", Any)[1](payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(one) for one in value.values()), default=0)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return 1 + max((depth(one) for one in value), default=0)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return 0


@given(json, st.integers(40, 90))
def test_f04_the_check_and_the_decoder_agree(value: object, around: int) -> None:
    payload = b"\x92\xc0" * around + encode(value)
    total = around + depth(value)
    if total > limits.MAX_DEPTH:
        with pytest.raises(InvalidError, match="deep"):
            limits.check(payload + bytes(70))
    else:
        limits.check(payload + bytes(70))


@given(st.binary(max_size=400))
def test_f02_the_check_survives_whatever_comes(payload: bytes) -> None:
    for data in (payload, b"\x90" * 70 + payload, b"\xdc\x01\x00" + b"\x91" * 30 + payload * 2 + b"\x91" * 70):
        try:
            limits.check(data)
        except InvalidError:
            pass


@pytest.mark.parametrize("method", ["echo", "nothing", "tree"])
def test_f04_a_worker_refuses_depth_and_lives(shared: Parent, method: str) -> None:
    payload = trees(500) if method == "tree" else b"\x81\xa1a" + arrays(64)
    error = shared.failure(shared.request(method, raw=payload))
    assert error["kind"] == "invalid"
    assert "nested more than 64 deep" in error["message"]
    assert shared.call("echo", 1) == 1


def test_f06_a_worker_refuses_too_many_elements_and_lives(parent: Parent) -> None:
    for method in ("echo", "checked", "nothing"):
        bomb = b"\x81\xa4tags\xdd" + (8 << 20).to_bytes(4, "big") + b"\xc0" * (8 << 20)
        error = parent.failure(parent.request(method, raw=bomb))
        assert (error["kind"], error["field"]) == ("invalid", "$")
        assert "more than 1000000 elements" in error["message"]
    assert parent.call("echo", 1) == 1
    # Bytes are no elements.
    assert parent.answer(parent.request("size", bytes(8 << 20))).flags == flags.RESPONSE


def corpus() -> list[Any]:
    found: list[Any] = msgspec.json.decode(HOSTILE.read_bytes())
    assert found
    return found


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case["name"])
def test_the_three_languages_give_the_same_verdict(case: Any) -> None:
    if "hex" in case:
        payload = bytes.fromhex(case["hex"])
    else:
        payload = b"".join(bytes.fromhex(part["hex"]) * part["times"] for part in case["repeat"])
    if case["verdict"] == "ok":
        read(payload)
    else:
        with pytest.raises(InvalidError):
            read(payload)
