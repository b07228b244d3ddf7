"""Where no machine can decide: an ERP that cannot tell what arrived, and a document that makes every worker stumble."""

from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from budgets.states import state_of
from erp.backends import forget_backends
from erp.delivery import aftercare, outbox, verdicts
from erp.delivery.stumbles import PARK_AFTER
from erp.models import Batch, Document, DocumentState, Notice
from erp.port import ErpDocument, ErpUnconfirmed, Journal, Outcome, Receipt, WithdrawState
from tests.support import scene as acts
from tests.support.paper import PaperErp
from tests.support.scene import MAIN, Scene
from workflow.events import events_about

pytestmark = pytest.mark.django_db(transaction=True)
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


class Mute(PaperErp):
    """Takes what it is sent and gives no answer, not even when asked."""

    probe_seconds = (0.0, 1.0)

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        journal.before(step="form", request_id=document.number, method="PUT", target="tray", body="")
        raise ErpUnconfirmed("the tray gave no answer")

    def find(self, document: ErpDocument) -> Receipt | None:
        raise ErpUnconfirmed("the tray cannot be looked into.")


class Stumbling(PaperErp):
    """Has a bug that only what is called "poison" meets, whatever is done with it."""

    probe_seconds = (0.0,)

    def _meet(self, document: ErpDocument) -> None:
        if document.title.endswith("poison"):
            raise ZeroDivisionError("a bug")

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        journal.before(
            step="form",
            request_id=f"{document.number}-{timezone.now()}",
            method="PUT",
            target="tray",
            body="",
        )
        self._meet(document)
        total = sum((line.delta for line in document.lines), Decimal(0))
        return Receipt(document.number, "paper", len(document.lines), total)

    def find(self, document: ErpDocument) -> Receipt | None:
        self._meet(document)
        return None

    def withdraw(self, document: ErpDocument, journal: Journal, *, anyway: bool = False) -> Outcome:
        self._meet(document)
        return Outcome(WithdrawState.WITHDRAWN)


def with_erp(settings: LazySettings, kind: type) -> None:
    settings.ERP_BACKENDS = {"paper": {"BACKEND": f"{kind.__module__}.{kind.__qualname__}"}}
    forget_backends()


def accepted(scene: Scene, *titles: str) -> Batch:
    acts.lock(scene)
    for title in titles:
        acts.modify(scene, title, (CONCRETE, "-5.00"), (CARPET, "5.00"))
    return acts.accept(scene, acts.send(scene))


def work(*, times: int = 1) -> None:
    """Whatever waits for a moment has waited long enough, and workers take all of it."""
    for _ in range(times):
        Document.objects.filter(not_before__isnull=False).update(not_before=Now())
        for key in Document.objects.order_by("item__position").values_list("pk", flat=True):
            outbox.work_on(key)


def titled(title: str) -> Document:
    return Document.objects.get(item__title__endswith=title)


# -- nobody can tell ----------------------------------------------------------------------------------------


@pytest.fixture
def lost(scene: Scene, settings: LazySettings) -> Batch:
    """A batch of one original whose fate the ERP cannot tell."""
    with_erp(settings, Mute)
    batch = accepted(scene)
    work(times=5)
    return batch


def say(scene: Scene, batch: Batch, verdict: Any) -> Document:
    document = Document.objects.get(batch=batch)
    verdict(batch, user=scene.mira, now=timezone.now(), note="Pat looked.", document=document.pk)
    document.refresh_from_db()
    return document


def test_nothing_is_sent_again_and_a_person_is_asked_with_the_facts(
    scene: Scene, lost: Batch, client: Client
):
    document = Document.objects.get(batch=lost)
    assert (document.state, document.not_before) == (DocumentState.UNCONFIRMED, None)
    assert document.calls.count() == 1
    for fact in (document.number, "CMiC cannot tell", "the tray cannot be looked into", "“form” left on"):
        assert fact in document.waiting_for
    word = state_of(scene.reload())
    assert (word.code, word.tone) == ("attention", "bad")
    assert f"CMiC cannot tell whether {document.number} arrived" in word.words
    assert "Mira Osei" in word.next and "says whether it is there" in word.next
    client.force_login(scene.mira)
    page = client.get(reverse("admin:erp_batch_change", args=[lost.pk])).content.decode()
    assert "It is there …" in page and "It is not there …" in page
    asked = client.get(
        reverse("admin:erp_batch_act", args=[lost.pk, "say_not_arrived"]), {"document": document.pk}
    ).content.decode()
    assert document.number in asked and "it counts twice" in asked


def test_it_is_there_and_waits_to_be_posted(scene: Scene, lost: Batch):
    document = say(scene, lost, verdicts.say_arrived)
    assert document.state == DocumentState.DELIVERED
    assert document.receipt["note"] == "Pat looked."
    assert document.calls.count() == 1
    told = events_about(lost).get(action="say_arrived")
    assert (told.actor, told.note) == ("Mira Osei", "Pat looked.")
    moved = events_about(document).get(to_state="delivered")
    assert (moved.from_state, moved.actor) == ("unconfirmed", "Mira Osei")


def test_it_is_not_there_and_is_sent_again(scene: Scene, lost: Batch):
    document = say(scene, lost, verdicts.say_not_arrived)
    assert document.state == DocumentState.QUEUED
    moved = events_about(document).filter(from_state="unconfirmed", to_state="queued").get()
    assert moved.actor == "Mira Osei"
    assert events_about(lost).get(action="say_not_arrived").note == "Pat looked."


def test_the_verdict_can_be_given_over_the_pages(scene: Scene, lost: Batch, client: Client):
    document = Document.objects.get(batch=lost)
    client.force_login(scene.mira)
    place = reverse("admin:erp_batch_act", args=[lost.pk, "say_arrived"])
    assert client.post(place, {"note": "Pat looked.", "document": document.pk}).status_code == 302
    document.refresh_from_db()
    assert document.state == DocumentState.DELIVERED


# -- poison -------------------------------------------------------------------------------------------------


def test_a_document_that_makes_every_worker_stumble_stands_aside_and_the_others_go_on(
    scene: Scene, settings: LazySettings
):
    with_erp(settings, Stumbling)
    batch = accepted(scene, "poison", "harmless")
    work()
    assert titled("harmless").state == DocumentState.DELIVERED
    assert titled("poison").state == DocumentState.UNCONFIRMED
    assert "stumbled" in titled("poison").waiting_for
    work(times=PARK_AFTER)
    poison = titled("poison")
    assert (poison.state, poison.stumbles) == (DocumentState.REFUSED, PARK_AFTER)
    (finding,) = poison.findings
    assert finding["code"] == "stumbled"
    assert "retry it or return it" in finding["message"]
    assert finding["raw"] == "ZeroDivisionError: a bug"
    assert state_of(scene.reload()).code == "attention"
    assert Notice.objects.filter(kind="failure", to=scene.dana).count() == 1

    with_erp(settings, Cured)
    aftercare.retry(batch, user=scene.mira, now=timezone.now())
    assert titled("poison").stumbles == 0
    work(times=2)
    assert titled("poison").state == DocumentState.DELIVERED


class Cured(Stumbling):
    """The bug is gone."""

    def _meet(self, document: ErpDocument) -> None:
        pass


def test_a_withdrawal_that_stumbles_is_put_before_a_person_too(scene: Scene, settings: LazySettings):
    with_erp(settings, Cured)
    batch = accepted(scene, "poison", "harmless")
    work(times=2)
    with_erp(settings, Stumbling)
    aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note="Not yet.")
    work(times=PARK_AFTER)
    assert titled("poison").state == DocumentState.REFUSED
    assert titled("harmless").state == DocumentState.WITHDRAWN
    with_erp(settings, Cured)
    aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note="Not yet.")
    work(times=2)
    batch.refresh_from_db()
    assert batch.state == "returned"
