"""Four eyes over time: everybody who changed something new in a batch is a preparer, also when others came after."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services as budget_services
from erp.models import Batch
from tests.support import scene as acts
from tests.support.scene import Scene
from workflow.actions import ActionBlocked, blockers

pytestmark = pytest.mark.django_db


def refused(scene: Scene, batch: Batch, user: object) -> set[str]:
    return {blocker.code for blocker in blockers(Batch.objects.get(pk=batch.pk), "accept", user)}


def test_the_writer_of_a_modification_stays_a_preparer_when_another_makes_it_effective(scene: Scene) -> None:
    now = timezone.now()
    acts.lock(scene)
    first, second = scene.budget.lines.order_by("pk")[:2]
    written = budget_services.save_modification(
        scene.budget,
        user=scene.tom,
        now=now,
        title="Buyout savings",
        date=date(2026, 11, 20),
        lines=[(first, Decimal("-9000.00")), (second, Decimal("9000.00"))],
    )
    budget_services.make_effective(written, user=scene.dana, now=now)
    batch = acts.send(scene)
    assert "you_prepared_it" in refused(scene, batch, scene.tom)
    assert "you_prepared_it" not in refused(scene, batch, scene.jonas)


def test_whoever_changed_a_line_stays_a_preparer_when_another_changes_it_again(scene: Scene) -> None:
    now = timezone.now()
    line = scene.budget.lines.order_by("pk")[0]
    changed = budget_services.edit_line(
        line, user=scene.tom, now=now, version=line.version, values={"amount": Decimal("70000.00")}
    )
    budget_services.edit_line(
        changed, user=scene.dana, now=now, version=changed.version, values={"description": "As agreed"}
    )
    acts.lock(scene)
    batch = acts.send(scene)
    assert "you_prepared_it" in refused(scene, batch, scene.tom)


def test_nobody_is_asked_who_could_not_accept(scene: Scene) -> None:
    scene.company.memberships.exclude(user=scene.mira).update(can_push=False)
    scene.company.memberships.filter(user=scene.mira).update(approval_limit=Decimal("1.00"))
    acts.lock(scene)
    with pytest.raises(ActionBlocked) as blocked:
        acts.send(scene)
    assert [blocker.code for blocker in blocked.value.blockers] == ["no_approver"]


def test_a_batch_of_two_largest_amounts_is_weighed_and_sent(scene: Scene) -> None:
    now = timezone.now()
    for line in scene.budget.lines.order_by("pk")[:2]:
        budget_services.edit_line(
            line,
            user=scene.dana,
            now=now,
            version=line.version,
            values={"amount": Decimal("9999999999999.99")},
        )
    acts.lock(scene)
    assert acts.send(scene).moved > Decimal("19999999999999.97")
