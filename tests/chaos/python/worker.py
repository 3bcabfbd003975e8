"""schemas/chaos.toml in Python."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from threading import Lock

from procwire import Context, serve

from chaos import AgainArgs, ChaosWorker, DieArgs, Done, ItemsArgs, OnceArgs, Task, TickArgs


class Chaos(ChaosWorker):
    def __init__(self) -> None:
        path = os.path.join(os.environ["CHAOS_JOURNAL"], str(os.getpid()))
        self.journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
        self.ticks = 0
        self.lock = Lock()

    def entered(self, call: int) -> None:
        os.write(self.journal, call.to_bytes(8, "little"))

    def work(self, task: Task) -> Done:
        self.entered(task.call)
        if task.ms:
            time.sleep(task.ms / 1000)
        return Done(call=task.call, data=task.data, pid=os.getpid())

    def once(self, req: OnceArgs, ctx: Context) -> Done:
        return self.work(req.task)

    def again(self, req: AgainArgs, ctx: Context) -> Done:
        return self.work(req.task)

    def items(self, req: ItemsArgs, ctx: Context) -> Iterator[int]:
        self.entered(req.call)
        yield from range(req.call, req.call + req.n)

    def tick(self, req: TickArgs, ctx: Context) -> None:
        with self.lock:
            for _ in range(req.times):
                self.events.ticked(pid=os.getpid(), number=self.ticks)
                self.ticks += 1

    def breed(self, ctx: Context) -> int:
        return subprocess.Popen(["sleep", "3600"]).pid

    def die(self, req: DieArgs, ctx: Context) -> int:
        if req.how == "exit":
            os._exit(0)
        elif req.how == "fail":
            os._exit(3)
        elif req.how == "abort":
            os.abort()
        elif req.how == "segv":
            ctypes.string_at(0)
        elif req.how == "half":
            write_to_parent(b"\x00\x01\x03\x00\x00")
        elif req.how == "garbage":
            write_to_parent(b"\xff" * 64)
        elif req.how == "socket":
            for one in sockets():
                one.shutdown(socket.SHUT_RDWR)
        time.sleep(3600)
        return 0


def write_to_parent(data: bytes) -> None:
    """What no worker runtime does: writes to the data channel past it, in the middle of whatever goes on there."""
    for one in sockets():
        try:
            one.send(data)
        except OSError:
            pass
    os._exit(9)


def sockets() -> list[socket.socket]:
    """The sockets of this process."""
    found: list[socket.socket] = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                found.append(socket.socket(fileno=os.dup(int(name))))
        except OSError:
            pass
    return found


if __name__ == "__main__":
    serve(Chaos)
