"""What cannot be undone stays undone by nobody, and no amount is anything but a number."""

import pytest

from budgets.models import Modification
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.sql import delete, refused, undone, update

FROZEN = "Cannot update rows"
CONCRETE, CARPET, LABOR = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S"), (MAIN, "01-31-00", "L")


@pytest.fixture
def posted(scene):
    """A budget whose first batch is posted, with one modification in it."""
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    return scene


def test_what_was_posted_was_posted(posted):
    with refused(FROZEN):
        update(posted.lines[CONCRETE], was_posted=False)
    with refused(FROZEN):
        update(Modification.objects.get(), was_posted=False)
    with refused(FROZEN):
        update(posted.budget, ever_exported=False)


def test_a_line_never_moves_to_another_budget(scene):
    with refused(FROZEN):
        update(scene.lines[CONCRETE], budget_id=scene.other_budget.pk)


def test_a_line_is_deleted_only_while_its_budget_is_a_draft(scene):
    with undone():
        delete(scene.lines[CONCRETE])
    acts.lock(scene)
    with refused("a line is deleted only while its budget is a draft"):
        delete(scene.lines[CONCRETE])


def test_amounts_do_not_leave_a_modification_that_was_sent(scene):
    acts.lock(scene)
    sent = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    draft = acts.modify(scene, "later", (CONCRETE, "-5.00"), (LABOR, "5.00"), effective=False)
    acts.send(scene)
    with refused("a modification that was sent is frozen"):
        update(sent.lines.get(line=scene.lines[CARPET]), modification_id=draft.pk)


@pytest.mark.parametrize("column", ["amount", "quantity", "unit_cost"])
def test_not_a_number_is_no_number_of_a_line(scene, column):
    with refused("line_numbers_are_numbers"):
        update(scene.lines[CONCRETE], **{column: "NaN"})


def test_not_a_number_is_no_change(scene):
    acts.lock(scene)
    draft = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
    with refused("modification_line_changes_something"):
        update(draft.lines.first(), amount="NaN")
