"""``python -m procwire run module:Class``: serves a class without a script of its own.

The runtime is loaded first, so that nothing the module prints on import can reach the control plane, and a module
that cannot be imported is reported to the parent in one sentence.
"""

from __future__ import annotations

import sys
from importlib import import_module

from .errors import StartError
from .stdio import capture
from .worker.worker import Worker, serve

USAGE = "usage: python -m procwire run MODULE:CLASS"


def main(arguments: list[str]) -> int:
    """Runs the command line and gives the exit status."""
    match arguments:
        case ["run", target] if ":" in target:
            capture()
            serve(lambda: load(target))
            return 0
        case _:
            sys.stderr.write(USAGE + "\n")
            return 2


def load(target: str) -> Worker:
    """An instance of the class that ``module:Class`` names."""
    module_name, _, class_name = target.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    module = import_module(module_name)
    found = getattr(module, class_name, None)
    if found is None:
        raise StartError(f"module `{module_name}` has no `{class_name}`")
    if not (isinstance(found, type) and issubclass(found, Worker)):
        raise StartError(f"`{target}` is not a worker class")
    return found()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
