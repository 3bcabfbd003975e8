"""A worker that does what nobody should."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from patience import serve_patiently
from procwire import (
    Cancelled,
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


class Item(Struct):
    id: int


class Typed(Struct):
    n: Annotated[int, Meta(le=255)] = 0
    items: tuple[Item, ...] = ()


class Stray(Struct):
    how: str
    text: str


class Failure(DeclaredError):
    """What ``fail`` throws."""


@dataclass(eq=False)
class Odd(Failure):
    TAG: ClassVar[str] = "odd"
    value: Any


class RecklessEvents(Events):
    def begun(self) -> Emitted:
        return self._emit("begun", None)


def result(name: str, args: Any = str, answer: Any = None, **more: Any) -> Method:
    return Method(name=name, kind="result", args=args, answer=answer, **more)


def stream(name: str, args: Any = str, answer: Any = Any) -> Method:
    return Method(name=name, kind="stream", args=args, answer=answer)


class Reckless(Worker):
    CONTRACT: ClassVar[Contract] = Contract(
        name="reckless",
        methods=(
            result("echo", Any, Any),
            result("echo_async", Any, Any),
            result("promise", Any, Any),
            stream("count", int, int),
            result("stray", Stray),
            result("typed", Typed, int),
            result("typed_async", Typed, int),
            stream("typed_stream", Typed, int),
            Method(name="typed_ack", kind="ack", args=Typed),
            result("fail", throws=Failure),
            result("fail_async"),
            stream("fail_stream"),
            stream("fail_stream_async"),
            Method(name="fail_ack", kind="ack", args=str),
            Method(name="fail_oneway", kind="none", args=str),
            result("fail_slow"),
            result("fail_later", answer=str),
            result("give", answer=Any),
            result("give_async", answer=Any),
            stream("give_stream"),
            Method(name="give_ack", kind="ack", args=str, answer=Any),
            result("swallow", Any),
            result("block"),
            result("block_async"),
            result("end"),
            result("nothing", Any, int, handler="nothing_at_all"),
            result("nothing_async", Any, int),
            stream("nothing_stream", Any, int),
            stream("endless_close", Any, int),
            stream("yields_after_close", Any, int),
            stream("raises_on_close", Any, int),
            result("children", answer=int | None),
            result("close_descriptors"),
            result("change"),
        ),
        events=(Event(name="begun"),),
    )

    @property
    def events(self) -> RecklessEvents:
        events: RecklessEvents = self._events_of(RecklessEvents)
        return events

    def echo(self, req: Any, ctx: Context) -> Any:
        return req

    async def echo_async(self, req: Any, ctx: Context) -> Any:
        await asyncio.sleep(0)
        return req

    def promise(self, req: Any, ctx: Context) -> Any:
        return self.echo_async(req, ctx)

    def count(self, req: int, ctx: Context) -> Iterator[int]:
        yield from range(req)

    def stray(self, req: Stray, ctx: Context) -> None:
        text = req.text + "\n"
        data = text.encode()
        match req.how:
            case "print":
                print(text)
            case "write":
                os.write(1, data)
            case "stdout_buffer":
                sys.stdout.buffer.write(data)
                sys.stdout.flush()
            case "dunder_stdout":
                sys.__stdout__.write(text)  # type: ignore[union-attr]
                sys.__stdout__.flush()  # type: ignore[union-attr]
            case "subprocess":
                subprocess.run([sys.executable, "-c", "import sys; print(sys.argv[1:])", repr(text)], check=True)
            case "shell":
                subprocess.run("echo from a shell", shell=True, check=True)
            case "printf":
                ctypes.CDLL(None).printf(b"%s", data)
                ctypes.CDLL(None).fflush(None)
            case "puts":
                ctypes.CDLL(None).puts(data)
                ctypes.CDLL(None).fflush(None)
            case "fork":
                pid = os.fork()
                if pid == 0:
                    os.write(1, data)
                    os._exit(0)
                os.waitpid(pid, 0)
            case _:
                process = multiprocessing.get_context("fork").Process(target=print, args=(text,))
                process.start()
                process.join()

    def typed(self, req: Typed, ctx: Context) -> int:
        return req.n

    async def typed_async(self, req: Typed, ctx: Context) -> int:
        return req.n

    def typed_stream(self, req: Typed, ctx: Context) -> Iterator[int]:
        yield req.n

    def typed_ack(self, req: Typed, ctx: Context) -> None:
        pass

    # ── what is raised ───────────────────────────────────────────────────────────────────────────────────────

    def fail(self, req: str, ctx: Context) -> None:
        blow(req)

    async def fail_async(self, req: str, ctx: Context) -> None:
        await asyncio.sleep(0)
        blow(req)

    def fail_stream(self, req: str, ctx: Context) -> Iterator[int]:
        blow(req)
        yield 1

    async def fail_stream_async(self, req: str, ctx: Context) -> AsyncIterator[int]:
        blow(req)
        yield 1

    def fail_ack(self, req: str, ctx: Context) -> None:
        blow(req)

    def fail_oneway(self, req: str, ctx: Context) -> None:
        blow(req)

    def fail_slow(self, req: str, ctx: Context) -> None:
        """Long, so that another thread reads by then."""
        time.sleep(0.03)
        blow(req)

    async def fail_later(self, req: str, ctx: Context) -> str:
        def blow_later() -> None:
            raise ValueError(f"later: {req}")

        async def task() -> None:
            blow_later()

        if req == "task":
            self.task = asyncio.create_task(task())
            await asyncio.sleep(0)
            del self.task
            gc.collect()
        elif req == "thread":
            threading.Thread(target=blow_later).start()
        else:
            asyncio.get_running_loop().call_soon(blow_later)
        return "answered"

    # ── what is given ────────────────────────────────────────────────────────────────────────────────────────

    def give(self, req: str, ctx: Context) -> Any:
        return unsendable(req)

    async def give_async(self, req: str, ctx: Context) -> Any:
        return unsendable(req)

    def give_stream(self, req: str, ctx: Context) -> Iterator[Any]:
        yield unsendable(req)

    def give_ack(self, req: str, ctx: Context) -> Any:
        return unsendable(req)

    def nothing_at_all(self, req: Any, ctx: Context) -> Any:
        return None

    async def nothing_async(self, req: Any, ctx: Context) -> Any:
        return None

    def nothing_stream(self, req: Any, ctx: Context) -> Any:
        return None

    def endless_close(self, req: Any, ctx: Context) -> Iterator[int]:
        try:
            while True:
                yield 1
                time.sleep(0.001)
        finally:
            time.sleep(0.1)

    def yields_after_close(self, req: Any, ctx: Context) -> Iterator[int]:
        try:
            while True:
                yield 1
                time.sleep(0.001)
        finally:
            yield 2

    async def raises_on_close(self, req: Any, ctx: Context) -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            raise SystemExit(4)

    # ── what is done to the worker ───────────────────────────────────────────────────────────────────────────

    async def swallow(self, req: Any, ctx: Context) -> None:
        self.events.begun()
        try:
            await asyncio.sleep(FOREVER)
        except asyncio.CancelledError:
            pass

    def block(self, req: str, ctx: Context) -> None:
        self.events.begun()
        block(req)

    async def block_async(self, req: str, ctx: Context) -> None:
        self.events.begun()
        block(req)

    def end(self, req: str, ctx: Context) -> None:
        if req == "exit":
            os._exit(9)
        elif req == "abort":
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.abort()
        os.kill(os.getpid(), signal.SIGKILL)

    def children(self, req: str, ctx: Context) -> int | None:
        match req:
            case "fork":
                pid = os.fork()
                if pid == 0:
                    try:
                        ctx.log("info", "from the child")
                        self.events.begun()
                    except BaseException:
                        pass
                    leave_log()
                    time.sleep(30)
                    os._exit(0)
                return pid
            case "multiprocessing":
                process = multiprocessing.get_context("fork").Process(target=print, args=("hello",))
                process.start()
                process.join()
            case "spawn":
                subprocess.run([sys.executable, "-c", "print('hello')"], close_fds=False, check=True)
            case "subprocess":
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                return subprocess.Popen(["sleep", "30"], close_fds=False, **quiet).pid  # type: ignore[call-overload,no-any-return]
            case _:
                thread = threading.Thread(target=time.sleep, args=(30,), daemon=True)
                thread.start()
        return None

    def close_descriptors(self, req: str, ctx: Context) -> None:
        if req == "low":
            for fd in (0, 1):
                os.close(fd)
        elif req == "all":
            os.closerange(3, 256)
        else:
            null = os.open(os.devnull, os.O_RDWR)
            for fd in range(3, 64):
                if fd != null:
                    os.dup2(null, fd)
        os.write(2, b"closed\n")

    def change(self, req: str, ctx: Context) -> None:
        match req:
            case "signals":
                threading.Thread(target=lambda: None).start()
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
            case "umask":
                os.umask(0o777)
            case "cwd":
                os.chdir("/")
            case "rlimits":
                resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
            case "setsid":
                try:
                    os.setsid()
                except PermissionError:
                    pass
            case "recursion":
                sys.setrecursionlimit(200)
            case "excepthook":
                sys.excepthook = threading.excepthook = print
            case "no_threads":
                threading.stack_size(1 << 60)  # more than there are addresses
            case "gc":
                gc.disable()
            case _:
                sys.setswitchinterval(0.5)


class Own(BaseException):
    """One that derives from nothing usual."""


def blow(what: str) -> None:
    match what:
        case "own":
            raise Own("own")
        case "Cancelled":
            raise Cancelled("not really")
        case "CancelledError":
            raise asyncio.CancelledError("not really")
        case "BaseExceptionGroup" | "group":
            kind = getattr(__import__("builtins"), "BaseExceptionGroup", None)
            raise kind("several", [KeyboardInterrupt(), SystemExit(1)]) if kind else Own("no groups yet")
        case "real_recursion":
            blow(what)
        case "long":
            raise ValueError("x" * 100_000_000)
        case "no_text":
            raise ValueError(Unprintable())
        case "surrogates":
            raise ValueError("\udcff" * 100_000)
        case "bytes":
            raise ValueError(b"\xff" * 100_000)
        case "unprintable_field":
            raise Odd(Unprintable())
        case "declared_lambda":
            raise Odd(lambda: 1)
        case _:
            raise getattr(__import__("builtins"), what)(what)


class Unprintable:
    def __repr__(self) -> str:
        raise SystemExit("not even that")

    __str__ = __repr__


class Property:
    """Something that a codec may ask, and that answers with an exception."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        raise SystemExit("no")

    @property
    def __class__(self) -> Any:
        raise SystemExit("no")

    @__class__.setter
    def __class__(self, _: object) -> None:
        pass


def unsendable(what: str) -> Any:
    match what:
        case "lambda":
            return lambda: 1
        case "cycle":
            cycle: list[Any] = []
            cycle.append(cycle)
            return cycle
        case "object":
            return object()
        case "huge_int":
            return 1 << 100
        case "class":
            return dict
        case "generator":
            return (one for one in [1])
        case "module":
            return {"sys": sys}
        case "surrogate":
            return "\udcff"
        case "deep":
            value: list[Any] = []
            for _ in range(100_000):
                value = [value]
            return value
        case _:
            return [Property()]


def block(how: str) -> None:
    if how.startswith("spin"):
        until = time.monotonic() + FOREVER
        while time.monotonic() < until:
            pass
    elif how == "moment":
        time.sleep(0.1)
    elif how == "lock":
        lock = threading.Lock()
        with lock:
            lock.acquire(timeout=FOREVER)
    else:
        time.sleep(FOREVER)


def leave_log() -> None:
    """A child that holds stderr would keep the test waiting for its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def main() -> None:
    if os.environ.get("RECKLESS") == "exit_after_init":
        from procwire.worker import worker

        class Short(worker._Run):  # pyright: ignore[reportPrivateUsage]
            def serve(self) -> None:
                os._exit(3)

        worker._Run = Short  # type: ignore[misc]  # pyright: ignore[reportPrivateUsage]
    serve_patiently(Reckless)


if __name__ == "__main__":
    main()
