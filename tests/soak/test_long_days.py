"""Days on which anybody does anything in any order, with faults on: what must hold, holds after every step.

People, an accountant, workers and a faulty CMiC take turns by the throw of dice. Some are told that it cannot be done,
with the reason. When the faults stop, everything comes to rest or waits for a person, who then puts it right.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.db.models.functions import Now
from django.utils import timezone

from erp import services
from erp.decision import deciding
from erp.delivery import aftercare, outbox
from erp.models import Batch, Document, DocumentState
from erp.posting import confirmations
from tests.support.always import assert_always
from tests.support.delivery import OPEN, WRITES, finish, time_passes
from tests.support.people import People, projects
from tests.support.simulator import Simulator
from tests.support.soak import Figures, counts
from tests.support.story import Story
from workflow.actions import ActionBlocked

pytestmark = pytest.mark.django_db(transaction=True)

STEPS_A_DAY = 40
MOST_OPEN = 3  # modifications that wait to be sent
LATE = 60.0  # seconds after which CMiC has written what it will ever write
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reset_before", {}),
    ("reset_after_commit", {}),
    ("error500_after_commit", {}),
    ("truncate_after_commit", {}),
    ("hang_after_commit", {}),
    ("late_commit", {"seconds": 30, "then": "reset"}),
    ("429", {}),
    ("503_html", {}),
    ("bad_json", {}),
    ("refuse", {"message": "The period is closed."}),
)
PUT_RIGHT = {"refused", "delivered", "posted", "withdrawn"}


class Killed(BaseException):
    """This worker is gone, in the middle of whatever it did."""


class Day:
    """One project team and its ERP. Every method named in `VERBS` is something that may happen at any moment."""

    def __init__(self, stories: list[Story], dice: random.Random, touched: set[str]) -> None:
        self.stories, self.dice, self.simulator = stories, dice, stories[0].simulator
        self.people = People(stories, dice)
        self.done: Counter[str] = Counter()
        self.told_no = 0
        self.touched = touched  # numbers whose content people changed in CMiC
        self.doom: list[str] = []  # at the next write the worker is killed, before it is sent or after

    def step(self) -> str:
        """Somebody does something, or is told why not; what must hold, holds afterwards."""
        story = self.dice.choice(self.stories)
        story.reload()
        batch = story.budget.batches.order_by("-number").first()
        sensible = NEXT.get(batch.state if batch else "", (Day.shift, Day.send))
        verb = self.dice.choice(sensible if self.dice.random() < SENSE else VERBS)
        try:
            verb(self, story, batch)
        except ActionBlocked as no:
            assert no.blockers and all(blocker.sentence for blocker in no.blockers)
            self.told_no += 1
        except Killed:
            self.done["workers_killed"] += 1
        self.done[verb.__name__] += 1
        last = story.budget.batches.order_by("-number").first()
        assert_always(self.stories, touched=self.touched, only=last)
        return verb.__name__

    # people

    def shift(self, story: Story, batch: Batch | None) -> None:
        if story.budget.modifications.filter(in_batch=False, was_posted=False).count() < MOST_OPEN:
            self.people.shift(story)

    def send(self, story: Story, batch: Batch | None) -> None:
        services.send(story.budget, user=story.dana, now=timezone.now())

    def retrieve(self, story: Story, batch: Batch | None) -> None:
        services.retrieve(story.budget, user=story.dana, now=timezone.now())

    def decide(self, story: Story, batch: Batch | None) -> None:
        if batch is None:
            return
        story.read()
        who = self.dice.choice([story.mira, story.mira, story.jonas, story.dana])
        if self.dice.random() < 0.2:
            deciding.reject(
                batch, user=who, now=timezone.now(), reason_code="amounts", reason="Too high, please look."
            )
        else:
            seen = story.budget.readings.filter(state="made").first()
            deciding.accept(batch, user=who, now=timezone.now(), reading_hash=seen.hash if seen else "")

    def retry(self, story: Story, batch: Batch | None) -> None:
        if batch:
            aftercare.retry(batch, user=story.mira, now=timezone.now())

    def give_back(self, story: Story, batch: Batch | None) -> None:
        if batch and self.dice.random() < 0.3:
            aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="Not this month.")

    def confirm(self, story: Story, batch: Batch | None) -> None:
        if batch and self.dice.random() < 0.1:
            confirmations.confirm_posted(batch, user=story.mira, now=timezone.now(), note="Batch 4711, seen.")
            self.touched |= set(batch.documents.values_list("number", flat=True))

    def check_now(self, story: Story, batch: Batch | None) -> None:
        if batch:
            confirmations.check_now(batch, user=story.mira, now=timezone.now())

    # the accountant

    def post_one(self, story: Story, batch: Batch | None) -> None:
        for item in self._open_items(story):
            self._at_the_desk("post", story, item)
            return

    def post_all(self, story: Story, batch: Batch | None) -> None:
        if self._pending(story) and self.dice.random() < 0.3:
            self.simulator.accountant("start_job", company="001", job=story.job)
        for item in self._open_items(story):
            self._at_the_desk("post", story, item)

    def turn_down(self, story: Story, batch: Batch | None) -> None:
        for item in self._open_items(story)[:1]:
            self.touched.add(item["code"])
            self._at_the_desk(self.dice.choice(["reject", "delete"]), story, item)

    def edit(self, story: Story, batch: Batch | None) -> None:
        for item in self._open_items(story)[:1]:
            line = item["lines"][0]
            place = {name: line[name] for name in ("phase", "category")}
            self.touched.add(item["code"])
            self._at_the_desk("edit_amount", story, item, line_job=line["job"], amount="1.00", **place)

    def _at_the_desk(self, action: str, story: Story, item: dict[str, Any], **more: Any) -> None:
        """CMiC may refuse its own people too, for example a transfer that does not balance any more."""
        given = {"company": "001", "job": story.job, "code": item["code"], **more}
        answer = self.simulator.http.post(f"/__sim/{action}", json=given)
        assert answer.status_code in (200, 400), answer.text

    def _open_items(self, story: Story) -> list[dict[str, Any]]:
        items = [
            item
            for item in self.simulator.book()["pcis"]
            if item["job"] == story.job and item["status"] == "APPR" and not item.get("posted")
        ]
        return self.dice.sample(items, len(items))

    def _pending(self, story: Story) -> bool:
        return any(j["code"] == story.job and j["status"] == "P" for j in self.simulator.book()["jobs"])

    # workers

    def work(self, story: Story, batch: Batch | None) -> None:
        for key in self._due():
            outbox.work_on(key)

    def work_twice(self, story: Story, batch: Batch | None) -> None:
        for key in self._due()[:1] * 2:
            outbox.work_on(key)

    def die(self, story: Story, batch: Batch | None) -> None:
        self.doom = [self.dice.choice(["before", "after"])]
        try:
            self.work(story, batch)
        finally:
            self.doom = []

    def poll(self, story: Story, batch: Batch | None) -> None:
        story.poll()

    def wait(self, story: Story, batch: Batch | None) -> None:
        """A minute passes in CMiC; leases run out, and what waits for a moment has waited."""
        self.simulator.advance(seconds=LATE)
        Document.objects.exclude(claim=None).update(lease_until=Now() - timedelta(seconds=1))
        outbox.sweep()
        time_passes(story)

    def go_wrong(self, story: Story, batch: Batch | None) -> None:
        kind, parameters = self.dice.choice(FAULTS)
        resource = self.dice.choice(["cmmast", "cmdetail", "jcjobcategory"])
        self.simulator.fault(kind, match={"resource": resource}, **parameters)

    def go_right(self, story: Story, batch: Batch | None) -> None:
        self.simulator.clear_faults()

    def _due(self) -> list[int]:
        keys = list(Document.objects.filter(state__in=OPEN).values_list("pk", flat=True))
        return self.dice.sample(keys, len(keys))

    # the evening

    def end(self) -> None:
        """Nothing goes wrong any more: all comes to rest, and what was refused is returned by a person."""
        self.simulator.clear_faults()
        for story in self.stories:
            self.wait(story, None)
            finish(story)
        states = set(Document.objects.values_list("state", flat=True))
        stuck = Document.objects.exclude(state__in=PUT_RIGHT)
        assert all(document.waiting_for or _waits_for_the_original(document) for document in stuck), states
        assert all(d.findings for d in Document.objects.filter(state=DocumentState.REFUSED))


def _waits_for_the_original(document: Document) -> bool:
    first = document.batch.documents.filter(item__position__lt=document.item.position)
    return first.exclude(state__in=["delivered", "posted", "withdrawn"]).exists()


Verb = Callable[[Day, Story, Batch | None], None]
VERBS: tuple[Verb, ...] = (
    *(Day.shift, Day.send, Day.retrieve, Day.decide, Day.retry, Day.give_back, Day.confirm, Day.check_now),
    *(Day.post_one, Day.post_all, Day.turn_down, Day.edit),
    *(Day.work, Day.work_twice, Day.die, Day.poll, Day.wait, Day.wait),
    *(Day.go_wrong, Day.go_wrong, Day.go_right),
)
SENSE = 0.6  # how often somebody does what is next, and not just anything
NEXT: dict[str, tuple[Verb, ...]] = {
    "waiting": (Day.decide,),
    "accepted": (Day.work, Day.work, Day.die, Day.wait, Day.retry),
    "exported": (Day.post_all, Day.poll, Day.poll, Day.give_back),
}


@pytest.fixture
def deadly_wire(brisk_cmic: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Day], None]]:
    """A function that lets a day kill its workers at a write, before it leaves or when it has come back."""
    watched = httpx2.Client.send

    def lay(day: Day) -> None:
        def send(client: httpx2.Client, request: httpx2.Request, **more: Any) -> httpx2.Response:
            dies = day.doom and request.method in WRITES and "/__sim/" not in request.url.path
            if dies and day.doom == ["before"]:
                raise Killed
            answer = watched(client, request, **more)
            if dies:
                raise Killed
            return answer

        monkeypatch.setattr(httpx2.Client, "send", send)

    yield lay


@counts("days", short=1, long=40)
def test_whatever_anybody_does_on_long_days_nothing_is_doubled_or_lost_or_stuck(
    steady_cmic: Simulator,
    deadly_wire: Callable[[Day], None],
    dice: random.Random,
    figures: Figures,
    days: int,
):
    stories = projects(steady_cmic, 3)
    told: Counter[str] = Counter()
    touched: set[str] = set()
    for number in range(days):
        day = Day(stories, dice, touched)
        deadly_wire(day)
        history = []
        try:
            for _ in range(STEPS_A_DAY):
                history.append(day.step())
            day.end()
            assert_always(stories, touched=day.touched)
        except BaseException:
            print(f"day {number}: {', '.join(history)}")
            raise
        told += day.done
        told["told_no"] += day.told_no
    figures(
        "long days",
        days=days,
        steps=days * STEPS_A_DAY,
        batches=Batch.objects.count(),
        documents=Document.objects.count(),
        posted=Document.objects.filter(state=DocumentState.POSTED).count(),
        workers_killed=told["workers_killed"],
        faults=told["go_wrong"],
        told_no=told["told_no"],
    )
