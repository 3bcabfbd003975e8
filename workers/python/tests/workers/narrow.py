"""A worker with a pool of one thread."""

from __future__ import annotations

import threading
from typing import ClassVar

from procwire import Context, Contract, Emitted, Event, Events, Method, Worker, serve


class NarrowEvents(Events):
    def started(self) -> Emitted:
        return self._emit("started", None)


class Narrow(Worker):
    CONTRACT: ClassVar[Contract] = Contract(
        name="narrow",
        methods=(
            Method(name="hold", kind="result"),
            Method(name="started", kind="result", answer=int),
        ),
        events=(Event(name="started"),),
    )
    count = 0

    def hold(self, ctx: Context) -> None:
        """Until it is cancelled."""
        self.count += 1
        told = threading.Event()
        ctx.on_cancel(told.set)
        self._events_of(NarrowEvents).started()
        told.wait(600)

    def started(self, ctx: Context) -> int:
        return self.count


if __name__ == "__main__":
    serve(Narrow, threads=1)
