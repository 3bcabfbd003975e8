"""How much one stream may still send: the parent grants as its consumer takes.

Twins: procwire-runtime/src/worker/credit.rs, workers/typescript/src/worker/credit.ts. Knows no frame.

One thread spends, the reading one grants; each has a number of its own, so that neither needs a lock.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Final

UNLIMITED: Final = 1 << 63


class Credit:
    """The balance of one stream, in bytes."""

    __slots__ = ("granted", "spent", "wake")

    def __init__(self, window: int) -> None:
        self.granted = window
        self.spent = 0
        self.wake: Callable[[], None] = _nobody
        """Makes the one who waits look again. Whoever waits sets it first and looks then."""

    def grant(self, amount: int) -> None:
        """The parent's consumer has taken that much."""
        self.granted += amount
        self.wake()

    def lift(self) -> None:
        """Nobody counts any more: the parent gave up on a handler that is not to hear of it."""
        self.grant(UNLIMITED)

    @property
    def is_spent(self) -> bool:
        """Whether the next item has to wait."""
        return self.spent >= self.granted

    def wait(self, is_over: Callable[[], bool]) -> None:
        """Waits, on a thread that may, until an item may be sent or ``is_over``."""
        told = Event()
        self.wake = told.set
        try:
            while self.is_spent and not is_over():
                told.wait()
                told.clear()
        finally:
            self.wake = _nobody


def _nobody() -> None:
    pass
