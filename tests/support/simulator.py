"""The stand-in for CMiC as a process of its own, empty at the start of every test that asks for it.

`simulator` is what a test tells what to hold and what to do wrong; `cmic` also connects this installation
to it, in this process and in the worker processes that the test starts.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings

from config import erp_env

ROOT = Path(django_settings.BASE_DIR)
TOKEN = "sim-token-of-the-tests"  # only opens the control interface of this test's own simulator
# A test has no minute to wait for a time-out, and nobody to spare.
BRISK = {
    "CMIC_USERNAME": "ACME||TIEBACK",
    "CMIC_PASSWORD": "secret",
    "CMIC_REQUESTS_PER_SECOND": "1000",
    "CMIC_CONNECT_TIMEOUT": "2",
    "CMIC_READ_TIMEOUT": "3",
    "CMIC_WRITE_TIMEOUT": "3",
    "CMIC_PROBE_SECONDS": "0,1,2",
}


class Simulator:
    """What a test says to the simulator, through its control interface."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.origin = base_url.removesuffix("/cmictest")
        self.http = httpx2.Client(base_url=self.origin, headers={"X-Sim-Token": TOKEN}, timeout=30)

    @property
    def desk_url(self) -> str:
        """Where the accountant works."""
        return f"{self.origin}/desk"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that connect Tieback to this simulator."""
        return BRISK | {"CMIC_BASE_URL": self.base_url, "CMIC_DESK_URL": self.desk_url}

    def control(self, method: str, name: str, given: Mapping[str, Any] | None = None) -> Any:
        """Send one control request; numbers with a point come back as Decimal. A refusal fails the test."""
        body = None if given is None else dict(given)
        answer = self.http.request(method, f"/__sim/{name}", json=body)
        assert answer.status_code == 200, f"{method} {name}: {answer.status_code} {answer.text}"
        return answer.json(parse_float=Decimal)

    def reset(self, seed: Mapping[str, Any] | None = None) -> None:
        """Forget everything: book, journal, faults, switches and clock; then hold the seed."""
        self.control("POST", "reset", seed or {})

    def seed(self, data: Mapping[str, Any]) -> None:
        """Add to what the book holds."""
        self.control("POST", "seed", data)

    def book(self) -> dict[str, list[dict[str, Any]]]:
        """Return all that CMiC holds, in the seed's words."""
        return self.control("GET", "state")["book"]

    def journal(self, **narrowed: Any) -> list[dict[str, Any]]:
        """Return the requests seen so far; `method`, `resource` and `since` narrow them."""
        return self.control("GET", "journal", narrowed)["entries"]

    def stats(self) -> dict[str, Any]:
        """Return the most requests at once and in one second, and what else the journal measures."""
        return self.control("GET", "journal/stats")

    def fault(
        self, kind: str, *, match: Mapping[str, Any] | None = None, times: int | None = 1, **parameters: Any
    ) -> dict[str, Any]:
        """Make requests that match go wrong, `times` times (None: until `clear_faults`)."""
        return self.control(
            "POST", "faults", {"fault": kind, "match": dict(match or {}), "times": times, **parameters}
        )

    def clear_faults(self) -> None:
        """Let everything go right again."""
        self.control("DELETE", "faults")

    def switch(self, **switches: Any) -> None:
        """Make the tenant another release or company setting, for example `hide_posted=True`."""
        self.control("POST", "switches", switches)

    def advance(self, *, seconds: float) -> None:
        """Move CMiC's clock."""
        self.control("POST", "clock", {"advance": seconds})

    def accountant(self, action: str, **given: Any) -> dict[str, Any]:
        """Let the accountant act: post, reject, edit_amount, delete, start_job, close_job, set_budget ..."""
        return self.control("POST", action, given)

    def post(self, *, company: str, job: str, code: str) -> dict[str, Any]:
        """Let the accountant post the PCI of that number."""
        return self.accountant("post", company=company, job=job, code=code)


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for all tests of this process, on a free port, without a limit of requests."""
    log = tmp_path_factory.mktemp("simulator") / "simulator.log"
    command = [
        sys.executable,
        "-m",
        "cmic_simulator",
        "--port",
        "0",
        "--token",
        TOKEN,
        "--no-throttle",
        "--quiet",
    ]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    with process, process.stdout:
        address = process.stdout.readline().strip().removeprefix("listening on ")
        assert address, f"the simulator did not start:\n{log.read_text()}"
        simulator = Simulator(address)
        yield simulator
        simulator.http.close()
        process.terminate()


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """The simulator, empty."""
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def cmic(simulator: Simulator, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The empty simulator, connected to this installation as the ERP `cmic`."""
    for name, value in simulator.environment.items():
        monkeypatch.setenv(name, value)
    settings.ERP_BACKENDS = erp_env.erp_backends(redis_url=settings.REDIS_URL)
    settings.CMIC_DESK_URL = erp_env.desk_url()
    return simulator
