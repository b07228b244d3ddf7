"""A stand-in tenant in a process of its own, and the adapter pointed at it over HTTP. No database."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from cmic_adapter.backend import CmicBackend
from tests.cmic_adapter.support import PASSWORD, USER, Tenant, book


@pytest.fixture(scope="session")
def stand_in() -> Iterator[Tenant]:
    """One process for all tests; each test starts it with a fresh book."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cmic_simulator", "--port", "0", "--no-throttle", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as lines:
        tenant = Tenant(base_url=lines.readline().split()[-1])
        yield tenant
        tenant.close()
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def tenant(stand_in: Tenant) -> Tenant:
    """The tenant with the book of `support.book()`: a started job, a pending one, each with a sub job."""
    stand_in.reset(book())
    return stand_in


@pytest.fixture
def make_backend(tenant: Tenant) -> Iterator[Callable[..., CmicBackend]]:
    """Makes adapters that ask as fast as they can and are closed after the test."""
    made: list[CmicBackend] = []

    def make(**changes: object) -> CmicBackend:
        settings: dict = {
            "base_url": tenant.base_url,
            "username": USER,
            "password": PASSWORD,
            "requests_per_second": 5000,
            "read_timeout": 3,
            "write_timeout": 10,
            **changes,
        }
        made.append(CmicBackend(**settings))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def cmic(make_backend: Callable[..., CmicBackend]) -> CmicBackend:
    """The adapter with time to wait."""
    return make_backend()


@pytest.fixture
def impatient(make_backend: Callable[..., CmicBackend]) -> CmicBackend:
    """The adapter for a write that will hang: it gives up after half a second."""
    return make_backend(write_timeout=0.5)
