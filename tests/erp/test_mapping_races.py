"""An approver accepts while an ERP admin maps codes anew: a document carries one mapping whole, never half of two."""

from functools import partial

import pytest
from django.utils import timezone

from budgets.errors import Conflict
from erp.decision import deciding
from erp.mapping import services as mapping_services
from erp.mapping.models import MappingChange
from erp.mapping.state import Edit
from erp.models import CostCodeLink, Document
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.racing import race, split
from workflow import events
from workflow.actions import ActionBlocked

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


def changed(scene, target, *, code="09-68-00", **more):
    return mapping_services.apply(
        scene.connection,
        [Edit("cost_code", table={code: target})],
        user=scene.jonas,
        now=now(),
        sentence=f"{code} goes to {target}",
        **more,
    )


def elsewhere(code: str) -> str:
    """A code of the ERP that ours does not lead to now."""
    link = CostCodeLink.objects.select_related("erp_cost_code").get(
        cost_code__code=code, cost_code__company__code="001"
    )
    return "01" if link.erp_cost_code.code == "09" else "09"


def codes_by_version() -> dict[int, str]:
    """Where 09-68-00 led in each version, from the history alone."""
    led = {1: "09-68-00"}
    for change in MappingChange.objects.filter(raised=True).order_by("version"):
        (after,) = (after for _, code, _, after in change.links if code == "09-68-00")
        led[change.version] = after
    return led


def test_a_document_carries_the_codes_of_the_very_version_it_names(scene):
    acts.lock(scene)
    accepted = 0
    for number in range(ROUNDS):
        if number:
            acts.modify(scene, f"buyout {number}", (CONCRETE, "-1.00"), (CARPET, "1.00"))
        batch = acts.send(scene)
        seen = scene.budget.readings.filter(state="made").first().hash
        target = ("09", "01-31-00")[number % 2]
        accept = partial(deciding.accept, batch, user=scene.mira, now=now(), reading_hash=seen)
        won, refused = split(race(accept, partial(changed, scene, target)), ActionBlocked)
        assert [b.code for error in refused for b in error.blockers] in ([], ["mapping_changed"])
        if refused:
            acts.read(scene)
            acts.accept(scene, batch)
        accepted += not refused
        acts.deliver(batch)
        acts.post(batch)
        scene.reload()
    led = codes_by_version()
    for document in Document.objects.all():
        carried = set(
            document.item.lines.filter(cost_code="09-68-00").values_list("erp_cost_code", flat=True)
        )
        assert carried == {led[document.mapping_version]}
    assert len(led) == ROUNDS + 1
    assert events.verify(scene.company.pk)[1] is None
    print(f"{ROUNDS} races, {accepted} won by the approver")


def test_two_admins_who_looked_at_the_same_mapping_make_one_change(scene):
    for _ in range(ROUNDS):
        last = mapping_services.latest(scene.connection)
        seen = last.pk if last else 0
        both = [
            partial(changed, scene, elsewhere(code), code=code, seen=seen)
            for code in ("09-68-00", "03-30-00")
        ]
        won, refused = split(race(*both), Conflict)
        assert (len(won), len(refused)) == (1, 1)
    versions = MappingChange.objects.filter(raised=True).order_by("version").values_list("version", flat=True)
    assert list(versions) == list(range(2, 2 + len(versions)))
