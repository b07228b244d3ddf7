"""What a batch's page says of how much the ERP holds: never more, and never less, than receipts and calls tell."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from erp.delivery import aftercare
from erp.models import Batch, Call, Document
from tests.support import scene as acts
from tests.support.scene import MAIN

LABOR, READY_MIX = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M")


def page(desk: Any, scene: Any, batch: Batch, rest: str = "change/") -> str:
    answer = desk(scene.mira).get(f"/admin/erp/batch/{batch.pk}/{rest}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def wrote(document: Document, number: int, outcome: str = "done") -> None:
    """A worker wrote so many lines of a document."""
    Call.objects.bulk_create(
        Call(
            document=document,
            claim=uuid.uuid4(),
            attempt=1,
            step=f"line:{place}",
            request_id=f"{document.number}-{outcome}-{place}",
            method="POST",
            target="/rest",
            sent_at=timezone.now(),
            outcome=outcome,
        )
        for place in range(number)
    )


@pytest.fixture
def two(scene: Any) -> Batch:
    """An accepted batch of the original and a transfer."""
    acts.lock(scene)
    acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    return acts.accept(scene, acts.send(scene))


def test_a_document_of_which_some_lines_landed_is_told_as_partly_there(scene, desk, two):
    wrote(two.documents.first(), 4)
    acts.refuse(two)
    shown = page(desk, scene, two)
    assert "0 of 2 documents in CMiC, 1 partly there" in shown
    assert "4 writes confirmed, not the whole document" in shown
    assert "What was to be made in CMiC" in shown


def test_a_rejected_document_is_named_and_is_not_told_as_partly_there_once_it_is_tried_again(
    scene, desk, two
):
    acts.deliver(two)
    first, second = two.documents.all()
    wrote(second, 2)
    finding = {
        "code": "rejected_in_erp",
        "message": "Somebody rejected it in the ERP.",
        "refs": [],
        "raw": "",
    }
    acts._step(second, "refuse", "refuse", findings=[finding])
    acts._settle(two)
    assert "1 of 2 documents in CMiC, 1 rejected there" in page(desk, scene, two)
    assert f"<p>Document: {second.number} {second.item.title}</p>" in standing(desk, scene)
    assert first.number not in standing(desk, scene)
    aftercare.retry(two, user=scene.mira, now=timezone.now())
    assert "1 of 2 documents in CMiC, 1 rejected there" in page(desk, scene, two)


def test_a_document_whose_only_write_has_no_answer_is_not_told_as_absent(scene, desk, two):
    wrote(two.documents.first(), 1, outcome="")
    assert "0 of 2 documents in CMiC, 1 not known whether there" in page(desk, scene, two, "progress/")


def test_what_was_refused_without_a_write_is_not_told_as_made(scene, desk, two):
    wrote(two.documents.first(), 1, outcome="refused")
    acts.refuse(two)
    shown = page(desk, scene, two)
    assert "0 of 2 documents in CMiC</p>" in shown
    assert "What was to be made in CMiC" in shown
    assert "What was made" not in shown


def test_what_is_there_is_told_with_its_receipt_and_what_was_taken_back_is_not_made(scene, desk, two):
    acts.deliver(two)
    shown = page(desk, scene, two)
    assert "2 of 2 documents in CMiC" in shown
    assert "What was made in CMiC" in shown
    assert "1 line by the receipt" in shown
    aftercare.return_to_pm(two, user=scene.mira, now=timezone.now(), note="The owner wants a split.")
    assert "0 of 2 documents in CMiC, 2 being taken back" in page(desk, scene, two)
    for document in two.documents.all():
        acts._step(document, "mark_withdrawn", "mark_withdrawn")
    acts._settle(two)
    shown = page(desk, scene, two)
    assert "0 of 2 documents in CMiC, 2 taken back" in shown
    assert "What was made" not in shown


def test_a_document_that_needed_no_entry_does_not_count_as_one_in_the_erp(scene, desk):
    for key, amount in (("1000", "15000.00"), ("2000", "40000.00")):
        scene.sheet.hold(MAIN, "03-30-00", key, amount)
    scene.sheet.hold(MAIN, "01-31-00", "1000", "20000.00")
    scene.sheet.hold(MAIN, "09-68-00", "4000", "12500.50")
    scene.sheet.hold("26-0288-01", "03-30-00", "2000", "5000.25")
    acts.lock(scene)
    acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    assert "1 of 1 document in CMiC, 1 needed no entry" in page(desk, scene, batch)
    needless, there = batch.documents.all()
    to_post = page(desk, scene, batch, "posting-list/")
    assert there.number in to_post
    assert needless.number not in to_post


def test_what_was_posted_with_other_amounts_is_told_as_it_was_posted(scene, desk):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    document = batch.documents.get()
    one = {"job": MAIN, "cost_code": "03-30-00", "cost_type": "1000", "sent": "15000.00", "found": "20000.00"}
    found = [{"refs": [], **one}]
    acts._step(document, "post", "post", posted_on=None, evidence={"seen": "on paper"}, differs=found)
    acts._settle(batch)
    answer = desk(scene.mira).get(f"/admin/erp/batch/{batch.pk}/change/")
    (entry,) = answer.context["entries"]
    assert (entry.moved, entry.net) == (acts.TOTAL + 5000, acts.TOTAL + 5000)
    (item,) = answer.context["decision"].items
    row = next(row for row in item.rows if (row.row.cost_code, row.row.cost_type) == ("03-30-00", "L"))
    assert (row.sent, row.change, row.after) == (Decimal(15000), Decimal(15000), Decimal(20000))
    assert item.after == item.in_erp + item.net + 5000
    assert "posted otherwise" in page(desk, scene, batch)


def test_the_part_that_moves_by_itself_reads_no_bodies_and_takes_the_same_queries_for_many_calls(
    scene, desk, two, django_assert_max_num_queries
):
    client, address = desk(scene.mira), f"/admin/erp/batch/{two.pk}/progress/"
    with django_assert_max_num_queries(40) as few:
        client.get(address)
    wrote(two.documents.first(), 300)
    with django_assert_max_num_queries(len(few)) as many:
        client.get(address)
    assert not any('"erp_call"."body"' in query["sql"] for query in many)


# -- on the project manager's page and in the queue --------------------------------------------------------------


def standing(desk: Any, scene: Any) -> str:
    answer = desk(scene.dana).get(f"/projects/{scene.project.pk}/budget/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def queue(desk: Any, scene: Any) -> str:
    return " ".join(desk(scene.mira).get("/admin/erp/batch/?queue=all").content.decode().split())


def test_what_is_on_its_way_is_counted_by_what_the_erp_holds(scene, desk, two):
    first, second = two.documents.all()
    acts.take(first)
    acts._step(first, "deliver", "deliver", receipt={"lines": 1})
    acts._settle(two)
    acts.take(second)
    shown = standing(desk, scene)
    assert "Accepted, exporting 1 of 2" in shown
    assert "<p>1 of 2 documents in CMiC, 1 being sent</p>" in shown
    assert "Accepted, exporting, 1 of 2 documents in CMiC" in queue(desk, scene)
    batch_page = desk(scene.dana).get(f"/projects/{scene.project.pk}/budget/batches/{two.number}/")
    assert "1 of 2 documents in CMiC, 1 being sent" in batch_page.content.decode()


def test_what_was_never_there_does_not_count_as_exported(scene, desk):
    for key, amount in (("1000", "15000.00"), ("2000", "40000.00")):
        scene.sheet.hold(MAIN, "03-30-00", key, amount)
    scene.sheet.hold(MAIN, "01-31-00", "1000", "20000.00")
    scene.sheet.hold(MAIN, "09-68-00", "4000", "12500.50")
    scene.sheet.hold("26-0288-01", "03-30-00", "2000", "5000.25")
    acts.lock(scene)
    acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    acts.accept(scene, acts.send(scene))
    shown = standing(desk, scene)
    assert "Accepted, exporting 0 of 1" in shown, "the original needs no entry"
    assert "<p>0 of 1 document in CMiC, 1 needed no entry</p>" in shown
    assert "Accepted, exporting, 0 of 1 document in CMiC" in queue(desk, scene)


def test_what_comes_back_is_counted_by_what_is_out(scene, desk, two):
    acts.deliver(two)
    aftercare.return_to_pm(two, user=scene.mira, now=timezone.now(), note="The owner wants a split.")
    assert "Being taken back, 0 of 2" in standing(desk, scene)
    first, second = two.documents.all()
    acts._step(first, "mark_withdrawn", "mark_withdrawn")
    acts._settle(two)
    assert "Being taken back, 1 of 2" in standing(desk, scene)
    acts._step(second, "post", "post", posted_on=None, evidence={"seen": "on paper"}, differs=[])
    assert "1 of 2 documents in CMiC, 1 taken back" in page(desk, scene, two)
