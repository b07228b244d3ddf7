"""Workers that are gone, and workers that only seem to be: what the sweep takes back, and what it leaves alone."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models.functions import Now

from erp.backends import forget_backends
from erp.delivery import outbox, outcomes
from erp.delivery.journal import DatabaseJournal
from erp.models import Document, DocumentState
from erp.port import ErpDocument, Journal, Receipt
from tests.support import scene as acts
from tests.support.paper import PaperErp
from tests.support.scene import MAIN, Scene
from workflow import events

pytestmark = pytest.mark.django_db(transaction=True)

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
BACKENDS = {"paper": {"BACKEND": "tests.erp.test_delivery_lost.Stumbling"}}


class Killed(BaseException):
    """The worker is gone in the middle of what it did: nothing catches that."""


class Stumbling(PaperErp):
    """Takes everything but what is called "poison": that kills every worker."""

    probe_seconds = (0.0,)

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        if document.title.endswith("poison"):
            raise Killed
        total = sum((line.delta for line in document.lines), Decimal(0))
        return Receipt(document.number, "paper", len(document.lines), total)

    def find(self, document: ErpDocument) -> Receipt | None:
        return None


@pytest.fixture
def stumbling(scene: Scene, settings: LazySettings) -> Scene:
    """The scene, whose ERP stumbles."""
    settings.ERP_BACKENDS = BACKENDS
    forget_backends()
    return scene


def accepted(scene: Scene, *titles: str) -> list[Document]:
    acts.lock(scene)
    for title in titles:
        acts.modify(scene, title, (CONCRETE, "-5.00"), (CARPET, "5.00"))
    batch = acts.accept(scene, acts.send(scene))
    return acts.documents(batch)


def leases_run_out() -> None:
    Document.objects.exclude(claim=None).update(lease_until=Now() - timedelta(seconds=1))


def claimed(scene: Scene) -> Document:
    document = accepted(scene)[0]
    acts.take(document)
    return document


def extending(document: Document, then: Callable[..., Any]) -> Callable[..., Any]:
    """The worker writes its next request down just before `then` happens."""

    def run(*args: Any, **more: Any) -> Any:
        DatabaseJournal(document).learned(route="pci")
        return then(*args, **more)

    return run


def test_a_claim_that_is_extended_while_the_sweep_looks_stays_with_its_worker(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    document = claimed(scene)
    leases_run_out()
    monkeypatch.setattr(outcomes, "lock_row", extending(document, outcomes.lock_row))
    outbox.sweep()
    row = Document.objects.get()
    assert (row.state, row.claim) == (DocumentState.SENDING, document.claim)


def test_a_withdrawal_that_goes_on_while_the_sweep_looks_stays_with_its_worker(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    document = claimed(scene)
    claim = document.claim
    acts._step(document, "queue_again", "queue_again", not_before=document.state_since)
    acts._step(document, "withdraw", "withdraw")
    Document.objects.update(claim=claim, lease_until=Now())
    document.refresh_from_db()
    leases_run_out()
    monkeypatch.setattr(outbox, "release", extending(document, outbox.release))
    outbox.sweep()
    assert Document.objects.get().claim == claim
    monkeypatch.undo()
    leases_run_out()
    outbox.sweep()
    assert Document.objects.get().claim is None


def test_a_document_that_ends_every_worker_is_put_before_a_person_and_the_others_go_on(stumbling: Scene):
    accepted(stumbling, "poison", "harmless")
    for _ in range(outbox.GIVE_UP_AFTER):
        assert state_of("poison") == DocumentState.QUEUED
        work()
        assert state_of("poison") == DocumentState.SENDING
        leases_run_out()
        outbox.sweep()
        work()  # asks the ERP first
    poison = Document.objects.get(item__title__endswith="poison")
    assert poison.state == DocumentState.REFUSED
    (finding,) = poison.findings
    assert finding["code"] == "gave_up"
    assert "Tieback could not send this" in finding["message"]
    assert "An administrator must look" in finding["message"]
    assert state_of("harmless") == DocumentState.DELIVERED
    path = [event.to_state for event in events.events_about(poison)]
    around = ["sending", "unconfirmed", "queued"]
    assert path == [*around * (outbox.GIVE_UP_AFTER - 1), "sending", "refused"]


def test_a_long_wait_for_the_erp_is_no_lost_worker(stumbling: Scene):
    document = accepted(stumbling, "poison")[0]
    Document.objects.filter(pk=document.pk).update(attempts=50)
    acts.take(Document.objects.select_related("item", "batch__budget__project__company").get(pk=document.pk))
    leases_run_out()
    outbox.sweep()
    assert Document.objects.get(pk=document.pk).state == DocumentState.UNCONFIRMED


def state_of(title: str) -> str:
    return Document.objects.get(item__title__endswith=title).state


def work() -> None:
    """Every document is worked on once."""
    Document.objects.filter(not_before__isnull=False).update(not_before=Now())
    for key in Document.objects.order_by("item__position").values_list("pk", flat=True):
        with suppress(Killed):
            outbox.work_on(key)
