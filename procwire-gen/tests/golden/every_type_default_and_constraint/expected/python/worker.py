"""The worker of the module `everything`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator

import procwire as _pw
from procwire import Context, serve

from everything import (
    Block,
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
    FillArgs,
    Format,
    GeoRect,
    Level,
    Node,
    OldArgs,
    Optionals,
    Scalars,
    SetLevelArgs,
    Shape,
    StreamBlocksArgs,
    StreamRawArgs,
    TakeArgs,
    TakeWithReceiptArgs,
)


class Everything(EverythingWorker):
    """Every type, default, constraint and kind of method there is.

    Used by tests in all three languages; not an example of good taste.
    """

    def echo_scalars(self, req: Scalars, ctx: Context) -> Scalars:
        """Gives back what it got. So do all of these."""
        raise NotImplementedError("echo_scalars is not written yet")

    def echo_optionals(self, req: Optionals, ctx: Context) -> Optionals:
        raise NotImplementedError("echo_optionals is not written yet")

    def echo_defaults(self, req: Defaults, ctx: Context) -> Defaults:
        raise NotImplementedError("echo_defaults is not written yet")

    def echo_constraints(self, req: Constraints, ctx: Context) -> Constraints:
        raise NotImplementedError("echo_constraints is not written yet")

    def echo_containers(self, req: Containers, ctx: Context) -> Containers:
        raise NotImplementedError("echo_containers is not written yet")

    def echo_node(self, req: EchoNodeArgs, ctx: Context) -> Node:
        raise NotImplementedError("echo_node is not written yet")

    def echo_shape(self, req: EchoShapeArgs, ctx: Context) -> Shape:
        raise NotImplementedError("echo_shape is not written yet")

    def echo_block(self, req: EchoBlockArgs, ctx: Context) -> Block:
        raise NotImplementedError("echo_block is not written yet")

    def echo_expr(self, req: EchoExprArgs, ctx: Context) -> Expr:
        raise NotImplementedError("echo_expr is not written yet")

    def echo_format(self, req: EchoFormatArgs, ctx: Context) -> tuple[Format, Level]:
        raise NotImplementedError("echo_format is not written yet")

    def echo_json(self, req: EchoJsonArgs, ctx: Context) -> _pw.Json:
        raise NotImplementedError("echo_json is not written yet")

    def echo_raw(self, req: bytes, ctx: Context) -> bytes:
        """Bytes in, bytes out, no encoding in between."""
        raise NotImplementedError("echo_raw is not written yet")

    def echo_bin(self, req: bytes, ctx: Context) -> bytes:
        """The same, wrapped as MessagePack bin."""
        raise NotImplementedError("echo_bin is not written yet")

    def echo_list(self, req: list[int], ctx: Context) -> list[int]:
        """A payload that is no struct."""
        raise NotImplementedError("echo_list is not written yet")

    def fill(self, req: FillArgs, ctx: Context) -> Defaults:
        """Every default as an argument; answers with what arrived."""
        raise NotImplementedError("fill is not written yet")

    def ping(self, ctx: Context) -> str:
        """Takes nothing."""
        raise NotImplementedError("ping is not written yet")

    def count_down(self, req: CountDownArgs, ctx: Context) -> Iterator[int]:
        """Takes nothing, gives nothing but an answer."""
        raise NotImplementedError("count_down is not written yet")

    def stream_blocks(self, req: StreamBlocksArgs, ctx: Context) -> Iterator[Block]:
        raise NotImplementedError("stream_blocks is not written yet")

    def stream_raw(self, req: StreamRawArgs, ctx: Context) -> Iterator[bytes]:
        raise NotImplementedError("stream_raw is not written yet")

    def take(self, req: TakeArgs, ctx: Context) -> None:
        """Answers when it has taken the job."""
        raise NotImplementedError("take is not written yet")

    def take_with_receipt(self, req: TakeWithReceiptArgs, ctx: Context) -> GeoRect:
        """Answers with a receipt when it has taken the job."""
        raise NotImplementedError("take_with_receipt is not written yet")

    def fail(self, req: FailArgs, ctx: Context) -> bool:
        raise NotImplementedError("fail is not written yet")

    def set_level(self, req: SetLevelArgs, ctx: Context) -> None:
        """Never answers."""
        raise NotImplementedError("set_level is not written yet")

    def old(self, req: OldArgs, ctx: Context) -> int:
        """Deprecated: use `ping`."""
        raise NotImplementedError("old is not written yet")


if __name__ == "__main__":
    serve(Everything)
