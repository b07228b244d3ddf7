"""Starting and stopping child processes so that none outlives us, however we end."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec a child may not import.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(Exception):
    """A part could not be started; the text says what happened and what to do."""


@dataclass(frozen=True)
class PidFile:
    """Who runs and on whose behalf, kept beside the data so that the next start can tell."""

    pid: int
    created: float
    owner: int
    owner_created: float

    @classmethod
    def of(cls, pid: int) -> "PidFile":
        """Return the record of a process that this process owns."""
        owner = os.getpid()
        return cls(pid, psutil.Process(pid).create_time(), owner, psutil.Process(owner).create_time())

    @classmethod
    def read(cls, path: Path) -> "PidFile | None":
        """Return the record in the file, or nothing where there is none that can be understood."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Put the record into the file in one step."""
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(asdict(self)))
        scratch.replace(path)

    @property
    def runs(self) -> bool:
        """Whether that very process still runs (a recycled number does not count)."""
        return is_running(self.pid, self.created)

    @property
    def owned_by_other(self) -> bool:
        """Whether another living process will stop it, so that we must not."""
        return self.owner != os.getpid() and is_running(self.owner, self.owner_created)


def is_running(pid: int, created: float) -> bool:
    """Return whether the process of that number, started at that time, is alive."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def die_with_parent(signal_number: int) -> Callable[[], None] | None:
    """Return what a child must call before exec so that the kernel signals it when we die (Linux only)."""
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and prctl
            os.kill(os.getpid(), signal_number)

    return arrange


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    user: int | None = None,
    group: int | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, its words appended to `log`, bound to our life.

    The death signal is set after the change of user, which would otherwise clear it.
    """
    with log.open("ab") as words:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),
        )


def stop(process: subprocess.Popen[bytes], *, patience: float, stop_signal: int = signal.SIGTERM) -> None:
    """Ask the child to end, and after `patience` seconds kill it with everything in its process group."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            pass  # it had its chance; the group is killed next
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill whatever is left of the process group that `spawn` made."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left (macOS says "not permitted" for a group of zombies)


def stop_stranger(record: PidFile, *, patience: float, stop_signal: int = signal.SIGTERM) -> None:
    """Stop a process that is not our child, such as one whose owner was killed."""
    if not record.runs:
        return
    process = psutil.Process(record.pid)
    process.send_signal(stop_signal)
    try:
        process.wait(patience)
    except psutil.TimeoutExpired:
        kill_group(record.pid)


def wait_until(
    ready: Callable[[], bool],
    *,
    process: subprocess.Popen[bytes],
    name: str,
    log: Path,
    patience: float,
) -> None:
    """Return once `ready()` is true; where the child ends or dawdles, raise StartError with its words."""
    end = time.monotonic() + patience
    while not ready():
        if process.poll() is not None:
            raise StartError(f"{name} ended while starting (exit {process.returncode}).\n{tail(log)}")
        if time.monotonic() > end:
            raise StartError(f"{name} is not ready after {patience:.0f} seconds.\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, *, lines: int = 15) -> str:
    """Return the last lines of a log, indented, under its name."""
    if not log.exists():
        return f"  ({log} does not exist)"
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join([f"  last lines of {log}:", *(f"    {line}" for line in last)])
