"""The schema's types in Python: what generated classes are built from.

Pure: no I/O, nothing of the protocol. The codec reads and writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias, cast

import msgspec
from msgspec import Meta

I8 = Annotated[int, Meta(ge=-(2**7), le=2**7 - 1)]
I16 = Annotated[int, Meta(ge=-(2**15), le=2**15 - 1)]
I32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
I64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
U8 = Annotated[int, Meta(ge=0, le=2**8 - 1)]
U16 = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U64 = Annotated[int, Meta(ge=0)]
"""MessagePack has no integer above 2**64 - 1."""
Int = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
"""A whole number that every language holds exactly."""
Timestamp = Annotated[datetime, Meta(tz=True)]
"""An instant, with its time zone; microseconds are kept."""

JSON_MARK: Final = "json"

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
    """Whatever JSON can say."""
else:
    Json = Annotated[Any, Meta(extra={"procwire": JSON_MARK})]


class StrEnum(str, Enum):
    """A choice of strings. ``str(value)`` is what is on the wire."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, format_spec: str) -> str:
        return format(str(self.value), format_spec)


class OpenEnum(StrEnum):
    """A choice of strings to which others may be added: an unknown one is kept as it is."""

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown

    @property
    def is_known(self) -> bool:
        """Whether this version of the schema names the value."""
        return self._name_ in type(self).__members__


class Unknown:
    """A variant of an open union that this version of the schema does not name. It is sent back as it came."""

    __match_args__ = ("type", "fields")

    def __init__(self, type: str, fields: dict[str, Any]) -> None:
        self.type = type
        self.fields = fields

    def __repr__(self) -> str:
        return f"Unknown({self.type!r}, {self.fields!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and (self.type, self.fields) == (other.type, other.fields)

    __hash__ = None  # type: ignore[assignment]


class _Variants(type):
    """What msgspec asks of a type that it does not know: whether the value that was read is one of its own."""

    VARIANTS: dict[str, type[msgspec.Struct]]

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, (Unknown, *cls.VARIANTS.values()))


class OpenUnion(metaclass=_Variants):
    """How an open union is read: msgspec alone refuses a tag it does not know. Only ``open_union`` makes one."""

    VARIANTS: ClassVar[dict[str, type[msgspec.Struct]]] = {}


def open_union(*variants: type[msgspec.Struct]) -> Any:
    """A type that reads one of ``variants``, or Unknown."""
    by_tag = {str(variant.__struct_config__.tag): variant for variant in variants}
    return _Variants("OpenUnion", (OpenUnion,), {"VARIANTS": by_tag})


def read_union(union: type[OpenUnion], value: Any, dec_hook: Callable[[Any, Any], Any]) -> Any:
    """The variant in a decoded map."""
    if not isinstance(value, dict):
        raise ValueError(f"Expected `object`, got `{type(value).__name__}`")
    fields = cast("dict[str, Any]", value)
    tag = fields.get("type")
    if not isinstance(tag, str):
        raise ValueError("Object missing required field `type`")
    variant = union.VARIANTS.get(tag)
    if variant is None:
        return Unknown(tag, {key: item for key, item in fields.items() if key != "type"})
    return msgspec.convert(fields, variant, dec_hook=dec_hook)


def default(value: Any) -> Any:
    """A default that is sent like any other value. (msgspec leaves out those it can recognise.)"""
    return msgspec.field(default_factory=lambda: deepcopy(value))


def default_of(make: Callable[[], Any]) -> Any:
    """The same, for a value whose type is not there yet when the class is made."""
    return msgspec.field(default_factory=lambda: make())
