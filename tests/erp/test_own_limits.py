"""A person's own right and limit are asked by the database too, at the very moment when an amount is let go."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from erp.approval import stepping
from erp.models import Batch, BatchStep, Confirmation, DriftDecision
from erp.posting import confirmations
from erp.reconciliation import drift
from projects.models import Direction, Membership
from tests.admin.test_reconciliation import VALUE
from tests.admin.test_reconciliation import url as reconciliation
from tests.erp.test_access_report import window
from tests.erp.test_approval_steps import rule
from tests.erp.test_blockers_drift import CONCRETE, CONCRETE_SENT
from tests.support import drift as paper
from tests.support import scene as acts
from tests.support.drift import CARPET
from tests.support.scene import Scene
from tests.workflow.sql import copy, refused, update

MOVED = "92500.75"
BEYOND = "within the limit of whoever has the right"
NO_RIGHT = "nobody lets an amount go who may not push to accounting"


def limited(who, limit: str) -> None:
    Membership.objects.filter(user=who).update(approval_limit=Decimal(limit))


def without_right(who) -> None:
    Membership.objects.filter(user=who).update(direction=Direction.BACK)


def take(step: BatchStep, who) -> None:
    """Write that somebody took a step, past the services."""
    reading = step.batch.budget.readings.first()
    update(step, taken_by_id=who.pk, taken_at=timezone.now(), reading_id=reading.pk)


def test_a_step_is_taken_within_ones_own_limit(scene: Scene) -> None:
    step = acts.send(scene).steps.get()
    limited(scene.mira, "92500.74")
    with refused(BEYOND):
        take(step, scene.mira)
    without_right(scene.mira)
    with refused(NO_RIGHT):
        take(step, scene.mira)
    with refused(NO_RIGHT):
        take(step, scene.ruth)
    Membership.objects.filter(user=scene.mira).update(direction=Direction.BOTH)
    limited(scene.mira, MOVED)
    take(step, scene.mira)


def test_the_limit_counts_at_the_step_that_lets_the_batch_go_and_the_right_at_each(scene: Scene) -> None:
    rule(scene, "First look", scene.mira, scene.ruth)
    rule(scene, "Controller", scene.jonas)
    first, last = acts.send(scene).steps.order_by("position")
    limited(scene.mira, "1.00")
    limited(scene.jonas, "92500.74")
    with refused(NO_RIGHT):
        take(first, scene.ruth)
    take(first, scene.mira)
    with refused(BEYOND):
        take(last, scene.jonas)
    limited(scene.jonas, MOVED)
    take(last, scene.jonas)


def test_a_word_by_hand_is_given_within_ones_own_limit(scene: Scene) -> None:
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.jonas)
    acts.deliver(batch)
    acts.ask(batch)
    confirmations.confirm_posted(batch, user=scene.jonas, now=timezone.now(), note="Posting batch 4711.")
    word = Confirmation.objects.get()
    limited(scene.mira, "92500.74")
    with refused(BEYOND):
        copy(word, confirmed_by_id=scene.mira.pk)
    with refused(NO_RIGHT):
        copy(word, confirmed_by_id=scene.ruth.pk)


def test_what_is_taken_or_kept_counts_with_all_of_that_reading_and_accepting_counts_nothing(
    scene: Scene,
) -> None:
    paper.posted(scene)
    paper.edit(scene, "13000.00")
    seen = paper.edit(scene, str(CONCRETE_SENT + 200), CONCRETE)
    limited(scene.mira, "699.50")
    paper.settle(scene, "take", seen, codes=[CARPET])
    limited(scene.mira, "699.49")
    [once] = DriftDecision.objects.all()
    with refused(BEYOND):
        copy(once, found=once.posted + 200)
    limited(scene.mira, "699.50")
    copy(once, found=once.posted + 200)
    without_right(scene.mira)
    with refused(NO_RIGHT):
        copy(once, reading_hash="another")
    copy(once, kind="accept", taken_id=None, note="It stays.", reading_hash="another")


# -- lowered between the look and the press -------------------------------------------------------------------


def lowered_just_before(monkeypatch, scene: Scene, where, name: str) -> None:
    """An admin lowers Mira's limit after the rules were asked, and before anything is written."""
    real = getattr(where, name)

    def late(*args, **given):
        limited(scene.mira, "10.00")
        return real(*args, **given)

    monkeypatch.setattr(where, name, late)


def test_a_limit_lowered_in_the_very_moment_is_told_by_the_rule(scene: Scene, monkeypatch) -> None:
    batch = acts.send(scene)
    lowered_just_before(monkeypatch, scene, stepping, "take")
    given = {"reading_hash": scene.budget.readings.first().hash}
    answer = window(scene.mira).post(f"/admin/erp/batch/{batch.pk}/do/accept/", given)
    assert answer.status_code == 409
    assert "up to 10.00" in answer.content.decode()
    assert Batch.objects.get(pk=batch.pk).accepted_by is None


def test_so_it_is_for_a_difference(scene: Scene, monkeypatch) -> None:
    paper.posted(scene)
    seen = paper.edit(scene, "13000.00")
    lowered_just_before(monkeypatch, scene, drift, "balance_of")
    form = {"kind": "take", "code": f"{VALUE}|13000.00", "reading_hash": seen}
    answer = window(scene.mira).post(reconciliation(scene, "settle/"), form)
    assert answer.status_code == 409
    assert "up to 10.00 of one reading" in answer.content.decode()
    assert not DriftDecision.objects.exists()
