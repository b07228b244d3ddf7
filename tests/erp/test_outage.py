"""CMiC is down for a week. Nobody hammers it, nobody is needed, nothing is lost; when it is back nobody stampedes."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections as databases
from django.db.models import F

from budgets.states import state_of
from cmic_adapter import client
from erp import bell, tasks
from erp.delivery import circuit, outbox
from erp.delivery.claims import MOST_AT_ONCE
from erp.models import Batch, Circuit, Document, DocumentState, Notice
from tests.support.delivery import (
    assert_books_agree,
    fill,
    finish,
    new_process,
    send_and_accept,
    until,
    writes,
)
from tests.support.simulator import Simulator
from tests.support.story import Story, begin
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

MODIFICATIONS = 12
ALLOWED = 8  # requests a second
WORKERS = 10
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


class Bells:
    """Rings as the workers hear them; `answer` lets one worker do the work of all."""

    def __init__(self) -> None:
        self.rung: deque[tuple[str, tuple[Any, ...]]] = deque()

    def ring(self, task: str, *args: Any) -> None:
        self.rung.append((task, args))

    def answer_one(self) -> bool:
        try:
            task, args = self.rung.popleft()
        except IndexError:
            return False
        getattr(tasks, task)(*args)
        return True

    def answer(self) -> None:
        while self.answer_one():
            pass


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bells]:
    """All rings, kept in a list instead of Redis."""
    here = Bells()
    monkeypatch.setattr(bell, "ring", here.ring)
    yield here


def passes(story: Story, span: timedelta) -> None:
    """So much time goes by, for CMiC and for everything that waits for a moment or remembers one."""
    story.simulator.advance(seconds=span.total_seconds())
    Document.objects.filter(not_before__isnull=False).update(not_before=F("not_before") - span)
    rows = Circuit.objects.all()
    for name in ("silent_since", "opened_at", "ask_at", "asked_at", "told_at"):
        rows.filter(**{f"{name}__isnull": False}).update(**{name: F(name) - span})


def one_sweep(bells: Bells) -> None:
    tasks.sweep()
    bells.answer()


def accepted(simulator: Simulator, settings: LazySettings) -> tuple[Story, Batch]:
    """The original is posted; twelve modifications are accepted, and no worker has begun."""
    speed(settings, 500)
    story = begin(simulator, status="I")
    fill(story)
    send_and_accept(story)
    finish(story)
    story.post_everything()
    story.poll()
    story.reload()
    labor, material = (story.budget.lines.get(cost_type__code=kind) for kind in "LM")
    for number in range(MODIFICATIONS):
        story.modify(f"number {number}", (labor, "-1.10"), (material, "1.10"))
    return story, send_and_accept(story)


def speed(settings: LazySettings, rate: float) -> None:
    settings.ERP_BACKENDS["cmic"]["OPTIONS"]["requests_per_second"] = rate
    new_process()


def times(entries: list[dict[str, Any]]) -> list[datetime]:
    return sorted(datetime.fromisoformat(entry["time"]) for entry in entries)


def most_within(moments: list[datetime], span: timedelta) -> int:
    """The largest number of moments in any such span."""
    return max(sum(1 for m in moments if start <= m < start + span) for start in moments)


def overlap(batch: Batch) -> int:
    """How many documents were at work at once, by their events."""
    steps = [
        (event.at, 1 if event.to_state == DocumentState.SENDING else -1)
        for event in Event.objects.filter(
            action__startswith="document_", about__contains=[f"erp.batch:{batch.pk}"]
        )
        if DocumentState.SENDING in (event.from_state, event.to_state)
    ]
    at_once = most = 0
    for _, step in sorted(steps, key=lambda step: (step[0], step[1])):
        at_once += step
        most = max(most, at_once)
    return most


def test_a_week_without_cmic_is_quiet_and_its_return_is_no_stampede(
    brisk_cmic: Simulator, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, bells: Bells
):
    monkeypatch.setattr(client, "QUICK_PAUSE", 0.0)
    story, batch = accepted(brisk_cmic, settings)
    before = len(brisk_cmic.journal())
    brisk_cmic.fault("503_html", times=None)

    bells.rung.clear()
    passed = timedelta()
    while passed < WEEK:
        one_sweep(bells)
        step = timedelta(seconds=30) if passed < HOUR else HOUR
        passes(story, step)
        passed += step
    asked = brisk_cmic.journal()[before:]
    assert [entry for entry in asked if entry["method"] != "GET"] == []
    silent = Circuit.objects.get()
    assert silent.opened_at is not None
    opened = times(asked)[0] + timedelta(minutes=3)
    probing = [moment for moment in times(asked) if moment > opened]
    assert len(probing) > 2 * 24 * 6  # it kept asking
    assert most_within(probing, timedelta(seconds=60)) <= 2  # one call in 30 seconds, over any minute
    rest = batch.documents.filter(state=DocumentState.QUEUED)
    assert rest.count() == MODIFICATIONS
    assert max(rest.values_list("attempts", flat=True)) <= circuit.OPENS_AFTER
    assert Notice.objects.filter(to=story.jonas, subject__contains="does not answer").count() == 1
    assert state_of(story.reload()).code == "attention"

    brisk_cmic.clear_faults()
    brisk_cmic.control("DELETE", "journal")
    speed(settings, ALLOWED)
    one_probe(story, bells)
    wake = [moment.replace(microsecond=0) for moment in rest.values_list("not_before", flat=True) if moment]
    assert len(set(wake)) > MODIFICATIONS / 3, "they all wake in the same second"
    until_a_second_is_over(brisk_cmic)
    brisk_cmic.switch(throttle=True)
    everybody_works(bells, batch)

    stats = brisk_cmic.stats()
    assert stats["statuses"].get("429", 0) == 0
    assert stats["max_per_second"] <= ALLOWED + 1
    assert stats["max_in_flight"] <= 3
    assert overlap(batch) <= MOST_AT_ONCE
    brisk_cmic.switch(throttle=False)
    assert len([entry for entry in writes(brisk_cmic) if entry["resource"] == "cmmast"]) == 2 * MODIFICATIONS
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    assert_books_agree(story)
    print(f"asked {len(asked)} times in a week; after it {stats['max_per_second']}/s at most")


def one_probe(story: Story, bells: Bells) -> None:
    """The next sweep rings for the probe, which finds CMiC back."""
    passes(story, timedelta(minutes=6))
    tasks.sweep()
    probe = ("probe_connection", (story.connection.pk,))
    assert probe in bells.rung
    bells.rung.clear()
    tasks.probe_connection(story.connection.pk)
    assert Circuit.objects.get().opened_at is None


def until_a_second_is_over(simulator: Simulator) -> None:
    """The week went by in seconds: the throttle counts what was asked in the last real one."""
    last = float(simulator.journal()[-1]["at"])
    until(lambda: time.monotonic() - last > 1)


def everybody_works(bells: Bells, batch: Batch) -> None:
    """Ten workers hear every ring, until all is delivered; the sweep comes by now and then."""

    def worker(_: int) -> None:
        try:
            bells.answer()
        finally:
            databases.close_all()

    def all_there() -> bool:
        tasks.sweep()
        with ThreadPoolExecutor(WORKERS) as workers:
            list(workers.map(worker, range(WORKERS)))
        return not batch.documents.exclude(state=DocumentState.DELIVERED).exists()

    until(all_there, patience=90)


def test_documents_that_went_different_ways_before_the_outage_all_end_right_after_it(
    brisk_cmic: Simulator, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, bells: Bells
):
    monkeypatch.setattr(client, "QUICK_PAUSE", 0.0)
    story, batch = accepted(brisk_cmic, settings)
    delivered, unknown = batch.documents.order_by("pk")[:2]
    outbox.work_on(delivered.pk)
    brisk_cmic.fault("reset_after_commit", match={"method": "POST", "resource": "cmdetail"})
    outbox.work_on(unknown.pk)
    unknown.refresh_from_db()
    assert unknown.state == DocumentState.UNCONFIRMED
    brisk_cmic.fault("503_html", times=None)
    for _ in range(30):
        one_sweep(bells)
        passes(story, timedelta(minutes=5))
    unknown.refresh_from_db()
    assert unknown.state == DocumentState.UNCONFIRMED
    assert Circuit.objects.get().opened_at is not None
    brisk_cmic.clear_faults()
    for _ in range(10):
        one_sweep(bells)
        passes(story, timedelta(minutes=6))
    assert set(batch.documents.values_list("state", flat=True)) == {DocumentState.DELIVERED}
    story.post_everything()
    story.poll()
    assert_books_agree(story)
