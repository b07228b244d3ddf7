"""What the ERP says of postings, late, twice, out of order, of nobody's and of others' documents: each posts once.

An ERP on paper answers each poll with a list that hypothesis writes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import ClassVar

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from erp.backends import forget_backends
from erp.models import Document
from erp.port import ErpDocument, Posting, PostingState
from erp.posting import polling as posting
from tests.support import scene as acts
from tests.support.paper import PaperErp
from tests.support.scene import MAIN, Scene
from tests.support.soak import Figures, counts
from workflow import events

MODIFICATIONS = 3
TRUE_DAY, LATER_DAY = date(2026, 3, 2), date(2026, 3, 9)
STEP = timedelta(seconds=30)  # between two polls: absent is not yet removed
NOBODY = "TB-00000000"
ABOUT = [*range(MODIFICATIONS + 1), "foreign", "nobody"]
BEFORE = [PostingState.WAITING, PostingState.STAGING, PostingState.INDETERMINATE, PostingState.ABSENT]


class Telling(PaperErp):
    """Answers with what stands on `said`, whatever it is asked about."""

    said: ClassVar[list[Posting]] = []

    def postings(self, documents: Sequence[ErpDocument]) -> list[Posting]:
        return list(self.said)


answers = st.tuples(st.sampled_from(ABOUT), st.sampled_from([*BEFORE, PostingState.POSTED]))
polls = st.lists(st.lists(answers, max_size=8), max_size=8)


@contextmanager
def undone() -> Iterator[None]:
    """Everything inside is rolled back; the application takes it for the transaction of the test case."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]
    with around:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def delivered(scene: Scene, settings: LazySettings) -> Scene:
    """An original and three modifications, delivered; and a document of another company, delivered too."""
    settings.ERP_BACKENDS = {"paper": {"BACKEND": f"{__name__}.Telling"}}
    forget_backends()
    acts.lock(scene)
    labor, concrete = (MAIN, "01-31-00", "L"), (MAIN, "03-30-00", "M")
    for number in range(MODIFICATIONS):
        acts.modify(scene, f"shift {number}", (labor, "-1.10"), (concrete, "1.10"))
    acts.deliver(acts.accept(scene, acts.send(scene)))
    return scene


def tell(documents: list[Document], said: list[tuple[object, PostingState]], day: date) -> None:
    """Write what the next poll is answered."""
    numbers = {place: document.number for place, document in enumerate(documents)}
    numbers |= {"nobody": NOBODY, "foreign": "TB-FFFFFFFF"}
    Telling.said = [
        Posting(number=numbers[who], state=state, posted_on=day if state is PostingState.POSTED else None)
        for who, state in said
    ]


def follow(scene: Scene, written: list[list[tuple[object, PostingState]]], order: list[int]) -> None:
    """Poll by poll; at last the ERP says of each, in some order and twice, that it is posted."""
    [batch] = scene.budget.batches.all()
    documents = acts.documents(batch)
    now = timezone.now()
    first_told: dict[int, str] = {}
    end = [(place, PostingState.POSTED) for place in order]
    for turn, said in enumerate([*written, end, end]):
        now += STEP
        day = TRUE_DAY + timedelta(days=turn)
        tell(documents, said, day)
        posting.poll(now=now, documents=documents)
        for who, state in said:
            if isinstance(who, int) and state is PostingState.POSTED:
                first_told.setdefault(who, day)
        for place, row in enumerate(acts.documents(batch)):
            assert row.state == ("posted" if place in first_told else "delivered")
            assert row.posted_on == first_told.get(place)
    for row in acts.documents(batch):
        told = [event.action for event in events.events_about(row)]
        assert told.count("document_posted") == 1
    assert scene.budget.batches.get().state == "posted"
    assert scene.reload().state == "locked"
    assert events.verify(scene.company.pk)[1] is None


@counts("permutations", short=12, long=1000)
def test_postings_said_in_any_order_any_number_of_times_count_once(
    delivered: Scene, figures: Figures, permutations: int
):
    tried = 0

    @settings(
        max_examples=permutations,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        derandomize=permutations < 100,
        suppress_health_check=list(HealthCheck),
    )
    @given(written=polls, order=st.permutations(range(MODIFICATIONS + 1)))
    def any_order(written: list[list[tuple[object, PostingState]]], order: list[int]) -> None:
        nonlocal tried
        tried += 1
        with undone():
            follow(delivered, written, order)

    any_order()
    figures("postings in any order", permutations=tried, documents_each=MODIFICATIONS + 1)
