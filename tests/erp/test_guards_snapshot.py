"""What was sent stays what was sent, and what decided it stays what decided it: more that raw SQL cannot do."""

import pytest
from django.utils import timezone

from erp.models import BatchLine, Document
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.sql import copy, refused, update

FROZEN = "Cannot update rows"
CONCRETE, CARPET, LABOR = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S"), (MAIN, "01-31-00", "L")


@pytest.fixture
def waiting(scene):
    """A batch that waits, with the original budget and one transfer."""
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    return acts.send(scene)


def transfer(batch):
    return BatchLine.objects.filter(item__batch=batch, item__kind="modification").first()


def test_four_eyes_are_not_closed_after_sending_not_even_in_the_very_acceptance(scene, waiting):
    with refused(FROZEN):
        update(waiting, four_eyes=False)
    with refused(FROZEN):
        update(
            waiting,
            four_eyes=False,
            state="accepted",
            accepted_by_id=scene.dana.pk,
            accepted_at=timezone.now(),
            reading_id=scene.budget.readings.first().pk,
        )
    with refused(FROZEN):
        update(waiting, sent_by_id=scene.ruth.pk)


def test_the_amount_of_a_modification_is_frozen_when_it_is_sent(waiting):
    for columns in ({"delta": 999}, {"description": "X"}, {"position": 9}):
        with refused(FROZEN):
            update(transfer(waiting), **columns)


def test_nothing_is_added_to_a_decided_batch(scene, waiting):
    acts.accept(scene, waiting)
    with refused("the lines of a decided batch never change"):
        copy(transfer(waiting), line_id=scene.lines[LABOR].pk)
    with refused("nothing is added to a decided batch"):
        copy(waiting.items.get(kind="original"), position=9)


def test_the_reading_that_an_approver_looked_at_stays(scene, waiting):
    reading = scene.budget.readings.first()
    for columns in (
        {"rows": {}},
        {"hash": "x"},
        {"statuses": {}},
        {"made_at": timezone.now()},
        {"state": "asked"},
    ):
        with refused(FROZEN):
            update(reading, **columns)


def test_the_erps_posting_date_of_a_posted_document_stays(scene, waiting):
    acts.accept(scene, waiting)
    acts.deliver(waiting)
    acts.post(waiting)
    with refused(FROZEN):
        update(Document.objects.filter(batch=waiting).first(), posted_on="2020-01-01")
