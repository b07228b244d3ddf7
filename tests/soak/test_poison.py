"""A document that breaks the adapter each time: parked with the reason; the others go, and once mended it goes too."""

import random

import pytest
from django.conf import LazySettings
from django.utils import timezone

from erp.delivery import aftercare
from erp.delivery.stumbles import PARK_AFTER
from erp.models import Document, DocumentState
from tests.soak.poisoned import POISON, PoisonedCmic
from tests.support.delivery import assert_books_agree, fill, finish, new_process, send_and_accept
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.story import Story, begin

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story(steady_cmic: Simulator, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A started project, behind the adapter with the bug."""
    monkeypatch.setattr(PoisonedCmic, "mended", False)
    settings.ERP_BACKENDS["cmic"]["BACKEND"] = f"{PoisonedCmic.__module__}.{PoisonedCmic.__name__}"
    new_process()
    made = begin(steady_cmic, status="I")
    fill(made)
    return made


def shifts(story: Story, titles: list[str]) -> None:
    labor, material = (story.budget.lines.get(cost_type__code=kind) for kind in "LM")
    for title in titles:
        story.modify(title, (labor, "-1.10"), (material, "1.10"))


@counts("documents", short=6, long=100)
def test_a_poisonous_document_is_parked_with_the_reason_and_the_others_are_delivered(
    story: Story, dice: random.Random, figures: Figures, documents: int
):
    titles = [POISON, *(f"shift {number}" for number in range(documents - 1))]
    dice.shuffle(titles)
    shifts(story, titles)
    batch = send_and_accept(story)
    finish(story)
    [parked] = batch.documents.exclude(state=DocumentState.DELIVERED).select_related("item")
    assert parked.state == DocumentState.REFUSED and POISON in parked.item.title
    assert parked.attempts == PARK_AFTER
    assert [finding["code"] for finding in parked.findings] == ["stumbled"]
    assert "ZeroDivisionError" in parked.findings[0]["raw"]
    assert story.reload().hold == "attention"
    assert_books_agree(story)

    PoisonedCmic.mended = True
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    finish(story)
    story.post_everything()
    story.poll()
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.POSTED}
    assert_books_agree(story)
    figures("poison", parked=1, others_delivered=documents, tries=PARK_AFTER)


def test_where_the_original_is_poisonous_nothing_of_its_project_overtakes_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tests.soak.poisoned.POISON", "riginal")
    shifts(story, ["one", "two"])
    batch = send_and_accept(story)
    finish(story)
    states = list(batch.documents.order_by("item__position").values_list("state", flat=True))
    assert states == [DocumentState.REFUSED, DocumentState.QUEUED, DocumentState.QUEUED]
    assert story.simulator.book()["pcis"] == []
    PoisonedCmic.mended = True
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    finish(story)
    assert set(batch.documents.values_list("state", flat=True)) == {DocumentState.DELIVERED}
    assert_books_agree(story)
