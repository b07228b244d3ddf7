"""P7 and P8: many modifications in one action, and one over HTTP; beside the least software that stores the same."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from statistics import median

from django.db import connection, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench import scenes
from bench.figures import Figure, load
from budgets import services
from budgets.models import Budget, BudgetLine, Modification, ModificationLine
from budgets.modifications.many import Written, write_many
from tests.support.story import Story
from workflow.submissions import new_id

LINES, MANY, ROUNDS = 1_200, 1_000, 7
SINGLE = 60
# The same rows as plain tables: no rules, no history, no trail.
TABLES = """
CREATE TABLE bench_modification
    (id bigserial PRIMARY KEY, budget_id bigint, title text, day date, note text);
CREATE TABLE bench_line
    (id bigserial PRIMARY KEY, modification_id bigint, line_id bigint, amount numeric(15, 2))
"""


def p7_and_p8(address: str, *, rounds: int = ROUNDS, seed: int = 7) -> list[Figure]:
    """This function will measure both on one budget of 1,200 lines, ours and the limit by turns."""
    told = scenes.company(scenes.connect(address), status="I", codes=LINES // 5)
    scenes.import_lines(told, lines=LINES)
    services.lock(told.budget, user=told.dana, now=timezone.now())
    lines = list(told.budget.lines.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
    dice = random.Random(seed)
    return [_many(told, lines, rounds, dice), _single(told, lines, dice)]


def _many(told: Story, lines: list[int], rounds: int, dice: random.Random) -> Figure:
    many = [
        Written(f"Modification {n}", date(2026, 11, 3), "", [(a, Decimal("-10.25")), (b, Decimal("10.25"))])
        for n in range(MANY)
        for a, b in [dice.sample(lines, 2)]
    ]

    def ours() -> None:
        write_many(told.budget, user=told.dana, now=timezone.now(), many=many, source="the benchmark")

    def least() -> None:
        _store_plainly(told.budget, many)

    took = _by_turns(ours, least, rounds=rounds + 1, dice=dice)  # the first round warms up
    _prove(told.budget, written=MANY * (rounds + 1))
    ratio = median(a / b for a, b in zip(*(times[1:] for times in took), strict=True))
    mine, limit = (median(times[1:]) * 1000 for times in took)
    return Figure(
        "P7",
        f"{MANY:,} modifications of two lines in one action",
        f"{mine:.0f} ms, {ratio:.1f}x of {limit:.0f} ms",
        "4x",
        ratio <= 4,
        {"load": load(), "rounds": rounds},
    )


def _store_plainly(budget: Budget, many: list[Written]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_modification (budget_id, title, day, note) SELECT %s, t, d, '' FROM"
            " unnest(%s::text[], %s::date[]) AS v (t, d) RETURNING id",
            [budget.pk, [one.title for one in many], [one.date for one in many]],
        )
        keys = [pk for (pk,) in cursor.fetchall()]
        rows = [(pk, *pair) for pk, one in zip(keys, many, strict=True) for pair in one.amounts]
        cursor.execute(
            "INSERT INTO bench_line (modification_id, line_id, amount)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[])",
            [list(column) for column in zip(*rows, strict=True)],
        )


def _by_turns(
    ours: Callable[[], None], least: Callable[[], None], *, rounds: int, dice: random.Random
) -> tuple[list[float], list[float]]:
    took: dict[Callable[[], None], list[float]] = {ours: [], least: []}
    for _ in range(rounds):
        for act in dice.sample([ours, least], 2):
            began = time.perf_counter()
            act()
            took[act].append(time.perf_counter() - began)
    return took[ours], took[least]


def _prove(budget: Budget, *, written: int) -> None:
    """Both stored the same: as many modifications, as many lines, the same sum on each line."""
    kept = Modification.objects.filter(budget=budget).count()
    sums = ModificationLine.objects.filter(modification__budget=budget).order_by("line")
    with connection.cursor() as cursor:
        cursor.execute("SELECT line_id, sum(amount) FROM bench_line GROUP BY 1 ORDER BY 1")
        plain = cursor.fetchall()
    if kept != written or list(sums.values_list("line").annotate(Sum("amount"))) != plain:
        raise RuntimeError("the two did not store the same")


def _single(told: Story, lines: list[int], dice: random.Random) -> Figure:
    """One form over Django's test client: rights, checks, history, trail and commit, no network."""
    client = Client()
    client.force_login(told.dana)
    address = reverse("budgets:modification_new", args=[told.budget.project_id])
    line = BudgetLine.objects.get(pk=lines[0])

    def ours() -> None:
        pair = dice.sample(lines, 2)
        form = {"submission": new_id(), "title": "One", "date": "2026-11-03", "then": "draft"}
        answer = client.post(address, {**form, "line": pair, "amount": ["-1.25", "1.25"]})
        if answer.status_code != 302:
            raise RuntimeError(f"the form answered {answer.status_code}")

    def least() -> None:
        one = Written(
            "One", date(2026, 11, 3), "", [(line.pk, Decimal("-1.25")), (lines[1], Decimal("1.25"))]
        )
        _store_plainly(told.budget, [one])

    took = _by_turns(ours, least, rounds=SINGLE, dice=dice)
    ratio = median(a / b for a, b in zip(*(times[5:] for times in took), strict=True))
    mine, limit = (median(times[5:]) * 1000 for times in took)
    return Figure(
        "P8",
        "one modification, form to answer",
        f"{mine:.1f} ms, {ratio:.1f}x of {limit:.2f} ms",
        "10x",
        ratio <= 10,
        {"load": load(), "rounds": SINGLE},
    )
