"""The worker of the module `maps`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator

from procwire import Context, serve

from maps import FindArgs, MapsWorker, Pin


class Maps(MapsWorker):

    def find(self, req: FindArgs, ctx: Context) -> Iterator[Pin]:
        raise NotImplementedError("find is not written yet")


if __name__ == "__main__":
    serve(Maps)
