"""A file of many modifications, read: rows put together by their key, every error with its place. Writes nothing."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from budgets import money
from budgets.errors import MOST_TEXT
from budgets.files.cells import unescaped
from budgets.files.spreadsheets import RowError
from budgets.files.workbook_guards import Unreadable
from budgets.files.workbooks import grid
from budgets.models import Budget, Modification, ModificationState
from budgets.modifications.many import MOST, NewKey, Written
from budgets.modifications.services import MOST_TITLE
from budgets.money import ZERO
from projects.models import CostCode, CostType, Job

NAMES = {
    "modification": ("modification", "key", "number", "no", "pci"),
    "title": ("title", "what_for", "subject", "name"),
    "date": ("date",),
    "note": ("note", "notes", "reason", "description"),
    "job": ("job", "job_code", "sub_job"),
    "cost_code": ("cost_code", "phase_code", "phase", "code"),
    "cost_type": ("cost_type", "type", "category"),
    "amount": ("amount", "change"),
    "state": ("state", "status"),
}
FIELD_OF = {name: field for field, names in NAMES.items() for name in names}
NEEDED = ("title", "date", "cost_code", "cost_type", "amount")
HEADER = ("modification", "title", "date", "note", "job", "cost code", "type", "amount")
MOST_HINTS = 50  # comparing is slow, and nobody reads more


@dataclass
class FileModification:
    """One modification of a file: its rows put together, with what is wrong in them."""

    key: str
    row: int  # the first one, as a spreadsheet counts
    title: str
    date: datetime.date | None
    note: str
    amounts: list[tuple[int | NewKey, Decimal]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    bad: int = 0  # rows with an error
    like: Modification | None = None  # one that is here already and says the same

    @property
    def net(self) -> Decimal:
        """Sum of the amounts, company currency."""
        return sum((amount for _, amount in self.amounts), ZERO)

    @property
    def moved(self) -> Decimal:
        """What it moves, company currency: see `money.moved`."""
        return money.moved(amount for _, amount in self.amounts)

    @property
    def new_lines(self) -> list[str]:
        """Lines that the budget lacks and that would be made."""
        keys = zip(self.names, self.amounts, strict=True)
        return [name for name, (key, _) in keys if isinstance(key, tuple)]


@dataclass
class FileOfMany:
    """What a file holds. With an error in it nothing is written."""

    modifications: list[FileModification] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def written(self) -> list[Written]:
        """The modifications as the service takes them."""
        return [
            Written(one.title, one.date, one.note, one.amounts)
            for one in self.modifications
            if one.date is not None
        ]


class _Wrong(Exception):
    """A cell that cannot be taken."""


def read(budget: Budget, *, data: bytes) -> FileOfMany:
    """This function will read a CSV or XLSX file of modifications of a budget. Raises Unreadable for it as a whole."""
    cells = grid(data=data)
    start = next((i for i, row in enumerate(cells) if any(_text(cell).strip() for cell in row)), None)
    if start is None:
        raise Unreadable("The file is empty.")
    header = [_text(cell).strip() for cell in cells[start]]
    reader = _Reader(budget, header, _columns(header))
    for number, row in enumerate(cells[start + 1 :], start=start + 2):
        if any(_text(cell).strip() for cell in row):
            reader.take(number, row)
    if not reader.found.modifications:
        raise Unreadable("The file has a header but no rows below it.")
    if len(reader.found.modifications) > MOST:
        raise Unreadable(f"The file has more than {MOST:,} modifications. Split it.")
    return reader.found


def _columns(header: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        known = FIELD_OF.get(re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_"))
        if known is not None and known not in places:
            places[known] = place
    missing = [name.replace("_", " ") for name in NEEDED if name not in places]
    if missing:
        seen = ", ".join(name for name in header if name)
        raise Unreadable(
            f"No column for {', '.join(missing)}. The header says: {seen}. It needs: {', '.join(HEADER)}."
        )
    return places


class _Reader:
    """Puts rows together, with the codes of the budget read once for all of them."""

    def __init__(self, budget: Budget, header: Sequence[str], columns: dict[str, int]) -> None:
        self.header, self.columns, self.found = header, columns, FileOfMany()
        self.by_key: dict[str, FileModification] = {}
        jobs = list(Job.objects.filter(project=budget.project_id))
        self.jobs = {job.code for job in jobs}
        self.main = next((job.code for job in jobs if job.parent_id is None), "")
        lines = budget.lines.select_related("job", "cost_code", "cost_type")
        self.lines = {(line.job.code, line.code, line.type): line.pk for line in lines}
        company = budget.project.company_id
        self.codes = set(CostCode.objects.filter(company=company).values_list("code", flat=True))
        self.types = {
            word.casefold(): code
            for code, name in CostType.objects.filter(company=company).values_list("code", "name")
            for word in (name, code)
        }

    def take(self, number: int, row: list[Any]) -> None:
        """Read a row into its modification."""
        cells = {name: row[place] if place < len(row) else "" for name, place in self.columns.items()}
        one = self._modification(number, cells)
        before = len(self.found.errors)
        self._refuse_old(number, one, cells)
        amount = self._read(number, "amount", cells, _amount)
        key = self._line(number, cells)
        if key is not None and key in (known for known, _ in one.amounts):
            self._wrong(number, "cost_code", cells, "This line is in the modification already. Add both up.")
        if len(self.found.errors) > before or key is None or amount is None:
            one.bad += 1
            return
        one.amounts.append((key, amount))
        one.names.append(" ".join(_key_words(cells)))

    def _refuse_old(self, number: int, one: FileModification, cells: dict[str, Any]) -> None:
        """A list taken away holds what counts already, or counts no longer: loaded, it would count once more."""
        state = unescaped(_text(cells.get("state", ""))).strip().casefold()
        if state in ("", ModificationState.DRAFT):
            return
        said = f"Modification {one.key} is {state} already; a file brings new ones only. Take its rows out."
        if state not in ModificationState.values:
            said = f"{state[:30]} is no state of a new modification. Leave it empty, or enter draft."
        self._wrong(number, "state", cells, said)

    def _modification(self, number: int, cells: dict[str, Any]) -> FileModification:
        title = unescaped(_text(cells["title"])).strip()
        key = _text(cells.get("modification", "")).strip() or title
        one = self.by_key.get(key)
        if one is not None:
            if title and title != one.title:
                said = f"Row {one.row} calls modification {key} “{one.title}”. One key, one title."
                self._wrong(number, "title", cells, said)
                one.bad += 1
            return one
        note = unescaped(_text(cells.get("note", ""))).strip()
        one = FileModification(key, number, title, self._read(number, "date", cells, _day), note)
        if not title or len(title) > MOST_TITLE:
            self._wrong(number, "title", cells, f"A title has from 1 to {MOST_TITLE} characters.")
        if len(note) > MOST_TEXT:
            self._wrong(number, "note", cells, f"A note has at most {MOST_TEXT:,} characters.")
        self.by_key[key] = one
        self.found.modifications.append(one)
        return one

    def _read(self, number: int, name: str, cells: dict[str, Any], how: Any) -> Any:
        try:
            return how(cells[name])
        except (_Wrong, money.NotExact) as problem:
            self._wrong(number, name, cells, str(problem))
            return None

    def _line(self, number: int, cells: dict[str, Any]) -> int | NewKey | None:
        """The line's id, or the codes of one the budget lacks; None where a code is unknown."""
        job, code, kind = _key_words(cells)
        job = job or self.main
        kind = self.types.get(kind.casefold(), kind)
        known = self.lines.get((job, code, kind))
        if known is not None:
            return known
        if job not in self.jobs:
            said = f"{job} is no job of this project. It has {', '.join(sorted(self.jobs))}."
            self._wrong(number, "job", cells, said)
        elif code not in self.codes:
            self._wrong(
                number, "cost_code", cells, f"{code or 'An empty code'} is unknown.{self._hint(code)}"
            )
        elif kind.casefold() not in self.types:
            said = f"{kind or 'An empty type'} is no cost type. Use {', '.join(sorted(set(self.types.values())))}."
            self._wrong(number, "cost_type", cells, said)
        else:
            return (job, code, kind)
        return None

    def _hint(self, code: str) -> str:
        if len(self.found.errors) > MOST_HINTS:
            return ""
        close = get_close_matches(code, self.codes, n=1, cutoff=0.6)
        return f" Did you mean {close[0]}?" if close else " Look it up on the budget page."

    def _wrong(self, number: int, name: str, cells: dict[str, Any], said: str) -> None:
        column = self.header[self.columns[name]] if name in self.columns else name
        self.found.errors.append(RowError(number, column, _text(cells.get(name, ""))[:60], said))


def _key_words(cells: dict[str, Any]) -> tuple[str, str, str]:
    job, code, kind = (
        unescaped(_text(cells.get(name, ""))).strip() for name in ("job", "cost_code", "cost_type")
    )
    return job, code, kind


def _amount(cell: Any) -> Decimal:
    if isinstance(cell, bool | datetime.date | datetime.time | datetime.timedelta):
        raise _Wrong(f"{cell} is no amount. Format the column as a number and enter it again.")
    text = unescaped(_text(cell)).strip()
    if not text:
        raise _Wrong("The amount is empty. A formula must have been calculated.")
    # A spreadsheet keeps 15 digits: 0.30000000000000004 is somebody's 0.3.
    number = money.amount(Decimal(f"{cell:.15g}") if isinstance(cell, float) else text)
    if not number:
        raise _Wrong("The amount is 0.00. Enter one, or take the row out.")
    return number


def _day(cell: Any) -> datetime.date:
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    text = _text(cell).strip()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise _Wrong(f"{text[:30] or 'An empty cell'} is no date. Write it like 2026-11-20.") from None


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)
