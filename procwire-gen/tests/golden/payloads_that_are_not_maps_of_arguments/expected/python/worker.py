"""The worker of the module `payloads`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator

from procwire import Context, serve

from payloads import Job, Key, PayloadsWorker, Shape, Size


class Payloads(PayloadsWorker):
    """A payload may be any one value, and bytes go as they are."""

    def raw(self, req: bytes, ctx: Context) -> bytes:
        raise NotImplementedError("raw is not written yet")

    def wrapped(self, req: bytes, ctx: Context) -> bytes:
        raise NotImplementedError("wrapped is not written yet")

    def of_struct(self, req: Job, ctx: Context) -> Job:
        raise NotImplementedError("of_struct is not written yet")

    def of_enum(self, req: Size, ctx: Context) -> Size:
        raise NotImplementedError("of_enum is not written yet")

    def of_union(self, req: Shape, ctx: Context) -> Iterator[Shape]:
        raise NotImplementedError("of_union is not written yet")

    def of_newtype(self, req: Key, ctx: Context) -> Key:
        raise NotImplementedError("of_newtype is not written yet")

    def of_list(self, req: list[int], ctx: Context) -> dict[str, list[int]]:
        raise NotImplementedError("of_list is not written yet")

    def of_tuple(self, req: tuple[int, str], ctx: Context) -> tuple[int, str] | None:
        raise NotImplementedError("of_tuple is not written yet")

    def of_string(self, req: str, ctx: Context) -> None:
        raise NotImplementedError("of_string is not written yet")


if __name__ == "__main__":
    serve(Payloads)
