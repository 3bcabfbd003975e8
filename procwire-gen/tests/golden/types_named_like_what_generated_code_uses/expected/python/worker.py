"""The worker of the module `names`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

import collections.abc as _c

import procwire as _pw
from procwire import serve

from names import AllArgs, Context, ManyArgs, NamesWorker, Union


class Names(NamesWorker):
    """Names that a runtime, a prelude or a standard library has too."""

    def all(self, req: AllArgs, ctx: _pw.Context) -> Union:
        raise NotImplementedError("all is not written yet")

    def many(self, req: ManyArgs, ctx: _pw.Context) -> _c.Iterator[Context]:
        raise NotImplementedError("many is not written yet")


if __name__ == "__main__":
    serve(Names)
