"""Where a budget stands decides what can be done with it, and each sentence says how that changes."""

from django.utils import timezone

from budgets import links
from budgets import services as budget_services
from erp import services as erp_services
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
HELD = ("unlock", "add_line", "import_file", "send", "lock")


def delivered(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    return batch


def unlock(scene):
    budget_services.unlock(scene.budget, user=scene.dana, now=timezone.now())


@shows("waiting_for_accounting")
def test_a_sent_budget_waits_and_says_for_whom_and_since_when(scene):
    batch = acts.send(scene)
    for action in HELD:
        found = met(scene.budget, action, scene.dana, "waiting_for_accounting")
        assert found.waiting and found.kind is Kind.WAITING
        assert found.since == batch.sent_at
        assert found.who == "Dana Reyes or Tom Baptiste"  # they may retrieve it
        assert "retrieve it first" in found.sentence
        assert (found.link, found.link_label) == (links.page(scene.budget, "actions"), "Retrieve from ERP")
    for action in ("edit_line", "delete_line"):
        met(scene.lines[CONCRETE], action, scene.dana, "waiting_for_accounting")


@removes("waiting_for_accounting")
def test_retrieving_it_frees_a_budget_that_waits(scene):
    acts.send(scene)
    met(scene.budget, "unlock", scene.dana, "waiting_for_accounting")
    erp_services.retrieve(scene.budget, user=scene.dana, now=timezone.now())
    gone(scene.budget, "unlock", scene.dana, "waiting_for_accounting")
    unlock(scene)


def test_a_rejection_frees_a_budget_that_waits(scene):
    batch = acts.send(scene)
    acts.reject(scene, batch)
    assert codes(scene.budget, "unlock", scene.dana) == []


@shows("exporting")
def test_an_accepted_budget_is_being_exported_and_counts_its_documents(scene):
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    batch = acts.accept(scene, acts.send(scene))
    for action in HELD:
        found = met(scene.budget, action, scene.dana, "exporting")
        assert found.waiting
        assert found.sentence == "The budget was accepted and is being exported (0 of 2 documents in CMiC)."
        assert found.since == batch.accepted_at


@removes("exporting")
def test_exporting_ends_when_the_last_document_is_delivered(scene):
    batch = acts.accept(scene, acts.send(scene))
    met(scene.budget, "send", scene.dana, "exporting")
    acts.deliver(batch)
    gone(scene.budget, "send", scene.dana, "exporting")
    assert "not_yet_posted" in codes(scene.budget, "send", scene.dana)


def test_an_export_that_needs_attention_says_what_was_refused(scene):
    batch = acts.accept(scene, acts.send(scene))
    line = batch.items.get().lines.first()
    acts.refuse(batch, "Cost code 01-31-00 is inactive.", line.pk)
    found = met(scene.budget, "unlock", scene.dana, "exporting")
    assert found.sentence == "The export needs attention from accounting: 1 line refused"


@shows("not_yet_posted")
def test_a_delivered_budget_waits_for_the_accountant_in_the_erp(scene):
    batch = delivered(scene)
    batch.refresh_from_db()
    for action in HELD:
        found = met(scene.budget, action, scene.dana, "not_yet_posted")
        assert found.waiting
        assert found.sentence.startswith("The budget is in CMiC and waits for an accountant to post it")
        assert (found.who, found.since) == ("Accounting", batch.exported_at)


@removes("not_yet_posted")
def test_a_posted_budget_can_be_unlocked_again(scene):
    batch = delivered(scene)
    met(scene.budget, "unlock", scene.dana, "not_yet_posted")
    acts.post(batch)
    gone(scene.budget, "unlock", scene.dana, "not_yet_posted")
    unlock(scene)


@shows("not_draft")
@removes("not_draft")
def test_a_locked_budget_is_locked_already_until_it_is_unlocked(scene):
    acts.lock(scene)
    found = met(scene.budget, "lock", scene.dana, "not_draft")
    assert (found.kind, found.sentence) == (Kind.STATE, "The budget is locked already.")
    unlock(scene)
    gone(scene.budget, "lock", scene.dana, "not_draft")


@shows("budget_not_locked")
@removes("budget_not_locked")
def test_a_draft_has_to_be_locked_before_it_is_sent_unlocked_or_modified(scene):
    for action in ("send", "unlock", "modify"):
        found = met(scene.budget, action, scene.dana, "budget_not_locked")
        assert (found.kind, found.sentence) == (Kind.STATE, "The budget is a draft. Lock it first.")
        assert (found.link, found.link_label) == (links.page(scene.budget, "actions"), "Lock")
    acts.lock(scene)
    for action in ("send", "unlock", "modify"):
        gone(scene.budget, action, scene.dana, "budget_not_locked")


@shows("budget_locked")
def test_a_locked_budget_freezes_its_originals_and_names_who_unlocks(scene):
    acts.lock(scene)
    for obj, action in (
        (scene.lines[CONCRETE], "edit_line"),
        (scene.lines[CONCRETE], "delete_line"),
        (scene.budget, "import_file"),
    ):
        found = met(obj, action, scene.dana, "budget_locked")
        assert "its original amounts are frozen. Unlock it, or write a modification." in found.sentence
        assert found.who == "Dana Reyes or Tom Baptiste"
        assert found.link == links.page(scene.budget, "actions")


@removes("budget_locked")
def test_unlocking_lets_people_edit_originals_again(scene):
    acts.lock(scene)
    line = scene.lines[CONCRETE]
    met(line, "edit_line", scene.dana, "budget_locked")
    unlock(scene)
    gone(line, "edit_line", scene.dana, "budget_locked")
    gone(scene.budget, "import_file", scene.dana, "budget_locked")


@shows("budget_empty")
@removes("budget_empty")
def test_an_empty_budget_wants_a_line_first(scene):
    empty = scene.other_budget
    budget_services.delete_line(empty.lines.get(), user=scene.olga, now=timezone.now())
    found = met(empty, "lock", scene.olga, "budget_empty")
    assert (found.kind, found.link_label) == (Kind.PROBLEM, "Add a line")
    assert found.sentence == "The budget has no lines yet. Add a line or import a file."
    assert found.link == links.page(empty, "lines")
    met(empty, "send", scene.olga, "budget_empty")
    acts.add_line(empty, scene.olga, "26-0900", "03-30-00", "M", "1.00")
    gone(empty, "lock", scene.olga, "budget_empty")
    gone(empty, "send", scene.olga, "budget_empty")


@shows("lines_without_code")
def test_lines_without_a_code_or_a_type_are_named_each_with_its_cell(scene):
    bare = acts.add_line(scene.budget, scene.dana, MAIN, "", "M", "1.00")
    untyped = acts.add_line(scene.budget, scene.dana, MAIN, "03-30-00", "", "1.00")
    for action in ("lock", "send"):
        found = met(scene.budget, action, scene.dana, "lines_without_code")
        assert found.kind is Kind.PROBLEM
        assert found.sentence == "2 lines without a cost code or cost type. Give each one both."
        assert [(place.pk, place.link) for place in found.lines] == [
            (line.pk, links.cell(line, scene.project.pk, column))
            for line, column in ((bare, "code"), (untyped, "type"))
        ]
        assert found.lines[1].label == "26-0288 03-30-00"


@removes("lines_without_code")
def test_giving_the_line_its_code_lets_the_budget_be_locked(scene):
    bare = acts.add_line(scene.budget, scene.dana, MAIN, "", "", "1.00")
    found = met(scene.budget, "lock", scene.dana, "lines_without_code")
    assert found.sentence.startswith("1 line without")
    budget_services.edit_line(
        bare,
        user=scene.dana,
        now=timezone.now(),
        version=0,
        values={"cost_code": "01-31-00", "cost_type": "O"},
    )
    gone(scene.budget, "lock", scene.dana, "lines_without_code")
    acts.lock(scene)
