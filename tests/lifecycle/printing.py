"""The interop module by a worker that prints whatever it is given, in every way there is, between its answers."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import procwire as _pw
from procwire import Context, serve

sys.path.insert(0, str(Path(__file__).parent.parent / "interop" / "python-worker"))

from interop import CountArgs, CountThenFailArgs, FailArgs, FireArgs, InteropWorker, NoteArgs, SlowArgs


class Printing(InteropWorker):
    def echo(self, req: _pw.Json, ctx: Context) -> _pw.Json:
        request: Any = req
        text = str(request["print"])
        print(text)
        sys.stdout.write(text)
        os.write(1, text.encode())
        ctypes.CDLL(None).puts(text.encode())
        subprocess.run(["cat"], input=text.encode(), check=True)
        return req

    def raw(self, req: bytes, ctx: Context) -> bytes:
        return req

    def count(self, req: CountArgs, ctx: Context) -> Iterator[int]:
        yield from range(req.n)

    def count_then_fail(self, req: CountThenFailArgs, ctx: Context) -> Iterator[int]:
        yield from range(req.n)

    def note(self, req: NoteArgs, ctx: Context) -> None:
        print(req.text)

    def fire(self, req: FireArgs, ctx: Context) -> None:
        print(req.tag)

    def fail(self, req: FailArgs, ctx: Context) -> str:
        return req.message

    def slow(self, req: SlowArgs, ctx: Context) -> str:
        return "done"

    def cancelled(self, ctx: Context) -> int:
        return 0

    def pid(self, ctx: Context) -> int:
        return os.getpid()


if __name__ == "__main__":
    print("before anything else")
    serve(Printing)
