"""A batch that answers a rejection or a return: what is told of the earlier one, and of the documents since."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from budgets.modifications.services import void_modification
from erp import services
from erp.delivery import aftercare
from erp.models import Batch, Notice
from tests.support import scene as acts
from tests.support.scene import MAIN

LABOR, READY_MIX = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M")
REASON = "The owner wants it split."


def read(desk: Any, scene: Any, batch: Batch, **query: str) -> Any:
    answer = desk(scene.mira).get(f"/admin/erp/batch/{batch.pk}/change/", query)
    assert answer.status_code == 200
    return answer


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def there_and_back(scene: Any) -> None:
    """What two more modifications do cancels out: no line holds another amount."""
    acts.modify(scene, "There", (LABOR, "200.00"), (READY_MIX, "-200.00"))
    acts.modify(scene, "And back", (LABOR, "-200.00"), (READY_MIX, "200.00"))


def returned(scene: Any) -> Batch:
    """A batch that Mira accepted and then gave back."""
    batch = acts.accept(scene, acts.send(scene))
    batch = aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note=REASON)
    assert batch.state == "returned"
    scene.reload()
    return batch


def test_documents_that_came_are_told_where_no_line_holds_another_amount(scene, desk):
    acts.reject(scene, acts.send(scene))
    there_and_back(scene)
    answer = read(desk, scene, acts.send(scene))
    beside = answer.context["beside"]
    assert beside.found.differing == 0
    assert [(one.status, one.title) for one in beside.documents.changes] == [
        ("added", "Modification 1: There"),
        ("added", "Modification 2: And back"),
    ]
    assert (beside.documents.before.documents, beside.documents.now.documents) == (1, 3)
    assert beside.documents.now.moved == beside.documents.before.moved + 400
    assert {one.key: one.count for one in answer.context["switch"].choices}["rejection"] == 2
    page = words(answer)
    assert "Nothing was changed since" not in page
    assert "0 lines changed since, 2 documents added, gone or changed." in page
    assert 'It was 1 document moving <span class="number">92,500.75</span> and is 3 moving' in page
    assert "Documents that are not the same" in page


def test_a_document_that_is_gone_is_told_with_what_it_moved(scene, desk):
    acts.lock(scene)
    first = acts.modify(scene, "Own crew", (LABOR, "500.00"), (READY_MIX, "-500.00"))
    acts.reject(scene, acts.send(scene))
    first.refresh_from_db()
    void_modification(first, user=scene.dana, now=timezone.now())
    scene.reload()
    (change,) = read(desk, scene, acts.send(scene)).context["beside"].documents.changes
    assert (change.status, change.title, change.before.amount) == (
        "gone",
        "Modification 1: Own crew",
        Decimal(500),
    )


def test_the_same_sent_again_is_told_as_unchanged(scene, desk):
    acts.reject(scene, acts.send(scene))
    answer = read(desk, scene, acts.send(scene))
    assert answer.context["beside"].same
    assert "Nothing was changed since." in words(answer)


def test_a_batch_after_a_return_is_the_next_round_and_answers_the_return_with_its_reason(scene, desk):
    acts.reject(scene, acts.send(scene), reason="Concrete is too high.")
    second = returned(scene)
    third = acts.send(scene)
    assert (second.round, third.round, third.answers_id) == (2, 3, second.pk)
    answer = read(desk, scene, third)
    assert answer.context["beside"].before == second
    page = words(answer)
    assert "It answers a return" in page
    assert "Since Mira Osei returned batch 2" in page
    assert f"returned batch 2: “{REASON}”" in page
    assert "Concrete is too high." not in page


def test_a_return_is_told_to_the_approvers_with_its_reason_when_it_comes_again(scene):
    returned(scene)
    services.retrieve(acts.send(scene).budget, user=scene.dana, now=timezone.now())
    again = acts.send(scene)  # what was pulled back in between does not hide the return
    assert (again.number, again.round) == (3, 2)
    told = Notice.objects.filter(kind="resend", key__contains=f"resend:{again.pk}")
    for notice in told:
        assert notice.subject.startswith("Sent again after it was returned")
        assert REASON in notice.text
        assert "Mira Osei had returned it" in notice.text
    assert {notice.to for notice in told} == {scene.mira, scene.jonas, scene.tom}
