"""The exceptions of this package, by whose fault they are.

A worker's author raises DeclaredError (through the generated classes) and may meet the others.
"""

from __future__ import annotations

from typing import ClassVar


class ProcwireError(Exception):
    """Base of what this package raises by itself."""


class ContractError(ProcwireError):
    """The worker class does not fit its contract: a handler is missing, a type cannot be read, …"""


class StartError(ProcwireError):
    """The worker cannot start: no place for its socket, no parent, …"""


class NotConnectedError(ProcwireError):
    """An event was sent before the parent connected, or after it left."""


class EncodeError(ProcwireError):
    """A value does not fit the wire. ``field`` is its path, as in ``$.took``."""

    def __init__(self, message: str, field: str = "$") -> None:
        super().__init__(message if field == "$" else f"{message} - at `{field}`")
        self.field = field


class InvalidError(ProcwireError):
    """A request that cannot be read. ``field`` is the path of what is wrong, as in ``$.dpi``."""

    def __init__(self, message: str, field: str = "$") -> None:
        super().__init__(message)
        self.field = field


class DeclaredError(Exception):
    """Base of the errors a schema declares under ``throws``. Raise one in a handler; the parent gets it typed.

    Generated subclasses are dataclasses; ``TAG`` is the variant's name on the wire.
    """

    TAG: ClassVar[str] = ""
    RENAMED: ClassVar[dict[str, str]] = {}
    """Attribute to wire name, for the fields whose name Python reserves."""

    def __str__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"{self.TAG}: {fields}" if fields else self.TAG


class Cancelled(BaseException):
    """Raised by ``ctx.raise_if_cancelled()`` when the parent gave up on the call.

    Not an Exception, so that ``except Exception`` in a handler does not swallow it; nor is asyncio's
    CancelledError, which an ``async def`` handler gets instead.
    """
