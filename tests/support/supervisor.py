"""Starting the supervisor as a person does, and looking at what it leaves behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
# What the test run itself has set would be taken for the person's own servers.
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "CMIC_", "PYTEST_", "TIEBACK_")


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the environment of a person's shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | variables


@dataclass
class Supervisor:
    """One `python -m embedded ...` under way."""

    process: subprocess.Popen[str]
    output: Path

    def said(self) -> str:
        """Return what the person reads."""
        return self.output.read_text()

    def wait_for(self, words: str, *, patience: float = 60) -> None:
        """Return once the words have been printed."""
        wait_until(lambda: words in self.said() or self.process.poll() is not None, patience=patience)
        assert words in self.said(), self.said()

    def value_of(self, name: str) -> str:
        """Return the value in a printed `export NAME='value'`."""
        (line,) = [line for line in self.said().splitlines() if line.startswith(f"export {name}=")]
        return line.partition("=")[2].strip("'")

    def family(self) -> list[psutil.Process]:
        """Return every process below this one."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> int:
        """Ask it to end and return its exit code."""
        self.process.terminate()
        return self.process.wait(20)


def start(var: Path, command: str, **variables: str) -> Supervisor:
    """Start the supervisor on a folder of its own."""
    output = var.with_name(f"{var.name}-{time.monotonic_ns()}.txt")
    with output.open("w") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded", "--var", str(var), command],
            cwd=ROOT,
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return Supervisor(process, output)


def wait_until(true: Callable[[], bool], *, patience: float = 15) -> None:
    """Return once `true()` holds; fail the test where it does not in time."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, f"not so after {patience} s"
        time.sleep(0.02)


def all_gone(processes: list[psutil.Process]) -> bool:
    """Return whether none of the processes lives."""
    return not any(process.is_running() and process.status() != "zombie" for process in processes)
