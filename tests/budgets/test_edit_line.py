"""Two people at one line: nothing is overwritten unseen."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services
from budgets.errors import Conflict, InvalidInput
from budgets.models import BudgetLine
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def edit(scene, who, version, key=CONCRETE, **values):
    line = scene.lines[key]
    return services.edit_line(line, user=who, now=timezone.now(), version=version, values=values)


def test_an_edit_changes_what_was_given_and_nothing_else(scene):
    before = scene.lines[CONCRETE]
    edit(scene, scene.tom, 0, amount="41000.00")
    after = BudgetLine.objects.get(pk=before.pk)
    assert (after.amount, after.version, after.changed_by) == (Decimal("41000.00"), 1, scene.tom)
    assert (after.code, after.type, after.job_id) == (before.code, before.type, before.job_id)


def test_the_trail_keeps_the_old_and_the_new_value(scene):
    edit(scene, scene.dana, 0, amount="41000.00")
    event = Event.objects.latest("seq")
    assert event.sentence == "Changed 03-30-00 M"
    assert (event.data["old"]["amount"], event.data["new"]["amount"]) == ("40000.00", "41000.00")


def test_the_second_of_two_is_told_who_was_first_and_sees_both_values(scene):
    edit(scene, scene.dana, 0, amount="41000.00")
    with pytest.raises(Conflict) as told:
        edit(scene, scene.tom, 0, amount="39000.00")
    assert told.value.sentence == "Dana Reyes changed this line before you saved it."
    assert told.value.current.amount == Decimal("41000.00")
    assert told.value.current.version == 1
    assert BudgetLine.objects.get(pk=scene.lines[CONCRETE].pk).amount == Decimal("41000.00")


def test_whoever_looked_again_may_save(scene):
    edit(scene, scene.dana, 0, amount="41000.00")
    assert edit(scene, scene.tom, 1, amount="39000.00").version == 2


def test_a_line_that_somebody_deleted_is_gone_and_says_so(scene):
    services.delete_line(scene.lines[CONCRETE], user=scene.dana, now=timezone.now())
    with pytest.raises(Conflict) as told:
        edit(scene, scene.tom, 0, amount="39000.00")
    assert (told.value.sentence, told.value.current) == ("Somebody deleted this line.", None)


def test_a_code_may_change_but_not_onto_another_line(scene):
    edit(scene, scene.dana, 0, cost_type="E")
    with pytest.raises(InvalidInput, match="is in this budget already"):
        edit(scene, scene.dana, 1, cost_type="L")
    assert BudgetLine.objects.get(pk=scene.lines[CONCRETE].pk).type == "E"


def test_a_line_moves_to_a_sub_job(scene):
    assert edit(scene, scene.dana, 0, key=CARPET, job=SUB).job.code == SUB


def test_a_code_that_becomes_known_takes_the_place_of_its_text(scene):
    line = edit(scene, scene.dana, 0, cost_code="zz")
    assert (line.cost_code, line.cost_code_text) == (None, "zz")
    line = edit(scene, scene.dana, 1, cost_code="01-31-00")
    assert (line.cost_code.code, line.cost_code_text) == ("01-31-00", "")


def test_an_automatic_amount_follows_its_quantity(scene):
    edit(scene, scene.dana, 0, quantity="2", unit_cost="10.00", automatic=True)
    assert edit(scene, scene.dana, 1, quantity="3").amount == Decimal("30.00")
    assert edit(scene, scene.dana, 2, automatic=False, amount="31.00").amount == Decimal("31.00")


def test_an_amount_left_empty_is_nothing(scene):
    assert edit(scene, scene.dana, 0, amount="").amount == 0


def test_originals_of_a_locked_budget_stay(scene):
    acts.lock(scene)
    with pytest.raises(ActionBlocked, match="its original amounts are frozen"):
        edit(scene, scene.dana, 0, amount="1.00")


def test_nobody_edits_without_the_grant_or_in_another_company(scene):
    for who in (scene.ruth, scene.jonas, scene.mira, scene.olga):
        with pytest.raises(ActionBlocked, match="You may not edit lines"):
            edit(scene, who, 0, amount="1.00")
    scene.ruth.project_roles.update(can_edit_lines=True)
    edit(scene, scene.ruth, 0, amount="1.00")
