"""Real workers are killed with SIGKILL again and again while people send, post and return: each line lands once.

Two workers live at a time. One process is held at a named point of a delivery or a withdrawal, then both workers are
killed with all their processes, wherever the others stand, and two new ones find what they left. Nobody helps.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from uuid import UUID

import pytest

from erp.models import Call, Document
from tests.support.delivery import assert_books_agree, until
from tests.support.kills import ANYWHERE, POINTS, Point
from tests.support.nursery import Nursery
from tests.support.people import People, projects
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.worker import READY, Worker

pytestmark = pytest.mark.django_db(transaction=True)

# Times a worker gets from its environment: a lease of 1.5 * 1 + 5 = 6.5 seconds, asked twice. A dead worker keeps its
# places at CMiC for 2 * 4 + 2 seconds, so there are plenty.
HELD = {
    "CMIC_WRITE_TIMEOUT": "1",
    "CMIC_READ_TIMEOUT": "4",
    "CMIC_PROBE_SECONDS": "0,2",
    "CMIC_CONCURRENCY": "40",
}
WORKERS = 2  # live at a time, and die together
PROCESSES = 2  # of each worker
SAY_EVERY = 20  # kills
PATIENCE = 4.0  # seconds until another point is tried
AFTERWARDS = 120.0  # seconds until everything has come to rest


class Reaper:
    """Holds workers at points and kills them there."""

    def __init__(self, people: People, dice: random.Random, nursery: Nursery) -> None:
        self.people, self.dice, self.nursery = people, dice, nursery
        self.simulator = people.simulator
        self.kills = 0
        self.killed_at: Counter[str] = Counter()  # where the one that was held stood
        self.in_hand = 0  # documents that died with their worker
        self.unanswered = 0  # writes of which no worker ever read the answer
        self._dead: set[UUID] = set()
        self._next: list[Point | None] = []
        self.workers = self._hire()

    def kill(self) -> None:
        """Kill the workers at the next point somebody reaches, and start others."""
        while not self._try(self._draw()):
            pass
        self.workers = self._hire()
        if self.kills % SAY_EVERY == 0:
            print(f"{self.kills} killed", flush=True)

    def _hire(self) -> list[Worker]:
        hired = [self.nursery.start(beat=not place, concurrency=PROCESSES) for place in range(WORKERS)]
        for worker in hired:
            worker.wait_for(READY)
        return hired

    def _draw(self) -> Point | None:
        """The points in ever new orders, and sometimes none: any moment."""
        if not self._next:
            self._next = [*POINTS, None]
            self.dice.shuffle(self._next)
        return self._next.pop()

    def _try(self, point: Point | None) -> bool:
        self.people.act()
        moment = time.monotonic() + (PATIENCE if point else self.dice.uniform(0, 0.5))
        with (
            point.hold(self.simulator) if point else nullcontext(lambda: time.monotonic() > moment) as reached
        ):
            while not reached():
                if time.monotonic() > moment:
                    return False
                time.sleep(0.01)
            self._note(self._claims())
            for worker in self.workers:
                worker.kill()
        self.kills += len(self.workers)
        self.killed_at[point.name if point else ANYWHERE] += 1
        return True

    def _claims(self) -> set[UUID]:
        held = set(Document.objects.exclude(claim=None).values_list("claim", flat=True))
        return held - self._dead

    def _note(self, claims: set[UUID]) -> None:
        self._dead |= claims
        self.in_hand += len(claims)
        self.unanswered += Call.objects.filter(claim__in=claims, answered_at=None).count()


def doubled(simulator: Simulator) -> int:
    """How many change items of ours CMiC has once too often, and how many lines of them."""
    items = [item for item in simulator.book()["pcis"] if "[TB-" in item["name"]]
    marks = Counter(item["name"].rpartition("[")[2] for item in items)
    lines = [
        Counter((line["job"], line["phase"], line["category"]) for line in item["lines"]) for item in items
    ]
    return sum(n - 1 for n in marks.values()) + sum(n - 1 for item in lines for n in item.values())


@counts("kills", short=4, long=200)
def test_killed_workers_leave_every_line_in_the_erp_exactly_once(
    brisk_cmic: Simulator,
    nursery: Callable[..., Nursery],
    dice: random.Random,
    figures: Figures,
    kills: int,
):
    people = People(projects(brisk_cmic, min(3 + kills // 30, 9)), dice)
    reaper = Reaper(people, dice, nursery(**HELD))
    started = time.monotonic()
    while reaper.kills < kills:
        reaper.kill()
    until(people.rest, patience=AFTERWARDS)

    documents = Document.objects.count()
    found = doubled(brisk_cmic)
    figures(
        "kill loop",
        kills_survived=reaper.kills,
        duplicates=found,
        documents=documents,
        batches=people.sent,
        returned=people.returned,
        died_in_hand=reaper.in_hand,
        writes_never_answered=reaper.unanswered,
        retried_by_a_person=people.retried,
        calls_per_document=f"{Call.objects.count() / documents:.1f}",
        requests_per_document=f"{brisk_cmic.stats()['requests'] / documents:.1f}",
        seconds=f"{time.monotonic() - started:.0f}",
    )
    for name, number in sorted(reaper.killed_at.items()):
        print(f"  {number:4} times killed: {name}")
    assert found == 0
    for story in people.stories:
        assert_books_agree(story)
