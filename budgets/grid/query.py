"""The lines of the grid in SQL: which are shown, and what they come to by division, cost type or sub job.

Sums are taken in the database over all lines, so that a budget of 10,000 lines is summed without being read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from budgets import facts, large_reads
from budgets.facts import LineFacts
from budgets.grid.look import CHANGED, CHIPS, DIFFERS, DIVISION, JOB, REMARKS, TYPE, WARNINGS, Look, key_of
from budgets.grid.sums import Sums
from budgets.models import Budget
from budgets.selectors import UNKNOWN

# One row a line, with the group it is summed under, what it is found by, and whether each chip shows it.
LINES = """
SELECT line.id, {job} AS job, {code} AS code, kind.name AS kind_name, kind.position,
       line.amount AS original, COALESCE(changes.amount, 0.00) AS modifications,
       facts.sent, facts.in_erp, facts.cost, facts.changed, facts.remark,
       code.id IS NULL OR kind.id IS NULL OR line.unit_text <> '' OR line.id = ANY(%(warned)s) AS warned,
       facts.in_erp <> line.amount + COALESCE(changes.amount, 0.00) AS differs,
       {found} AS found,
       code.code AS cost_code, line.cost_code_text, job.code AS job_code, line.cost_type_text
FROM budgets_budgetline line
JOIN projects_job job ON job.id = line.job_id
LEFT JOIN projects_costcode code ON code.id = line.cost_code_id
LEFT JOIN projects_costtype kind ON kind.id = line.cost_type_id
LEFT JOIN (
    SELECT change.line_id, SUM(change.amount) AS amount FROM budgets_modificationline change
    JOIN budgets_modification modification ON modification.id = change.modification_id
    WHERE modification.budget_id = %(budget)s AND modification.state = 'effective' GROUP BY change.line_id
) changes ON changes.line_id = line.id
LEFT JOIN ({facts}) facts ON facts.line_id = line.id
WHERE line.budget_id = %(budget)s
"""
ORDER = "cost_code, cost_code_text, job_code, position, cost_type_text, id"  # as budgets.grid.rows.ORDER
GROUPS = {  # job and code of the group a line is summed under
    DIVISION: ("''::text", f"COALESCE(code.division, '{UNKNOWN}')"),
    TYPE: ("''::text", "COALESCE(kind.code, line.cost_type_text)"),
    JOB: ("job.code", f"COALESCE(code.division, '{UNKNOWN}')"),
}
TEXT = (
    "CONCAT_WS(' ', job.code, code.code, line.cost_code_text, code.name, kind.code, line.cost_type_text, kind.name,"
    " line.description)"
)
CONDITIONS = {CHANGED: "changed", WARNINGS: "warned", REMARKS: "remark", DIFFERS: "differs"}
SUMS = {
    "count": "COUNT(*)",
    "original": "COALESCE(SUM(original), 0.00)",
    "modifications": "COALESCE(SUM(modifications), 0.00)",
    "sent": "SUM(sent)",
    "in_erp": "SUM(in_erp)",
    "difference": "SUM(in_erp - original - modifications)",
    "cost": "SUM(cost)",
}
KEYS = frozenset(SUMS) | {"revised"}  # the columns that the database sums

Place = tuple[str, str]  # job and code of a group


@dataclass(frozen=True)
class RolledGroup:
    """One division or cost type, of one job where the grid is by sub job. `name` and `position` are a cost type's."""

    place: Place
    sums: Sums
    name: str
    position: int


@dataclass(frozen=True)
class Rolled:
    """Sums by group, by job and of everything; `chips`: how many of the lines found each filter would show."""

    groups: list[RolledGroup]
    jobs: dict[str, Sums]
    total: Sums
    chips: dict[str, int]


def roll_up(budget: Budget, look: Look, *, filtered: bool) -> Rolled:
    """This function will sum the lines of a budget, or those of them that a look shows, in one query."""
    chips = ", ".join(f"COUNT(*) FILTER (WHERE found AND {CONDITIONS[chip]})" for chip in CHIPS)
    sets = "(job, code), (job), ()" if look.by_job else "(job, code), ()"
    rows = _run(
        budget,
        look,
        f"SELECT job, code, MAX(kind_name), MIN(position), {', '.join(SUMS.values())}, {chips} FROM lines"  # noqa: S608
        f" WHERE {_shown(look) if filtered else 'TRUE'} GROUP BY GROUPING SETS ({sets})",
    )
    groups: list[RolledGroup] = []
    jobs: dict[str, Sums] = {}
    total, counted = Sums(), [0] * len(CHIPS)
    for job, code, name, position, *numbers in rows:
        figures = Sums(**dict(zip(SUMS, numbers[: len(SUMS)], strict=True)))
        if code is not None:
            groups.append(RolledGroup((job, code), figures, name or "", position or 0))
        elif job is not None:
            jobs[job] = figures
        else:
            total, counted = figures, numbers[len(SUMS) :]
    return Rolled(groups, jobs, total, dict(zip(CHIPS, counted, strict=True)))


@dataclass(frozen=True)
class Found:
    """Lines to show: their ids by group, how many its group has, and what is known about them."""

    places: dict[Place, list[int]]
    sizes: dict[Place, int]
    facts: dict[int, LineFacts]


def lines_of(budget: Budget, look: Look, groups: Collection[Place] | None, *, window: int | None) -> Found:
    """This function will find the lines that a look shows in some groups (None: all), in the order of the grid.

    Of a group with more than `window` lines these are as many from the look's start on.
    """
    places = "TRUE" if window is None else WINDOW
    within = "TRUE" if groups is None else "job || '|' || code = ANY(%(groups)s)"
    rows = _run(
        budget,
        look,
        f"SELECT id, job, code, size, {facts.COLUMNS} FROM ({_counted(look)}) counted"  # noqa: S608  words of ours alone
        f" WHERE {within} AND {places} ORDER BY place",
        {"groups": [key_of(*place) for place in groups or ()], "window": window, "start": look.start},
    )
    warned, found = facts.warnings(budget), Found({}, {}, {})
    for pk, job, code, size, *known in rows:
        found.places.setdefault((job, code), []).append(pk)
        found.sizes[job, code] = size
        found.facts[pk] = facts.made(known, warned.get(pk, ()))
    return found


# The first row of a window that begins behind the last row is the first of the last window.
WINDOW = """
(size <= %(window)s OR place - LEAST(%(start)s, (size - 1) / %(window)s * %(window)s) BETWEEN 1 AND %(window)s)
"""


def place_of(budget: Budget, look: Look, pk: int) -> tuple[Place, int] | None:
    """This function will find a line's group and how many of its rows come before; None where the line is not shown."""
    sql = f"SELECT job, code, place - 1 FROM ({_counted(look)}) counted WHERE id = %(line)s"  # noqa: S608
    rows = _run(budget, look, sql, {"line": pk})
    return ((rows[0][0], rows[0][1]), rows[0][2]) if rows else None


def _counted(look: Look) -> str:
    """The lines that are shown, counted within their group in the order of the grid."""
    place = f"ROW_NUMBER() OVER (PARTITION BY job, code ORDER BY {ORDER}) AS place"
    size = "COUNT(*) OVER (PARTITION BY job, code) AS size"
    return f"SELECT id, job, code, {facts.COLUMNS}, {place}, {size} FROM lines WHERE {_shown(look)}"  # noqa: S608


def _shown(look: Look) -> str:
    """What a line must meet to be shown: every word, and every filter that is on."""
    return " AND ".join(["found", *(CONDITIONS[chip] for chip in sorted(look.chips))])


def _run(budget: Budget, look: Look, select: str, more: Mapping[str, Any] | None = None) -> list[Any]:
    """Run a SELECT over `lines`."""
    job, code = GROUPS[look.by]
    words = {f"word_{place}": _pattern(word) for place, word in enumerate(look.words.split())}
    found = " AND ".join(f"{TEXT} ILIKE %({name})s" for name in words) or "TRUE"
    known = facts.relation(budget)
    lines = LINES.format(job=job, code=code, found=found, facts=known.sql)
    given = {
        **known.params,
        "budget": budget.pk,
        "warned": list(facts.warnings(budget)),
        **words,
        **(more or {}),
    }
    with large_reads.cursor() as cursor:
        cursor.execute(f"WITH lines AS ({lines}) {select}", given)
        return cursor.fetchall()


def _pattern(word: str) -> str:
    """What LIKE finds a word by, wherever it stands; its own wildcards stand for themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
