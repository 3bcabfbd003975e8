"""What msgspec's own constraints do not reach: durations and decimals, instants without a zone, JSON, wide bounds.

Pure, and Python's alone: the twins check in generated code. A type that needs none of this costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar, TypeAlias, cast, get_origin, get_type_hints

from msgspec import inspect

from ..errors import DeclaredError, EncodeError
from ..values import JSON_MARK, OpenUnion

Check: TypeAlias = "Callable[[Any], None]"

_ZERO = timedelta(0)


def checker(type_: Any) -> Check | None:
    """A function that raises EncodeError, with the path, on a value that ``type_`` allows and the wire does not.
    None when the type needs none."""
    leaves: dict[type[inspect.Type], Check] = {
        inspect.TimeDeltaType: _duration,
        inspect.DecimalType: _decimal,
        inspect.DateTimeType: _timestamp,
    }
    return _Builder(leaves, _json).build(inspect.type_info(type_))


def exponents(type_: Any) -> Check | None:
    """A function that raises EncodeError on a value with a decimal that Python would write as ``1E+2``."""
    return _Builder({inspect.DecimalType: _plain_decimal}, None).build(inspect.type_info(type_))


def error_checker(cls: type[DeclaredError]) -> Check | None:
    """``checker`` for the fields of a declared error."""
    leaves: dict[type[inspect.Type], Check] = {
        inspect.TimeDeltaType: _duration,
        inspect.DecimalType: _decimal,
        inspect.DateTimeType: _timestamp,
    }
    builder = _Builder(leaves, _json)
    checks: list[tuple[str, str, Check]] = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is not ClassVar:
            check = builder.build(inspect.type_info(hint))
            if check is not None:
                checks.append((name, cls.RENAMED.get(name, name), check))
    return _fields(checks) if checks else None


class _Builder:
    """Builds checks bottom-up; a type met again while it is being built is looked up when it runs."""

    def __init__(self, leaves: dict[type[inspect.Type], Check], json: Check | None) -> None:
        self.leaves = leaves
        self.json = json
        self.structs: dict[type, Check | None] = {}

    def build(self, info: inspect.Type) -> Check | None:
        if isinstance(info, inspect.Metadata):
            extra = cast("dict[str, Any]", info.extra or {})  # pyright: ignore[reportUnknownMemberType]
            if extra.get("procwire") == JSON_MARK:
                return self.json
            inner = self.build(info.type)
            if "min" in extra or "max" in extra:
                return _bounds(inner, extra.get("min"), extra.get("max"))
            return inner
        if isinstance(info, inspect.StructType):
            return self.struct(info)
        if isinstance(info, inspect.CustomType) and issubclass(info.cls, OpenUnion):
            return self.union([inspect.type_info(variant) for variant in info.cls.VARIANTS.values()])
        if isinstance(info, inspect.UnionType):
            return self.union(list(info.types))
        if isinstance(info, inspect.ListType):
            return _items(self.build(info.item_type))
        if isinstance(info, inspect.TupleType):
            return _places([self.build(item) for item in info.item_types])
        if isinstance(info, inspect.DictType):
            return _values(self.build(info.value_type))
        return self.leaves.get(type(info))

    def struct(self, info: inspect.StructType) -> Check | None:
        cls = info.cls
        if cls in self.structs:
            return self.structs[cls]
        known = self.structs

        def later(value: Any) -> None:
            check = known[cls]
            if check is not None:
                check(value)

        self.structs[cls] = later
        fields = [(f.name, f.encode_name, self.build(f.type)) for f in info.fields]
        needed = [(name, wire, check) for name, wire, check in fields if check is not None]
        # A struct whose only checks lead back to itself needs none.
        if all(check is later for _, _, check in needed):
            self.structs[cls] = None
            return None

        check_fields = _fields(needed)

        def check_struct(value: Any) -> None:
            if isinstance(value, cls):
                check_fields(value)

        self.structs[cls] = check_struct
        return check_struct

    def union(self, types: list[inspect.Type]) -> Check | None:
        checks = [check for check in map(self.build, types) if check is not None]
        if not checks:
            return None

        def check_union(value: Any) -> None:
            # Every check passes over the values that are not its own.
            if value is not None:
                for check in checks:
                    check(value)

        return check_union


def _fields(checks: list[tuple[str, str, Check]]) -> Check:
    def check_fields(value: Any) -> None:
        for name, wire, check in checks:
            try:
                check(getattr(value, name))
            except EncodeError as error:
                raise _under(error, f".{wire}") from None

    return check_fields


def _under(error: EncodeError, step: str) -> EncodeError:
    reason = error.args[0].split(" - at `")[0]
    return EncodeError(reason, "$" + step + error.field[1:])


def _duration(value: Any) -> None:
    if isinstance(value, timedelta) and value < _ZERO:
        raise EncodeError("a duration is never negative")


def _decimal(value: Any) -> None:
    if isinstance(value, Decimal) and not value.is_finite():
        raise EncodeError(f"a decimal is a finite number, not {value}")


def _plain_decimal(value: Any) -> None:
    if isinstance(value, Decimal) and "E" in str(value):
        raise EncodeError("not in plain notation")


def _timestamp(value: Any) -> None:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise EncodeError("a timestamp needs a time zone: datetime.now(timezone.utc)")


def _json(value: Any) -> None:
    if isinstance(value, float):
        if not isfinite(value):
            raise EncodeError(f"JSON has no {value}")
        return
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            if not isinstance(key, str):
                raise EncodeError(f"JSON keys are strings, not {type(key).__name__}")
            try:
                _json(item)
            except EncodeError as error:
                raise _under(error, f".{key}") from None
    elif isinstance(value, list | tuple):
        for at, item in enumerate(cast("list[object]", value)):
            try:
                _json(item)
            except EncodeError as error:
                raise _under(error, f"[{at}]") from None
    else:
        raise EncodeError(f"JSON has no {type(value).__name__}")


def _bounds(inner: Check | None, least: int | None, most: int | None) -> Check:
    def check_bounds(value: Any) -> None:
        if inner is not None:
            inner(value)
        if isinstance(value, int):
            if least is not None and value < least:
                raise EncodeError(f"Expected `int` >= {least}")
            if most is not None and value > most:
                raise EncodeError(f"Expected `int` <= {most}")

    return check_bounds


def _items(check: Check | None) -> Check | None:
    if check is None:
        return None

    def check_items(value: Any) -> None:
        if isinstance(value, list | tuple):
            for at, item in enumerate(cast("list[object]", value)):
                try:
                    check(item)
                except EncodeError as error:
                    raise _under(error, f"[{at}]") from None

    return check_items


def _places(checks: list[Check | None]) -> Check | None:
    if not any(checks):
        return None

    def check_places(value: Any) -> None:
        if isinstance(value, list | tuple):
            for at, (check, item) in enumerate(zip(checks, cast("list[object]", value), strict=False)):
                if check is not None:
                    try:
                        check(item)
                    except EncodeError as error:
                        raise _under(error, f"[{at}]") from None

    return check_places


def _values(check: Check | None) -> Check | None:
    if check is None:
        return None

    def check_values(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in cast("dict[object, object]", value).items():
                try:
                    check(item)
                except EncodeError as error:
                    raise _under(error, f"[{key!r}]") from None

    return check_values
