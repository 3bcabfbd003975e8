"""The worker of the module `ticker`. This file is yours: procwire-gen wrote it once and leaves it alone."""

from __future__ import annotations

from procwire import serve

from ticker import TickerWorker


class Ticker(TickerWorker):
    """A worker that only tells."""


if __name__ == "__main__":
    serve(Ticker)
