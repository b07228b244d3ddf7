"""What a file would do to a budget: which lines are new, changed, unchanged, and which the file does not name.

Reads only, a fixed number of queries; the preview shows it and the import carries it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from budgets import money
from budgets.files.spreadsheets import FileRow, RowError, Sheet, double
from budgets.models import Budget
from projects.models import CostCode, CostType, Job, Project, Unit

LINKED: dict[str, type[CostCode | CostType | Unit]] = {
    "cost_code": CostCode,
    "cost_type": CostType,
    "unit": Unit,
}
PLAIN = ("description", "quantity", "unit_cost", "automatic", "amount")
MOST_HINTS = 50  # comparing is slow, and nobody reads more
Key = tuple[int, str, str]  # job id, cost code, cost type: the budget code
Values = dict[str, Any]  # a line's columns by attribute

READ = (
    *(
        "pk",
        "job_id",
        "cost_code_id",
        "cost_code_text",
        "cost_type_id",
        "cost_type_text",
        "unit_id",
        "unit_text",
    ),
    *("description", "quantity", "unit_cost", "automatic", "amount", "version"),
    *("was_posted", "in_batch", "cost_code__code", "cost_type__code", "unit__code", "job__code"),
)


class Entry(NamedTuple):
    """One row of the file with the line it is about (None: a new one) and what it makes of it.

    `changes` are (field, old, new) in people's words for the columns that differ.
    """

    row: FileRow
    key: Key
    line: Values | None
    values: Values
    changes: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Unknown:
    """A code of the file that the company does not have; it stays on its lines as text until Send asks for it."""

    field: str  # cost_code, cost_type or unit
    code: str
    rows: tuple[int, ...]
    suggestion: str  # a code of the company that looks alike, or empty


@dataclass
class Plan:
    """Everything a file means for a budget. `missing` are stored lines that no row names, not even a bad one.

    `unclear` are the numbers of rows of which nobody can say which line they mean.
    """

    new: list[Entry] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)
    unchanged: list[Entry] = field(default_factory=list)
    missing: list[Values] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    unclear: set[int] = field(default_factory=set)

    @property
    def nothing_goes(self) -> str:
        """Why no line may be removed, whatever the person chooses; "" where lines may. An unclear row may mean any."""
        if not (self.unclear and self.missing):
            return ""
        shown = ", ".join(map(str, sorted(self.unclear)[:8]))
        more = f" and {len(self.unclear) - 8} more" if len(self.unclear) > 8 else ""
        return (
            "No line can be removed while it is not clear which lines the file names: the job, cost code or cost type "
            f"in row{'s' if len(self.unclear) > 1 else ''} {shown}{more} cannot be read, or stands in the file twice. "
            "Put that right first."
        )

    @property
    def bad(self) -> set[int]:
        """The numbers of the rows that have an error."""
        return {e.row for e in self.errors} | {e.also for e in self.errors if e.also is not None}

    def without_bad_rows(self) -> None:
        """This function will take out every row with an error: what is left can be loaded."""
        bad = self.bad
        for entries in (self.new, self.changed, self.unchanged):
            entries[:] = [entry for entry in entries if entry.row.number not in bad]


def plan(budget: Budget, sheet: Sheet) -> Plan:
    """This function will hold a file against the lines of a budget."""
    codes = Codes(budget.project)
    lines = {_key_of(line): line for line in _lines(budget)}
    made = Plan(unknown=codes.unknown(sheet.rows))
    taken: dict[Key, int] = {}
    for row in sheet.rows:
        key = codes.key(row)
        if key is None:
            made.unclear.add(row.number)
            made.errors.append(_no_job(row, codes))
            continue
        first = taken.setdefault(key, row.number)
        if first != row.number:
            made.unclear |= {first, row.number}
            made.errors.append(double(row, first=first, column="cost code"))
            continue
        line, values = lines.get(key), codes.values(row)
        if line is None:
            made.new.append(Entry(row, key, None, values))
        elif changes := _changes(line, row, values):
            made.changed.append(Entry(row, key, line, values, changes))
        else:
            made.unchanged.append(Entry(row, key, line, values))
    made.unclear |= _unclear(sheet.left_out, codes, taken)
    made.missing = [line for key, line in lines.items() if key not in taken]
    made.without_bad_rows()
    return made


def _unclear(left_out: Sequence[FileRow], codes: Codes, taken: dict[Key, int]) -> set[int]:
    """The bad rows that do not say clearly which line they mean; takes the lines that the others name."""
    unclear: set[int] = set()
    for row in left_out:
        key = codes.key(row)
        first = None if key is None else taken.setdefault(key, row.number)
        if first is None:
            unclear.add(row.number)
        elif first != row.number:
            unclear |= {first, row.number}
    return unclear


def _lines(budget: Budget) -> Sequence[Values]:
    return list(budget.lines.order_by("pk").values(*READ))


def _key_of(line: Values) -> Key:
    return line["job_id"], code_of(line), type_of(line)


def code_of(line: Mapping[str, Any]) -> str:
    """This function will give a stored line's cost code, or the text that stands for it."""
    return line["cost_code__code"] or line["cost_code_text"]


def type_of(line: Mapping[str, Any]) -> str:
    """This function will give a stored line's cost type, or the text that stands for it."""
    return line["cost_type__code"] or line["cost_type_text"]


def _no_job(row: FileRow, codes: Codes) -> RowError:
    job = row.values["job"]
    said = f"{job} is no job of this project. It has {', '.join(sorted(codes.jobs))}."
    return RowError(row.number, "job", job, said, "job", alike(job, codes.jobs))


# -- codes ------------------------------------------------------------------------------------------------


class Codes:
    """The codes of a project and its company, read once for all rows."""

    def __init__(self, project: Project) -> None:
        jobs = Job.objects.filter(project=project)
        self.jobs = {job.code: job.pk for job in jobs}
        self.main = next((job.pk for job in jobs if job.parent_id is None), None)
        self.known: dict[str, dict[str, int]] = {
            name: dict(model.objects.filter(company=project.company_id).values_list("code", "pk"))
            for name, model in LINKED.items()
        }

    def by_field(self) -> dict[str, dict[str, int]]:
        """Everything that may stand in a column of codes, by field."""
        return {**self.known, "job": self.jobs, "master_job": self.jobs}

    def key(self, row: FileRow) -> Key | None:
        """The budget code a row means; None where it has none of this project."""
        code = row.values.get("job", "")
        job = self.jobs.get(code) if code else self.main
        cost_code, cost_type = (row.values.get(name, "") for name in ("cost_code", "cost_type"))
        return (job, cost_code, cost_type) if job is not None and cost_code and cost_type else None

    def values(self, row: FileRow) -> Values:
        """A row as columns of a line: a known code as its id, an unknown one as text."""
        given = row.values
        values = {name: given[name] for name in PLAIN if name in given}
        for name, known in self.known.items():
            if name in given:
                pk = known.get(given[name])
                values[f"{name}_id"] = pk
                values[f"{name}_text"] = "" if pk else given[name]
        return values

    def unknown(self, rows: Sequence[FileRow]) -> list[Unknown]:
        """The codes of the file that nobody knows, each with its rows and what may have been meant."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for name, known in self.known.items():
            for row in rows:
                code = row.values.get(name, "")
                if code and code not in known:
                    found[name, code].append(row.number)
        return [
            Unknown(name, code, tuple(numbers), alike(code, self.known[name]) if place < MOST_HINTS else "")
            for place, ((name, code), numbers) in enumerate(found.items())
        ]


def alike(code: str, known: Mapping[str, int]) -> str:
    """This function will find the known code that looks most like it; a difference of case or blanks comes first."""
    plain = {other.strip().casefold(): other for other in known}
    close = get_close_matches(code, known, n=1, cutoff=0.7)
    return plain.get(code.strip().casefold()) or (close[0] if close else "")


# -- lines ------------------------------------------------------------------------------------------------


def _changes(line: Values, row: FileRow, values: Values) -> tuple[tuple[str, Any, Any], ...]:
    """What a row changes of a stored line; completes `values` where the line's automatic amount ends."""
    if line["automatic"] and "automatic" not in values:
        # The file brings a plain amount: the line stays automatic only where that is what it comes to anyway.
        quantity, unit_cost = (values.get(name, line[name]) for name in ("quantity", "unit_cost"))
        values["automatic"] = _comes_to(quantity, unit_cost) == values["amount"]
    if all(line[name] == value for name, value in values.items()):
        return ()
    told = [(name, line[name], values[name]) for name in PLAIN if name in values]
    for name in LINKED:
        pair = (f"{name}_id", f"{name}_text")
        if pair[0] in values and any(line[each] != values[each] for each in pair):
            told.append((name, *_codes_in_words(name, line, row, values)))
    return tuple(change for change in told if change[1] != change[2])


def _codes_in_words(name: str, line: Values, row: FileRow, values: Values) -> tuple[str, str]:
    """Old and new code of a line; one that was text and is known by now says so."""
    old, new = str(line[f"{name}__code"] or line[f"{name}_text"]), str(row.values.get(name, ""))
    if old == new and line[f"{name}_id"] != values.get(f"{name}_id"):
        return f"{old} (unknown)", new
    return old, new


def _comes_to(quantity: Decimal | None, unit_cost: Decimal | None) -> Decimal | None:
    if quantity is None or unit_cost is None:
        return None
    try:
        return money.extended(quantity, unit_cost)
    except money.NotExact:
        return None
