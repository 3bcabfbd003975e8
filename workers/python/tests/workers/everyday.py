"""The worker most tests talk to: one handler per thing that a handler may do."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from patience import serve_patiently
from procwire import (
    Context,
    Contract,
    DeclaredError,
    Emitted,
    Event,
    Events,
    Meta,
    Method,
    Struct,
    Worker,
)

FOREVER = 600
"""Seconds of which nobody shall see the end."""

print("printed while the module is loading")


class Number(Struct):
    n: int
    ms: float = 0


class Checked(Struct):
    dpi: Annotated[int, Meta(ge=36, le=1200)] = 150
    tags: tuple[str, ...] = ()


class Tree(Struct):
    children: tuple[Tree, ...] = ()


class Took(Struct):
    took: timedelta


class Failure(DeclaredError):
    """What ``declared`` throws."""


@dataclass(eq=False)
class NotFound(Failure):
    TAG: ClassVar[str] = "not_found"
    path: str
    hint: str | None = None


class Other(DeclaredError):
    TAG = "other"


class EverydayEvents(Events):
    def progress(self, done: int) -> Emitted:
        return self._emit("progress", done)

    def bytes(self, data: bytes) -> Emitted:
        return self._emit("bytes", data)


def result(name: str, args: Any = None, answer: Any = None, **more: Any) -> Method:
    return Method(name=name, kind="result", args=args, answer=answer, **more)


RAW: dict[str, Any] = {"args_codec": "raw", "answer_codec": "raw"}
variable: ContextVar[int] = ContextVar("variable", default=0)


class Everyday(Worker):
    CONTRACT: ClassVar[Contract] = Contract(
        name="everyday",
        version="1.2.3",
        methods=(
            result("echo", Any, Any),
            result("blob", bytes, bytes, **RAW),
            result("size", bytes, int),
            result("make", Number, bytes),
            result("checked", Checked, int),
            result("nothing"),
            result("slow", Number, int),
            result("slow_async", Number, int),
            result("deaf", Number, int, cancellable=False),
            result("patient", Number, int),
            result("wait_for_cancel", None, str),
            result("stubborn", None, str),
            result("suppress", None, str),
            result("spin", Number, int),
            result("raise_error", str, int, throws=Failure),
            result("raise_error_async", str, int, throws=Failure),
            result("lambda_", None, Any, handler="give_lambda"),
            result("negative", None, Took),
            result("promise", Number, int),
            result("talk", str, int),
            result("variable", None, list[int]),
            result("variable_async", None, list[int]),
            result("thread", None, bool),
            result("emit", Number, int),
            result("emit_from_threads", Number, int),
            result("fork", None, int),
            result("environment", None, dict[str, str]),
            result("tree", Tree, int),
            result("children_see", None, list[int]),
            result("last", None, list[str]),
            result("affine", Number, bool),
            Method(name="count", kind="stream", args=Number, answer=int),
            Method(name="count_async", kind="stream", args=Number, answer=int),
            Method(name="list", kind="stream", args=Number, answer=int, handler="list_"),
            Method(name="fail_after", kind="stream", args=Number, answer=int, throws=Failure),
            Method(name="fail_after_async", kind="stream", args=Number, answer=int, throws=Failure),
            Method(name="bad_item", kind="stream", args=Number, answer=Any),
            Method(name="blocks", kind="stream", args=Number, answer=bytes, answer_codec="raw"),
            Method(name="blocks_async", kind="stream", args=Number, answer=bytes, answer_codec="raw"),
            Method(name="burst_then_stall", kind="stream", args=Number, answer=int),
            Method(name="not_a_stream", kind="stream", args=None, answer=int),
            Method(name="note", kind="ack", args=str),
            Method(name="receipt", kind="ack", args=str, answer=str),
            Method(name="fire", kind="none", args=str),
            Method(name="fire_async", kind="none", args=str),
        ),
        events=(Event(name="progress", payload=int), Event(name="bytes", payload=bytes, codec="raw")),
    )

    # No super().__init__(): users forget it, and nothing may depend on it.
    def __init__(self) -> None:
        self.log: list[str] = []
        self.local = threading.local()

    @property
    def events(self) -> EverydayEvents:
        events: EverydayEvents = self._events_of(EverydayEvents)
        return events

    def echo(self, req: Any, ctx: Context) -> Any:
        return req

    def blob(self, req: bytes, ctx: Context) -> bytes:
        assert type(req) is bytes
        return req

    def size(self, req: bytes, ctx: Context) -> int:
        return len(req)

    def make(self, req: Number, ctx: Context) -> bytes:
        return bytes(req.n)

    def checked(self, req: Checked, ctx: Context) -> int:
        return req.dpi

    def nothing(self, ctx: Context) -> None:
        return None

    def slow(self, req: Number, ctx: Context) -> int:
        time.sleep(req.ms / 1000)
        return req.n

    async def slow_async(self, req: Number, ctx: Context) -> int:
        await asyncio.sleep(req.ms / 1000)
        return req.n

    def deaf(self, req: Number, ctx: Context) -> int:
        time.sleep(req.ms / 1000)
        return -1 if ctx.cancelled else req.n

    def patient(self, req: Number, ctx: Context) -> int:
        """Runs until it is cancelled."""
        told = threading.Event()
        ctx.on_cancel(told.set)
        self.events.progress(0)
        while True:
            told.wait(FOREVER)
            ctx.raise_if_cancelled()

    async def wait_for_cancel(self, ctx: Context) -> str:
        self.events.progress(0)
        try:
            await asyncio.sleep(FOREVER)
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise
        return "not cancelled"

    async def stubborn(self, ctx: Context) -> str:
        self.events.progress(0)
        try:
            await asyncio.sleep(FOREVER)
        except asyncio.CancelledError:
            pass
        return "went on"

    def suppress(self, ctx: Context) -> str:
        self.events.progress(0)
        while not ctx.cancelled:
            time.sleep(0.001)
        return "went on"

    def spin(self, req: Number, ctx: Context) -> int:
        """Pure Python that never waits."""
        until = time.monotonic() + req.ms / 1000
        while time.monotonic() < until:
            pass
        return req.n

    def raise_error(self, req: str, ctx: Context) -> int:
        raise errors()[req]

    async def raise_error_async(self, req: str, ctx: Context) -> int:
        await asyncio.sleep(0)
        raise errors()[req]

    def give_lambda(self, ctx: Context) -> Any:
        return {"f": lambda: 1}

    def negative(self, ctx: Context) -> Took:
        return Took(timedelta(seconds=-1))

    def promise(self, req: Number, ctx: Context) -> Any:
        async def later() -> int:
            await asyncio.sleep(req.ms / 1000)
            return req.n

        return later()

    def talk(self, req: str, ctx: Context) -> int:
        """Writes to stdout in every way there is."""
        line = '{"jsonrpc":"2.0","method":"$pong"}\n' if req == "forge" else f"{req}\n"
        print(line, end="")
        os.write(1, line.encode())
        ctypes.CDLL(None).puts(line.encode())
        ctypes.CDLL(None).fflush(None)
        subprocess.run(["echo", line], check=True)
        subprocess.run([sys.executable, "-c", "import sys; print(sys.stdin.read())"], check=True)
        sys.__stdout__.write(line)  # type: ignore[union-attr]
        return 1

    def variable(self, ctx: Context) -> list[int]:
        return [variable.get()]

    async def variable_async(self, ctx: Context) -> list[int]:
        before = variable.get()
        token = variable.set(7)
        await asyncio.sleep(0.001)
        during = variable.get()
        variable.reset(token)
        return [before, during, variable.get()]

    def thread(self, ctx: Context) -> bool:
        return threading.current_thread() is threading.main_thread()

    async def affine(self, req: Number, ctx: Context) -> bool:
        """Whether all of it runs on one thread, and inside a task."""
        before = threading.get_ident()
        task = asyncio.current_task()
        async with asyncio.Lock():
            if req.ms:
                await asyncio.sleep(req.ms / 1000)
        return task is not None and task is asyncio.current_task() and before == threading.get_ident()

    async def emit(self, req: Number, ctx: Context) -> int:
        for i in range(req.n):
            await self.events.progress(i)
        return req.n

    def emit_from_threads(self, req: Number, ctx: Context) -> int:
        def run() -> None:
            for i in range(100):
                self.events.progress(i)
                self.events.bytes(bytes([i]) * 1000)

        threads = [threading.Thread(target=run) for _ in range(req.n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return req.n

    def fork(self, ctx: Context) -> int:
        """A child that outlives the call, and tries to speak."""
        pid = os.fork()
        if pid == 0:
            try:
                self.events.progress(666)
            except BaseException:
                time.sleep(30)
            os._exit(0)
        return pid

    def environment(self, ctx: Context) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith("PROCWIRE")}

    def tree(self, req: Tree, ctx: Context) -> int:
        return len(req.children)

    def children_see(self, ctx: Context) -> list[int]:
        """The descriptors of a child process that closes none by itself."""
        code = "import os, sys; print(*[fd for fd in range(64) if os.path.exists(f'/dev/fd/{fd}')])"
        child = subprocess.run([sys.executable, "-c", code], close_fds=False, stdout=subprocess.PIPE, check=True)
        return [int(fd) for fd in child.stdout.split()]

    def last(self, ctx: Context) -> list[str]:
        return self.log

    def count(self, req: Number, ctx: Context) -> Iterator[int]:
        try:
            for i in range(req.n):
                if req.ms:
                    time.sleep(req.ms / 1000)
                yield i
        finally:
            self.log.append("count closed")

    async def count_async(self, req: Number, ctx: Context) -> AsyncIterator[int]:
        try:
            for i in range(req.n):
                if req.ms:
                    await asyncio.sleep(req.ms / 1000)
                yield i
        finally:
            self.log.append("count_async closed")

    def list_(self, req: Number, ctx: Context) -> list[int]:
        return list(range(req.n))

    def fail_after(self, req: Number, ctx: Context) -> Iterator[int]:
        yield from range(req.n)
        raise NotFound("x")

    async def fail_after_async(self, req: Number, ctx: Context) -> AsyncIterator[int]:
        for i in range(req.n):
            yield i
        raise NotFound("x")

    def bad_item(self, req: Number, ctx: Context) -> Iterator[Any]:
        yield 1
        yield object()
        yield 2

    def blocks(self, req: Number, ctx: Context) -> Iterator[bytes]:
        for _ in range(req.n):
            yield bytes(8192)

    async def blocks_async(self, req: Number, ctx: Context) -> AsyncIterator[bytes]:
        for _ in range(req.n):
            yield bytes(8192)

    def burst_then_stall(self, req: Number, ctx: Context) -> Iterator[int]:
        """Items in quick succession, then silence until the call is cancelled."""
        yield from range(req.n)
        while not ctx.cancelled:
            time.sleep(0.001)

    def not_a_stream(self, ctx: Context) -> Any:
        return 5

    def note(self, req: str, ctx: Context) -> None:
        self.log.append(req)

    async def receipt(self, req: str, ctx: Context) -> str:
        return f"took {req}"

    def fire(self, req: str, ctx: Context) -> None:
        if req == "fail":
            raise ValueError("nobody hears this")
        self.log.append(req)

    async def fire_async(self, req: str, ctx: Context) -> None:
        self.log.append(req)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def errors() -> dict[str, BaseException]:
    return {
        "declared": NotFound("/x", hint=None),
        "undeclared": Other(),
        "value": ValueError("bad value"),
        "key": KeyError("k"),
        "empty": ValueError(),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "generator_exit": GeneratorExit(),
        "cancelled": asyncio.CancelledError(),
        "recursion": RecursionError("too deep"),
        "memory": MemoryError(),
        "stop": StopIteration(1),
        "unprintable": Unprintable(),
        "surrogate": ValueError("a\udcffb"),
        "long": ValueError("x" * 1_000_000),
    }


if __name__ == "__main__":
    serve_patiently(Everyday())
