"""What the database itself refuses, even to raw SQL of the application's own role: batches, documents, the journal."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from erp.models import Batch, BatchItem, BatchLine, BatchPreparer, Call, Document, DocumentState
from projects.models import Company, ErpLevel, Membership
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.sql import copy, delete, edges_of, follows_only, refused, undone, update

FROZEN = "Cannot update (or delete )?rows"
KEPT = "Cannot (update or )?delete rows"
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


@pytest.fixture
def waiting(scene):
    """A batch that waits, with the original budget and one transfer."""
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    return acts.send(scene)


def the(model, batch):
    return model.objects.filter(batch=batch).first()


def yes_of(scene, who):
    reading = scene.budget.readings.first()
    return {
        "state": "accepted",
        "accepted_by_id": who.pk,
        "accepted_at": timezone.now(),
        "reading_id": reading.pk,
    }


def step_taken(scene, batch, by):
    """Somebody has taken the only step of a batch's route."""
    reading = scene.budget.readings.first()
    step = {"taken_by_id": by.pk, "taken_at": timezone.now(), "reading_id": reading.pk}
    update(batch.steps.get(), **step)


# -- four eyes --------------------------------------------------------------------------------------------


def test_whoever_sent_a_batch_cannot_accept_it_by_sql(scene, waiting):
    with refused("whoever prepared a batch may not accept it"):
        update(waiting, **yes_of(scene, scene.dana))
    with undone():
        step_taken(scene, waiting, scene.mira)
        update(waiting, **yes_of(scene, scene.mira))


def test_whoever_changed_a_line_cannot_accept_it_by_sql_either(scene):
    acts.budget_services.edit_line(
        scene.lines[CARPET], user=scene.tom, now=timezone.now(), version=0, values={"amount": "1.00"}
    )
    batch = acts.send(scene)
    with refused("whoever prepared a batch may not accept it"):
        update(batch, **yes_of(scene, scene.tom))


def test_one_person_may_do_both_where_the_company_said_so_when_it_was_sent(scene):
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    Membership.objects.create(
        user=scene.dana, company=scene.company, erp_level=ErpLevel.STANDARD, can_push=True
    )
    batch = acts.send(scene)
    with undone():
        step_taken(scene, batch, scene.dana)
        update(batch, **yes_of(scene, scene.dana))


def test_nobody_is_taken_off_the_list_of_preparers(scene, waiting):
    preparer = the(BatchPreparer, waiting)
    with refused(KEPT):
        delete(preparer)
    with refused(FROZEN):
        update(preparer, user_id=scene.ruth.pk)


def test_an_acceptance_names_its_person_and_its_reading(scene, waiting):
    step_taken(scene, waiting, scene.mira)
    for missing in ("accepted_by_id", "accepted_at", "reading_id"):
        with refused("accepted_by_somebody_on_a_reading"):
            update(waiting, **yes_of(scene, scene.mira) | {missing: None})
    with refused("accepted_by_somebody_on_a_reading"):
        update(waiting, state="retrieved", accepted_by_id=scene.mira.pk, accepted_at=timezone.now())


def test_a_rejection_names_its_person_and_its_reason(scene, waiting):
    said = {"reason_code": "amounts", "reason": "Too high.", "sent_back_by_id": scene.mira.pk}
    said["state"] = "rejected"
    for missing, nothing in (("reason_code", ""), ("reason", ""), ("sent_back_by_id", None)):
        with refused("rejected_with_a_reason"):
            update(waiting, **said | {missing: nothing})
    with undone():
        update(waiting, **said)


# -- lifecycles -------------------------------------------------------------------------------------------


def test_a_batch_follows_its_lifecycle_and_nothing_else(scene, waiting):
    nobody = {"accepted_by_id": None, "accepted_at": None, "reading_id": None}
    somebody = yes_of(scene, scene.mira)
    del somebody["state"]
    reason = {"reason": "Too high.", "reason_code": "amounts", "sent_back_by_id": scene.mira.pk}
    follows_only(
        waiting,
        edges_of(Batch),
        {
            "waiting": nobody,
            "retrieved": nobody,
            "rejected": nobody | reason,
            **dict.fromkeys(("accepted", "exported", "posted", "returned"), somebody),
        },
    )


def test_a_document_follows_its_lifecycle_and_nothing_else(scene, waiting):
    document = the(Document, acts.accept(scene, waiting))
    now = timezone.now()
    idle = {"claim": None, "lease_until": None, "delivered_at": None, "receipt": {}, "posted_at": None}
    there = idle | {"delivered_at": now, "receipt": {"lines": 1}}
    follows_only(
        document,
        edges_of(Document),
        {
            **dict.fromkeys(("queued", "unconfirmed", "refused", "withdrawing", "withdrawn"), idle),
            "sending": idle | {"claim": uuid.uuid4(), "lease_until": now + timedelta(minutes=2)},
            "delivered": there,
            "posted": there | {"posted_at": now},
        },
    )


def test_no_batch_begins_decided(scene, waiting):
    yes = yes_of(scene, scene.mira)
    no = {"reason": "Too high.", "reason_code": "amounts", "sent_back_by_id": scene.mira.pk}
    for state in ("accepted", "exported", "posted", "returned", "rejected", "retrieved"):
        columns = no if state in ("rejected", "retrieved") else yes
        with refused("Cannot insert rows"):
            copy(waiting, **columns | {"number": 2, "state": state})


def test_no_document_begins_anywhere_but_in_the_queue(scene, waiting):
    document = the(Document, acts.accept(scene, waiting))
    for state in DocumentState.values:
        with refused("item_id" if state == "queued" else "Cannot insert rows"):
            copy(document, number="TBAAAAAAAAA", state=state)


def test_a_budget_has_one_open_batch(scene, waiting):
    with refused("one_open_batch_per_budget"):
        copy(waiting, number=2)
    acts.accept(scene, waiting)
    with refused("one_open_batch_per_budget"):
        copy(
            waiting,
            number=2,
            **dict.fromkeys(("accepted_by_id", "accepted_at", "reading_id")),
            state="waiting",
        )


def test_the_number_of_a_batch_is_given_once(scene, waiting):
    acts.reject(scene, waiting)
    blank = {"state": "waiting", "reason": "", "reason_code": "", "sent_back_by_id": None}
    with refused("batch_number_once_per_budget"):
        copy(waiting, **blank)
    with undone():
        copy(waiting, number=2, **blank)


# -- the snapshot -----------------------------------------------------------------------------------------


def test_a_line_of_a_waiting_batch_keeps_what_was_sent(scene, waiting):
    line = BatchLine.objects.filter(item__batch=waiting, target__gt=0).first()
    for column, value in (
        ("target", line.target + 1),
        ("job", "X"),
        ("cost_code", "X"),
        ("cost_type", "X"),
        ("quantity", 7),
        ("unit", "LS"),
        ("line_id", scene.other_budget.lines.get().pk),
    ):
        with refused(FROZEN):
            update(line, **{column: value})
    with refused("delta_is_target_less_base"):
        update(line, delta=line.delta + 1)
    with refused(KEPT):
        delete(line)


def test_no_line_of_a_decided_batch_changes_in_any_column(scene, waiting):
    acts.accept(scene, waiting)
    line = BatchLine.objects.filter(item__batch=waiting, item__kind="modification").first()
    for column, value in (
        ("delta", line.delta * 2),
        ("description", "X"),
        ("before", 1),
        ("erp_job", "X"),
        ("erp_cost_code", "X"),
        ("erp_cost_type", "X"),
        ("position", 99),
    ):
        with refused("the lines of a decided batch never change"):
            update(line, **{column: value})


def test_what_a_batch_is_made_of_stays(scene, waiting):
    item = the(BatchItem, waiting)
    with refused(FROZEN):
        update(item, title="Something else")
    with refused(KEPT):
        delete(item)
    with refused(KEPT):
        delete(waiting)


def test_a_decided_batch_keeps_its_snapshot_and_its_decision(scene, waiting):
    acts.accept(scene, waiting)
    for column, value in (
        ("number", 9),
        ("round", 9),
        ("sent_by_id", scene.ruth.pk),
        ("sent_at", timezone.now()),
        ("moved", 1),
        ("net", 1),
        ("four_eyes", False),
        ("answers_id", waiting.pk),
        ("accepted_by_id", scene.jonas.pk),
        ("accepted_at", timezone.now()),
        ("budget_id", scene.other_budget.pk),
    ):
        with refused(FROZEN):
            update(waiting, **{column: value})


# -- documents --------------------------------------------------------------------------------------------


def test_a_posted_document_never_changes(scene, waiting):
    acts.accept(scene, waiting)
    acts.deliver(waiting)
    acts.post(waiting)
    document = the(Document, waiting)
    later = timezone.now() + timedelta(days=1)
    for columns in (
        {"state": "refused", "posted_at": None},
        {"posted_at": later},
        {"delivered_at": later},
        {"receipt": {"lines": 99}},
        {"route": "elsewhere"},
        {"erp_number": "4711"},
    ):
        with refused(FROZEN + "|[Ii]nvalid transition"):
            update(document, **columns)
    with refused(KEPT):
        delete(document)


def test_what_a_document_is_never_changes(scene, waiting):
    acts.accept(scene, waiting)
    document, other = Document.objects.filter(batch=waiting)
    for columns in ({"number": "TBAAAAAAAAA"}, {"content_hash": "0" * 64}, {"mapping_version": 99}):
        with refused(FROZEN):
            update(document, **columns)
    with refused(FROZEN + "|document_item_id"):
        update(document, item_id=other.item_id)
    with refused(KEPT):
        delete(document)


def test_a_number_is_minted_once(scene, waiting):
    acts.accept(scene, waiting)
    document, other = Document.objects.filter(batch=waiting)
    with refused("number"):
        copy(document, item_id=other.item_id)


def test_a_receipt_is_there_exactly_when_it_was_delivered(scene, waiting):
    acts.accept(scene, waiting)
    document = the(Document, waiting)
    with refused("receipt_exactly_when_delivered"):
        update(document, receipt={"lines": 1})
    acts.take(document)
    free = {"claim": None, "lease_until": None}
    with refused("delivered_has_a_receipt"):
        update(document, state="delivered", **free)
    with refused("receipt_exactly_when_delivered"):
        update(document, state="delivered", delivered_at=timezone.now(), **free)
    with refused("posted_exactly_when_posted_at"):
        update(document, posted_at=timezone.now())
    with undone():
        update(document, state="delivered", delivered_at=timezone.now(), receipt={"lines": 1}, **free)


def test_only_a_worker_with_a_claim_sends(scene, waiting):
    acts.accept(scene, waiting)
    document = the(Document, waiting)
    with refused("sending_has_a_claim"):
        update(document, state="sending")
    with refused("claimed_only_while_at_work"):
        update(document, claim=uuid.uuid4(), lease_until=timezone.now())
    with refused("claimed_only_while_at_work"):
        update(document, state="sending", claim=uuid.uuid4())


# -- the journal ------------------------------------------------------------------------------------------


@pytest.fixture
def call(scene, waiting):
    """A request that has left; no answer yet."""
    acts.accept(scene, waiting)
    return Call.objects.create(
        document=the(Document, waiting),
        claim=uuid.uuid4(),
        attempt=1,
        step="line:1",
        request_id="r-1",
        method="POST",
        target="/lines",
        body="{}",
        sent_at=timezone.now(),
    )


def test_what_was_asked_never_changes(call):
    for column in ("step", "request_id", "method", "target", "body"):
        with refused(FROZEN):
            update(call, **{column: "x"})


def test_an_answer_is_written_once(call):
    answer = {"status": 201, "answer": "{}", "outcome": "done", "answered_at": timezone.now()}
    update(call, **answer)
    for columns in (answer, {"status": 500}, {"outcome": "refused"}, {"answered_at": None}):
        with refused(FROZEN):
            update(call, **columns)


def test_a_request_is_never_forgotten(call):
    with refused(KEPT):
        delete(call)
    with refused("request_id"):
        copy(call)
