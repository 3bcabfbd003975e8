"""How long a worker of the tests waits at its end: as long as the test says, so that no test needs a clock."""

from __future__ import annotations

import os
from collections.abc import Callable

from procwire import Worker, serve
from procwire.worker import worker as life


def serve_patiently(worker: Worker | Callable[[], Worker]) -> None:
    setattr(life, MOMENT, float(os.environ.get("CLEANUP", life.END_SECONDS)))
    serve(worker, drain=float(os.environ.get("DRAIN", life.DRAIN_SECONDS)))


MOMENT = "END_SECONDS"
