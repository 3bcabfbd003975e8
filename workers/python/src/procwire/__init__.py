"""Procwire workers in Python: typed methods, streams and events for a parent process.

Write a schema, generate ``<module>.py`` with procwire-gen, derive your class from the generated one, and ``serve``
it. Everything promised is listed in ``__all__``; other modules may change.

    from pdf import Document, OpenArgs, PdfWorker
    from procwire import Context, serve

    class Pdf(PdfWorker):
        def open(self, req: OpenArgs, ctx: Context) -> Document:
            return Document(id="doc_1", pages=3)

    if __name__ == "__main__":
        serve(Pdf())

Importing this package in a process that a parent started moves descriptors 0 and 1 aside (see ``stdio``), so import
it before anything that prints.
"""

from .stdio import capture_if_started_by_a_parent as _capture

_capture()

from typing import TYPE_CHECKING  # noqa: E402

from msgspec import Meta, Struct  # noqa: E402

from .contract import Contract, Event, Method, require_generation  # noqa: E402
from .errors import (  # noqa: E402
    Cancelled,
    ContractError,
    DeclaredError,
    EncodeError,
    NotConnectedError,
    ProcwireError,
    StartError,
)
from .values import (  # noqa: E402
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Int,
    Json,
    OpenEnum,
    StrEnum,
    Timestamp,
    Unknown,
    default,
    default_of,
    open_union,
)
from .worker.context import Context  # noqa: E402
from .worker.events import Emitted, Events  # noqa: E402
from .worker.worker import VERSION, Worker, serve  # noqa: E402

if TYPE_CHECKING:
    from .worker.handler import LogHandler

__version__ = VERSION

__all__ = [
    "I8",
    "I16",
    "I32",
    "I64",
    "U8",
    "U16",
    "U32",
    "U64",
    "Cancelled",
    "Context",
    "Contract",
    "ContractError",
    "DeclaredError",
    "Emitted",
    "EncodeError",
    "Event",
    "Events",
    "Int",
    "Json",
    "LogHandler",
    "Meta",
    "Method",
    "NotConnectedError",
    "OpenEnum",
    "ProcwireError",
    "StartError",
    "StrEnum",
    "Struct",
    "Timestamp",
    "Unknown",
    "Worker",
    "default",
    "default_of",
    "open_union",
    "require_generation",
    "serve",
]


def __getattr__(name: str) -> object:
    if name == "LogHandler":
        # Costs start-up time, and only who logs that way needs it.
        from .worker.handler import LogHandler

        return LogHandler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
