"""The queue's pages at size: the page to decide on, Accept, and 200 batches decided at once."""

from __future__ import annotations

import re
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psutil
from django.conf import settings
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils import timezone

from bench import budget_scenes
from bench.figures import Figure, load
from budgets import services as budget_services
from budgets.models import Budget
from erp import services
from erp.decision import deciding
from erp.models import Batch
from erp.sync import readings
from projects.models import BudgetLevel, ProjectRole
from tests.support import scene as acts
from tests.support.scene import Scene
from workflow import submissions

RUNS = 5
SIZES = ((134, 2), (1_200, 9), (10_000, 40))
QUEUE = "/admin/erp/batch/"
PROGRESS = re.compile(r'<progress value="(?P<settled>\d+)"')
LONGEST = 5.0  # seconds for any request of a bulk decision


def measure(*, count: int) -> list[Figure]:
    """This function will measure the page to decide on for each size, then so many batches at once."""
    made = budget_scenes.people()
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=settings.STORAGES | plain):  # no `collectstatic` came before
        figures = []
        for place, (lines, sub_jobs) in enumerate(SIZES):
            sized = budget_scenes.sized(made, code=f"7{place}-0001", lines=lines, sub_jobs=sub_jobs)
            batch = services.send(sized.budget, user=made.dana, now=timezone.now())
            readings.make(batch.budget.readings.get(asked_at=batch.sent_at), now=timezone.now())
            figures += _of_size(made, batch, lines)
        return figures + together(made, count)


def _of_size(made: Scene, batch: Batch, lines: int) -> list[Figure]:
    client = Client()
    client.force_login(made.jonas)
    page = reverse("admin:erp_batch_change", args=[batch.pk])
    shown = _timed(lambda: client.get(page), f"page to decide on, {lines:,} lines")
    began = time.perf_counter()
    deciding.accept(
        Batch.objects.get(pk=batch.pk),
        user=made.jonas,
        now=timezone.now(),
        reading_hash=_hash(batch),
    )
    took = time.perf_counter() - began
    return [shown, Figure("", f"accept, {lines:,} lines", f"{took * 1000:.0f} ms", detail={"load": load()})]


def _hash(batch: Batch) -> str:
    """The hash of the reading an approver would have seen."""
    return batch.budget.readings.values_list("hash", flat=True)[0]


def _timed(ask: Callable[[], object], what: str) -> Figure:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - began)
        if answer.status_code != 200:  # type: ignore[attr-defined]
            raise RuntimeError(f"{what}: answered {answer.status_code}")  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as queries:
        size = len(ask().content)  # type: ignore[attr-defined]
    return Figure(
        "",
        what,
        f"{statistics.median(times) * 1000:.0f} ms; {size:,} bytes, {len(queries)} queries",
        detail={"load": load()},
    )


def together(made: Scene, count: int) -> list[Figure]:
    """This function will measure what one press does to so many batches: accepted, then as many sent back."""
    client = Client()
    client.force_login(made.jonas)
    accepted = [_small(made, place) for place in range(count)]
    figures = [_look(client, "accept", accepted), _decide(client, "accept", accepted)]
    rejected = [_small(made, place) for place in range(count, 2 * count)]
    said = {"reason_code": "documentation", "reason": "Attach the estimate, please."}
    return [*figures, _look(client, "reject", rejected), _decide(client, "reject", rejected, **said)]


def _look(client: Client, act: str, batches: list[Batch]) -> Figure:
    """The page before the press, and how many of the batches there was no time to look at."""
    chosen = _chosen(act, batches)
    figure = _timed(lambda: client.post(QUEUE, chosen), f"look at {len(batches)} batches before {act}ing")
    unseen = client.post(QUEUE, chosen).content.decode().count("not looked at yet")
    return replace(figure, measured=f"{figure.measured}, {unseen} not looked at")


def _chosen(act: str, batches: list[Batch]) -> dict[str, object]:
    return {"action": f"{act}_selected", ACTION_CHECKBOX_NAME: [batch.pk for batch in batches]}


def _decide(client: Client, act: str, batches: list[Batch], **typed: str) -> Figure:
    """The press, and the page that goes on by itself until nothing is left; it has to move with each request."""
    seen = {f"reading-{batch.pk}": _hash(batch) for batch in batches}
    form = {**_chosen(act, batches), **seen, **typed, "confirm": "1", submissions.FIELD: str(uuid.uuid4())}
    before, times, progress = _resident(), [], []

    def ask(send: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        answer = send()
        times.append(time.perf_counter() - began)
        return answer

    address = ask(lambda: client.post(QUEUE, form))["Location"]
    page = ask(lambda: client.get(address)).content.decode()
    while at := PROGRESS.search(page):
        progress.append(int(at["settled"]))
        page = ask(lambda: client.post(address, headers={"HX-Request": "true"})).content.decode()
    states = set(Batch.objects.filter(pk__in=[batch.pk for batch in batches]).values_list("state", flat=True))
    if states != {f"{act}ed"} or progress != sorted(set(progress)):
        raise RuntimeError(f"{states} after {act}ing; progress: {progress}")
    whole = ask(lambda: client.get(address))
    return Figure(
        "",
        f"{act} {len(batches)} batches at once",
        f"{sum(times):.1f} s in {len(times)} requests, the first {times[0]:.1f} s, the longest {max(times):.1f} s; "
        f"the result {times[-1] * 1000:.0f} ms, {len(whole.content):,} bytes; {_resident() - before:+.0f} MB",
        goal="no request above 5 s",
        met=max(times) <= LONGEST,
        detail={"load": load(), "requests": [round(one, 2) for one in times], "progress": progress},
    )


def _resident() -> float:
    """What this process holds in memory, in MB."""
    return float(psutil.Process().memory_info().rss) / 2**20


def _small(made: Scene, place: int) -> Batch:
    code = f"27-{place:04d}"
    project = acts._project(made.connection, f"Project {code}", code)
    ProjectRole.objects.create(user=made.dana, project=project, level=BudgetLevel.ADMIN)
    budget = budget_services.budget_for(project)
    for kind in ("L", "S", "M"):
        acts.add_line(budget, made.dana, code, "01-31-00", kind, "500.00")
    budget_services.lock(budget, user=made.dana, now=timezone.now())
    batch = services.send(Budget.objects.get(pk=budget.pk), user=made.dana, now=timezone.now())
    readings.make(batch.budget.readings.get(), now=timezone.now())
    return batch
