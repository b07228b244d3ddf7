"""The queue's pages at size: the page to decide on, Accept, and 200 batches decided at once."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable

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
from erp import readings, services
from erp.models import Batch
from projects.models import BudgetLevel, ProjectRole
from tests.support import scene as acts
from tests.support.scene import Scene
from workflow import submissions

RUNS = 5
SIZES = ((134, 2), (1_200, 9), (10_000, 40))
QUEUE = "/admin/erp/batch/"


def measure(*, together: int) -> list[Figure]:
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
        return figures + _together(made, together)


def _of_size(made: Scene, batch: Batch, lines: int) -> list[Figure]:
    client = Client()
    client.force_login(made.jonas)
    page = reverse("admin:erp_batch_change", args=[batch.pk])
    shown = _timed(lambda: client.get(page), f"page to decide on, {lines:,} lines")
    began = time.perf_counter()
    services.accept(
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


def _together(made: Scene, count: int) -> list[Figure]:
    batches = [_small(made, place) for place in range(count)]
    client = Client()
    client.force_login(made.jonas)
    chosen = {"action": "accept_selected", ACTION_CHECKBOX_NAME: [batch.pk for batch in batches]}
    figures = [_timed(lambda: client.post(QUEUE, chosen), f"look at {count} batches before accepting")]
    seen = {f"reading-{batch.pk}": _hash(batch) for batch in batches}
    began = time.perf_counter()
    answer = client.post(QUEUE, {**chosen, **seen, "confirm": "1", submissions.FIELD: str(uuid.uuid4())})
    longest = time.perf_counter() - began
    address, requests = answer["Location"], 1
    while Batch.objects.filter(pk__in=[b.pk for b in batches], state="waiting").exists():
        started = time.perf_counter()
        client.post(address)
        longest = max(longest, time.perf_counter() - started)
        requests += 1
    took = time.perf_counter() - began
    said = f"{took:.1f} s in {requests} requests, the longest {longest:.1f} s"
    return [*figures, Figure("", f"accept {count} batches at once", said, detail={"load": load()})]


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
