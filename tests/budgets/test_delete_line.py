"""A line goes only while nothing depends on it."""

import pytest
from django.utils import timezone

from budgets import selectors, services
from budgets.errors import Conflict
from budgets.models import BudgetLine
from tests.support import scene as acts
from tests.support.scene import MAIN
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def delete(scene, who, key=CONCRETE):
    services.delete_line(scene.lines[key], user=who, now=timezone.now())


def test_a_deleted_line_counts_no_more_and_stays_in_the_trail(scene):
    delete(scene, scene.dana)
    assert selectors.totals(scene.budget).original == acts.TOTAL - 40000
    event = Event.objects.latest("seq")
    assert (event.action, event.sentence) == ("delete_line", "Deleted 03-30-00 M")
    assert event.data["amount"] == "40000.00"


def test_the_second_to_delete_it_is_told_that_it_is_gone(scene):
    delete(scene, scene.dana)
    with pytest.raises(Conflict, match="Somebody deleted this line"):
        delete(scene, scene.tom)


def test_a_line_of_a_locked_budget_stays(scene):
    acts.lock(scene)
    with pytest.raises(ActionBlocked, match="frozen"):
        delete(scene, scene.dana)


def test_a_line_at_accounting_stays(scene):
    acts.send(scene)
    with pytest.raises(ActionBlocked) as told:
        delete(scene, scene.dana)
    assert {b.code for b in told.value.blockers} == {"waiting_for_accounting", "line_was_sent"}


def test_deleting_needs_the_grant_and_the_right_company(scene):
    for who in (scene.ruth, scene.olga):
        with pytest.raises(ActionBlocked, match="You may not delete lines"):
            delete(scene, who)
    scene.ruth.project_roles.update(can_edit_lines=True, can_add_lines=True)
    with pytest.raises(ActionBlocked, match="You may not delete lines"):
        delete(scene, scene.ruth)
    scene.ruth.project_roles.update(can_delete_lines=True)
    delete(scene, scene.ruth)
    assert not BudgetLine.objects.filter(pk=scene.lines[CONCRETE].pk).exists()
