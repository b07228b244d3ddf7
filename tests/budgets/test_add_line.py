"""Dana adds a line: what she types is kept to the character, or refused field by field."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services
from budgets.errors import InvalidInput
from budgets.models import BudgetLine
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from workflow.actions import ActionBlocked
from workflow.models import Event


def add(scene, who=None, **values):
    given = {"cost_code": "01-31-00", "cost_type": "O", **values}
    return services.add_line(scene.budget, user=who or scene.dana, now=timezone.now(), values=given)


def test_a_line_without_a_job_is_on_the_main_job_at_nothing(scene):
    line = add(scene)
    assert (line.job.code, line.code, line.type, line.amount) == (MAIN, "01-31-00", "O", Decimal("0.00"))
    assert (line.changed_by, line.version) == (scene.dana, 0)


def test_everything_typed_is_kept(scene):
    line = add(
        scene, job=SUB, description=" Piles ", quantity="12.5", unit="CY", unit_cost="8.1234", amount="-0.01"
    )
    line.refresh_from_db()
    assert (line.job.code, line.description, line.unit_code) == (SUB, " Piles ", "CY")
    assert (line.quantity, line.unit_cost) == (Decimal("12.5"), Decimal("8.1234"))
    assert line.amount == Decimal("-0.01")


def test_an_automatic_amount_is_worked_out_half_up(scene):
    line = add(scene, quantity="3", unit_cost="0.105", automatic=True, amount="99.00")
    assert line.amount == Decimal("0.32")


@pytest.mark.parametrize("code", ["0010", " 01-31-00", "01-31-00 ", "01-31-0a", "1-31-00"])
def test_a_code_is_never_trimmed_padded_or_matched_loosely(scene, code):
    line = add(scene, cost_code=code)
    line.refresh_from_db()
    assert (line.cost_code, line.code) == (None, code)


def test_another_companys_codes_are_unknown_here(scene):
    acts.CostCode.objects.create(company=scene.other_company, code="77-00-00", division="77")
    assert add(scene, cost_code="77-00-00").cost_code is None


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"job": "26-0900"}, "job", "26-0900 is no job of this project. Use 26-0288, 26-0288-01."),
        ({"amount": "1.005"}, "amount", "1.005 has more than 2 decimals"),
        ({"amount": "12)"}, "amount", "is not a number"),
        ({"quantity": "1.00001"}, "quantity", "more than 4 decimals"),
        ({"unit_cost": "lots"}, "unit_cost", "is not a number"),
        ({"automatic": True, "quantity": "3"}, "quantity", "needs a quantity and a unit cost"),
        ({"automatic": True, "quantity": "9" * 14, "unit_cost": "9" * 14}, "amount", "too large"),
        ({"description": "x" * 201}, "description", "At most 200 characters."),
        ({"cost_code": "x" * 41}, "cost_code", "At most 40 characters."),
        ({"cost_type": "x" * 41}, "cost_type", "At most 40 characters."),
        ({"unit": "x" * 21}, "unit", "At most 20 characters."),
    ],
)
def test_a_field_that_cannot_be_kept_is_named_with_a_sentence(scene, values, field, sentence):
    count = BudgetLine.objects.count()
    with pytest.raises(InvalidInput) as told:
        add(scene, **values)
    assert sentence in told.value.errors[field]
    assert BudgetLine.objects.count() == count


def test_all_bad_fields_are_told_at_once(scene):
    with pytest.raises(InvalidInput) as told:
        add(scene, job="x", quantity="y", amount="z", description="d" * 300)
    assert set(told.value.errors) == {"job", "quantity", "amount", "description"}


def test_a_budget_code_that_is_there_already_names_its_line(scene):
    with pytest.raises(InvalidInput) as told:
        add(scene, job=MAIN, cost_code="03-30-00", cost_type="M")
    assert told.value.errors == {
        "cost_code": "26-0288 03-30-00 M is in this budget already. Change that line instead."
    }
    add(scene, job=SUB, cost_code="03-30-00", cost_type="L")


def test_a_line_added_to_a_locked_budget_starts_at_nothing(scene):
    acts.lock(scene)
    with pytest.raises(InvalidInput, match="a new line starts at 0.00"):
        add(scene, amount="5.00")
    assert add(scene, amount="0.00").amount == 0


def test_the_trail_says_what_was_added(scene):
    add(scene, amount="5.00", description="Piles")
    event = Event.objects.latest("seq")
    assert (event.action, event.sentence) == ("add_line", "Added 01-31-00 O")
    assert (event.data["amount"], event.data["description"]) == ("5.00", "Piles")


def test_adding_needs_the_grant_below_admin(scene):
    with pytest.raises(ActionBlocked, match="You may not add lines"):
        add(scene, scene.ruth)
    scene.ruth.project_roles.update(can_add_lines=True)
    assert add(scene, scene.ruth).changed_by == scene.ruth


def test_somebody_elses_company_is_out_of_reach(scene):
    with pytest.raises(ActionBlocked):
        add(scene, scene.olga)
    with pytest.raises(ActionBlocked):
        services.add_line(scene.other_budget, user=scene.dana, now=timezone.now(), values={})
