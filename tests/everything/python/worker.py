"""schemas/everything.toml: gives back what it got, so that every type is seen in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import procwire as _pw
from procwire import Context, serve

from everything import (
    Block,
    Busy,
    Constraints,
    Containers,
    CountDownArgs,
    Defaults,
    EchoBlockArgs,
    EchoExprArgs,
    EchoFormatArgs,
    EchoJsonArgs,
    EchoNodeArgs,
    EchoShapeArgs,
    EverythingWorker,
    Expr,
    FailArgs,
    Figure,
    FillArgs,
    Format,
    GeoRect,
    Level,
    Node,
    NotFound,
    OldArgs,
    Optionals,
    Refused,
    Rule,
    Scalars,
    SetLevelArgs,
    Shape,
    StreamBlocksArgs,
    StreamRawArgs,
    TakeArgs,
    TakeWithReceiptArgs,
    Text,
)


class Everything(EverythingWorker):
    def echo_scalars(self, req: Scalars, ctx: Context) -> Scalars:
        return req

    def echo_optionals(self, req: Optionals, ctx: Context) -> Optionals:
        return req

    def echo_defaults(self, req: Defaults, ctx: Context) -> Defaults:
        return req

    def echo_constraints(self, req: Constraints, ctx: Context) -> Constraints:
        return req

    async def echo_containers(self, req: Containers, ctx: Context) -> Containers:
        return req

    async def echo_node(self, req: EchoNodeArgs, ctx: Context) -> Node:
        return req.node

    def echo_shape(self, req: EchoShapeArgs, ctx: Context) -> Shape:
        return req.shape

    def echo_block(self, req: EchoBlockArgs, ctx: Context) -> Block:
        return req.block

    def echo_expr(self, req: EchoExprArgs, ctx: Context) -> Expr:
        return req.expr

    def echo_format(self, req: EchoFormatArgs, ctx: Context) -> tuple[Format, Level]:
        return req.format, req.level

    def echo_json(self, req: EchoJsonArgs, ctx: Context) -> _pw.Json:
        return req.value

    def echo_raw(self, req: bytes, ctx: Context) -> bytes:
        return req

    async def echo_bin(self, req: bytes, ctx: Context) -> bytes:
        return req

    def echo_list(self, req: list[int], ctx: Context) -> list[int]:
        return req

    def fill(self, req: FillArgs, ctx: Context) -> Defaults:
        return Defaults(level=req.level, text=req.text, took=req.took, list=req.list, maybe=req.note)

    def ping(self, ctx: Context) -> str:
        return "pong"

    def count_down(self, req: CountDownArgs, ctx: Context) -> Iterator[int]:
        for i in range(req.from_, 0, -1):
            if i == req.fail_at:
                raise Refused(reason=f"at {i}", level=Level.WARN)
            yield i

    async def stream_blocks(self, req: StreamBlocksArgs, ctx: Context) -> AsyncIterator[Block]:
        for i in range(req.count):
            if i % 3 == 0:
                yield Text(content=f"block {i}")
            elif i % 3 == 1:
                yield Figure(data=bytes([i]), size=(i, i))
            else:
                yield Rule()

    def stream_raw(self, req: StreamRawArgs, ctx: Context) -> Iterator[bytes]:
        for i in range(req.chunks):
            yield bytes([i])

    def take(self, req: TakeArgs, ctx: Context) -> None:
        self.events.progress(handle=req.handle, done=1)
        self.events.found(Text(content="found"))
        self.events.chunk(bytes([1, 2, 3]))
        self.events.tick()

    async def take_with_receipt(self, req: TakeWithReceiptArgs, ctx: Context) -> GeoRect:
        if req.handle == "h_dead":
            raise Busy()
        await asyncio.sleep(0.001)
        return GeoRect(x=1, y=2, w=3, h=4.5)

    def fail(self, req: FailArgs, ctx: Context) -> bool:
        if req.path is None:
            raise Refused()
        raise NotFound(req.path)

    async def set_level(self, req: SetLevelArgs, ctx: Context) -> None:
        print("level is now", req.level)

    def old(self, req: OldArgs, ctx: Context) -> int:
        return req.x


if __name__ == "__main__":
    serve(Everything)
