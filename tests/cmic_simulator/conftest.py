"""One simulator in a thread of the test process, with a fresh book for every test."""

from collections.abc import Iterator

import pytest

from cmic_simulator.simulator import Simulator
from tests.cmic_simulator.tenant import SEED, Tenant


@pytest.fixture(scope="package")
def running() -> Iterator[Tenant]:
    simulator = Simulator(throttle=False).start()
    tenant = Tenant(simulator)
    yield tenant
    tenant.close()
    simulator.stop()


@pytest.fixture
def tenant(running: Tenant) -> Tenant:
    running.control("reset", **SEED)
    return running
