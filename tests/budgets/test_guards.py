"""What the database itself refuses, even to raw SQL of the application's own role: budgets, lines, modifications."""

from datetime import date

import pytest
from django.apps import apps
from django.utils import timezone

from budgets import services as budget_services
from budgets.models import Budget, Modification, ModificationLine
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.sql import copy, delete, edges_of, follows_only, refused, run, undone, update
from workflow.models import Event

FROZEN, KEPT = "Cannot update (or delete )?rows", "Cannot (update or )?delete rows"
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


@pytest.fixture
def posted(scene):
    """A budget whose first batch is posted, with one modification in it."""
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    return scene


def line(scene, key=CONCRETE):
    row = scene.lines[key]
    row.refresh_from_db()
    return row


# -- lifecycles -------------------------------------------------------------------------------------------


def test_a_budget_follows_its_lifecycle_and_nothing_else(scene):
    follows_only(scene.budget, edges_of(Budget), {"draft": {}, "locked": {}, "sent": {}})


def test_a_modification_follows_its_lifecycle_and_nothing_else(scene):
    acts.lock(scene)
    written = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    numbered = {"number": 1}
    follows_only(written, edges_of(Modification), {"draft": {}, "effective": numbered, "void": numbered})


def test_a_budget_begins_as_a_draft(scene):
    project = acts.Project.objects.create(company=scene.company, name="Another")
    for state in ("locked", "sent"):
        with refused("Cannot insert rows"):
            copy(scene.budget, project_id=project.pk, state=state)
    with undone():
        copy(scene.budget, project_id=project.pk)


def test_a_modification_begins_as_a_draft(scene):
    acts.lock(scene)
    draft = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
    for state in ("effective", "void"):
        with refused("Cannot insert rows"):
            copy(draft, state=state, number=7)


def test_a_budget_that_left_for_the_erp_is_never_deleted(scene, posted):
    with refused(KEPT):
        delete(scene.budget)


# -- originals --------------------------------------------------------------------------------------------


def test_an_original_of_a_locked_budget_stays(scene):
    with undone():
        update(line(scene), amount=1)
    acts.lock(scene)
    with refused("an original amount changes only while its budget is a draft"):
        update(line(scene), amount=1)
    acts.send(scene)
    with refused("an original amount changes only while its budget is a draft"):
        update(line(scene), amount=1)


def test_a_line_added_to_a_locked_budget_starts_at_nothing(scene):
    acts.lock(scene)
    new = {"cost_code_id": None, "cost_code_text": "new"}
    with refused("a line added to a locked budget starts at 0.00"):
        copy(line(scene), **new, amount="0.01")
    with refused("a line added to a locked budget starts at 0.00"):
        copy(line(scene), **new, amount="-0.01")
    with undone():
        copy(line(scene), **new, amount=0)


def test_a_posted_line_stays_and_keeps_its_budget_code(scene, posted):
    budget_services.unlock(scene.budget, user=scene.dana, now=timezone.now())
    with refused(KEPT):
        delete(line(scene))
    for columns in (
        {"cost_code_id": scene.lines[MAIN, "01-31-00", "L"].cost_code_id},
        {"job_id": scene.lines[acts.SUB, "09-68-00", "O"].job_id},
        {"cost_type_id": acts.CostType.objects.get(company=scene.company, code="E").pk},
    ):
        with refused(FROZEN):
            update(line(scene), **columns)


def test_a_line_that_a_batch_names_stays(scene):
    acts.reject(scene, acts.send(scene))
    budget_services.unlock(scene.budget, user=scene.dana, now=timezone.now())
    with refused(KEPT):
        delete(line(scene, (acts.SUB, "09-68-00", "O")))


def test_a_budget_code_is_there_once_known_or_not(scene):
    with refused("budget_code_once_per_budget"):
        copy(line(scene))
    unknown = {"cost_code_id": None, "cost_code_text": "zz", "cost_type_id": None, "cost_type_text": ""}
    copy(line(scene), **unknown)
    with refused("budget_code_once_per_budget"):
        copy(line(scene), **unknown)


def test_a_code_is_known_or_a_text_never_both(scene):
    unit = acts.Unit.objects.get(company=scene.company)
    for constraint, columns in (
        ("line_has_code_or_text_of_one", {"cost_code_text": "zz"}),
        ("line_has_type_or_text_of_one", {"cost_type_text": "zz"}),
        ("line_has_unit_or_text_of_one", {"unit_text": "zz", "unit_id": unit.pk}),
    ):
        with refused(constraint):
            update(line(scene), **columns)


# -- money ------------------------------------------------------------------------------------------------


def test_an_amount_out_of_range_is_refused(scene):
    for amount in ("10000000000000.00", "-10000000000000.00", "9999999999999.995", "Infinity"):
        with refused("numeric field overflow|cannot hold"):
            update(line(scene), amount=amount)


def test_the_largest_and_the_smallest_amounts_are_kept_to_the_cent(scene):
    for amount in ("9999999999999.99", "-9999999999999.99", "-0.01"):
        update(line(scene), amount=amount)
        rows = run("SELECT amount::text FROM budgets_budgetline WHERE id = %s", line(scene).pk)
        assert rows == [(amount,)]


def test_an_automatic_amount_is_quantity_times_unit_cost_half_up(scene):
    for quantity, unit_cost, amount, ok in (
        ("3", "0.10", "0.30", True),
        ("3", "0.10", "0.31", False),
        ("1", "0.0050", "0.01", True),
        ("1", "-0.0050", "-0.01", True),
        ("1", "0.0049", "0.00", True),
        ("1", "0.0049", "0.01", False),
        (None, "1", "0.00", False),
        ("1", None, "0.00", False),
    ):
        columns = {"automatic": True, "quantity": quantity, "unit_cost": unit_cost, "amount": amount}
        with undone() if ok else refused("automatic_amount_is_quantity_times_unit_cost"):
            update(line(scene), **columns)


# -- modifications ----------------------------------------------------------------------------------------


@pytest.fixture
def sent(scene):
    """A modification that is in a batch under way."""
    acts.lock(scene)
    written = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    acts.send(scene)
    written.refresh_from_db()
    return written


def test_a_modification_in_a_batch_is_frozen(scene, sent):
    for columns in (
        {"state": "void"},
        {"number": 7},
        {"date": date(2020, 1, 1)},
        {"budget_id": scene.other_budget.pk},
    ):
        with refused(FROZEN):
            update(sent, **columns)
    with refused(KEPT):
        delete(sent)


def test_the_amounts_of_a_modification_in_a_batch_are_frozen(scene, sent):
    row = sent.lines.first()
    with refused("a modification that was sent is frozen"):
        update(row, amount=7)
    with refused("a modification that was sent is frozen"):
        delete(row)
    with refused("a modification that was sent is frozen"):
        copy(row, line_id=scene.lines[MAIN, "01-31-00", "L"].pk)


def test_a_posted_modification_is_frozen_for_good(scene, posted):
    written = Modification.objects.get()
    assert (written.was_posted, written.in_batch) == (True, False)
    with refused(FROZEN):
        update(written, state="void")
    with refused("a modification that was sent is frozen"):
        update(written.lines.first(), amount=7)


def test_an_effective_modification_is_numbered_once_and_never_deleted(scene):
    acts.lock(scene)
    first = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    second = acts.modify(scene, "again", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
    with refused("modification_numbered_when_effective"):
        update(second, state="effective")
    with refused("modification_number_once_per_budget"):
        update(second, state="effective", number=first.number)
    with refused(KEPT):
        delete(first)


def test_a_modification_changes_a_line_once_and_by_something(scene):
    acts.lock(scene)
    written = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
    row = ModificationLine.objects.filter(modification=written).first()
    with refused("line_once_per_modification"):
        copy(row)
    with refused("modification_line_changes_something"):
        update(row, amount=0)


# -- history ----------------------------------------------------------------------------------------------


def test_the_database_keeps_old_and_new_values_and_nobody_rewrites_them(scene):
    row = line(scene)
    update(row, amount=1)
    rows = run("SELECT pgh_id, amount FROM budgets_budgetlineevent WHERE pgh_obj_id = %s ORDER BY 1", row.pk)
    assert [amount for _, amount in rows] == [40000, 1]
    with refused(FROZEN):
        run("UPDATE budgets_budgetlineevent SET amount = 2 WHERE pgh_id = %s", rows[-1][0])
    with refused(KEPT):
        run("DELETE FROM budgets_budgetlineevent WHERE pgh_id = %s", rows[-1][0])


def test_the_history_of_a_line_names_the_person_and_the_change_set_of_the_event(scene):
    now, values = timezone.now(), {"amount": "7.00"}
    budget_services.edit_line(line(scene), user=scene.dana, now=now, version=0, values=values)
    history = apps.get_model("budgets.BudgetLineEvent").objects.filter(pgh_obj=line(scene))
    context = history.latest("pgh_id").pgh_context.metadata
    event = Event.objects.latest("seq")
    assert context == {"user": scene.dana.pk, "change_set": event.data["change_set"]}
