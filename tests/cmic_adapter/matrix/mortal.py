"""A process that makes workers and lets them die: `python -m tests.cmic_adapter.matrix.mortal`, a job a line.

Each job is one try of one document in a process of its own, forked, which kills itself with SIGKILL at a named
moment of a named write. What it told the journal until then is in a file, as it would be in the database.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cmic_adapter import network
from cmic_adapter.backend import CmicBackend
from erp.port import ErpDocument
from tests.cmic_adapter.matrix import scenes
from tests.cmic_adapter.support import PASSWORD, USER

MOMENTS = ("recorded, not sent", "sent, no answer read", "answered, not recorded")


@dataclass(frozen=True)
class Job:
    """One life: `write` counts from 1; `notes` is the file where the journal is kept."""

    base_url: str
    scene: str
    document: ErpDocument
    write: int
    moment: str
    notes: str

    def packed(self) -> str:
        return base64.b64encode(pickle.dumps(self)).decode()


class LastWill:
    """A journal on disk that dies at a moment of a write."""

    def __init__(self, job: Job, notes: Any) -> None:
        self._job, self._notes, self._writes = job, notes, 0

    def _at(self, moment: str) -> bool:
        return self._writes == self._job.write and moment == self._job.moment

    def _note(self, **told: object) -> None:
        self._notes.write(json.dumps(told) + "\n")
        self._notes.flush()

    def before(self, *, step: str, **told: str) -> None:
        self._note(step=step)
        self._writes += 1
        if self._at("recorded, not sent"):
            die()
        if self._at("sent, no answer read"):
            network._Stream.read = lambda *_, **__: die()  # type: ignore[method-assign]

    def after(self, **told: Any) -> None:
        if self._at("answered, not recorded"):
            die()

    def learned(self, *, route: str = "", erp_number: str = "") -> None:
        self._note(route=route, erp_number=erp_number)


def die() -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody outlives that")


def live(job: Job) -> None:
    """Do what the job's scene does, until death."""
    cmic = CmicBackend(
        base_url=job.base_url, username=USER, password=PASSWORD, requests_per_second=5000, write_timeout=20
    )
    do: Callable = {scene.name: scene.do for scene in scenes.SCENES}[job.scene]
    with open(job.notes, "a") as notes:
        do(cmic, job.document, LastWill(job, notes))


def main() -> None:
    """Fork a worker for each job and say how it ended: the number of the signal that killed it, else 0."""
    for packed in sys.stdin:
        child = os.fork()
        if not child:
            try:
                live(pickle.loads(base64.b64decode(packed)))
            finally:
                os._exit(0)
        _, ended = os.waitpid(child, 0)
        print(os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0, flush=True)


if __name__ == "__main__":
    main()
