"""`make run`: everything starts, everything ends, and what goes wrong is said in words."""

import re
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from embedded.installation import Installation
from tests.support.simulator import Simulator
from tests.support.supervisor import Supervisor, all_gone, start, wait_until

READY = "Tieback is ready"
PARTS = ["postgres", "valkey", "gunicorn", "worker", "beat"]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Runs:
    """Runs of `python -m embedded run` on one folder and port, against a CMiC that is already there."""

    var: Path
    environment: dict[str, str]
    web_port: int = field(default_factory=free_port)
    started: list[Supervisor] = field(default_factory=list)

    def __call__(self, *, wait: bool = True, **variables: str) -> Supervisor:
        """Start one more, and return it once it is ready (at once: `wait=False`)."""
        settings = {"WEB_PORT": str(self.web_port), **self.environment, **variables}
        supervisor = start(self.var, "run", **settings)
        self.started.append(supervisor)
        if wait:
            supervisor.wait_for(READY, patience=120)
        return supervisor

    def clean_up(self) -> None:
        """End all of them and delete their data."""
        for supervisor in self.started:
            if supervisor.process.poll() is None:
                supervisor.end()
        Installation(self.var).forget()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, simulator_process: Simulator) -> Iterator[Runs]:
    """One run that several tests look at."""
    runs = Runs(tmp_path_factory.mktemp("running") / "var", simulator_process.environment)
    runs()
    yield runs
    runs.clean_up()


@pytest.fixture
def run(tmp_path: Path, simulator: Simulator) -> Iterator[Runs]:
    """A function that starts a run of this test's own."""
    runs = Runs(tmp_path / "var", simulator.environment)
    yield runs
    runs.clean_up()


def commands(processes: list[psutil.Process]) -> str:
    """Return the command lines of the processes, one a line."""
    return "\n".join(" ".join(process.cmdline()) for process in processes)


def fetched(web_port: int, path: str) -> tuple[str, dict[str, str]]:
    """Return body and headers of an address that must answer with success."""
    with urllib.request.urlopen(f"http://127.0.0.1:{web_port}{path}", timeout=10) as answer:
        return answer.read().decode(), dict(answer.headers)


def test_every_part_runs_and_the_address_is_printed(running):
    supervisor = running.started[0]
    assert [part for part in PARTS if part not in commands(supervisor.family())] == []
    assert f"http://127.0.0.1:{running.web_port}/" in supervisor.said()


def test_pages_come_with_their_style_and_a_strict_policy(running):
    page, headers = fetched(running.web_port, "/login/")
    stylesheets = re.findall(r'<link rel="stylesheet" href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    assert stylesheets
    for stylesheet in stylesheets:
        assert fetched(running.web_port, stylesheet)[1]["Cache-Control"].endswith("immutable")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("value", ["eighty", "0", "70000"])
def test_an_odd_port_is_refused_by_name(run, value):
    supervisor = run(wait=False, WEB_PORT=value)
    assert supervisor.process.wait(20) == 1
    assert "WEB_PORT must be a port" in supervisor.said()


def test_a_killed_run_takes_everything_along_and_the_next_one_starts_and_stops(run):
    supervisor = run()
    family = supervisor.family()
    supervisor.process.kill()
    supervisor.process.wait()
    wait_until(lambda: all_gone(family), patience=20)

    again = run()
    family = again.family()
    assert again.end() == 0
    assert all_gone(family)


def test_when_one_part_dies_the_rest_stops_and_its_last_words_are_shown(run):
    supervisor = run()
    family = supervisor.family()
    (worker,) = [
        process
        for process in family
        if " worker " in commands([process]) and process.ppid() == supervisor.process.pid
    ]
    worker.kill()
    assert supervisor.process.wait(20) == 1
    assert "worker has ended (exit -9)" in supervisor.said()
    assert "last lines of" in supervisor.said()
    assert all_gone(family)


def test_a_second_run_from_the_same_folder_is_refused_with_the_way_to_stop_the_first(running):
    first, second = running.started[0], running(wait=False)
    assert second.process.wait(20) == 1
    assert f"kill {first.process.pid}" in second.said()
    assert first.process.poll() is None


def test_a_port_in_use_is_named_with_the_way_out(run):
    web_port = run.web_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", web_port))
        other.listen()
        supervisor = run(wait=False)
        assert supervisor.process.wait(20) == 1
    assert f"Port {web_port} cannot be used" in supervisor.said()
    assert f"WEB_PORT={web_port + 1} make run" in supervisor.said()


def test_half_made_demo_data_is_refused_with_the_way_to_start_afresh(run, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "seeding").touch()
    supervisor = run(wait=False)
    assert supervisor.process.wait(20) == 1
    assert "make reset" in supervisor.said()
