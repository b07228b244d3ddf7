"""CMiC says no, or is not any more what the approver saw: a sentence for each line, and no write too many."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from budgets.models import BudgetLine
from budgets.states import state_of
from erp.decision import deciding
from erp.delivery import aftercare, outbox
from erp.mail import sending as mail_queue
from erp.models import Batch, BatchState, Document, DocumentState, Notice
from erp.posting import polling as posting
from erp.refusals import explaining
from erp.setup import linking
from erp.sync import syncing as sync
from projects.models import BudgetLevel, ProjectRole
from tests.support.delivery import assert_books_agree, fill, finish, one, send_and_accept, time_passes, writes
from tests.support.simulator import Simulator
from tests.support.story import JOB, SUB_JOB, Story, begin
from workflow.actions import ActionBlocked

pytestmark = pytest.mark.django_db(transaction=True)
LABOR = {"job": JOB, "phase": "01-31-00", "category": "1000"}


def refused_refs(document: Document) -> set[str]:
    """Cost code and type of the lines that a document's findings name."""
    named = {ref for finding in document.findings for ref in finding["refs"]}
    return {str(line) for line in document.item.lines.all() if str(line.pk) in named}


def posted_as_planned(story: Story) -> None:
    finish(story)
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted", state_of(story.budget).words
    assert_books_agree(story)


def give_back(story: Story, batch: Batch) -> None:
    """Mira returns the batch; workers take out what is there."""
    aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="please look again")
    finish(story)
    batch.refresh_from_db()
    assert batch.state == BatchState.RETURNED
    assert state_of(story.reload()).code == "sent_back"


# -- lines that CMiC does not take ------------------------------------------------------------------------


def test_each_refused_line_gets_its_sentence_and_after_the_fix_only_they_are_sent(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    brisk_cmic.seed({"job_phases": [{"company": "001", "job": JOB, "phase": "09-68-00"}]})
    story.add_line("01-31-00", "L", "0.10")
    story.add_line("03-30-00", "M", "0.20")
    story.add_line("09-68-00", "S", "-0.30")
    story.lock()
    batch = send_and_accept(story)
    brisk_cmic.accountant("set_active", company="001", category="4000", active=False)
    brisk_cmic.accountant("set_active", company="001", job=JOB, phase="09-68-00", active=False)
    outbox.work_on(one().pk)

    document = one()
    assert document.state == DocumentState.REFUSED
    assert refused_refs(document) == {"03-30-00 M", "09-68-00 S"}
    for finding in document.findings:
        assert finding["raw"] and finding["message"] != finding["raw"]
        assert "activate it there or change the line" in finding["message"]
    word = state_of(story.reload())
    assert (word.code, word.words) == ("attention", "Needs attention: 2 lines refused")
    told = Notice.objects.filter(kind="failure").values_list("to__username", flat=True)
    assert set(told) >= {"dana", "mira"}
    (item,) = brisk_cmic.book()["pcis"]
    assert item["status"] == "PPEND"
    assert_books_agree(story)

    brisk_cmic.accountant("set_active", company="001", category="4000", active=True)
    brisk_cmic.accountant("set_active", company="001", job=JOB, phase="09-68-00", active=True)
    since = len(brisk_cmic.journal())
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    posted_as_planned(story)
    sent = [(entry["method"], entry["resource"]) for entry in writes(brisk_cmic, since=since)]
    assert ("POST", "cmmast") not in sent
    assert sent.count(("POST", "cmdetail")) == 2
    assert sent[-1] == ("PATCH", "cmmast")


def test_a_retry_that_is_refused_again_tells_people_again(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    batch = send_and_accept(story)
    brisk_cmic.accountant("set_active", company="001", category="4000", active=False)
    for round_ in (1, 2):
        finish(story)
        assert one().state == DocumentState.REFUSED
        assert Notice.objects.filter(kind="failure", to=story.dana).count() == round_
        assert explaining.explained(one())
        aftercare.retry(batch, user=story.mira, now=timezone.now())
        assert explaining.explained(one()) == []  # nobody is told to press Retry on what goes again
    brisk_cmic.accountant("set_active", company="001", category="4000", active=True)
    posted_as_planned(story)


def test_one_refused_modification_does_not_hold_up_the_others_and_the_mails_say_which(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, material, sub = (story.budget.lines.get(cost_type__code=kind) for kind in "LMS")
    story.modify("into concrete", (labor, "-5.00"), (material, "5.00"))
    story.modify("out of concrete", (labor, "6.00"), (material, "-6.00"))
    story.modify("to the carpets", (labor, "-7.00"), (sub, "7.00"))
    batch = send_and_accept(story)
    original, first, second, third = batch.documents.order_by("item__position")
    assert not outbox.work_on(third.pk)  # the original goes first
    outbox.work_on(original.pk)
    brisk_cmic.accountant("set_active", company="001", category="4000", active=False)
    finish(story)
    states = list(batch.documents.order_by("item__position").values_list("state", flat=True))
    assert states == ["delivered", "refused", "refused", "delivered"]
    assert state_of(story.reload()).code == "attention"
    assert Notice.objects.filter(kind="failure", to=story.dana).count() == 2
    assert_books_agree(story)
    brisk_cmic.accountant("set_active", company="001", category="4000", active=True)
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    posted_as_planned(story)


def test_another_projects_batch_goes_while_one_needs_attention(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    send_and_accept(story)
    brisk_cmic.accountant("close_job", company="001", job=JOB)
    finish(story)
    assert one().state == DocumentState.REFUSED

    other = another_project(story)
    other.add_line("01-31-00", "L", "12.34", job="26-0300")
    other.lock()
    send_and_accept(other)
    finish(other)
    assert set(other.budget.batches.values_list("state", flat=True)) == {BatchState.EXPORTED}
    assert_books_agree(other)
    assert_books_agree(story)


def another_project(story: Story) -> Story:
    """The same cast on a second job."""
    story.simulator.seed({"jobs": [{"company": "001", "code": "26-0300", "name": "Bridge", "status": "I"}]})
    sync.sync_company(story.connection, now=timezone.now())
    project = linking.link_project(story.connection, "26-0300", user=story.jonas, now=timezone.now())
    sync.sync_company(story.connection, now=timezone.now())
    ProjectRole.objects.create(user=story.dana, project=project, level=BudgetLevel.ADMIN)
    people = (story.dana, story.mira, story.jonas)
    return Story(story.simulator, story.connection, project, project.budget, *people)


def test_people_hear_of_a_refusal_by_mail(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    send_and_accept(story)
    brisk_cmic.accountant("close_job", company="001", job=JOB)
    finish(story)
    mail_queue.send_waiting(now=timezone.now())
    assert {message.to[0] for message in mail.outbox} >= {"dana@example.com", "mira@example.com"}
    assert f"Job {JOB} is closed in CMiC" in mail.outbox[0].body


# -- CMiC moved between the decision and the push ---------------------------------------------------------


def with_a_budget(simulator: Simulator, *, status: str = "I") -> Story:
    story = begin(simulator, status=status, budget=[{**LABOR, "original": "1000000.00"}])
    fill(story)
    return story


def test_an_amount_that_moved_after_the_decision_stops_the_push_with_both_values(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic)
    batch = send_and_accept(story)
    brisk_cmic.accountant("set_budget", company="001", **LABOR, original="1100000.00")
    finish(story)
    (finding,) = one().findings
    assert one().state == DocumentState.REFUSED
    assert finding["code"] == "erp_moved"
    assert "1,000,000.00" in finding["message"] and "1,100,000.00" in finding["message"]
    assert refused_refs(one()) == {"01-31-00 L"}
    assert writes(brisk_cmic) == []

    aftercare.retry(batch, user=story.mira, now=timezone.now())
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert writes(brisk_cmic) == []
    give_back(story, batch)
    send_and_accept(story)
    posted_as_planned(story)


def test_an_amount_that_moved_after_a_first_write_was_turned_away_stops_the_push_too(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic)
    send_and_accept(story)
    brisk_cmic.fault("429", match={"method": "POST", "resource": "cmmast"})
    outbox.work_on(one().pk)
    assert one().calls.count() == 1
    brisk_cmic.accountant("set_budget", company="001", **LABOR, original="1100000.00")
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "erp_moved"
    assert brisk_cmic.book()["pcis"] == []
    assert_books_agree(story)


def test_what_was_removed_and_entered_by_hand_is_not_sent_on_top_of_it(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic)
    batch = send_and_accept(story)
    finish(story)
    number = one().number
    brisk_cmic.accountant("delete", company="001", job=JOB, code=number)
    brisk_cmic.accountant("set_budget", company="001", **LABOR, original="1260000.10")
    story.poll()
    later = timezone.now() + timedelta(minutes=11)
    Document.objects.update(poll_at=later)
    posting.poll(now=later)
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "removed_in_erp"
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "erp_moved"
    assert brisk_cmic.book()["pcis"] == []
    give_back(story, batch)
    send_and_accept(story)
    posted_as_planned(story)
    assert story.in_cmic()[JOB, "01-31-00", "1000"][0] == Decimal("1260000.10")


def test_a_posting_behind_our_back_is_no_move(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic)
    send_and_accept(story)
    brisk_cmic.fault("reset_after_commit", match={"method": "PATCH", "resource": "cmmast"})
    outbox.work_on(one().pk)
    assert one().state == DocumentState.UNCONFIRMED
    story.post_everything()
    Document.objects.update(probes=9)  # every question so far came to nothing
    brisk_cmic.fault("stale_read", match={"resource": "cmmast"}, times=1)
    posted_as_planned(story)


def test_amounts_entered_half_are_no_move_and_the_rest_follows(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic, status="P")
    send_and_accept(story)
    brisk_cmic.fault("429", match={"method": "PATCH", "resource": "jcjobcategory", "nth": 2})
    outbox.work_on(one().pk)
    assert one().state == DocumentState.QUEUED
    assert story.in_cmic()[JOB, "01-31-00", "1000"][0] == Decimal("1260000.10")
    posted_as_planned(story)


def test_an_amount_somebody_changed_while_ours_were_being_entered_stops_the_push(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic, status="P")
    send_and_accept(story)
    brisk_cmic.fault("429", match={"method": "PATCH", "resource": "jcjobcategory", "nth": 2})
    outbox.work_on(one().pk)
    brisk_cmic.accountant("set_budget", company="001", **LABOR, original="7.00")
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert "holds 7.00 now" in one().findings[0]["message"]
    assert story.in_cmic()[JOB, "01-31-00", "1000"][0] == Decimal("7.00")


def test_a_job_closed_after_the_decision_takes_nothing(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic)
    batch = send_and_accept(story)
    brisk_cmic.accountant("close_job", company="001", job=JOB)
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert "closed in CMiC" in one().findings[0]["message"]
    assert writes(brisk_cmic) == []
    give_back(story, batch)
    assert_books_agree(story)


# -- a job that is started on the way ---------------------------------------------------------------------


def test_a_job_started_between_send_and_accept_is_read_anew_and_gets_a_change_item(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic, status="P")
    batch = story.send()
    old = story.budget.readings.first()
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    deciding.read_again(batch, user=story.mira, now=timezone.now())
    story.read()
    with pytest.raises(ActionBlocked, match="changed since you read it"):
        deciding.accept(batch, user=story.mira, now=timezone.now(), reading_hash=old.hash)
    story.accept(batch)
    finish(story)
    assert one().route == "pci_original"
    posted_as_planned(story)


def test_a_job_started_between_accept_and_push_is_refused_before_a_write_and_goes_as_a_change_item_next_time(
    brisk_cmic: Simulator,
):
    story = with_a_budget(brisk_cmic, status="P")
    batch = send_and_accept(story)
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert [finding["code"] for finding in one().findings] == ["job_started"]
    assert writes(brisk_cmic) == []
    give_back(story, batch)
    send_and_accept(story)
    posted_as_planned(story)


def test_a_job_started_while_its_budget_was_being_entered_counts_the_half_that_landed_once(
    brisk_cmic: Simulator,
):
    story = with_a_budget(brisk_cmic, status="P")
    batch = send_and_accept(story)
    brisk_cmic.fault("429", match={"method": "PATCH", "resource": "jcjobcategory", "nth": 2})
    outbox.work_on(one().pk)
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "started_in_between"
    give_back(story, batch)
    send_and_accept(story)
    posted_as_planned(story)
    assert story.in_cmic()[SUB_JOB, "03-30-00", "4000"][0] == Decimal("-0.01")


def test_a_job_started_after_all_amounts_had_landed_is_delivered_and_posted(brisk_cmic: Simulator):
    story = with_a_budget(brisk_cmic, status="P")
    send_and_accept(story)
    brisk_cmic.fault("reset_after_commit", match={"method": "PATCH", "resource": "jcjobcategory", "nth": 2})
    outbox.work_on(one().pk)
    assert one().state == DocumentState.UNCONFIRMED
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    time_passes(story)
    posted_as_planned(story)
    assert BudgetLine.objects.filter(was_posted=True).count() == 3


def test_a_job_started_after_a_first_write_was_turned_away_is_refused_as_if_nothing_had_been_tried(
    brisk_cmic: Simulator,
):
    story = with_a_budget(brisk_cmic, status="P")
    batch = send_and_accept(story)
    brisk_cmic.fault("429", match={"method": "POST", "resource": "jcjobcategory"})
    outbox.work_on(one().pk)
    assert one().calls.get().outcome == "unavailable"
    brisk_cmic.accountant("start_job", company="001", job=JOB)
    finish(story)
    assert [finding["code"] for finding in one().findings] == ["job_started"]
    give_back(story, batch)
    send_and_accept(story)
    posted_as_planned(story)
