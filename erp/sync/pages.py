"""What the pages of sync runs read: the list, one run with what it changed, and which lines a gone code concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet

from budgets.models import BudgetLine
from erp.mapping.pages import Use
from erp.models import Connection, SyncChange, SyncRun
from erp.sync.models import Change, SyncKind
from projects.permissions import visible_projects

PER_PAGE = 50
HARMFUL = (Change.GONE, Change.INACTIVE)
CODE_OF_LINES = {  # where a line's code in the ERP is found
    SyncKind.JOBS: "job__erp_link__erp_job__code",
    SyncKind.COST_CODES: "cost_code__erp_link__erp_cost_code__code",
    SyncKind.COST_TYPES: "cost_type__erp_link__erp_cost_type__code",
    SyncKind.UNITS: "unit__code",
}
FIELDS = {"name": "name", "parent": "above it", "status": "status", "writable": "takes documents"}
VALUES = {"True": "yes", "False": "no", "": "nothing"}


@dataclass
class Shown:
    """One change as people read it: its words, its fields (name, old, new), and the lines it concerns."""

    row: SyncChange
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines of budgets have the code."""
        return sum(use.lines for use in self.uses)

    @property
    def tone(self) -> str:
        """The colour of its mark, beside its words."""
        return {Change.ADDED: "good", Change.BACK: "good", Change.CHANGED: ""}.get(
            Change(self.row.change), "warn"
        )


@dataclass(frozen=True)
class RunPage:
    """A run's page: the filters with counts, one page of changes, and what was read and made in words."""

    run: SyncRun
    kinds: list[tuple[str, str, int]]
    changes: list[tuple[str, str, int]]
    kind: str
    change: str
    query: str
    page: Page[SyncChange]
    rows: list[Shown]


def runs(connection: Connection) -> QuerySet[SyncRun]:
    """This function will find a connection's runs, the newest first."""
    return connection.sync_runs.select_related("asked_by", "cancelled_by", "connection__company")


def run_page(run: SyncRun, *, kind: str, change: str, query: str, page_number: int, user: Any) -> RunPage:
    """This function will read one page of what a run changed."""
    kind = kind if kind in SyncKind.values else ""
    change = change if change in Change.values else ""
    rows = changes_of(run, kind=kind, change=change, query=query)
    page = Paginator(rows, PER_PAGE).get_page(page_number)
    return RunPage(
        run=run,
        kinds=_counted(run, SyncKind.choices, by_kind=True),
        changes=_counted(run, Change.choices, by_kind=False),
        kind=kind,
        change=change,
        query=query,
        page=page,
        rows=_shown(run, list(page.object_list), user),
    )


def changes_of(run: SyncRun, *, kind: str, change: str, query: str) -> QuerySet[SyncChange]:
    """This function will find what a run changed, by kind, change and a part of the code."""
    wanted = {name: value for name, value in (("kind", kind), ("change", change)) if value}
    if query:
        wanted["code__icontains"] = query
    return run.rows.filter(**wanted)


def _counted(run: SyncRun, choices: list[tuple[str, str]], *, by_kind: bool) -> list[tuple[str, str, int]]:
    counts: dict[str, int] = defaultdict(int)
    for kind, told in run.changes.items():
        for word, number in told.items():
            counts[kind if by_kind else word] += number
    return [(key, label, counts[key]) for key, label in choices if counts[key]]


def told(row: SyncChange) -> list[tuple[str, str, str]]:
    """This function will say each field that has another value, with the old and the new one in words."""
    return [
        (FIELDS.get(name, name), VALUES.get(old, old), VALUES.get(new, new))
        for name, (old, new) in row.fields.items()
    ]


def _shown(run: SyncRun, rows: list[SyncChange], user: Any) -> list[Shown]:
    uses = {key: found for kind in CODE_OF_LINES for key, found in _uses(run, kind, rows, user)}
    return [Shown(row, told(row), uses.get((row.kind, row.code), [])) for row in rows]


def _uses(
    run: SyncRun, kind: SyncKind, rows: Collection[SyncChange], user: Any
) -> Iterator[tuple[tuple[str, str], list[Use]]]:
    """Find the lines that have the codes of a kind which may be used no more."""
    codes = [row.code for row in rows if row.kind == kind and row.change in HARMFUL]
    if not codes:
        return
    key, company = CODE_OF_LINES[kind], run.connection.company_id
    seen = visible_projects(user).filter(pk=OuterRef("budget__project"))
    counted = (
        BudgetLine.objects.filter(**{f"{key}__in": codes, "budget__project__company": company})
        .order_by("budget__project__name")
        .values(key, "budget__project", "budget__project__name", visible=Exists(seen))
        .annotate(number=Count("pk"))
    )
    found: dict[str, list[Use]] = defaultdict(list)
    for one in counted:
        found[one[key]].append(
            Use(one["budget__project__name"], one["number"], one["budget__project"], one["visible"])
        )
    for code, uses in found.items():
        yield (kind.value, code), uses
