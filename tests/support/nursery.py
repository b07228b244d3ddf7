"""Celery workers by the dozen: each forked from one process that has imported everything, so it is there in no time.

What comes out is a worker like any other: a session of its own, its main process, its pool, its beat. Ask for the
fixture `nursery` and call `nursery(**environment)` once, then `start(...)` as often as needed.

Run as a program (`python -m tests.support.nursery`) it is that process: it takes orders as lines of JSON.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.worker import PATIENCE, ROOT, Worker, arguments, environment

PRELOADED = (
    "celery.apps.worker",
    "celery.beat",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.worker.consumer",
    "kombu.transport.redis",
    "config.celery",
    "erp.tasks",
)


class Nursery:
    """The process that workers are forked from, as seen from the test."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder, self.started = folder, list[Worker]()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery"],
            cwd=ROOT,
            env=environment(folder) | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process that workers are forked from has ended"
        return json.loads(line)

    def order(self, *words: Any) -> Any:
        """Give an order and return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def start(self, *, concurrency: int = 1, beat: bool = False) -> Worker:
        """Fork a worker; `wait_for(READY)` says when it is there."""
        name = f"worker-{len(self.started)}"
        log = self.folder / f"{name}.log"
        log.touch()
        command = arguments(name, concurrency=concurrency, beat=self.folder / "beat" if beat else None)
        worker = Worker(Forked(self, self.order("start", command, str(log))), log)
        self.started.append(worker)
        return worker

    def close(self) -> None:
        """Stop all workers, then the process itself."""
        for worker in self.started:
            worker.stop()
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()


class Forked:
    """One forked worker, in the words of `subprocess.Popen`. Its parent is the nursery, which alone can wait for it."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code once it has ended."""
        if self.returncode is None:
            self.returncode = self.nursery.order("poll", self.pid)
        return self.returncode

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for its end."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("worker", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the main process."""
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Tell it to stop."""
        self.send_signal(signal.SIGTERM)


@pytest.fixture
def nursery(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Nursery]]:
    """A function that makes the process workers are forked from: `nursery(**environment)`."""
    made: list[Nursery] = []

    def make(**variables: str) -> Nursery:
        made.append(Nursery(tmp_path, variables))
        return made[-1]

    yield make
    for each in made:
        each.close()


# -- the process itself -----------------------------------------------------------------------------------


def serve() -> None:
    """Import all a worker needs, then take orders until the input ends."""
    import django

    django.setup()
    for name in PRELOADED:
        importlib.import_module(name)
    say("ready")
    for line in sys.stdin:
        name, *words = json.loads(line)
        say({"start": fork, "poll": poll}[name](*words))


def say(answer: object) -> None:
    """Answer an order."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def fork(command: list[str], log: str) -> int:
    """Start a worker in a session of its own."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    words = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(words, 1)
    os.dup2(words, 2)
    from celery.bin.celery import celery as program

    try:
        program(args=command, prog_name="celery")
    finally:
        os._exit(1)
    raise AssertionError("it has left")


def poll(pid: int) -> int | None:
    """The exit code of a worker that has ended."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


if __name__ == "__main__":
    serve()
