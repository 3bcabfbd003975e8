"""The worker that the benchmark calls: the same work as the floor's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from procwire import Context, Contract, Method, Struct, Worker, serve


class Small(Struct, gc=False):
    id: int
    name: str
    values: list[float]


class Count(Struct):
    n: int


class Echo(Worker):
    CONTRACT: ClassVar[Contract] = Contract(
        name="echo",
        methods=(
            Method(name="echo", kind="result", args=Small, answer=Small),
            Method(name="echo_async", kind="result", args=Small, answer=Small),
            Method(name="blob", kind="result", args=bytes, answer=bytes, args_codec="raw", answer_codec="raw"),
            Method(name="stream", kind="stream", args=Count, answer=Small),
        ),
    )

    def echo(self, req: Small, ctx: Context) -> Small:
        return req

    async def echo_async(self, req: Small, ctx: Context) -> Small:
        return req

    def blob(self, req: bytes, ctx: Context) -> bytes:
        return req

    def stream(self, req: Count, ctx: Context) -> Iterator[Small]:
        values = [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1]
        for i in range(req.n):
            yield Small(1_000_000 + i, "sensor-000042", values)


if __name__ == "__main__":
    serve(Echo())
