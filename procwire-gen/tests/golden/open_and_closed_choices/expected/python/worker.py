"""The worker of the module `choices`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from procwire import Context, serve

from choices import Block, ChoicesWorker, Format, GetArgs, Level, SendArgs, Shape


class Choices(ChoicesWorker):
    """Closed choices refuse what they do not know, open ones keep it."""

    def send(self, req: SendArgs, ctx: Context) -> bool:
        raise NotImplementedError("send is not written yet")

    def get(self, req: GetArgs, ctx: Context) -> tuple[Level, Format, Shape, Block]:
        raise NotImplementedError("get is not written yet")


if __name__ == "__main__":
    serve(Choices)
