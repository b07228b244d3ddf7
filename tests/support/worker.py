"""Real Celery worker processes on the test database, for tests about what happens between processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(settings.BASE_DIR)
READY = " ready."
PATIENCE = 30  # seconds
STOP_SECONDS = 15


@dataclass
class Worker:
    """One `celery worker` and its pool."""

    process: Any  # subprocess.Popen, or what speaks like it
    log: Path
    killed: bool = False

    @property
    def pid(self) -> int:
        """The number of the main process; its pool processes are its children."""
        return int(self.process.pid)

    def said(self) -> str:
        """Return all that it has logged."""
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, *, patience: float = PATIENCE) -> None:
        """Return once it has logged the words."""
        end = time.monotonic() + patience
        while words not in self.said():
            assert self.process.poll() is None, f"the worker ended:\n{self.said()}"
            assert time.monotonic() < end, f"no {words!r} after {patience} s:\n{self.said()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the worker and its pool with SIGKILL, as a power cut would."""
        os.killpg(self.pid, signal.SIGKILL)  # before anybody waits for it: until then its number is its own
        self.process.wait()
        self.killed = True

    def stop(self) -> None:
        """Let it finish what it does, then end; a hanging one is killed."""
        if self.killed:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # the whole group has ended, as it should


def environment(folder: Path) -> dict[str, str]:
    """Return this process's environment, pointed at the test database, with mail going to files."""
    database = connection.settings_dict
    host = database["HOST"].replace("/", "%2F")
    place = f"{host}:{database['PORT']}" if database["PORT"] else host
    login = f"{database['USER']}:{database['PASSWORD']}" if database["PASSWORD"] else database["USER"]
    return os.environ | {
        "DATABASE_URL": f"postgres://{login}@{place}/{database['NAME']}",
        "EMAIL_URL": f"filemail:///{folder / 'mail'}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "TIEBACK_SWEEP_SECONDS": "1",
        "TIEBACK_POLL_SECONDS": "1",
        "TIEBACK_NOTICES_SECONDS": "1",
    }


def arguments(name: str, *, concurrency: int, beat: Path | None) -> list[str]:
    """Return what follows `celery` on the command line; `beat` is where beat keeps its times."""
    words = ["--app=config.celery", "worker", "--loglevel=INFO", f"--concurrency={concurrency}"]
    words += [f"--hostname={name}@test", "--without-gossip", "--without-mingle"]
    return [*words, "--beat", f"--schedule={beat}"] if beat else words


@pytest.fixture
def celery_worker_process(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """A function that starts one more worker: `start(concurrency=1, beat=False, **environment)`.

    Ask for `cmic` too where the worker shall reach the simulator. All workers are gone when the test ends.
    """
    started: list[Worker] = []

    def start(*, concurrency: int = 1, beat: bool = False, **variables: str) -> Worker:
        log = tmp_path / f"worker-{len(started)}.log"
        command = [sys.executable, "-m", "celery"]
        command += arguments(
            f"worker-{len(started)}", concurrency=concurrency, beat=tmp_path / "beat" if beat else None
        )
        with log.open("wb") as words:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(tmp_path) | variables,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = Worker(process, log)
        started.append(worker)
        worker.wait_for(READY)
        return worker

    yield start
    for worker in started:
        worker.stop()
