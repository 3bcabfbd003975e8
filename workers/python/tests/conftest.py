"""What every test may ask for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from parent import EVERYTHING, NONCE, Parent


@pytest.fixture(params=["plain", "ours"])
def parent(request: pytest.FixtureRequest) -> Iterator[Parent]:
    """A parent with the everyday worker: one that knows the plain protocol only, and one that knows all we do."""
    if request.param == "plain":
        with Parent() as one:
            yield one
    else:
        with Parent(features=EVERYTHING, inherits=True, nonce=NONCE) as one:
            yield one


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it; pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="pw") as name:
        yield Path(name)
