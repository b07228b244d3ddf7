"""A posted budget on paper, and somebody who changes what the paper holds."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from erp.models import Batch, DriftDecision
from erp.port import ErpKey
from erp.reconciliation import drift
from tests.support import scene as acts
from tests.support.scene import COST_TYPES, LINES, MAIN, Scene

PLACES = {letter: f"{place + 1}000" for place, letter in enumerate(COST_TYPES)}
CARPET = ErpKey(MAIN, "09-68-00", PLACES["S"])
AS_SENT = "12500.50"


def delivered(scene: Scene) -> Batch:
    """The budget was sent, accepted and delivered; the paper holds it."""
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    for job, code, kind, amount in LINES:
        scene.sheet.hold(job, code, PLACES[kind], amount)
    scene.reload()
    return batch


def posted(scene: Scene) -> Batch:
    """And it was posted, and read since."""
    batch = delivered(scene)
    acts.post(batch)
    acts.read(scene)
    scene.reload()
    return batch


def edit(scene: Scene, amount: str, key: ErpKey = CARPET) -> str:
    """Somebody changes the carpet straight in the ERP, and a reading sees it. Returns the reading's hash."""
    scene.sheet.hold(key.job, key.cost_code, key.cost_type, amount)
    reading = acts.read(scene)
    scene.reload()
    return reading.hash


def settle(scene: Scene, kind: str, hash_: str, *, by: Any = None, **more: Any) -> list[DriftDecision]:
    """Mira decides which value holds."""
    done = drift.settle(
        scene.budget, user=by or scene.mira, now=timezone.now(), kind=kind, reading_hash=hash_, **more
    )
    scene.reload()
    return done
