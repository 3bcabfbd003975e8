"""What every test may ask for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from parent import Parent


@pytest.fixture
def parent() -> Iterator[Parent]:
    """A parent with the everyday worker."""
    with Parent() as one:
        yield one


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it; pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="pw") as name:
        yield Path(name)
