"""Lines on stderr about what no caller will hear of. The parent shows them; nothing else is logged here."""

from __future__ import annotations

import sys


def log(text: str) -> None:
    """One line."""
    try:
        sys.stderr.write(f"procwire: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # no stderr, nobody to tell


def log_exception(where: str, error: BaseException) -> None:
    """What was raised and where."""
    from traceback import format_exception

    log(f"{where}: {''.join(format_exception(type(error), error, error.__traceback__)).rstrip()}")
