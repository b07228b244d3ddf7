"""An approver's word that it is posted: asked for after the ERP, watched afterwards, proved or disproved aloud."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from budgets.errors import InvalidInput
from budgets.models import BudgetState
from budgets.states import state_of
from erp.mail import sending as mail_queue
from erp.models import Batch, Confirmation, Document, DocumentState, Notice
from erp.posting import confirmations
from erp.posting import polling as posting
from erp.reconciliation import comparing as reconciliation
from erp.reconciliation import drift
from erp.reconciliation.balance_facts import Cause
from erp.reconciliation.balance_reads import balance_of
from erp.sync import readings
from tests.erp.test_posting import delivered, post
from tests.erp.test_waiting import page
from tests.support.delivery import assert_books_agree, one
from tests.support.simulator import Simulator
from tests.support.story import JOB, Story
from workflow import events
from workflow.actions import ActionBlocked
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

NOTE = "Posting batch 4711 on the accountant's list."


def confirm(story: Story, **more: Any) -> Batch:
    """Mira gives her word."""
    batch = Batch.objects.get()
    return confirmations.confirm_posted(batch, user=story.mira, now=timezone.now(), note=NOTE, **more)


def confirmed(simulator: Simulator) -> Story:
    """Delivered, called not posted by CMiC, and confirmed by Mira all the same."""
    story = delivered(simulator)
    story.poll()
    confirm(story, despite_erp=True)
    return story


def ask_again(*, minutes: float = 0) -> None:
    """Time passes, and what is watched is asked about."""
    Document.objects.filter(poll_at__isnull=False).update(poll_at=timezone.now())
    posting.poll(now=timezone.now() + timedelta(minutes=minutes))


def word() -> Confirmation:
    return Confirmation.objects.get()


# -- giving it ----------------------------------------------------------------------------------------------


def test_nobody_gives_their_word_before_cmic_was_asked_and_only_who_may_decide(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    with pytest.raises(ActionBlocked, match="Check now, then confirm"):
        confirm(story)
    story.poll()
    with pytest.raises(ActionBlocked, match="may not push"):
        confirmations.confirm_posted(Batch.objects.get(), user=story.dana, now=timezone.now(), note=NOTE)


def test_when_cmic_has_just_said_that_it_is_not_posted_she_must_say_that_she_confirms_it_all_the_same(
    brisk_cmic: Simulator,
):
    story = delivered(brisk_cmic)
    story.poll()
    shown = page(story.mira, f"/admin/erp/batch/{Batch.objects.get().pk}/do/confirm_posted/")
    assert "What CMiC says" in shown and "not posted yet" in shown
    assert 'name="despite_erp"' in shown
    with pytest.raises(InvalidInput) as refused:
        confirm(story)
    assert "not posted yet" in refused.value.errors["despite_erp"]
    confirm(story, despite_erp=True)
    document = one()
    assert (document.state, document.confirmed_by) == (DocumentState.POSTED, story.mira)
    assert document.posting == {"confirmed_by_hand": NOTE}
    assert (word().against, word().state) == ("waiting", "watched")
    assert story.reload().state == BudgetState.LOCKED
    assert_books_agree(story)


def test_when_cmic_gives_no_answer_her_word_is_enough(brisk_cmic: Simulator):
    story = delivered(brisk_cmic)
    brisk_cmic.fault("503_html", match={"method": "GET"}, times=None)
    story.poll()
    assert one().unanswered
    confirm(story)
    brisk_cmic.clear_faults()
    assert (one().state, word().against) == (DocumentState.POSTED, "")


# -- watching it --------------------------------------------------------------------------------------------


def test_what_was_confirmed_is_still_asked_about_and_becomes_seen_once_cmic_proves_it(brisk_cmic: Simulator):
    story = confirmed(brisk_cmic)
    assert one().poll_at is not None
    ask_again()
    assert word().state == "watched"
    assert_called(story, "Posted, confirmed by hand")
    post(story, one())
    ask_again(minutes=1)
    assert word().state == "proved"
    assert_called(story, "Posted")
    assert word().posted_on == timezone.now().date()
    assert word().evidence["lines"]
    assert one().poll_at is None
    shown = page(story.mira, f"/admin/erp/batch/{Batch.objects.get().pk}/change/")
    assert "Seen posted in CMiC" in shown and "How Tieback knows" in shown
    assert Event.objects.filter(action="confirmation_proved").count() == 1
    assert not Notice.objects.filter(key__startswith="disproved").exists()
    assert_books_agree(story)


def test_what_was_confirmed_and_is_not_posted_is_nobodys_edit_and_no_amount_is_taken_for_it(
    brisk_cmic: Simulator,
):
    story = confirmed(brisk_cmic)
    readings.ask(story.budget, now=timezone.now())
    reading = story.read()
    sent = sum(row.delta for row in one().item.lines.all())
    _, balance = balance_of(story.reload())
    assert {cause: sum_.amount for cause, sum_ in balance.causes.items()} == {Cause.BY_HAND: -sent}
    assert balance.ties
    assert not reconciliation.sighted(story.budget)
    shown = page(story.mira, f"/admin/erp/driftdecision/{story.budget.pk}/")
    assert "confirmed by hand, not seen posted in CMiC" in shown
    assert "Which value holds?" not in shown and "changed in CMiC (" not in shown
    queue = page(story.mira, "/admin/erp/batch/?queue=all")
    assert "not seen posted in CMiC" in queue
    assert "changed in the ERP after posting" not in queue
    with pytest.raises(ActionBlocked) as refused:
        drift.settle(
            story.budget, user=story.mira, now=timezone.now(), kind="take", reading_hash=reading.hash
        )
    assert [one.code for one in refused.value.blockers] == ["nothing_differs"]
    post(story, one())
    ask_again(minutes=1)
    story.read()
    assert balance_of(story.reload())[1].in_balance


def assert_called(story: Story, words: str) -> None:
    """Every page calls the batch, its document and the budget by the same words, and by no others of these."""
    batch, budget = Batch.objects.get(), f"/projects/{story.project.pk}/budget/"
    pages = [
        page(story.mira, f"/admin/erp/batch/{batch.pk}/change/"),
        page(story.mira, "/admin/erp/batch/?queue=all"),
        page(story.dana, f"{budget}batches/"),
        page(story.dana, f"{budget}batches/1/"),
        page(story.dana, budget),
        page(story.dana, "/"),
    ]
    state = re.compile(r'class="state [^"]*">([^<]*)<')
    for shown in pages:
        said = {one.removesuffix(" (batch 1)") for one in state.findall(shown)}
        assert words in said
        assert not said & ({"Posted", "Posted, confirmed by hand", "Needs attention"} - {words}), said


def test_the_mail_and_the_trail_say_that_it_is_posted_by_a_persons_word(brisk_cmic: Simulator):
    confirmed(brisk_cmic)
    notice = Notice.objects.get(key__startswith="posted")
    assert notice.subject.startswith("Posted, confirmed by hand: ")
    assert "as accounting confirmed by hand; CMiC has not shown it yet" in notice.text
    assert Event.objects.get(action="mark_posted").sentence == "Batch 1 is posted, confirmed by hand"


def reject(story: Story) -> None:
    story.simulator.accountant("reject", company="001", job=JOB, code=one().number)


def delete(story: Story) -> None:
    story.simulator.accountant("delete", company="001", job=JOB, code=one().number)


def post_otherwise(story: Story) -> None:
    edit = {"phase": "01-31-00", "category": "1000", "amount": "1259999.99"}
    story.simulator.accountant("edit_amount", company="001", job=JOB, code=one().number, **edit)
    post(story, one())


@pytest.mark.parametrize(
    ("happens", "after", "why"),
    [
        (reject, (0,), "It was rejected there."),
        (delete, (0, 5, 10), "It is not there any more."),
        (post_otherwise, (0,), "It was posted with other amounts on 1 line."),
        (lambda story: None, (0, 60, 24 * 60), "It is there, and still not posted."),
    ],
)
def test_an_alarm_is_raised_once_when_cmic_says_otherwise(brisk_cmic: Simulator, happens, after, why):
    story = confirmed(brisk_cmic)
    happens(story)
    start = timezone.now()
    for minutes in after:
        assert word().state == "watched"
        Document.objects.filter(poll_at__isnull=False).update(poll_at=start)
        posting.poll(now=start + timedelta(minutes=minutes, seconds=1))
    assert (word().state, word().why) == ("disproved", why)
    assert one().state == DocumentState.POSTED, "what counts changes by a decision only"
    assert all(story.budget.lines.values_list("was_posted", flat=True))
    state = state_of(story.reload())
    assert (state.code, state.words) == ("attention", "Confirmed by hand, CMiC says otherwise")
    assert why in state.next
    ask_again(minutes=after[-1] + 20)
    told = Notice.objects.filter(key__startswith="disproved")
    assert {notice.to for notice in told} == {story.mira, story.jonas}
    assert len(told) == 2, "once"
    assert Event.objects.filter(action="confirmation_disproved").count() == 1
    assert all(why in notice.text and why in notice.html for notice in told)
    shown = page(story.mira, f"/admin/erp/batch/{Batch.objects.get().pk}/change/")
    assert "Close the alarm" in shown
    assert_called(story, "Confirmed by hand, CMiC says otherwise")
    assert "Confirmed by hand, CMiC says otherwise" in page(story.dana, "/")
    assert events.verify(story.connection.company_id)[1] is None


def test_other_amounts_stand_in_the_mail_and_on_the_page_line_by_line(brisk_cmic: Simulator):
    story = confirmed(brisk_cmic)
    post_otherwise(story)
    ask_again(minutes=1)
    notice = Notice.objects.filter(to=story.mira).get(key__startswith="disproved")
    assert "sent 1,260,000.10, posted 1,259,999.99, difference (0.11)" in notice.text
    total = "Total with 1 other line: sent 1,260,000.09, posted 1,259,999.98, difference (0.11)"
    assert total in notice.text and "1,259,999.98" in notice.html
    assert "Posted with other amounts" in page(
        story.mira, f"/admin/erp/batch/{Batch.objects.get().pk}/change/"
    )


def test_an_alarm_ends_by_itself_when_it_is_posted_after_all(brisk_cmic: Simulator):
    story = confirmed(brisk_cmic)
    reject(story)
    ask_again(minutes=1)
    assert word().state == "disproved"
    place = {"company": "001", "job": JOB, "code": one().number}
    brisk_cmic.accountant("set_status", **place, status="APPR")
    post(story, one())
    ask_again(minutes=2)
    assert (word().state, word().why) == ("proved", "")
    assert state_of(story.reload()).code in ("posted", "differs")
    assert_books_agree(story)


def test_a_person_closes_the_alarm_with_what_they_found_out_and_nobody_asks_any_more(brisk_cmic: Simulator):
    story = confirmed(brisk_cmic)
    reject(story)
    ask_again(minutes=1)
    batch = Batch.objects.get()
    with pytest.raises(InvalidInput):
        confirmations.close_alarm(batch, user=story.jonas, now=timezone.now(), note=" ")
    confirmations.close_alarm(batch, user=story.jonas, now=timezone.now(), note="Keyed in under COO-0007.")
    assert (word().state, word().closed_by) == ("closed", story.jonas)
    assert one().poll_at is None
    assert state_of(story.reload()).code != "attention"
    assert "Keyed in under COO-0007." in page(story.mira, f"/admin/erp/batch/{batch.pk}/change/")


def test_a_disproof_goes_out_as_text_and_as_html(brisk_cmic: Simulator):
    story = confirmed(brisk_cmic)
    reject(story)
    ask_again(minutes=1)
    mail_queue.send_waiting(now=timezone.now() + timedelta(minutes=1))
    sent = [m for m in mail.outbox if m.subject.startswith("Confirmed by hand, and not so")]
    assert {message.to[0] for message in sent} == {"mira@example.com", "jonas@example.com"}
    for message in sent:
        ((html, kind),) = message.alternatives
        assert kind == "text/html"
        for words in ("It was rejected there.", NOTE.replace("'", "&#x27;"), "close the alarm"):
            assert words in html
        assert "It was rejected there." in message.body


def test_amounts_confirmed_by_hand_stay_the_base_of_what_is_sent_next(brisk_cmic: Simulator):
    story = confirmed(brisk_cmic)
    reject(story)
    ask_again(minutes=1)
    labor = story.budget.lines.get(cost_type__code="L")
    assert labor.was_posted
    lines = one().item.lines.filter(line=labor)
    assert lines.get().target == Decimal("1260000.10")
