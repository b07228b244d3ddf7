"""The processes of a run: started in order, watched, and stopped together."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from embedded.installation import ROOT, Installation
from embedded.processes import PidFile, StartError, kill_group, spawn, stop_stranger, tail, wait_until


class Stopped(Exception):
    """Somebody asked this run to end (Ctrl-C, SIGTERM, a closed terminal)."""


def raise_on_signals() -> None:
    """Turn the signals that end a run into `Stopped`, once; further ones find an orderly stop under way."""

    def ask(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, ask)


@dataclass
class Child:
    """One running process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class Children:
    """All processes of one run, in the order they were started."""

    installation: Installation
    env: dict[str, str]
    running: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str | Path]) -> Child:
        """Start one process with its own log and pid file."""
        log = self.installation.log(name)
        child = Child(name, spawn(command, log=log, env=self.env, cwd=ROOT), log)
        self.running.append(child)
        PidFile.of(child.process.pid).write(self.installation.pid_files / f"{name}.json")
        return child

    def wait_until(self, ready: Callable[[], bool], child: Child, *, patience: float) -> None:
        """Return once the child is ready; raise StartError where it ends or dawdles."""
        wait_until(ready, process=child.process, name=child.name, log=child.log, patience=patience)

    def finish(self, child: Child) -> None:
        """Wait for a process that has one thing to do; raise StartError where it failed."""
        code = child.process.wait()
        self.running.remove(child)
        (self.installation.pid_files / f"{child.name}.json").unlink()
        if code != 0:
            raise StartError(f"{child.name} failed (exit {code}).\n{tail(child.log)}")

    def watch(self) -> None:
        """Return never; raise StartError as soon as one process has ended."""
        while True:
            for child in self.running:
                if child.process.poll() is not None:
                    code = child.process.returncode
                    raise StartError(f"{child.name} has ended (exit {code}).\n{tail(child.log)}")
            time.sleep(0.2)

    def stop(self, *, patience: float) -> None:
        """Ask all to end, the last started first; kill those still there after `patience` seconds."""
        end = time.monotonic() + patience
        for child in reversed(self.running):
            if child.process.poll() is None:
                child.process.terminate()
        for child in reversed(self.running):
            try:
                child.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass  # it had its chance; its whole group is killed next
            kill_group(child.process.pid)
            child.process.wait()
            (self.installation.pid_files / f"{child.name}.json").unlink(missing_ok=True)
        self.running.clear()


def stop_leftovers(installation: Installation) -> None:
    """Stop what a killed run left behind (on Linux the kernel has done that already)."""
    for record in installation.leftovers():
        stop_stranger(record, patience=5)
