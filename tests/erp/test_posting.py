"""The accountant posts, changes, rejects, removes or waits; the poll sees what was done, and says nothing too early."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from budgets.models import BudgetState
from budgets.states import state_of
from erp.delivery import aftercare
from erp.models import Batch, BatchState, Document, DocumentState, Notice
from erp.posting import confirmations
from erp.posting import polling as posting
from tests.support.delivery import assert_books_agree, fill, finish, one, send_and_accept
from tests.support.simulator import Simulator
from tests.support.story import JOB, SUB_JOB, Story, begin
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 12  # documents of one poll


def delivered(simulator: Simulator, *, status: str = "I", **more: object) -> Story:
    story = begin(simulator, status=status, **more)
    fill(story)
    send_and_accept(story)
    finish(story)
    assert one().state == DocumentState.DELIVERED
    return story


def poll_at(moment: datetime) -> None:
    Document.objects.filter(state=DocumentState.DELIVERED).update(poll_at=moment)
    posting.poll(now=moment)


def post(story: Story, document: Document) -> None:
    story.simulator.post(company="001", job=JOB, code=document.number)


# -- posted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [False, True])
def test_what_was_posted_as_sent_hands_the_budget_back_with_the_posting_date_and_a_mail(
    brisk_cmic: Simulator, hidden: bool
):
    story = delivered(brisk_cmic)
    brisk_cmic.switch(hide_posted=hidden)
    story.poll()
    assert one().state == DocumentState.DELIVERED
    post(story, one())
    story.poll()
    document = one()
    assert document.state == DocumentState.POSTED
    assert document.posted_on == (None if hidden else timezone.now().date())
    assert document.posting["lines"] and document.differs == []
    assert story.reload().state == BudgetState.LOCKED
    assert state_of(story.budget).code == "posted"
    mail = Notice.objects.get(kind="posting", to=story.dana)
    told = f"{document.item.title}{'' if hidden else f', {date_format(document.posted_on)}'}"
    assert f"{told}\n" in mail.text and f"{told}</li>" in mail.html
    assert all(story.budget.lines.values_list("was_posted", flat=True))
    assert_books_agree(story)


def test_a_pending_jobs_budget_counts_from_start_job_on(brisk_cmic: Simulator):
    story = delivered(brisk_cmic, status="P")
    story.poll()
    assert one().state == DocumentState.DELIVERED
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    story.poll()
    assert one().state == DocumentState.POSTED
    assert_books_agree(story)


def test_another_amount_is_posted_and_shown_not_hidden(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    brisk_cmic.accountant(
        "edit_amount",
        company="001",
        job=JOB,
        code=one().number,
        phase="01-31-00",
        category="1000",
        amount="1259999.99",
    )
    post(story, one())
    story.poll()
    document = one()
    assert document.state == DocumentState.POSTED
    (differs,) = document.differs
    assert (differs["sent"], differs["found"]) == ("1260000.10", "1259999.99")
    line = document.item.lines.get(cost_type="L")
    assert differs["refs"] == [str(line.pk)]
    assert state_of(story.reload()).words == "Differs from CMiC by 1 line"
    assert story.budget.state == BudgetState.LOCKED
    assert_books_agree(story)


def test_a_pending_jobs_amount_that_was_changed_before_start_job_is_shown(brisk_cmic: Simulator):
    story = delivered(brisk_cmic, status="P")
    brisk_cmic.accountant(
        "set_budget", company="001", job=JOB, phase="01-31-00", category="1000", original="5.00"
    )
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    story.poll()
    assert one().differs[0]["found"] == "5.00"
    assert state_of(story.reload()).code == "differs"


def test_a_posting_that_is_seen_twice_or_late_changes_nothing_more(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    seen_waiting = one()
    post(story, one())
    story.poll()
    events, mails = Event.objects.count(), Notice.objects.count()
    story.poll()
    posting.poll(now=timezone.now() + timedelta(days=1))
    posting.poll(now=timezone.now(), documents=[seen_waiting])
    assert (Event.objects.count(), Notice.objects.count()) == (events, mails)
    assert_books_agree(story)


def test_a_different_change_item_on_the_same_cost_codes_posts_nothing_of_ours(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    lines = [
        {"job": JOB, "phase": "01-31-00", "category": "1000", "amount": "1260000.10"},
        {"job": SUB_JOB, "phase": "03-30-00", "category": "4000", "amount": "-0.01"},
    ]
    theirs = {"company": "001", "job": JOB, "code": "COO-0001", "type": "COO", "name": "by hand"}
    brisk_cmic.seed({"pcis": [{**theirs, "status": "APPR", "lines": lines}]})
    brisk_cmic.post(company="001", job=JOB, code="COO-0001")
    story.poll()
    assert one().state == DocumentState.DELIVERED
    assert story.reload().state == BudgetState.SENT
    assert story.in_cmic()[JOB, "01-31-00", "1000"][0] == Decimal("1260000.10")


def test_only_some_documents_posted_keeps_the_batch_waiting_and_says_how_many(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    story.modify("first", (labor, "-1.10"), (sub, "1.10"))
    story.modify("second", (labor, "-2.20"), (sub, "2.20"))
    batch = send_and_accept(story)
    finish(story)
    original, first, second = batch.documents.order_by("item__position")
    post(story, original)
    post(story, second)
    story.poll()
    batch.refresh_from_db()
    assert batch.state == BatchState.EXPORTED
    assert (story.reload().state, story.budget.hold_data["posted"]) == (BudgetState.SENT, 2)
    assert_books_agree(story)
    post(story, first)
    story.poll()
    assert story.reload().state == BudgetState.LOCKED
    assert_books_agree(story)


def test_a_poll_of_many_documents_takes_one_request_and_few_queries(
    brisk_cmic: Simulator, django_assert_max_num_queries
):
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LS")
    for number in range(MANY - 1):
        story.modify(f"shift {number}", (labor, "-1.10"), (sub, "1.10"))
    send_and_accept(story)
    finish(story)
    assert Document.objects.filter(state=DocumentState.DELIVERED).count() == MANY
    story.poll()
    since = len(brisk_cmic.journal())
    with django_assert_max_num_queries(12 + 4 * MANY):
        story.poll()
    asked = brisk_cmic.journal(since=since)
    print(f"{MANY} documents asked about in {len(asked)} requests")
    assert len(asked) == 1
    story.post_everything()
    since = len(brisk_cmic.journal())
    story.poll()
    assert len(brisk_cmic.journal(since=since)) <= 3
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.POSTED}
    assert_books_agree(story)


# -- not posted -------------------------------------------------------------------------------------------


def test_a_rejected_document_needs_attention_says_so_by_mail_and_goes_back(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    brisk_cmic.accountant("reject", company="001", job=JOB, code=one().number)
    story.poll()
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "rejected_in_erp"
    batch = Batch.objects.get()
    assert batch.state == BatchState.ACCEPTED
    assert state_of(story.reload()).code == "attention"
    mails = Notice.objects.filter(kind="failure", to=story.dana)
    assert mails.count() == 1 and "rejected it in the ERP" in mails[0].text
    assert f", {one().number} Original budget:" in mails[0].text
    assert "\n  3. Or return the batch to the project manager.\n" in mails[0].text
    assert Event.objects.get(action="reopen").sentence == "Batch 1 is being exported again"
    assert_books_agree(story)
    aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="accounting turned it down")
    finish(story)
    assert brisk_cmic.book()["pcis"] == []
    assert story.reload().state == BudgetState.LOCKED
    assert_books_agree(story)


def test_a_document_counts_as_removed_when_it_is_absent_twice_ten_minutes_apart(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    number, now = one().number, timezone.now()
    brisk_cmic.accountant("delete", company="001", job=JOB, code=number)
    for minutes in (0, 5, 9):
        poll_at(now + timedelta(minutes=minutes))
        assert one().state == DocumentState.DELIVERED
    poll_at(now + timedelta(minutes=10))
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "removed_in_erp"
    assert_books_agree(story)
    aftercare.retry(Batch.objects.get(), user=story.mira, now=timezone.now())
    finish(story)
    assert one().number == number
    post(story, one())
    story.poll()
    assert_books_agree(story)


def test_a_document_that_is_seen_again_in_between_was_never_removed(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    now = timezone.now()
    for minutes in (0, 18):
        nothing = '{"items": [], "count": 0, "hasMore": false, "limit": 500, "offset": 0, "totalResults": 0}'
        resources = ["cmmast", "cmdetail", "cmdetailunposted"]
        brisk_cmic.fault("custom_answer", match={"resource": resources}, times=None, body=nothing)
        poll_at(now + timedelta(minutes=minutes))
        assert one().absent_since == now + timedelta(minutes=minutes)
        brisk_cmic.clear_faults()
        poll_at(now + timedelta(minutes=minutes + 9))
        assert one().absent_since is None
    assert one().state == DocumentState.DELIVERED
    post(story, one())
    story.poll()
    assert_books_agree(story)


def test_a_job_we_may_not_see_any_more_decides_nothing(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    brisk_cmic.control("POST", "hide_job", {"company": "001", "job": JOB})
    for minutes in (0, 30, 60):
        poll_at(timezone.now() + timedelta(minutes=minutes))
    assert one().state == DocumentState.DELIVERED
    assert "does not say" in one().waiting_for
    brisk_cmic.control("POST", "hide_job", {"company": "001", "job": JOB, "hidden": False})
    post(story, one())
    story.poll()
    assert_books_agree(story)


def test_a_document_set_back_by_the_accountant_waits_with_a_note(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    number = one().number
    brisk_cmic.accountant("set_status", company="001", job=JOB, code=number, status="PPEND")
    story.poll()
    assert one().state == DocumentState.DELIVERED
    assert "unapproved status" in one().waiting_for
    brisk_cmic.accountant("set_status", company="001", job=JOB, code=number, status="APPR")
    story.poll()
    assert one().waiting_for == ""
    post(story, one())
    story.poll()
    assert_books_agree(story)


@pytest.mark.parametrize("fault", ["503_html", "reset_before", "bad_json", "has_more_with_nothing"])
def test_an_answer_that_cannot_be_trusted_changes_nothing(brisk_cmic: Simulator, fault: str):
    story = delivered(brisk_cmic)
    post(story, one())
    brisk_cmic.fault(fault, match={"method": "GET"}, times=None)
    story.poll()
    assert one().state == DocumentState.DELIVERED
    assert one().absent_since is None
    assert one().poll_at > timezone.now()
    brisk_cmic.clear_faults()
    story.poll()
    assert one().state == DocumentState.POSTED
    assert_books_agree(story)


# -- by people --------------------------------------------------------------------------------------------


def test_check_now_brings_the_next_poll_forward(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    story.poll()
    post(story, one())
    posting.poll(now=timezone.now())
    assert one().state == DocumentState.DELIVERED  # it was asked about a moment ago
    confirmations.check_now(Batch.objects.get(), user=story.mira, now=timezone.now())
    posting.poll(now=timezone.now())
    assert one().state == DocumentState.POSTED
    assert_books_agree(story)


def test_the_waits_between_two_polls_grow_with_the_waiting(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    since = one().delivered_at
    for waited, seconds in ((0, 15), (600, 60), (3600, 360), (86400, 900)):
        poll_at(since + timedelta(seconds=waited))
        assert one().poll_at == since + timedelta(seconds=waited + seconds)
    assert story.reload().hold == "in_erp"
