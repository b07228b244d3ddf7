"""A worker process that is killed (SIGKILL) around any write of any scene leaves nothing to a person.

The three moments are those that differ: the write is on record but has not left, it has left and CMiC carried it out,
its answer came but is not on record.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from erp.port import ErpDocument
from tests.cmic_adapter.matrix.conftest import Adapter, Steps
from tests.cmic_adapter.matrix.mortal import MOMENTS, Job
from tests.cmic_adapter.matrix.outbox import Played
from tests.cmic_adapter.matrix.scenes import SCENES, VARIANTS, Scene, Variant, kind_of
from tests.cmic_adapter.support import Tenant
from tests.support.cells import Cells
from tests.support.soak import counts

MATRIX = "steps x kills"


class Mortals:
    """Makes workers and sees them die."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cmic_adapter.matrix.mortal"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, job: Job) -> int:
        """Let a worker do a job; returns the signal it died of, 0 when it lived."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(job.packed() + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals()
    yield mortals
    mortals.close()


@counts("variants", short=1, long=len(VARIANTS))
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_worker_killed_around_any_write_leaves_nothing_to_a_person(
    tenant: Tenant,
    adapter: Adapter,
    steps_of: Steps,
    mortals: Mortals,
    cells: Cells,
    tmp_path: Path,
    scene: Scene,
    moment: str,
    variants: int,
):
    first = SCENES.index(scene) * len(MOMENTS) + MOMENTS.index(moment)
    writes = len(steps_of(scene, VARIANTS[0]))
    cells.of(MATRIX, writes * len(VARIANTS))
    for nth in range(writes):
        for turn in range(variants):
            variant = VARIANTS[(first + 5 * nth + turn) % len(VARIANTS)]
            steps = steps_of(scene, variant)
            cmic = adapter(variant, False)
            document = scene.start(tenant, variant)
            notes = tmp_path / f"{nth}-{turn}"
            job = Job(
                base_url=tenant.base_url,
                scene=scene.name,
                document=document,
                write=nth + 1,
                moment=moment,
                notes=str(notes),
            )
            assert mortals.live(job) == signal.SIGKILL
            see_it_out(tenant, sent=nth + (moment != MOMENTS[0]))
            played = Played(tenant=tenant, cmic=cmic, scene=scene, document=as_noted(document, notes))
            go_on(played, variant)
            cells.ran(MATRIX, row=moment, column=kind_of(steps[nth]).value)


def go_on(played: Played, variant: Variant) -> None:
    """What the sweep makes of a worker that is gone: ask, as after any unknown outcome, then try again."""
    try:
        played.look()
        if not played.ask():
            played.work()
        played.scene.agree(played.tenant, played.cmic, played.document)
    except Exception as problem:
        problem.add_note(f"{played.scene.name}, {variant}; steps: {played.steps}")
        raise


def as_noted(document: ErpDocument, notes: Path) -> ErpDocument:
    """The document with what the dead worker's journal learned."""
    for text in notes.read_text().splitlines():
        told = json.loads(text)
        known = {name: told[name] for name in ("route", "erp_number") if told.get(name)}
        document = replace(document, **known)
    return document


def see_it_out(tenant: Tenant, *, sent: int) -> None:
    """Wait until CMiC has carried out what had left."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        if len(tenant.writes()) == sent and not tenant.ask("journal/stats")["in_flight"]:
            return
        time.sleep(0.01)
    raise AssertionError(f"{len(tenant.writes())} writes arrived, not {sent}")
