"""The golden bytes of the published packages, which all three languages are held to."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec

PATH = Path(__file__).parents[3] / "tests" / "vectors" / "procwire-vectors.json"
ALL: Any = msgspec.json.decode(PATH.read_bytes())


def value(typed: Any) -> Any:
    """A value from the file's typed notation. KeyError for what Python does not know."""
    match typed["type"]:
        case "nil":
            return None
        case "bool":
            return typed["value"]
        case "int":
            return int(typed["value"])
        case "float":
            return msgspec.msgpack.decode(b"\xcb" + bytes.fromhex(typed["bits"]))
        case "str":
            if "repeat" in typed:
                return typed["repeat"] * typed["count"]
            return typed["value"] * typed.get("count", 1)
        case "bin" | "buffer":
            return bytes.fromhex(typed["hex"])
        case "date":
            try:
                return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=typed["ms"])
            except OverflowError:
                raise KeyError("beyond the year 9999") from None
        case "array":
            return [value(item) for item in typed["items"]]
        case "map":
            return {key: value(item) for key, item in typed["entries"]}
        case other:
            raise KeyError(other)
