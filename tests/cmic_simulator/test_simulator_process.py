"""The simulator as a process: command line, stopping, snapshot."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

import cmic_simulator
from tests.cmic_simulator.tenant import SEED, SERVICES, a_header

REPOSITORY = Path(cmic_simulator.__file__).parent.parent
AUTH = ("ACME||TIEBACK", "secret")
TOKEN = {"X-Sim-Token": "key"}


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "cmic_simulator", "--port", "0", "--token", "key", *options]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().removeprefix("listening on ").strip()
        finally:
            if running.poll() is None:
                running.kill()


def stop(running: subprocess.Popen[str], sign: signal.Signals) -> float:
    started = time.monotonic()
    running.send_signal(sign)
    assert running.wait(10) == 0
    return time.monotonic() - started


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(SEED))
    return file


def test_it_stops_at_once_while_a_caller_hangs_and_keeps_the_book(tmp_path: Path, seed: Path) -> None:
    snapshot = tmp_path / "book.json"
    options = ("--seed", str(seed), "--snapshot", str(snapshot))
    with process(*options) as (running, base), socket.socket() as raw:
        assert base.endswith("/cmictest")
        origin = base.removesuffix("/cmictest")
        created = httpx2.post(f"{base}/{SERVICES['cmmast']}", json=a_header(), auth=AUTH)
        assert created.status_code == 201
        httpx2.post(f"{origin}/__sim/faults", json={"fault": "hang_before"}, headers=TOKEN)
        host, port = origin.removeprefix("http://").split(":")
        raw.settimeout(5)
        raw.connect((host, int(port)))
        raw.sendall(b"GET /cmictest/x HTTP/1.1\r\nHost: x\r\n\r\n")
        stats = f"{origin}/__sim/journal/stats"
        deadline = time.monotonic() + 5
        while httpx2.get(stats, headers=TOKEN).json()["in_flight"] == 0:
            assert time.monotonic() < deadline
        assert stop(running, signal.SIGTERM) < 3
    with process(*options) as (running, base):
        [header] = httpx2.get(f"{base}/{SERVICES['cmmast']}", auth=AUTH).json()["items"]
        kept = created.json()
        assert header | {"links": 0} == kept | {"links": 0}, "VUuid and audit times are kept"
        stop(running, signal.SIGINT)


def test_a_killed_simulator_has_saved_soon_after_the_change(tmp_path: Path, seed: Path) -> None:
    snapshot = tmp_path / "book.json"
    with process("--seed", str(seed), "--snapshot", str(snapshot)) as (running, base):
        httpx2.post(f"{base}/{SERVICES['cmmast']}", json=a_header(), auth=AUTH)
        deadline = time.monotonic() + 5
        while not snapshot.exists() or "TB-1" not in snapshot.read_text():
            assert time.monotonic() < deadline, "nothing was saved within 5 s"
            time.sleep(0.02)
        running.kill()
    with process("--snapshot", str(snapshot)) as (running, base):
        assert httpx2.get(f"{base}/{SERVICES['cmmast']}", auth=AUTH).json()["count"] == 1


def test_the_command_line_chooses_release_throttle_and_link(seed: Path) -> None:
    link = "http://127.0.0.1:8000/projects"
    with process("--release", "patch21", "--no-throttle", "--app-url", link) as (running, base):
        origin = base.removesuffix("/cmictest")
        switches = httpx2.get(f"{origin}/__sim/switches", headers=TOKEN).json()
        assert (switches["release"], switches["throttle"]) == ("patch21", False)
        assert link in httpx2.get(f"{origin}/desk").text


def test_a_wrong_seed_is_told_and_nothing_starts(tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    file.write_text('{"castles": []}')
    command = [sys.executable, "-m", "cmic_simulator", "--port", "0", "--seed", str(file)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert "castles" in ended.stderr


def test_it_needs_nothing_of_the_application() -> None:
    code = (
        "import sys, cmic_simulator.__main__\n"
        "from importlib.metadata import packages_distributions\n"
        "own = {'cmic_simulator', 'jinja2', 'markupsafe'} | set(sys.stdlib_module_names)\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "({'django', 'erp', 'budgets', 'projects', 'workflow', 'config', 'cmic_adapter'} - own)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]", ended.stderr
