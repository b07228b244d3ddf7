"""What was never sent comes back without the ERP: the way out while it is down."""

import pytest
from django.utils import timezone

from erp.delivery import aftercare, outbox
from erp.models import Call, Document
from erp.setup import stopping as connections
from tests.support import scene as stage


@pytest.fixture
def accepted(scene):
    """A batch that waits to be exported while nobody may speak to the ERP."""
    stage.lock(scene)
    stage.accept(scene, stage.send(scene))
    connections.stop(scene.connection, because="CMiC is down.", now=timezone.now())
    return scene


def give_back(scene) -> Document:
    batch = scene.budget.batches.get()
    aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note="CMiC is down for the week.")
    outbox.sweep()
    document = Document.objects.get()
    outbox.work_on(document.pk)
    document.refresh_from_db()
    return document


def test_a_batch_that_never_wrote_is_handed_back_over_a_stopped_connection(accepted):
    assert give_back(accepted).state == "withdrawn"
    budget = accepted.reload()
    assert (budget.state, budget.batches.get().state) == ("locked", "returned")


@pytest.mark.parametrize(("outcome", "state"), [("unavailable", "withdrawn"), ("refused", "withdrawn")])
def test_a_write_that_surely_did_nothing_does_not_keep_it(accepted, outcome, state):
    journal(Document.objects.get(), outcome)
    assert give_back(accepted).state == state


@pytest.mark.parametrize("outcome", ["", "done", "unconfirmed"])
def test_what_may_have_written_waits_until_the_erp_can_be_asked(accepted, outcome):
    journal(Document.objects.get(), outcome)
    assert give_back(accepted).state == "withdrawing"


def journal(document: Document, outcome: str) -> None:
    Call.objects.create(
        document=document,
        claim="7d3f9c1e-0000-4000-8000-000000000001",
        attempt=1,
        step="header",
        request_id="r-1",
        method="POST",
        target="cmmast",
        body="{}",
        sent_at=timezone.now(),
        outcome=outcome,
    )
