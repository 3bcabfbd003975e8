"""What every test may ask for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from parent import EVERYTHING, NONCE, Parent

# The same examples everywhere, however slow the machine. `--hypothesis-profile=default` looks for new ones.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("steady")


@pytest.fixture(params=["plain", "ours"])
def parent(request: pytest.FixtureRequest) -> Iterator[Parent]:
    """A parent with the everyday worker: one that knows the plain protocol only, and one that knows all we do."""
    if request.param == "plain":
        with Parent() as one:
            yield one
    else:
        with Parent(features=EVERYTHING, inherits=True, nonce=NONCE) as one:
            yield one


@pytest.fixture(params=["plain", "ours"], scope="module")
def lasting(request: pytest.FixtureRequest) -> Iterator[Parent]:
    with Parent() if request.param == "plain" else Parent(features=EVERYTHING, inherits=True, nonce=NONCE) as one:
        yield one


@pytest.fixture
def shared(lasting: Parent) -> Iterator[Parent]:
    """The same, for tests that leave the worker as they found it: one process for all of a module's."""
    lasting.started.clear()
    yield lasting
    assert lasting.process.poll() is None
    assert not lasting.frames


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it; pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="pw") as name:
        yield Path(name)
