"""schemas/interop.toml on the package `procwire`: what every peer of the published protocol can do."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator

import procwire as _pw
from procwire import Context, serve

from interop import CountArgs, CountThenFailArgs, FailArgs, FireArgs, InteropWorker, NoteArgs, SlowArgs


class Interop(InteropWorker):
    cancellations = 0

    def echo(self, req: _pw.Json, ctx: Context) -> _pw.Json:
        return req

    def raw(self, req: bytes, ctx: Context) -> bytes:
        return req

    def count(self, req: CountArgs, ctx: Context) -> Iterator[int]:
        yield from range(req.n)

    async def count_then_fail(self, req: CountThenFailArgs, ctx: Context) -> AsyncIterator[int]:
        for i in range(req.n):
            yield i
        raise RuntimeError("after the items")

    def note(self, req: NoteArgs, ctx: Context) -> None:
        # After the answer, from a thread of its own.
        threading.Timer(0.001, lambda: self.events.noted(text=req.text)).start()

    async def fire(self, req: FireArgs, ctx: Context) -> None:
        await self.events.fired(tag=req.tag)

    def fail(self, req: FailArgs, ctx: Context) -> str:
        raise RuntimeError(req.message)

    def slow(self, req: SlowArgs, ctx: Context) -> str:
        told = threading.Event()
        ctx.on_cancel(told.set)
        if told.wait(req.ms / 1000):
            self.cancellations += 1
            ctx.raise_if_cancelled()
        return "done"

    def cancelled(self, ctx: Context) -> int:
        return self.cancellations

    def pid(self, ctx: Context) -> int:
        return os.getpid()


if __name__ == "__main__":
    serve(Interop)
