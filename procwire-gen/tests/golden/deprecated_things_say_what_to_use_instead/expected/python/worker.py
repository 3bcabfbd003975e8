"""The worker of the module `attic`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from procwire import Context, serve

from attic import AtticWorker, Crate, OpenArgs


class Attic(AtticWorker):

    def open(self, req: OpenArgs, ctx: Context) -> Crate:
        """Deprecated: use `unpack`."""
        raise NotImplementedError("open is not written yet")

    def unpack(self, ctx: Context) -> Crate:
        raise NotImplementedError("unpack is not written yet")


if __name__ == "__main__":
    serve(Attic)
