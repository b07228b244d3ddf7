"""The budget page: the first view and the whole table, against the least software that writes as many rows.

The limit reads the same lines with one query, and writes them with one f-string a row, sums by division included.
"""

from __future__ import annotations

import gzip
import html
import random
import statistics
import time
from collections.abc import Callable
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse

from bench import budget_scenes
from bench.budget_scenes import Sized
from bench.figures import Figure, load
from tests.support.scene import Scene

RUNS = 7
SIZES = ((134, 2), (1_200, 9), (10_000, 40))
GOALS = {"roll-up": ("P4", 2.5), "whole, 1,200": ("P5", 2.5), "whole, 10,000": ("P6", 1.8)}
ROLLED = """
SELECT job.code, code.division, SUM(line.amount) FROM budgets_budgetline line
JOIN projects_job job ON job.id = line.job_id JOIN projects_costcode code ON code.id = line.cost_code_id
WHERE line.budget_id = %s GROUP BY ROLLUP (1, 2) ORDER BY 1, 2
"""
ROWS = """
SELECT job.code, code.division, code.code, kind.code, line.description, line.amount FROM budgets_budgetline line
JOIN projects_job job ON job.id = line.job_id JOIN projects_costcode code ON code.id = line.cost_code_id
JOIN projects_costtype kind ON kind.id = line.cost_type_id WHERE line.budget_id = %s ORDER BY 2, 3, 1, 4
"""


def measure() -> list[Figure]:
    """This function will measure the first view and the whole table of budgets of each size."""
    made = budget_scenes.people()
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=settings.STORAGES | plain):  # no `collectstatic` came before
        return _figures(made)


def _figures(made: Scene) -> list[Figure]:
    figures: list[Figure] = []
    for place, (lines, sub_jobs) in enumerate(SIZES):
        sized = budget_scenes.sized(made, code=f"7{place}-0001", lines=lines, sub_jobs=sub_jobs)
        figures += [_figure(sized, "roll-up"), _figure(sized, "whole")]
    return figures


def _figure(sized: Sized, what: str) -> Figure:
    client = Client()
    client.force_login(sized.dana)
    address = reverse(
        "budgets:page" if what == "roll-up" else "budgets:print", args=[sized.budget.project_id]
    )
    address += "?by=job&expand=none" if what == "roll-up" else ""
    limit = _limit_of(sized.budget.pk, ROLLED if what == "roll-up" else ROWS)
    _same_sums(client.get(address).content.decode(), sized, by_job=what == "roll-up")

    def ours() -> bytes:
        return gzip.compress(client.get(address).content, 6)

    times = _interleaved(ours, limit)
    ratio = statistics.median(a / b for a, b in zip(times[0], times[1], strict=True))
    with CaptureQueriesContext(connection) as queries:
        size = len(ours())
    named = what if (what, sized.lines) == ("roll-up", 10_000) else f"{what}, {sized.lines:,}"
    key, goal = GOALS.get(named, ("", None))
    milliseconds = statistics.median(times[0]) * 1000
    return Figure(
        key,
        f"budget page of {sized.lines:,} lines, {what}",
        f"{milliseconds:.0f} ms = {ratio:.1f}x; {size:,} bytes gzip, {len(queries)} queries",
        f"<= {goal}x" if goal else "",
        ratio <= goal if goal else None,
        {"limit_ms": statistics.median(times[1]) * 1000, "load": load()},
    )


def _interleaved(*works: Callable[[], bytes]) -> list[list[float]]:
    """Time each work `RUNS` times, in an order thrown anew each time."""
    times: list[list[float]] = [[] for _ in works]
    order = list(range(len(works)))
    for _ in range(RUNS):
        random.shuffle(order)
        for place in order:
            began = time.perf_counter()
            works[place]()
            times[place].append(time.perf_counter() - began)
    return times


def _limit_of(budget: int, sql: str) -> Callable[[], bytes]:
    def limit() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute(sql, [budget])
            rows = cursor.fetchall()
        written = "".join([f"<tr>{''.join([_cell(value) for value in row])}</tr>" for row in rows])
        return gzip.compress(f"<table>{written}</table>".encode(), 6)

    return limit


def _cell(value: object) -> str:
    return (
        f"<td>{value:,.2f}</td>"
        if isinstance(value, Decimal)
        else f"<td>{html.escape(str(value or ''))}</td>"
    )


def _same_sums(page: str, sized: Sized, *, by_job: bool) -> None:
    """Refuse to measure a page that does not show what the database sums."""
    with connection.cursor() as cursor:
        cursor.execute(ROLLED, [sized.budget.pk])
        wanted = [f"{total:,.2f}" for job, _, total in cursor.fetchall() if by_job or job is None]
    missing = [total for total in wanted if total not in page]
    if missing:
        raise RuntimeError(f"the page lacks the sum {missing[0]}")
