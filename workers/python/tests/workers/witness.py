"""A worker that leaves traces: what began, what was known of a call, what was logged."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import procwire
from patience import serve_patiently
from procwire import Context, Contract, Method, Struct, Worker


class Entry(Struct):
    path: str
    n: int = 0
    ms: float = 0


class Count(Struct):
    n: int


def result(name: str, args: Any = None, answer: Any = None, **more: Any) -> Method:
    return Method(name=name, kind="result", args=args, answer=answer, **more)


def stream(name: str, args: Any = Count, answer: Any = int, **more: Any) -> Method:
    return Method(name=name, kind="stream", args=args, answer=answer, **more)


class Witness(Worker):
    CONTRACT: ClassVar[Contract] = Contract(
        name="witness",
        methods=(
            result("echo", Any, Any),
            result("journal", Entry, int),
            result("journal_async", Entry, int),
            result("journal_again", Entry, int, idempotent=True),
            stream("journal_stream", Entry),
            stream("journal_stream_async", Entry),
            Method(name="journal_ack", kind="ack", args=Entry),
            Method(name="journal_oneway", kind="none", args=Entry),
            result("exit", int),
            result("exit_async", int),
            result("exit_in_thread", int),
            stream("exit_stream", int),
            stream("exit_stream_async", int),
            Method(name="exit_ack", kind="ack", args=int),
            Method(name="exit_oneway", kind="none", args=int),
            result("make", Count, bytes),
            stream("count"),
            stream("count_async"),
            stream("deaf", cancellable=False),
            stream("blocks", Count, bytes, answer_codec="raw"),
            stream("blocks_async", Count, bytes, answer_codec="raw"),
            result("closed", None, list[str]),
            result("trace", None, str | None),
            result("trace_async", None, str | None),
            result("trace_in_thread", None, str | None),
            stream("trace_stream", None, str | None),
            result("tell", dict[str, str]),
            result("tell_async", dict[str, str]),
            result("record", str),
            result("record_async", str),
            result("record_in_thread", str),
            stream("record_stream", str),
            result("record_elsewhere", str),
        ),
    )

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.logger = logging.getLogger("witness")
        self.logger.addHandler(procwire.LogHandler())
        self.logger.setLevel(logging.DEBUG)
        self.logger.propagate = False

    def echo(self, req: Any, ctx: Context) -> Any:
        return req

    # ── what began ───────────────────────────────────────────────────────────────────────────────────────────

    def journal(self, req: Entry, ctx: Context) -> int:
        write(req)
        time.sleep(req.ms / 1000)
        return req.n

    async def journal_async(self, req: Entry, ctx: Context) -> int:
        write(req)
        await asyncio.sleep(req.ms / 1000)
        return req.n

    def journal_again(self, req: Entry, ctx: Context) -> int:
        write(req)
        return req.n

    def journal_stream(self, req: Entry, ctx: Context) -> Iterator[int]:
        write(req)
        yield req.n

    async def journal_stream_async(self, req: Entry, ctx: Context) -> AsyncIterator[int]:
        write(req)
        yield req.n

    def journal_ack(self, req: Entry, ctx: Context) -> None:
        write(req)

    def journal_oneway(self, req: Entry, ctx: Context) -> None:
        write(req)

    def exit(self, req: int, ctx: Context) -> None:
        os._exit(req)

    async def exit_async(self, req: int, ctx: Context) -> None:
        os._exit(req)

    def exit_in_thread(self, req: int, ctx: Context) -> None:
        """Long at first, so that it goes to the pool; its own end later."""
        if req:
            os._exit(req)
        time.sleep(0.1)

    def exit_stream(self, req: int, ctx: Context) -> Iterator[int]:
        os._exit(req)
        yield 1

    async def exit_stream_async(self, req: int, ctx: Context) -> AsyncIterator[int]:
        os._exit(req)
        yield 1

    def exit_ack(self, req: int, ctx: Context) -> None:
        os._exit(req)

    def exit_oneway(self, req: int, ctx: Context) -> None:
        os._exit(req)

    # ── streams ──────────────────────────────────────────────────────────────────────────────────────────────

    def make(self, req: Count, ctx: Context) -> bytes:
        return bytes(req.n)

    def count(self, req: Count, ctx: Context) -> Iterator[int]:
        try:
            yield from range(req.n)
        finally:
            self.ended.append("count")

    async def count_async(self, req: Count, ctx: Context) -> AsyncIterator[int]:
        try:
            for i in range(req.n):
                yield i
        finally:
            self.ended.append("count_async")

    def deaf(self, req: Count, ctx: Context) -> Iterator[int]:
        yield from range(req.n)
        self.ended.append("deaf")

    def blocks(self, req: Count, ctx: Context) -> Iterator[bytes]:
        for _ in range(req.n):
            yield bytes(8192)

    async def blocks_async(self, req: Count, ctx: Context) -> AsyncIterator[bytes]:
        for _ in range(req.n):
            yield bytes(8192)

    def closed(self, ctx: Context) -> list[str]:
        return self.ended

    # ── what is known of a call ──────────────────────────────────────────────────────────────────────────────

    def trace(self, ctx: Context) -> str | None:
        return ctx.traceparent

    async def trace_async(self, ctx: Context) -> str | None:
        await asyncio.sleep(0)
        return ctx.traceparent

    def trace_in_thread(self, ctx: Context) -> str | None:
        time.sleep(0.1)
        return ctx.traceparent

    def trace_stream(self, ctx: Context) -> Iterator[str | None]:
        yield ctx.traceparent

    # ── what is logged ───────────────────────────────────────────────────────────────────────────────────────

    def tell(self, req: dict[str, str], ctx: Context) -> None:
        for level, message in req.items():
            ctx.log(level, message)  # type: ignore[arg-type]

    async def tell_async(self, req: dict[str, str], ctx: Context) -> None:
        await asyncio.sleep(0)
        self.tell(req, ctx)

    def record(self, req: str, ctx: Context) -> None:
        self.logger.warning("%s", req)

    async def record_async(self, req: str, ctx: Context) -> None:
        await asyncio.sleep(0)
        self.logger.error("%s", req)
        await asyncio.to_thread(self.logger.debug, "%s again", req)

    def record_in_thread(self, req: str, ctx: Context) -> None:
        time.sleep(0.1)
        self.logger.info("%s", req)

    def record_stream(self, req: str, ctx: Context) -> Iterator[int]:
        self.logger.warning("%s", req)
        yield 1

    def record_elsewhere(self, req: str, ctx: Context) -> None:
        thread = threading.Thread(target=self.logger.critical, args=("%s", req))
        thread.start()
        thread.join()


def write(entry: Entry) -> None:
    """A line in the journal, with one write."""
    journal = os.open(entry.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    os.write(journal, f"{entry.n}\n".encode())
    os.close(journal)


if __name__ == "__main__":
    serve_patiently(Witness)
