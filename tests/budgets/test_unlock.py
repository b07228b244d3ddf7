"""An admin unlocks a budget to change its originals; modifications survive."""

import pytest
from django.utils import timezone

from budgets import selectors, services
from budgets.models import Modification
from projects.models import BudgetLevel, ProjectRole
from tests.support import scene as acts
from tests.support.scene import MAIN
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def unlock(scene, who):
    return services.unlock(scene.budget, user=who, now=timezone.now())


def test_an_unlocked_budget_is_a_draft_again(scene):
    acts.lock(scene)
    unlock(scene, scene.tom)
    assert scene.reload().state == "draft"
    event = Event.objects.latest("seq")
    assert (event.action, event.actor) == ("unlock", "Tom Baptiste")
    assert (event.from_state, event.to_state) == ("locked", "draft")


def test_modifications_survive_and_count_on(scene):
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    unlock(scene, scene.dana)
    assert Modification.objects.get().state == "effective"
    assert selectors.modified(scene.reload())[scene.lines[CONCRETE].pk] == -5


def test_standard_is_not_enough_to_unlock_whatever_the_grants(scene):
    ProjectRole.objects.filter(user=scene.ruth).update(
        level=BudgetLevel.STANDARD, can_lock=True, can_send=True, can_edit_lines=True
    )
    services.lock(scene.budget, user=scene.ruth, now=timezone.now())
    with pytest.raises(
        ActionBlocked, match=r"You may not unlock this budget. Ask Dana Reyes or Tom Baptiste\."
    ):
        unlock(scene, scene.ruth)


def test_a_draft_has_nothing_to_unlock(scene):
    with pytest.raises(ActionBlocked, match="is a draft"):
        unlock(scene, scene.dana)


def test_a_budget_at_accounting_is_retrieved_first(scene):
    acts.send(scene)
    with pytest.raises(ActionBlocked, match="retrieve it first"):
        unlock(scene, scene.dana)
    assert scene.reload().state == "sent"
