"""A line that something depends on stays, and the sentence says what to do instead."""

import pytest
from django.utils import timezone

from budgets import links, selectors, services
from budgets.models import BudgetLine
from erp import services as erp_services
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.cases import gone, met, removes, shows, stays
from workflow.actions import ActionBlocked

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


@shows("line_modified")
@removes("line_modified")
def test_a_line_that_a_draft_modification_changes_stays_until_that_draft_is_deleted(scene):
    acts.lock(scene)
    written = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
    services.unlock(scene.budget, user=scene.dana, now=now())
    line = scene.lines[CONCRETE]
    found = met(line, "delete_line", scene.dana, "line_modified")
    assert found.sentence == "Draft modification: buyout changes this line. A line with a modification stays."
    assert found.link == links.modification(written, scene.project.pk)
    assert found.link_label == "Draft modification: buyout"
    services.delete_modification(written, user=scene.dana, now=now())
    gone(line, "delete_line", scene.dana, "line_modified")
    services.delete_line(line, user=scene.dana, now=now())
    assert not BudgetLine.objects.filter(pk=line.pk).exists()


def test_the_line_of_an_effective_modification_names_its_number(scene):
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    found = met(scene.lines[CONCRETE], "delete_line", scene.dana, "line_modified")
    assert found.sentence.startswith("Modification 1 changes this line.")


@shows("line_was_sent")
@removes("line_was_sent")
def test_a_line_that_was_sent_once_stays_but_can_be_brought_to_nothing(scene):
    acts.send(scene)
    erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    services.unlock(scene.reload(), user=scene.dana, now=now())
    line = scene.lines[CONCRETE]
    found = met(line, "delete_line", scene.dana, "line_was_sent")
    assert found.sentence.endswith("so it stays. Set its amount to 0.00 instead.")
    with pytest.raises(ActionBlocked, match="was sent to accounting before"):
        services.delete_line(line, user=scene.dana, now=now())
    services.edit_line(line, user=scene.dana, now=now(), version=0, values={"amount": "0.00"})
    stays(line, "delete_line", scene.dana, "line_was_sent")
    assert selectors.totals(scene.budget).original == acts.TOTAL - line.amount


@shows("line_was_posted")
@removes("line_was_posted")
def test_a_posted_line_stays_but_a_modification_brings_it_to_nothing(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.post(batch)
    line = scene.lines[CONCRETE]
    found = met(line, "delete_line", scene.dana, "line_was_posted")
    assert "Bring it to 0.00 with a modification instead." in found.sentence
    acts.modify(scene, "out", (CONCRETE, f"-{line.amount}"), (CARPET, str(line.amount)))
    assert line.amount + selectors.modified(scene.budget)[line.pk] == 0
    stays(line, "delete_line", scene.dana, "line_was_posted")
