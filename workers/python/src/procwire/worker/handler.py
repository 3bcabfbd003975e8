"""The standard library's logging, towards the parent.

Python's alone. Importing ``logging`` costs start-up time: this module is imported by whoever asks for it.
"""

from __future__ import annotations

import logging

from .context import running
from .log import tell


class LogHandler(logging.Handler):
    """Sends records to the parent's log, with the number of the call in which they were made.

        logging.getLogger().addHandler(procwire.LogHandler())

    A thread that a handler starts does not know its call, unless it was started with a copy of its context
    variables, as ``asyncio.to_thread`` does.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Sends one record."""
        try:
            context = running()
            tell(_level(record.levelno), self.format(record), context.request_id if context else None, record.name)
        except Exception:
            self.handleError(record)


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"
