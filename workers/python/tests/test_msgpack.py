"""MessagePack: what the published peers write is read, and what we write is canonical."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vectors
from procwire import (
    I8,
    I64,
    U8,
    U64,
    EncodeError,
    Int,
    Json,
    Meta,
    OpenEnum,
    StrEnum,
    Struct,
    Timestamp,
    Unknown,
    default,
    open_union,
)
from procwire.codec import decoder, encoder
from procwire.codec.msgpack import read_any, write
from procwire.errors import InvalidError


def reader(type_: Any) -> Callable[[bytes], Any]:
    """Reads as the worker does: quickly, then patiently."""
    quick, patient = decoder("msgpack", type_)

    def read(payload: bytes) -> Any:
        try:
            return quick(memoryview(payload))
        except Exception:
            return patient(memoryview(payload))

    return read


def known(vector: Any) -> bool:
    try:
        vectors.value(vector["value"])
    except KeyError:
        return False
    return True


# Long ones come with a hash instead of their bytes.
ENCODED = [one for one in vectors.ALL["msgpack_encode"] if "value" in one and "hex" in one and known(one)]
# Text is UTF-8 here; they replace what is not.
DECODED = [
    one for one in vectors.ALL["msgpack_decode"] if "value" in one and known(one) and one["name"] != "invalid UTF-8"
]
# Only JavaScript's objects cannot have such keys.
FINE_HERE = {"nil map key", "bool map key", "bin map key", "__proto__ key"}
REFUSED = [one for one in vectors.ALL["msgpack_decode"] if "error" in one and one["name"] not in FINE_HERE]
assert len(ENCODED) > 60


@pytest.mark.parametrize("vector", ENCODED, ids=lambda one: one["name"])
def test_what_the_published_codec_writes_is_read(vector: Any) -> None:
    got = read_any(bytes.fromhex(vector["hex"]))
    want = vectors.value(vector["value"])
    assert got == want or (got != got and want != want)


@pytest.mark.parametrize("vector", DECODED, ids=lambda one: one["name"])
def test_what_the_published_codec_reads_is_read(vector: Any) -> None:
    got = read_any(bytes.fromhex(vector["hex"]))
    want = vectors.value(vector["value"])
    if isinstance(want, float):
        assert float(got) == want  # whole numbers stay exact here; they round
    elif isinstance(want, dict) and "map key" in vector["name"]:
        assert {str(key): item for key, item in got.items()} == want
    elif isinstance(want, datetime):
        assert abs(got - want) < timedelta(milliseconds=1)
    else:
        assert got == want


@pytest.mark.parametrize("vector", REFUSED, ids=lambda one: one["name"])
def test_what_they_refuse_is_refused(vector: Any) -> None:
    with pytest.raises(InvalidError):
        reader(Any)(bytes.fromhex(vector["hex"]))


# ── leniency, where JavaScript cannot tell values apart ──────────────────────────────────────────────────────────

DAY = datetime(2023, 11, 14, 22, 13, 20, 7000, timezone.utc)


@pytest.mark.parametrize(
    ("type_", "payload", "value"),
    [
        (bytes, "c703 01 010203", b"\x01\x02\x03"),
        (bytes | None, "d601 deadbeef", b"\xde\xad\xbe\xef"),
        (Timestamp, "d702 4278bcfe56807000", DAY),
        (list[Timestamp], "91 d702 4278bcfe56807000", [DAY]),
        (dict[str, bytes], "81a161 d401ff", {"a": b"\xff"}),
        (int, "cb4008000000000000", 3),
        (Int, "cb433fffffffffffff", 2**53 - 1),
        (U64, "cb43e0000000000000", 2**63),
        (I8, "cbc060000000000000", -128),
        (float, "01", 1.0),
        (float, "cfffffffffffffffff", 2.0**64),
        (tuple[int, float], "92 cb4008000000000000 cb8000000000000000", (3, -0.0)),
    ],
)
def test_lenient_reading(type_: Any, payload: str, value: object) -> None:
    got = reader(type_)(bytes.fromhex(payload))
    assert got == value
    assert repr(got) == repr(value)


@pytest.mark.parametrize(
    ("type_", "payload", "field"),
    [
        (int, "cb400c000000000000", "$"),  # 3.5
        (int, "cb7ff0000000000000", "$"),  # infinite
        (int, "cb7ff8000000000000", "$"),  # not a number
        (Int, "cb4340000000000000", "$"),  # 2**53
        (Int, "cf0020000000000000", "$"),
        (U8, "cd0100", "$"),
        (U8, "ff", "$"),
        (I8, "cc80", "$"),
        (I64, "cfffffffffffffffff", "$"),
        (U64, "d3ffffffffffffffff", "$"),
        (Timestamp, "b3323032302d30312d30315430303a30303a3030", "$"),  # without a zone
        (timedelta, "a52d50543553", "$"),  # -PT5S
        (list[timedelta], "92a450543553a52d50543553", "$[1]"),
        (Decimal, "a34e614e", "$"),
        (UUID, "c40f" + "00" * 15, "$"),
        (dict[str, Json], "81a161d40501", "$"),
        (Json, "81a161c40100", "$.a"),
        (bytes, "d40500", "$"),
        (str, "a1ff", "$"),
    ],
)
def test_refused_with_the_place(type_: Any, payload: str, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        reader(type_)(bytes.fromhex(payload))
    assert caught.value.field == field


def test_bounds_beyond_64_bits_with_a_sign() -> None:
    wide = Annotated[int, Meta(ge=0, extra={"max": 2**64 - 2})]
    least = Annotated[int, Meta(extra={"min": 2**63})]
    assert reader(wide)(write(2**64 - 2)) == 2**64 - 2
    for type_, number in ((wide, 2**64 - 1), (least, 2**63 - 1)):
        with pytest.raises(InvalidError):
            reader(type_)(write(number))


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Sample(Struct, omit_defaults=True):
    id: int
    title: str | None = None
    dpi: int = default(150)
    tags: list[str] = default([])
    took: timedelta | None = None


@pytest.mark.parametrize(
    ("type_", "value", "payload"),
    [
        (Timestamp, datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc), "d6ff00000001"),
        (Timestamp, DAY, "d7ff01ab3f006553f100"),
        (timedelta, timedelta(days=2, seconds=5, microseconds=3), "ad" + b"P2DT5.000003S".hex()),
        (Decimal, Decimal("12.30"), "a5" + b"12.30".hex()),
        (Decimal, Decimal("1E+3"), "a4" + b"1000".hex()),
        (list[Decimal], [Decimal("-1E-3"), Decimal(7)], "92a6" + b"-0.001".hex() + "a137"),
        (UUID, UUID(int=1), "c410" + "00" * 15 + "01"),
        (bytes, b"\x01", "c40101"),
        (float, 1.0, "cb3ff0000000000000"),
        (float, math.inf, "cb7ff0000000000000"),
        (U64, 2**64 - 1, "cfffffffffffffffff"),
        (Sample, Sample(1), "83a2696401a3647069cc96a47461677390"),
        (Sample, Sample(1, "t"), "84a2696401a57469746c65a174a3647069cc96a47461677390"),
    ],
)
def test_canonical_writing(type_: Any, value: object, payload: str) -> None:
    assert bytes(encoder("msgpack", type_)(value)).hex() == payload


@pytest.mark.parametrize(
    ("type_", "value", "field"),
    [
        (timedelta, timedelta(-1), "$"),
        (Timestamp, datetime(2020, 1, 1), "$"),
        (Decimal, Decimal("NaN"), "$"),
        (Json, {"a": [1, b"x"]}, "$.a[1]"),
        (Json, {1: 2}, "$"),
        (Sample, Sample(1, took=timedelta(-1)), "$.took"),
        (list[Sample], [Sample(1), Sample(1, took=timedelta(-1))], "$[1].took"),
        (dict[str, tuple[int, timedelta]], {"k": (1, timedelta(-1))}, "$['k'][1]"),
    ],
)
def test_what_does_not_fit_is_not_written(type_: Any, value: object, field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encoder("msgpack", type_)(value)
    assert caught.value.field == field


# ── choices and unions ───────────────────────────────────────────────────────────────────────────────────────────


class Level(StrEnum):
    LOW = "low"


class Format(OpenEnum):
    PNG = "png"


class Text(Struct, tag_field="type", tag="text"):
    content: str


class Group(Struct, tag_field="type", tag="group"):
    took: timedelta
    blocks: list[Block]


if TYPE_CHECKING:
    Block: TypeAlias = Text | Group | Unknown
else:
    Block = open_union(Text, Group)


def test_open_choices_keep_what_they_do_not_know() -> None:
    got = reader(Format)(write("avif"))
    assert isinstance(got, Format)
    assert (str(got), f"{got}", got == "avif", got.is_known) == ("avif", "avif", True, False)
    assert write(got) == write("avif")
    assert reader(Format)(write("png")) is Format.PNG
    assert Format.PNG.is_known
    with pytest.raises(InvalidError):
        reader(Level)(write("avif"))
    with pytest.raises(InvalidError):
        reader(Format)(write(3))


def test_open_unions_keep_what_they_do_not_know() -> None:
    wire = {
        "type": "group",
        "took": "PT1S",
        "blocks": [{"type": "text", "content": "a"}, {"type": "new", "deep": {"x": b"\x00"}}],
    }
    got = reader(list[Block])(write([wire]))
    assert got[0].blocks == [Text("a"), Unknown("new", {"deep": {"x": b"\x00"}})]
    assert read_any(encoder("msgpack", list[Block])(got)) == [wire]


@pytest.mark.parametrize(
    "wire", [{"type": "text"}, {"type": "text", "content": 5}, {"content": "a"}, {"type": 5}, 5, None]
)
def test_known_variants_of_open_unions_are_read_strictly(wire: object) -> None:
    with pytest.raises(InvalidError):
        reader(Block)(write(wire))


def test_what_an_open_union_holds_is_checked() -> None:
    with pytest.raises(InvalidError):
        reader(Block)(write({"type": "group", "took": "-PT1S", "blocks": []}))
    with pytest.raises(EncodeError):
        encoder("msgpack", Block)(Group(timedelta(-1), []))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert reader(Json)(bytes(encoder("msgpack", Json)(value))) == value


@given(st.binary(max_size=60))
def test_any_payload_is_read_or_refused(payload: bytes) -> None:
    for type_ in (Any, Sample, Block, Json, list[Timestamp], dict[str, Decimal]):
        try:
            reader(type_)(payload)
        except InvalidError:
            pass


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], {"a": float("nan")}])
def test_json_has_no_number_that_is_none(value: Any) -> None:
    with pytest.raises(EncodeError):
        encoder("msgpack", Json)(value)
    with pytest.raises(InvalidError):
        reader(Json)(write(value))
