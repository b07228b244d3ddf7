"""Who is asked about when: fast at first, never silent, many in a request, and nobody waits for another's trouble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from erp.decision.acceptance import erp_documents
from erp.delivery import circuit
from erp.delivery.circuit import OPENS_AFTER
from erp.models import Connection, Document, DocumentState, Notice
from erp.port import ErpDocument, ErpRefused, ErpUnavailable, Finding, Posting, PostingState
from erp.posting import polling as posting
from tests.support import scene as acts
from tests.support.paper import PaperErp
from tests.support.scene import MAIN, Scene
from workflow.models import Event

LABOR, MATERIAL = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M")
Answer = Callable[[ErpDocument], Posting | None]


class Asked:
    """What the ERP was asked, question by question, and what it answers."""

    def __init__(self) -> None:
        self.questions: list[list[str]] = []
        self.answers: dict[str, Answer] = {}
        self.down: Exception | None = None
        self.more: list[Posting] = []

    def postings(self, erp: Any, documents: Sequence[ErpDocument]) -> list[Posting]:
        self.questions.append([document.number for document in documents])
        if self.down is not None:
            raise self.down
        answers = [self.answers.get(d.number, waiting)(d) for d in documents]
        return [*(answer for answer in answers if answer is not None), *self.more]


def waiting(document: ErpDocument) -> Posting:
    return Posting(number=document.number, state=PostingState.WAITING)


def posted(document: ErpDocument) -> Posting:
    return Posting(number=document.number, state=PostingState.POSTED)


def silence(document: ErpDocument) -> None:
    return None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The questions the paper is asked; a test says what it answers."""
    sheet = Asked()
    monkeypatch.setattr(PaperErp, "postings", lambda erp, documents: sheet.postings(erp, documents))
    return sheet


def delivered(scene: Scene, *, modifications: int = 0) -> list[Document]:
    """The original and some modifications of one batch, in the ERP."""
    acts.lock(scene)
    for place in range(modifications):
        acts.modify(scene, f"Shift {place}", (LABOR, "1.00"), (MATERIAL, "-1.00"))
    batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
    acts.deliver(batch)
    return acts.documents(batch)


def now_of(document: Document) -> Document:
    return Document.objects.get(pk=document.pk)


def due(*documents: Document, at: datetime) -> None:
    Document.objects.filter(pk__in=[d.pk for d in documents]).update(poll_at=at)


# -- one problem is nobody else's ---------------------------------------------------------------------------


def test_a_document_that_is_left_out_of_the_answer_is_asked_about_again_and_keeps_nobody_waiting(
    scene, asked
):
    first, second, third = delivered(scene, modifications=2)
    asked.answers = {first.number: posted, second.number: silence, third.number: posted}
    posting.poll(now=timezone.now())
    assert [now_of(d).state for d in (first, second, third)] == ["posted", "delivered", "posted"]
    assert "leaves this document out" in now_of(second).unanswered
    asked.answers = {second.number: posted}
    posting.poll(now=timezone.now() + timedelta(minutes=1))
    assert now_of(second).state == "posted"
    assert now_of(second).unanswered == ""


@pytest.mark.parametrize(
    "trouble", [ErpRefused([Finding("found_twice", "It is there twice.")]), ValueError("no number")]
)
def test_a_document_that_spoils_the_question_is_found_and_the_others_get_their_answers(
    scene, asked, caplog, trouble
):
    documents = delivered(scene, modifications=6)
    spoiler = documents[4]

    def spoil(document: ErpDocument) -> Posting:
        raise trouble

    asked.answers = {d.number: posted for d in documents} | {spoiler.number: spoil}
    posting.poll(now=timezone.now())
    states = {d.number: now_of(d).state for d in documents}
    assert states.pop(spoiler.number) == "delivered"
    assert set(states.values()) == {"posted"}
    assert str(trouble) in now_of(spoiler).unanswered
    assert spoiler.number in caplog.text
    assert len(asked.questions) <= posting.DIVISIONS


def test_when_everything_spoils_the_question_the_search_ends(scene, asked):
    delivered(scene, modifications=12)
    asked.down = ValueError("the backend is broken")
    posting.poll(now=timezone.now())
    assert len(asked.questions) <= 2 * posting.DIVISIONS
    assert not Document.objects.filter(unanswered="").exists()
    assert set(Document.objects.values_list("state", flat=True)) == {"delivered"}


def test_an_answer_that_cannot_be_recorded_keeps_no_other_from_being_recorded(
    scene, asked, monkeypatch, caplog
):
    first, second = delivered(scene, modifications=1)
    asked.answers = {first.number: posted, second.number: posted}
    real = posting.seen.settle

    def settle(document: Document, *args: Any, **more: Any) -> None:
        if document.pk == first.pk:
            raise RuntimeError("no place left")
        real(document, *args, **more)

    monkeypatch.setattr(posting.seen, "settle", settle)
    posting.poll(now=timezone.now())
    assert [now_of(d).state for d in (first, second)] == ["delivered", "posted"]
    assert "no place left" in now_of(first).unanswered


def test_an_answer_about_a_document_nobody_asked_about_changes_nothing_and_is_told_once(scene, asked):
    (ours,) = delivered(scene)
    asked.more = [Posting(number="TB-NOTOURS1", state=PostingState.POSTED)]
    for minutes in (0, 1, 2):
        posting.poll(now=timezone.now() + timedelta(minutes=minutes))
    assert now_of(ours).state == "delivered"
    (mail,) = Notice.objects.filter(key__startswith="strange:")
    assert mail.to == scene.jonas
    assert "TB-NOTOURS1" in mail.text
    assert Event.objects.filter(action="strange_posting").count() == 1


def test_a_document_answered_twice_in_one_answer_is_posted_once(scene, asked):
    (ours,) = delivered(scene)
    asked.more = [posted(erp_documents([ours])[0])]
    asked.answers = {ours.number: posted}
    posting.poll(now=timezone.now())
    assert now_of(ours).state == "posted"
    assert Event.objects.filter(action="document_posted").count() == 1


# -- the schedule -------------------------------------------------------------------------------------------


def test_a_poll_says_when_it_asked_when_it_was_answered_and_what(scene, asked):
    (ours,) = delivered(scene)
    now = timezone.now()
    posting.poll(now=now)
    row = now_of(ours)
    assert (row.asked_at, row.answer, row.unanswered) == (now, "waiting", "")
    assert row.asked_at <= row.answered_at < now + timedelta(seconds=30)


def test_once_one_document_of_a_job_was_seen_posted_the_others_are_asked_about_at_once(scene, asked):
    first, second = delivered(scene, modifications=1)
    later = timezone.now() + timedelta(hours=9)
    due(first, at=later)
    due(second, at=later + timedelta(minutes=14))
    asked.answers = {first.number: posted}
    posting.poll(now=later, documents=[first])
    assert now_of(first).state == "posted"
    assert now_of(second).poll_at == later + timedelta(seconds=15)


def test_a_request_with_room_takes_along_those_whose_turn_comes_next(scene, asked):
    first, second, third = delivered(scene, modifications=2)
    now = timezone.now()
    due(first, at=now)
    due(second, third, at=now + timedelta(minutes=10))
    posting.poll(now=now)
    assert [set(q) for q in asked.questions] == [{first.number, second.number, third.number}]
    asked.questions.clear()
    posting.poll(now=now)  # none is due
    assert asked.questions == []


def test_nothing_is_asked_over_a_connection_that_is_stopped_or_switched_off(scene, asked):
    delivered(scene)
    for column, value in (("stopped_at", timezone.now()), ("enabled", False)):
        Connection.objects.filter(pk=scene.connection.pk).update(stopped_at=None, enabled=True)
        Connection.objects.filter(pk=scene.connection.pk).update(**{column: value})
        assert posting.poll(now=timezone.now() + timedelta(hours=1)) == 0
    assert asked.questions == []


def test_an_erp_that_is_away_is_asked_less_and_less_until_nobody_asks_but_the_probe(scene, asked):
    (ours,) = delivered(scene)
    asked.down = ErpUnavailable("CMiC did not answer.")
    now = start = timezone.now()
    Connection.objects.update(last_contact_at=start)
    waits = []
    for _ in range(OPENS_AFTER):
        assert posting.poll(now=now) == 1
        row = now_of(ours)
        assert row.unanswered == "CMiC did not answer."
        waits.append((row.poll_at - now).total_seconds())
        now = row.poll_at
    assert waits == sorted(waits) and waits[0] == 30
    assert posting.poll(now=now) == 0  # the circuit is open
    asked.down = None
    circuit.answered(scene.connection, now=now)
    assert posting.poll(now=now + timedelta(hours=1)) == 1
    assert now_of(ours).unanswered == ""
    assert now_of(ours).state == DocumentState.DELIVERED


def test_an_erp_that_was_silent_for_long_is_asked_every_15_minutes(scene, asked):
    (ours,) = delivered(scene)
    asked.down = ErpUnavailable("CMiC did not answer.")
    now = timezone.now()
    Connection.objects.update(last_contact_at=now - timedelta(hours=3))
    posting.poll(now=now)
    assert now_of(ours).poll_at == now + timedelta(minutes=15)


def test_an_erp_that_says_when_to_come_back_is_left_alone_until_then(scene, asked):
    (ours,) = delivered(scene)
    asked.down = ErpUnavailable("Busy.", retry_after=300)
    now = timezone.now()
    posting.poll(now=now)
    assert now_of(ours).poll_at == now + timedelta(seconds=300)
