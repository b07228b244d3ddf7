"""Return to PM: what is not posted comes out of CMiC again, on both routes; what is posted stays and counts."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services as budget_services
from budgets.errors import InvalidInput
from budgets.models import BudgetState
from budgets.states import state_of
from erp.delivery import aftercare, outbox, verdicts
from erp.models import Batch, BatchState, Document, DocumentState, Notice
from erp.refusals import explaining
from tests.support.delivery import assert_books_agree, fill, finish, one, send_and_accept, time_passes, writes
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story, begin
from workflow.actions import ActionBlocked
from workflow.events import events_about

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = Decimal("1000000.00")  # what CMiC holds for labor on a pending job before we come
THERE = [{"job": JOB, "phase": "01-31-00", "category": "1000", "original": str(BEFORE)}]
LABOR = (JOB, "01-31-00", "1000")


def accepted(simulator: Simulator, *, status: str) -> Story:
    story = begin(simulator, status=status, budget=THERE if status == "P" else None)
    fill(story)
    send_and_accept(story)
    return story


def ask_for_return(story: Story, note: str = "the owner changed his mind") -> Batch:
    batch = story.budget.batches.order_by("-number")[0]
    return aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note=note)


def is_back(story: Story, batch: Batch) -> None:
    """The budget is Dana's again, with Mira's words, and nothing of the batch is in CMiC."""
    batch.refresh_from_db()
    assert batch.state == BatchState.RETURNED
    assert story.reload().state == BudgetState.LOCKED
    assert state_of(story.budget).words == f"Sent back: {batch.reason}"
    assert Notice.objects.filter(kind="return", to=story.dana, text__contains=batch.reason).count() == 1
    assert_books_agree(story)


def goes_again(story: Story) -> None:
    """Dana sends once more, and this time it is posted."""
    send_and_accept(story)
    finish(story)
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted", state_of(story.budget).words
    assert_books_agree(story)


@pytest.mark.parametrize("status", ["I", "P"])
def test_a_batch_that_was_never_sent_is_simply_handed_back(brisk_cmic: Simulator, status: str):
    story = accepted(brisk_cmic, status=status)
    before = brisk_cmic.book()
    batch = ask_for_return(story)
    finish(story)
    is_back(story, batch)
    assert brisk_cmic.book() == before
    goes_again(story)


@pytest.mark.parametrize("status", ["I", "P"])
def test_a_delivered_batch_is_taken_out_again_and_can_be_sent_anew(brisk_cmic: Simulator, status: str):
    story = accepted(brisk_cmic, status=status)
    finish(story)
    assert one().state == DocumentState.DELIVERED
    batch = ask_for_return(story)
    assert story.reload().state == BudgetState.SENT
    finish(story)
    is_back(story, batch)
    assert brisk_cmic.book()["pcis"] == []
    if status == "P":
        assert story.in_cmic()[LABOR][0] == BEFORE
    goes_again(story)


@pytest.mark.parametrize("status", ["I", "P"])
def test_a_refused_batch_with_some_lines_written_is_taken_out_again(brisk_cmic: Simulator, status: str):
    story = accepted(brisk_cmic, status=status)
    brisk_cmic.accountant("set_active", company="001", category="4000", active=False)
    finish(story)
    assert one().state == DocumentState.REFUSED
    batch = ask_for_return(story)
    finish(story)
    is_back(story, batch)
    brisk_cmic.accountant("set_active", company="001", category="4000", active=True)
    goes_again(story)


@pytest.mark.parametrize("fault", ["reset_after_commit", "hang_after_commit", "429"])
@pytest.mark.parametrize("status", ["I", "P"])
def test_a_withdrawal_that_is_cut_at_its_writes_goes_on_until_nothing_is_left(
    brisk_cmic: Simulator, status: str, fault: str
):
    story = accepted(brisk_cmic, status=status)
    finish(story)
    batch = ask_for_return(story)
    resources = ["cmdetail", "cmmast"] if status == "I" else ["jcjobcategory"]
    method = "DELETE" if status == "I" else "PATCH"
    for resource in resources:
        brisk_cmic.fault(fault, match={"method": method, "resource": resource})
    outbox.work_on(one().pk)
    assert (one().state, one().claim) == (DocumentState.WITHDRAWING, None)
    assert one().waiting_for
    assert not outbox.work_on(one().pk)  # it rests first
    finish(story)
    is_back(story, batch)


def test_a_worker_that_dies_while_withdrawing_is_followed_by_another(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    finish(story)
    batch = ask_for_return(story)
    claimed = outbox.claim(one().pk, timezone.now)  # and then the power is cut
    assert claimed is not None
    assert not outbox.work_on(one().pk)
    Document.objects.update(lease_until=timezone.now())
    outbox.sweep()
    assert one().claim is None
    finish(story)
    is_back(story, batch)


# -- what is posted stays ---------------------------------------------------------------------------------


def test_a_partly_posted_batch_keeps_what_is_posted_and_the_next_send_carries_the_rest_once(
    brisk_cmic: Simulator,
):
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    story.modify("posted", (labor, "-1.10"), (sub, "1.10"))
    story.modify("not posted", (labor, "-2.20"), (sub, "2.20"))
    batch = send_and_accept(story)
    finish(story)
    original, first, second = batch.documents.order_by("item__position")
    for document in (original, first):
        brisk_cmic.post(company="001", job=JOB, code=document.number)
    story.poll()
    ask_for_return(story)
    finish(story)
    is_back(story, batch)
    states = batch.documents.order_by("item__position").values_list("state", flat=True)
    assert list(states) == ["posted", "posted", "withdrawn"]

    again = send_and_accept(story)
    assert [item.title for item in again.items.all()] == ["Modification 2: not posted"]
    assert again.documents.get().number != second.number
    finish(story)
    story.post_everything()
    story.poll()
    assert_books_agree(story)
    assert story.in_cmic()[LABOR] == (Decimal("1260000.10"), Decimal("1259996.80"))


def test_an_original_that_was_posted_in_a_returned_batch_is_the_base_of_the_next_change(
    brisk_cmic: Simulator,
):
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    story.modify("not posted", (labor, "-2.20"), (sub, "2.20"))
    batch = send_and_accept(story)
    finish(story)
    original = batch.documents.order_by("item__position")[0]
    brisk_cmic.post(company="001", job=JOB, code=original.number)
    story.poll()
    ask_for_return(story)
    finish(story)
    is_back(story, batch)
    budget_services.unlock(story.budget, user=story.dana, now=timezone.now())
    labor.refresh_from_db()
    values = {"amount": Decimal("1260000.20")}
    budget_services.edit_line(
        labor, user=story.dana, now=timezone.now(), version=labor.version, values=values
    )
    story.reload()
    story.lock()
    again = send_and_accept(story)
    change = again.items.get(kind="original").lines.exclude(delta=0).get()
    assert (change.base, change.delta) == (Decimal("1260000.10"), Decimal("0.10"))
    finish(story)
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert_books_agree(story)


@pytest.mark.parametrize("edited", [False, True])
def test_an_accountant_who_posts_while_it_is_being_returned_was_faster(brisk_cmic: Simulator, edited: bool):
    story = accepted(brisk_cmic, status="I")
    finish(story)
    if edited:
        where = {"company": "001", "job": JOB, "code": one().number}
        brisk_cmic.accountant("edit_amount", **where, phase="01-31-00", category="1000", amount="5.00")
    story.post_everything()
    batch = ask_for_return(story)
    finish(story)
    document = one()
    assert document.state == DocumentState.POSTED
    assert document.posted_on is not None
    assert "before it could be taken back" in document.posting["note"]
    batch.refresh_from_db()
    assert batch.state == BatchState.POSTED
    assert state_of(story.reload()).code == ("differs" if edited else "posted")
    assert_books_agree(story)


def test_a_job_started_while_it_is_being_returned_keeps_its_budget(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="P")
    finish(story)
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    ask_for_return(story)
    finish(story)
    assert one().state == DocumentState.POSTED
    assert state_of(story.reload()).code == "posted"
    assert_books_agree(story)


def test_a_job_started_with_another_amount_while_it_is_being_returned_shows_the_difference(
    brisk_cmic: Simulator,
):
    story = accepted(brisk_cmic, status="P")
    finish(story)
    brisk_cmic.accountant(
        "set_budget", company="001", job=JOB, phase="01-31-00", category="1000", original="5.00"
    )
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    ask_for_return(story)
    finish(story)
    assert one().state == DocumentState.POSTED
    assert one().differs[0]["found"] == "5.00"
    assert state_of(story.reload()).code == "differs"


# -- what somebody changed there waits for a person -------------------------------------------------------


def test_an_amount_that_was_changed_on_a_pending_job_is_left_alone_and_a_person_decides(
    brisk_cmic: Simulator,
):
    story = accepted(brisk_cmic, status="P")
    finish(story)
    place = {"company": "001", "job": JOB, "phase": "01-31-00", "category": "1000"}
    brisk_cmic.accountant("set_budget", **place, original="7.00")
    batch = ask_for_return(story)
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "withdraw_conflict"
    assert "01-31-00" in one().findings[0]["message"]
    assert story.in_cmic()[LABOR][0] == Decimal("7.00")
    assert state_of(story.reload()).code == "attention"
    brisk_cmic.accountant("set_budget", **place, original=str(BEFORE))
    ask_for_return(story)
    finish(story)
    is_back(story, batch)


def test_lines_that_somebody_added_there_are_not_deleted_with_ours(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    finish(story)
    number = one().number
    line = {"job": JOB, "phase": "09-68-00", "category": "2000", "amount": 3}
    rest = {"type": "COO", "status": "APPR", "company": "001", "job": JOB}
    brisk_cmic.seed({"budget": [{"company": "001", **{k: line[k] for k in ("job", "phase", "category")}}]})
    brisk_cmic.accountant("set_status", company="001", job=JOB, code=number, status="PPEND")
    there = brisk_cmic.book()["pcis"][0]
    brisk_cmic.seed({"pcis": [{"code": number, "name": there["name"], **rest, "lines": [line]}]})
    ask_for_return(story)
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert "added lines" in one().findings[0]["message"]
    first, *others = explaining.explained(one())
    assert "presses Return to PM again" in first.steps[1] and "leave it there" in first.steps[2]
    assert not any(other.steps for other in others)  # theirs end with Retry, which would send it once more
    assert len(brisk_cmic.book()["pcis"]) == 1
    with pytest.raises(ActionBlocked, match="return it again, or decide"):
        aftercare.retry(one().batch, user=story.mira, now=timezone.now())
    assert one().state == DocumentState.REFUSED


# -- who may, and when ------------------------------------------------------------------------------------


def test_a_batch_on_the_wire_or_unconfirmed_cannot_be_returned_yet(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    brisk_cmic.fault("reset_after_commit", match={"method": "POST", "resource": "cmdetail"})
    outbox.work_on(one().pk)
    with pytest.raises(ActionBlocked, match="not known yet whether a document arrived"):
        ask_for_return(story)
    finish(story)
    batch = ask_for_return(story)
    with pytest.raises(ActionBlocked, match="already"):
        ask_for_return(story)
    finish(story)
    is_back(story, batch)


def test_modifications_of_a_pending_job_wait_for_start_job_and_then_go(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="P")
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    story.modify("first", (labor, "-1.10"), (sub, "1.10"))
    story.modify("second", (labor, "-2.20"), (sub, "2.20"))
    batch = send_and_accept(story)
    finish(story)
    states = batch.documents.order_by("item__position").values_list("state", flat=True)
    assert list(states) == ["delivered", "queued", "queued"]
    waiting = batch.documents.filter(state=DocumentState.QUEUED)
    assert all("wait for Start Job" in document.waiting_for for document in waiting)
    word = state_of(story.reload())
    assert (word.code, word.done, word.total) == ("exporting", 1, 3)
    assert_books_agree(story)

    brisk_cmic.accountant("start_job", company="001", job=JOB)
    story.poll()
    assert batch.documents.filter(state=DocumentState.POSTED).count() == 1
    batch.refresh_from_db()
    assert batch.state == BatchState.ACCEPTED
    finish(story)
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert_books_agree(story)


def test_a_pending_jobs_batch_whose_modifications_wait_is_returned_whole(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="P", budget=THERE)
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    story.modify("first", (labor, "-1.10"), (sub, "1.10"))
    batch = send_and_accept(story)
    time_passes(story)
    finish(story)
    ask_for_return(story)
    finish(story)
    is_back(story, batch)
    assert story.in_cmic()[LABOR][0] == BEFORE


# -- what was changed there: the person chooses ------------------------------------------------------------


def edited(simulator: Simulator) -> tuple[Story, Batch]:
    """An accountant changes an amount of a delivered change item; then Mira wants it back."""
    story = accepted(simulator, status="I")
    finish(story)
    place = {"company": "001", "job": JOB, "code": one().number}
    simulator.accountant("edit_amount", **place, phase="01-31-00", category="1000", amount="9.00")
    batch = ask_for_return(story)
    finish(story)
    assert one().state == DocumentState.REFUSED
    return story, batch


def choose(story: Story, batch: Batch, verdict: Callable[..., Batch]) -> None:
    verdict(batch, user=story.mira, now=timezone.now(), note="Pat in accounting knows.", document=one().pk)


def test_what_somebody_edited_is_shown_line_by_line_and_taken_out_anyway_when_the_approver_says_so(
    brisk_cmic: Simulator,
):
    story, batch = edited(brisk_cmic)
    first, *lines = one().findings
    assert first["code"] == "withdraw_conflict"
    assert any("CMiC has 9" in line["message"] and line["refs"] for line in lines), lines
    assert len(brisk_cmic.book()["pcis"]) == 1
    choose(story, batch, verdicts.take_out_anyway)
    finish(story)
    is_back(story, batch)
    assert brisk_cmic.book()["pcis"] == []
    assert events_about(batch).get(action="take_out_anyway").actor == "Mira Osei"


def test_what_somebody_edited_is_left_to_the_erp_when_the_approver_says_so(brisk_cmic: Simulator):
    story, batch = edited(brisk_cmic)
    since = len(brisk_cmic.journal())
    choose(story, batch, verdicts.leave_in_erp)
    finish(story)
    is_back(story, batch)
    assert writes(brisk_cmic, since=since) == []
    assert len(brisk_cmic.book()["pcis"]) == 1
    steps = [(e.from_state, e.to_state) for e in events_about(one())][-2:]
    assert steps == [("refused", "withdrawing"), ("withdrawing", "withdrawn")]


def test_a_changed_amount_of_an_open_budget_is_set_back_when_the_approver_says_so(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="P")
    finish(story)
    place = {"company": "001", "job": JOB, "phase": "01-31-00", "category": "1000"}
    brisk_cmic.accountant("set_budget", **place, original="7.00")
    batch = ask_for_return(story)
    finish(story)
    assert "7.00" in one().findings[1]["message"]
    choose(story, batch, verdicts.take_out_anyway)
    finish(story)
    is_back(story, batch)
    assert story.in_cmic()[LABOR][0] == BEFORE


def test_a_verdict_needs_a_reason_a_right_and_a_document_of_the_batch(brisk_cmic: Simulator):
    story, batch = edited(brisk_cmic)
    given = {"now": timezone.now(), "document": one().pk}
    with pytest.raises(InvalidInput):
        verdicts.leave_in_erp(batch, user=story.mira, note=" ", **given)
    with pytest.raises(InvalidInput):
        verdicts.leave_in_erp(batch, user=story.mira, note="no", **{**given, "document": 0})
    with pytest.raises(ActionBlocked):
        verdicts.leave_in_erp(batch, user=story.dana, note="I say so", **given)
    assert one().state == DocumentState.REFUSED


# -- what never left us, and what was rejected there ---------------------------------------------------------


def test_a_batch_that_never_left_comes_back_while_cmic_is_down(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    brisk_cmic.fault("503_html", times=None)
    outbox.work_on(one().pk)
    assert one().state == DocumentState.QUEUED
    asked = len(brisk_cmic.journal())
    batch = ask_for_return(story)
    assert len(brisk_cmic.journal()) == asked
    brisk_cmic.clear_faults()
    is_back(story, batch)


def test_each_document_that_goes_or_comes_back_has_its_own_line_in_the_trail(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    brisk_cmic.accountant("set_active", company="001", category="4000", active=False)
    finish(story)
    batch = story.budget.batches.get()
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    again = events_about(one()).get(from_state="refused", to_state="queued")
    assert (again.actor, again.sentence.split()[0]) == ("Mira Osei", "Queued")
    finish(story)
    ask_for_return(story)
    back = events_about(one()).get(from_state="refused", to_state="withdrawing")
    assert back.actor == "Mira Osei"
    finish(story)
    is_back(story, batch)


@pytest.mark.parametrize("put_right", ["set back", "deleted"])
def test_a_rejected_change_item_says_what_to_do_there_and_goes_on_when_it_was_done(
    brisk_cmic: Simulator, put_right: str
):
    story = accepted(brisk_cmic, status="I")
    finish(story)
    place = {"company": "001", "job": JOB, "code": one().number}
    brisk_cmic.accountant("reject", **place)
    story.poll()
    batch = story.budget.batches.get()
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert (
        "set it back to an unapproved status there, or to delete it there; then retry"
        in (one().findings[0]["message"])
    )
    if put_right == "deleted":
        brisk_cmic.accountant("delete", **place)
    else:
        brisk_cmic.accountant("set_status", **place, status="PPEND")
    since = len(brisk_cmic.journal())
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    finish(story)
    assert one().state == DocumentState.DELIVERED
    if put_right == "set back":
        assert [entry["method"] for entry in writes(brisk_cmic, since=since)] == ["PATCH"]
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert_books_agree(story)
