"""What people read while a document waits to be posted: the same sentence on every page, in the API and in mails."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from erp.decision import admin as decision_admin
from erp.models import Batch, Document
from erp.posting import confirmations, waiting
from erp.posting import polling as posting
from erp.posting.differences import lay_out
from erp.posting.proof import evidence_of
from erp.timeline import views as timeline_views
from tests.erp.test_posting_schedule import Asked, asked, delivered, posted  # noqa: F401  `asked` is a fixture
from tests.support import scene as acts
from tests.support.delivery import fill, finish, one, send_and_accept
from tests.support.scene import MAIN, SUB, Scene
from tests.support.simulator import Simulator
from tests.support.story import JOB, begin
from workflow.templatetags.figures import plain_moment

DAY = timedelta(days=1)


def shift(scene: Scene) -> None:
    """Something new to send."""
    acts.modify(scene, "Shift", ((MAIN, "03-30-00", "L"), "1.00"), ((MAIN, "03-30-00", "M"), "-1.00"))


def took(scene: Scene, *days: int) -> None:
    """The company's last documents took so long to be posted, one document a batch."""
    for wait in days:
        if scene.budget.batches.exists():
            shift(scene)
        batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
        acts.deliver(batch)
        delivered_at = timezone.now() - wait * DAY
        Document.objects.filter(batch=batch).update(delivered_at=delivered_at)
        acts.post(batch)
        scene.reload()


def page(user: object, address: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def waits(batch: Batch) -> waiting.Waiting | None:
    fresh = Batch.objects.get(pk=batch.pk)
    return waiting.waiting_of(fresh, list(fresh.documents.select_related("item")))


def test_the_usual_time_is_the_median_of_what_the_company_posted_last(scene):
    acts.lock(scene)
    took(scene, 5, 1)
    assert waiting.usual(scene.company) is None, "two say nothing about what is usual"
    took(scene, 2)
    assert str(waiting.usual(scene.company)) == "Usually 2 days (median of the company’s last 3)."
    assert waiting.usual(scene.other_company) is None


def test_what_was_confirmed_by_hand_says_nothing_about_the_usual_time(scene):
    acts.lock(scene)
    took(scene, 2, 2, 2)
    before = waiting.usual(scene.company)
    shift(scene)
    batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
    acts.deliver(batch)
    Document.objects.filter(batch=batch).update(
        confirmed_by=scene.mira, delivered_at=timezone.now() - 40 * DAY
    )
    acts.post(batch)
    assert waiting.usual(scene.company) == before


def test_everybody_reads_the_same_sentence_since_when_how_long_and_what_is_usual(scene):
    acts.lock(scene)
    took(scene, 2, 2, 2)
    shift(scene)
    batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
    acts.deliver(batch)
    Batch.objects.filter(pk=batch.pk).update(exported_at=timezone.now() - 3 * DAY)
    said = waits(batch)
    assert said is not None
    sentence = said.sentence(timezone.now())
    since = plain_moment(said.since, zone=True)
    assert sentence == (
        f"In CMiC, waiting for posting since {since} (3 days). "
        "Usually 2 days (median of the company’s last 3)."
    )
    assert since.endswith(("CST", "CDT"))
    words = f"Since {since} (3 days). Usually 2 days (median of the company’s last 3)."
    assert words in page(scene.dana, f"/projects/{scene.project.pk}/budget/")
    assert words in page(scene.dana, f"/projects/{scene.project.pk}/budget/batches/{batch.number}/")
    assert words in page(scene.mira, f"/admin/erp/batch/{batch.pk}/change/")
    client = Client()
    client.force_login(scene.mira)
    told = client.get(f"/api/v1/batches/{batch.pk}/").json()["waiting"]
    assert told["sentence"] == sentence
    assert told["usual"] == {"seconds": pytest.approx(2 * 86400, abs=60), "samples": 3}


def test_a_batch_that_is_posted_in_part_says_how_many_and_which(scene, asked):  # noqa: F811
    documents = delivered(scene, modifications=4)
    asked.answers = {documents[0].number: posted, documents[3].number: posted}
    posting.poll(now=timezone.now())
    batch = Batch.objects.get()
    said = waits(batch)
    titles = [d.item.title for d in documents]
    which = f"2 of 5 posted: {titles[0]}; {titles[3]}."
    assert said is not None and which in said.sentence(timezone.now())
    budget_page = page(scene.dana, f"/projects/{scene.project.pk}/budget/")
    assert which in budget_page
    assert "In CMiC, 2 of 5 posted" in budget_page


def test_nothing_is_said_about_posting_while_something_else_is_waited_for(scene):
    batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
    assert waits(batch) is None
    acts.refuse(batch)
    assert waits(batch) is None


def test_check_now_shows_when_it_was_asked_for_and_then_what_was_answered_and_when(scene, asked):  # noqa: F811
    (document,) = delivered(scene)
    now = timezone.now()
    posting.poll(now=now)
    address = f"/admin/erp/batch/{document.batch_id}/progress/"
    before = page(scene.mira, address)
    assert "answered" in before and "not posted yet" in before
    assert 'hx-trigger="every 15s"' in before
    confirmations.check_now(document.batch, user=scene.mira, now=now + timedelta(seconds=1))
    meanwhile = page(scene.mira, address)
    assert "Being asked now" in meanwhile
    assert 'hx-trigger="every 2s"' in meanwhile
    posting.poll(now=now + timedelta(seconds=2))
    after = page(scene.mira, address)
    assert "Being asked now" not in after
    assert 'hx-trigger="every 15s"' in after


def test_a_check_that_gets_no_answer_says_so_and_why(scene, asked):  # noqa: F811
    (document,) = delivered(scene)
    asked.answers = {document.number: lambda _: None}
    confirmations.check_now(document.batch, user=scene.mira, now=timezone.now())
    posting.poll(now=timezone.now())
    shown = page(scene.mira, f"/admin/erp/batch/{document.batch_id}/progress/")
    assert "Being asked now" not in shown
    assert "leaves this document out" in shown


def test_the_project_manager_sees_when_the_erp_was_last_asked_and_may_not_ask_herself(scene, asked):  # noqa: F811
    (document,) = delivered(scene)
    batch = document.batch
    posting.poll(now=timezone.now())
    address = f"/projects/{scene.project.pk}/budget/batches/{batch.number}/"
    assert "CMiC was last asked" in page(scene.dana, f"{address}asked/")
    shown = page(scene.dana, address)
    assert "CMiC was last asked" in shown
    assert "Check now" not in shown


# -- posted with other amounts ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["I", "P"])
def test_other_amounts_are_laid_out_line_by_line_with_sums_that_tie(brisk_cmic: Simulator, status: str):
    story = begin(brisk_cmic, status=status)
    fill(story)
    batch = send_and_accept(story)
    finish(story)
    place = {"company": "001", "job": JOB}
    if status == "I":
        edit = {"code": one().number, "phase": "01-31-00", "category": "1000", "amount": "1259999.99"}
        brisk_cmic.accountant("edit_amount", **place, **edit)
    else:
        brisk_cmic.accountant("set_budget", **place, phase="01-31-00", category="1000", original="1259999.99")
    story.post_everything()
    story.poll()
    document = one()
    found = lay_out(document.differs, document.item.lines.all())
    (line,) = found.lines
    assert (line.sent, line.posted, line.difference) == tuple(
        Decimal(amount) for amount in ("1260000.10", "1259999.99", "-0.11")
    )
    assert (found.sent, found.posted, found.difference) == tuple(
        Decimal(amount) for amount in ("1260000.09", "1259999.98", "-0.11")
    )
    assert found.others_sum == Decimal("-0.01")
    for reader, address in (
        (story.dana, f"/projects/{story.project.pk}/budget/batches/1/"),
        (story.mira, f"/admin/erp/batch/{batch.pk}/change/"),
    ):
        shown = page(reader, address)
        assert "Posted with other amounts" in shown
        assert "What counts in Tieback stays what was sent" in shown
        assert "How Tieback knows" in shown


def test_evidence_is_put_into_words_also_where_a_backend_keeps_what_nobody_foresaw():
    kept = {
        "header": {"number": "TB-1", "status": "POST", "posted": True, "posted_on": None},
        "lines": [{"line": "03/1000@J", "amount": "5.00", "posted": True}],
        "still_unposted": 0,
        "sheet_name": "June",
    }
    shown = evidence_of(kept)
    assert dict(shown.facts) == {
        "Number": "TB-1",
        "Status": "POST",
        "Marked as posted": "yes",
        "Lines on the list of unposted ones": "none",
        "Sheet name": "June",
    }
    assert shown.lines == (("03/1000@J", "5.00", True),)
    written = evidence_of({"posted_on": "2026-11-14", "amounts": {"03/1000@J": "-9600"}})
    assert (written.facts, written.lines) == (
        (("Posting date", "Nov. 14, 2026"),),
        (("03/1000@J", "(9,600.00)", None),),
    )
    assert not evidence_of({})
    rows = {"lines": [["J", "03", "1000", "5.00"], []], "problems": ["no date", "no amount"]}
    assert evidence_of(rows).lines == (("J 03 1000", "5.00", None), ("", "", None))
    assert evidence_of(rows).facts == (("Problems", "no date; no amount"),)


def test_the_sub_jobs_lines_are_among_those_that_were_posted_as_sent(scene):
    batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
    document = acts.documents(batch)[0]
    stored = [
        {"job": MAIN, "cost_code": "03-30-00", "cost_type": "2000", "sent": "40000.00", "found": "41000.00"}
    ]
    found = lay_out(stored, document.item.lines.all())
    assert (found.sent, found.posted) == (acts.TOTAL, acts.TOTAL + 1000)
    assert {line.job for line in document.item.lines.all()} == {MAIN, SUB}


# -- one moment for all of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "module", "reads"), [("mira", decision_admin, "find"), ("dana", timeline_views, "batch_of")]
)
def test_a_posting_while_the_page_is_made_shows_no_posted_document_in_a_batch_that_waits(
    scene, monkeypatch, who, module, reads
):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    read = getattr(module, reads)

    def posted_meanwhile(*given: Any) -> Batch:
        found = read(*given)
        acts.post(Batch.objects.get(pk=batch.pk))
        return found

    monkeypatch.setattr(module, reads, posted_meanwhile)
    address = f"/admin/erp/batch/{batch.pk}/progress/"
    if who == "dana":
        address = f"/projects/{scene.project.pk}/budget/batches/1/progress/"
    shown = page(getattr(scene, who), address)
    assert shown.count('<span class="state good">Posted</span>') == 2, "the batch and its document"
    assert "waiting for posting" not in shown and "Return to PM" not in shown
    assert "hx-get" not in shown, "it stands for good"


def test_a_turn_that_has_come_is_in_a_moment_and_one_to_come_has_its_time(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    address = f"/admin/erp/batch/{batch.pk}/change/"
    Document.objects.update(poll_at=timezone.now() - timedelta(seconds=5))
    assert "Not asked yet whether it is posted; will be asked in a moment." in page(scene.mira, address)
    Document.objects.update(poll_at=timezone.now() + timedelta(minutes=5))
    shown = page(scene.mira, address)
    assert "Not asked yet whether it is posted; will be asked" in shown and "in a moment" not in shown
