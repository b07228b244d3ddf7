"""Several lines at once: all of them or none, and back again."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import line_sets, services
from budgets.errors import Conflict, InvalidInput
from budgets.models import BudgetLine
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB, TOTAL
from workflow.actions import ActionBlocked
from workflow.models import Event

LABOR, CONCRETE, CARPET = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M"), (SUB, "09-68-00", "O")


def ids(scene, *keys):
    return [scene.lines[key].pk for key in keys]


def delete(scene, *keys, who=None):
    return line_sets.delete_lines(
        scene.budget, user=who or scene.dana, now=timezone.now(), lines=ids(scene, *keys)
    )


def restore(scene, *keys, who=None):
    return line_sets.restore_lines(
        scene.budget, user=who or scene.dana, now=timezone.now(), lines=ids(scene, *keys)
    )


def test_several_lines_go_in_one_event_that_keeps_what_they_held(scene):
    delete(scene, LABOR, CONCRETE)
    assert not BudgetLine.objects.filter(pk__in=ids(scene, LABOR, CONCRETE)).exists()
    event = Event.objects.latest("seq")
    assert (event.action, event.sentence) == ("delete_line", "Deleted 2 lines")
    assert sorted(line["amount"] for line in event.data["lines"]) == ["15000.00", "40000.00"]


def test_one_that_must_stay_keeps_all_of_them_and_is_named(scene):
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (LABOR, "5.00"))
    services.unlock(scene.budget, user=scene.dana, now=timezone.now())
    with pytest.raises(ActionBlocked) as told:
        delete(scene, CONCRETE, CARPET)
    (blocker,) = told.value.blockers
    assert blocker.code == "line_modified"
    assert [place.label for place in blocker.lines] == [f"{MAIN} 03-30-00 M"]
    assert BudgetLine.objects.filter(budget=scene.budget).count() == 6


def test_whoever_may_not_delete_is_told_once_and_not_line_by_line(scene):
    with pytest.raises(ActionBlocked) as told:
        delete(scene, CONCRETE, CARPET, who=scene.ruth)
    assert [(b.code, b.lines) for b in told.value.blockers] == [("no_right_to_delete_lines", ())]


def test_a_line_somebody_else_deleted_meanwhile_keeps_the_others(scene):
    services.delete_line(scene.lines[LABOR], user=scene.tom, now=timezone.now())
    with pytest.raises(Conflict, match="Somebody deleted one of these lines"):
        delete(scene, LABOR, CONCRETE)
    assert BudgetLine.objects.filter(pk=scene.lines[CONCRETE].pk).exists()


def test_lines_of_another_budget_are_no_lines_of_this_one(scene):
    theirs = scene.other_budget.lines.get().pk
    for service in (line_sets.delete_lines, line_sets.restore_lines):
        with pytest.raises((Conflict, InvalidInput)):
            service(scene.budget, user=scene.dana, now=timezone.now(), lines=[theirs])
    assert scene.other_budget.lines.count() == 1


def test_deleted_lines_come_back_as_new_ones_with_all_they_held(scene):
    line = scene.lines[CONCRETE]
    values = {
        "quantity": "400",
        "unit": "CY",
        "unit_cost": "100.25",
        "automatic": True,
        "description": "Slab",
    }
    services.edit_line(line, user=scene.dana, now=timezone.now(), version=0, values=values)
    delete(scene, CONCRETE, CARPET)
    again = restore(scene, CONCRETE, CARPET)
    assert {row.pk for row in again}.isdisjoint(ids(scene, CONCRETE, CARPET))
    slab = next(row for row in again if row.description == "Slab")
    assert (slab.amount, slab.automatic, slab.unit_code) == (Decimal("40100.00"), True, "CY")
    assert (slab.job.code, slab.code, slab.type) == CONCRETE
    assert Event.objects.latest("seq").sentence == "Added again 2 lines"
    assert sum(row.amount for row in scene.budget.lines.all()) == TOTAL + 100


def test_lines_that_are_there_are_not_brought_back_a_second_time(scene):
    delete(scene, CONCRETE)
    restore(scene, CONCRETE)
    with pytest.raises(InvalidInput, match="is in this budget already"):
        restore(scene, CONCRETE)
    with pytest.raises(InvalidInput, match="are not deleted"):
        restore(scene, LABOR)


def test_bringing_back_takes_the_right_to_add(scene):
    delete(scene, CONCRETE)
    with pytest.raises(ActionBlocked, match="You may not add lines"):
        restore(scene, CONCRETE, who=scene.ruth)
    acts.lock(scene)
    with pytest.raises(InvalidInput, match="The budget is locked: a new line starts at 0.00"):
        restore(scene, CONCRETE)
