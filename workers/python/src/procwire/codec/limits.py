"""What a payload may cost before it is decoded: how deep it nests, and how many elements it has.

Twins: procwire-runtime/src/codec/limits.rs, workers/typescript/src/codec/limits.ts. Pure.

A few bytes can stand for very much memory (a nil is one byte, and an object once it is decoded), and nesting costs
stack in whoever walks the value. msgspec stops at the interpreter's recursion limit and raises RecursionError, which
differs between versions and lets through far more than the twins do.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import inspect

from ..errors import InvalidError

MAX_DEPTH: Final = 64
"""Arrays and maps within each other."""
MAX_ELEMENTS: Final = 1_000_000
"""Elements of arrays, keys of maps and values of maps, all together."""
COPIED: Final = 4 << 20

_OPENS: Final = bytes([*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF])
_NO_CONTAINER: Final = bytes(set(range(256)) - set(_OPENS))
_FLAT: Final = (
    inspect.NoneType, inspect.BoolType, inspect.IntType, inspect.FloatType, inspect.StrType, inspect.BytesType,
    inspect.ByteArrayType, inspect.MemoryViewType, inspect.DateTimeType, inspect.TimeType, inspect.DateType,
    inspect.TimeDeltaType, inspect.UUIDType, inspect.DecimalType, inspect.EnumType, inspect.LiteralType,
)  # fmt: skip


def _sizes() -> list[int]:
    """By first byte: the bytes of a value, negative for one that has to be looked at."""
    sizes = [1] * 256
    for first in (*_OPENS, 0xC1, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xD9, 0xDA, 0xDB):
        sizes[first] = -1
    for length in range(32):
        sizes[0xA0 + length] = 1 + length
    for first, size in {0xCA: 5, 0xCB: 9, 0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9}.items():
        sizes[first] = size
        if first >= 0xCC:
            sizes[first + 4] = size
    for power in range(5):
        sizes[0xD4 + power] = 2 + (1 << power)
    return sizes


_SIZES: Final = _sizes()
_LENGTHS: Final = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),
}  # fmt: skip
"""The bytes of a length, and what follows them beside that many."""


def may_be_deep(payload: memoryview | bytes) -> bool:
    """Whether it has bytes enough that could begin an array or a map; one look at each, and no more."""
    return len(payload) > MAX_DEPTH and len(bytes(payload).translate(None, _NO_CONTAINER)) > MAX_DEPTH


def is_bounded(type_: Any) -> bool:
    """Whether values of a type cannot nest without end. What nobody reads into, msgspec steps over with care."""
    return _is_bounded(inspect.type_info(type_), ())


def _is_bounded(info: inspect.Type, around: tuple[type, ...]) -> bool:
    if isinstance(info, inspect.Metadata):
        return _is_bounded(info.type, around)
    if isinstance(info, inspect.StructType):
        within = (*around, info.cls)
        return info.cls not in around and all(_is_bounded(field.type, within) for field in info.fields)
    if isinstance(info, inspect.UnionType):
        return all(_is_bounded(one, around) for one in info.types)
    if isinstance(info, inspect.TupleType):
        return all(_is_bounded(one, around) for one in info.item_types)
    if isinstance(info, inspect.ListType | inspect.VarTupleType | inspect.SetType | inspect.FrozenSetType):
        return _is_bounded(info.item_type, around)
    if isinstance(info, inspect.DictType):
        return _is_bounded(info.key_type, around) and _is_bounded(info.value_type, around)
    return isinstance(info, _FLAT)


def check(payload: memoryview | bytes) -> None:
    """Walks over a payload without recursion and without making anything of it.

    Raises InvalidError when it nests too deeply or has too many elements. What is cut off or is no MessagePack passes:
    the decoder says that better.
    """
    if len(payload) <= MAX_ELEMENTS and not may_be_deep(payload):
        return
    # What is looked at most is looked at faster in bytes; what is very large is mostly stepped over.
    data = bytes(payload) if len(payload) <= COPIED else payload
    sizes, end = _SIZES, len(data)
    at = elements = 0
    left = 1
    outer: list[int] = []
    while True:
        while left:
            if at >= end:
                return
            left -= 1
            first = data[at]
            size = sizes[first]
            if size > 0:
                at += size
                continue
            if first in _LENGTHS:
                width, more = _LENGTHS[first]
                at += 1 + width
                at += int.from_bytes(data[at - width : at], "big") + more
                continue
            if first == 0xC1:
                return
            count, at = _count(data, first, at)
            elements += count
            if elements > MAX_ELEMENTS:
                raise InvalidError(f"the value has more than {MAX_ELEMENTS} elements")
            # The one that is open now, and those around it.
            if len(outer) >= MAX_DEPTH:
                raise InvalidError(f"the value is nested more than {MAX_DEPTH} deep")
            outer.append(left)
            left = count
        if not outer:
            return
        left = outer.pop()


def _count(data: memoryview | bytes, first: int, at: int) -> tuple[int, int]:
    """The elements of an array, or the keys and values of a map, and where they begin."""
    if first < 0xA0:
        count = first & 0x0F
        return (count, at + 1) if first >= 0x90 else (2 * count, at + 1)
    width = 4 if first & 1 else 2
    count = int.from_bytes(data[at + 1 : at + 1 + width], "big")
    return (count, at + 1 + width) if first < 0xDE else (2 * count, at + 1 + width)
