"""Delivery and posting: how fast, how evenly and with how many calls documents go to CMiC and come back posted."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import scenes
from bench.figures import Figure, load, percentile
from bench.place import worker
from bench.replay import replay
from budgets import services as budget_services
from erp import services
from erp.decision import deciding
from erp.delivery import outbox
from erp.models import Batch, Call, Document, DocumentState, ErpReading, ReadingState
from erp.posting import polling as posting
from erp.setup import linking
from erp.sync import readings
from erp.sync import syncing as sync
from projects.models import BudgetLevel, ProjectRole
from tests.support.simulator import Simulator
from tests.support.story import Story
from workflow import events

LINES = 20


def p16_rate(address: str, *, lines: int, rate: float) -> Figure:
    """This function will push one document, one call a line, to a CMiC that allows `rate` requests a second."""
    simulator = scenes.connect(address)
    told = scenes.company(simulator, status="I", codes=-(-lines // 5))
    scenes.import_lines(told, lines=lines)
    told.lock()
    batch = told.accept(told.send())
    scenes.connect_again(requests_per_second=rate)
    simulator.control("DELETE", "journal")
    document = batch.documents.get()
    outbox.work_on(document.pk)
    document.refresh_from_db()
    if document.state != DocumentState.DELIVERED:
        raise RuntimeError(f"the document is {document.state}: {document.waiting_for} {document.findings}")
    entries = simulator.journal()
    took = entries[-1]["at"] - entries[0]["at"]
    reached, busiest = (len(entries) - 1) / float(took), simulator.stats()["max_per_second"]
    return Figure(
        "P16",
        f"push of {lines:,} lines, one call a line, {rate:g} requests/s allowed",
        f"{reached:.1f}/s = {reached / rate:.1%}; busiest second {busiest}",
        ">= 90 % of the allowed rate, never above",
        reached >= 0.9 * rate and busiest <= rate,
        {"requests": len(entries), "seconds": float(took), "load": load()},
    )


def p17_poll(address: str, *, documents: int) -> Figure:
    """This function will poll many delivered documents at once and count requests, statements and our own time."""
    simulator = scenes.connect(address)
    told = scenes.company(simulator, status="I", codes=2)
    scenes.import_lines(told, lines=10)
    told.lock()
    _deliver(told.accept(told.send()))
    told.post_everything()
    told.poll()
    told.reload()
    first, second = list(told.budget.lines.order_by("pk")[:2])
    for place in range(documents):
        amount = Decimal(place + 1) / 100
        told.modify(f"Transfer {place}", (first, str(-amount)), (second, str(amount)))
    _deliver(told.accept(told.send()))
    simulator.control("DELETE", "journal")
    Document.objects.filter(state=DocumentState.DELIVERED).update(poll_at=timezone.now())
    with CaptureQueriesContext(connection) as statements:
        began = time.perf_counter()
        asked = posting.poll(now=timezone.now())
        took = time.perf_counter() - began
    theirs = float(sum(entry["seconds"] or 0 for entry in simulator.journal()))
    calls = simulator.stats()["requests"]
    return Figure(
        "P17",
        f"poll of {asked:,} open documents",
        f"{calls} requests, {took - theirs:.2f} s besides CMiC's {theirs:.2f} s, {len(statements)} statements",
        "<= 25 requests, <= 2 s besides CMiC's time (1,000 documents)",
        calls <= 25 and took - theirs <= 2 if documents >= 1000 else None,
        {"seconds": took, "load": load()},
    )


def _deliver(batch: Batch) -> None:
    for key in batch.documents.order_by("pk").values_list("pk", flat=True):
        outbox.work_on(key)
    left = batch.documents.exclude(state__in=[DocumentState.DELIVERED, DocumentState.POSTED]).first()
    if left is not None:
        raise RuntimeError(f"{left.number} is {left.state}: {left.waiting_for} {left.findings}")


def many_accepted(address: str, *, batches: int) -> tuple[Simulator, Story, list[Batch]]:
    """This function will open that many projects and bring a batch of 20 lines of each before accounting."""
    simulator = scenes.connect(address)
    told = scenes.company(simulator, status="I", codes=LINES // 5, assigned=False)
    jobs = [f"27-{place:04d}" for place in range(batches)]
    simulator.seed(
        {
            "jobs": [
                {"company": "001", "code": job, "name": job, "control": "ALL", "status": "I"} for job in jobs
            ]
        }
    )
    simulator.seed({"budget": [row for job in jobs for row in _assigned(job)]})
    sync.sync_company(told.connection, now=timezone.now())
    waiting = [_sent(told, job) for job in jobs]
    for reading in ErpReading.objects.filter(state=ReadingState.ASKED):
        readings.make(reading, now=timezone.now())
    return simulator, told, waiting


def _assigned(job: str) -> list[dict[str, Any]]:
    codes = scenes.phases(LINES // 5)
    return [
        {"company": "001", "job": job, "phase": code, "category": category, "original": "0.00"}
        for code in codes
        for category in scenes.CATEGORIES
    ]


def _sent(told: Story, job: str) -> Batch:
    now = timezone.now()
    project = linking.link_project(told.connection, job, user=told.jonas, now=now)
    ProjectRole.objects.create(user=told.dana, project=project, level=BudgetLevel.ADMIN)
    budget = project.budget
    for place in range(LINES):
        values = {
            "job": job,
            "cost_code": f"20-{place // 5:04d}",
            "cost_type": scenes.LETTERS[place % 5],
            "amount": Decimal(place + 1) * 100,
        }
        budget_services.add_line(budget, user=told.dana, now=now, values=values)
    budget_services.lock(budget, user=told.dana, now=now)
    return services.send(budget, user=told.dana, now=now)


def _accept(told: Story, batch: Batch) -> None:
    seen = batch.budget.readings.filter(state=ReadingState.MADE)[0]
    deciding.accept(batch, user=told.mira, now=timezone.now(), reading_hash=seen.hash)


def p13_and_p18(address: str, *, batches: int, alone: int) -> list[Figure]:
    """This function will deliver batches by real workers: some one at a time, the rest all at once by two workers."""
    simulator, told, waiting = many_accepted(address, batches=batches + alone)
    with worker(simulator.environment, number=1):
        started = [_seconds_to_start(told, batch) for batch in waiting[:alone]]
    _ended(waiting[:alone])
    rest = waiting[alone:]
    before = simulator.book()
    for batch in rest:
        with transaction.atomic():
            _accept(told, batch)
            batch.documents.update(not_before=Now() + timedelta(hours=1))
    current_app.control.purge()
    simulator.control("DELETE", "journal")
    ours = _by_two_workers(simulator, rest)
    entries = simulator.journal()
    return [_p13(started), _p18(simulator, entries, before, ours, len(rest)), _calls(entries, len(rest))]


def _seconds_to_start(told: Story, batch: Batch) -> float:
    _accept(told, batch)
    committed = timezone.now()
    document = batch.documents.get()
    while not (taken := [e for e in events.events_about(document) if e.action == "document_sending"]):
        time.sleep(0.001)
    while Document.objects.get(pk=document.pk).state == DocumentState.SENDING:
        time.sleep(0.005)
    return (taken[0].at - committed).total_seconds()


def _ended(batches: list[Batch]) -> None:
    left = Document.objects.filter(batch__in=batches).exclude(state=DocumentState.DELIVERED)
    if left:
        raise RuntimeError(f"{left[0].number} is {left[0].state}: {left[0].waiting_for} {left[0].findings}")


def _by_two_workers(simulator: Simulator, batches: list[Batch]) -> float:
    documents = Document.objects.filter(batch__in=batches)
    keys = list(documents.values_list("pk", flat=True))
    with worker(simulator.environment, number=1), worker(simulator.environment, number=2):
        began = time.perf_counter()
        documents.update(not_before=Now())
        for key in keys:
            current_app.send_task("erp.tasks.deliver", args=[key])
        while documents.filter(
            state__in=[DocumentState.QUEUED, DocumentState.SENDING, DocumentState.UNCONFIRMED]
        ).exists():
            time.sleep(0.02)
        took = time.perf_counter() - began
    _ended(batches)
    return took


def _p13(seconds: list[float]) -> Figure:
    middle, worst = percentile(seconds, 0.5) * 1000, percentile(seconds, 0.99) * 1000
    return Figure(
        "P13",
        f"commit of an acceptance -> a worker starts ({len(seconds)} times)",
        f"p50 {middle:.1f} ms, p99 {worst:.1f} ms",
        "p50 10 ms, p99 50 ms",
        middle <= 10 and worst <= 50,
        {"load": load()},
    )


def _p18(
    simulator: Simulator, entries: list[dict[str, Any]], before: dict[str, Any], ours: float, batches: int
) -> Figure:
    bodies, uuids = {}, {}
    for call in Call.objects.filter(request_id__in=[e["request_id"] for e in entries if e["request_id"]]):
        bodies[call.request_id] = call.body
        if call.method == "POST":
            answer = json.loads(call.answer)
            uuids[call.request_id] = next(answer[key] for key in answer if key.endswith("VUuid"))
    for entry in entries:
        if entry["request_id"] in uuids:
            entry["uuid"] = uuids[entry["request_id"]]
    sums = _sums(simulator)
    times = []
    for _ in range(3):
        simulator.reset(json.loads(json.dumps(before, default=str)))
        took, failed = replay(simulator.origin, entries, bodies)
        if failed or _sums(simulator) != sums:
            raise RuntimeError(f"the bare loop did not do the same work: {failed} calls failed")
        times.append(took)
    bare = sorted(times)[1]
    return Figure(
        "P18",
        f"{batches} accepted batches of {LINES} lines, 2 workers; the same {len(entries):,} calls in a bare loop",
        f"{ours:.1f} s / {bare:.1f} s = {ours / bare:.2f}x",
        "<= 1.6x",
        ours / bare <= 1.6,
        {"documents/s": batches / ours, "requests/s": len(entries) / ours, "load": load()},
    )


def _sums(simulator: Simulator) -> Counter[str]:
    """What is in CMiC, to prove that both did the same: lines and amounts a job."""
    held: Counter[str] = Counter()
    for item in simulator.book()["pcis"]:
        for line in item["lines"]:
            held[f"{item['job']} {item['status']} {line['phase']} {line['category']} {line['amount']}"] += 1
    return held


def _calls(entries: list[dict[str, Any]], documents: int) -> Figure:
    methods = Counter(entry["method"] for entry in entries)
    writes = methods["POST"] + methods["PATCH"] + methods["DELETE"]
    return Figure(
        "calls",
        f"calls for a delivered document of {LINES} lines",
        f"{writes / documents:.1f} writes, {methods['GET'] / documents:.1f} reads",
        f"{LINES + 2} writes (header, lines, ready)",
        writes == documents * (LINES + 2),
        dict(methods),
    )
