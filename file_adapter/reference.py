"""Reference files that the accountant exports into the folder, as the port's plain rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from erp.port import (
    AssignedCostCodeRow,
    BudgetCodeRow,
    CompanyRow,
    CostCodeRow,
    CostTypeRow,
    ErpKey,
    ErpLimits,
    ErpMisconfigured,
    ErpUnavailable,
    JobRow,
    JobStatus,
    UnitRow,
)
from file_adapter.cells import Cell, Wrong, amount_of, text_of, yes_of
from file_adapter.disk import content
from file_adapter.places import COMPANIES, REFERENCE, SUFFIXES, Places
from file_adapter.tables import Row, Unreadable, rows_of

LIMITS = ErpLimits(job=10, cost_code=16, cost_type=16, code_pattern="[ -~]+")
UNIT_LENGTH, NAME_LENGTH = 6, 60
RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Kind:
    """A reference file: its name, the columns it must have and those it may have, and whether it may be missing."""

    name: str
    needed: tuple[str, ...]
    more: tuple[str, ...] = ()
    optional: bool = False

    @property
    def wanted(self) -> str:
        """This property will say what the file must look like."""
        more = f" (and perhaps {', '.join(self.more)})" if self.more else ""
        return f"a CSV or XLSX file with the columns {', '.join(self.needed)}{more}"


COMPANY = Kind(COMPANIES, ("code", "name", "currency"))
JOBS = Kind("jobs", ("code", "name", "parent", "status"), ("writable",))
COST_CODES = Kind("cost_codes", ("code", "name"), ("parent", "active"))
COST_TYPES = Kind("cost_types", ("code", "name"), ("active",))
UNITS = Kind("units", ("code", "name"))
BUDGET = Kind("budget", ("job", "cost_code", "cost_type", "original", "current"), ("name", "active", "unit"))
ASSIGNMENTS = Kind("assignments", ("job", "cost_code"), ("active",), optional=True)


class Reference:
    """The reference files of one company; read anew each time, for they are replaced while we work."""

    def __init__(self, places: Places, *, settle: float) -> None:
        self._places, self._settle = places, settle

    def missing(self) -> list[str]:
        """This function will say which files are missing or of no use, one sentence each."""
        said = []
        for kind, read in (
            (JOBS, self.jobs),
            (COST_CODES, self.cost_codes),
            (COST_TYPES, self.cost_types),
            (UNITS, self.units),
            (BUDGET, self.budget),
            (ASSIGNMENTS, self.assignments),
        ):
            try:
                if self._path(kind) is None and not kind.optional:
                    said.append(f"{self._named(kind)} is missing: {kind.wanted}.")
                else:
                    list(read())
            except (ErpMisconfigured, ErpUnavailable) as problem:
                said.append(str(problem))
        return said

    def companies(self) -> Iterator[CompanyRow]:
        """This function will read every company. Raises ErpUnavailable, ErpMisconfigured."""
        return self._rows(
            COMPANY, lambda row: CompanyRow(_code(row, "code", 8), _name(row), row.read("currency", text_of))
        )

    def jobs(self) -> Iterator[JobRow]:
        """This function will read every job and sub job."""

        def made(row: Row) -> JobRow:
            return JobRow(
                code=_code(row, "code", LIMITS.job),
                name=_name(row),
                parent=_code(row, "parent", LIMITS.job, empty=True),
                status=row.read("status", _status),
                writable=_flag(row, "writable"),
            )

        return self._rows(JOBS, made)

    def cost_codes(self) -> Iterator[CostCodeRow]:
        """This function will read every cost code."""

        def made(row: Row) -> CostCodeRow:
            code, parent = (
                _code(row, "code", LIMITS.cost_code),
                _code(row, "parent", LIMITS.cost_code, empty=True),
            )
            return CostCodeRow(code, _name(row), parent, _flag(row, "active"))

        return self._rows(COST_CODES, made)

    def cost_types(self) -> Iterator[CostTypeRow]:
        """This function will read every cost type."""
        return self._rows(
            COST_TYPES,
            lambda row: CostTypeRow(_code(row, "code", LIMITS.cost_type), _name(row), _flag(row, "active")),
        )

    def units(self) -> Iterator[UnitRow]:
        """This function will read every unit."""
        return self._rows(UNITS, lambda row: UnitRow(_code(row, "code", UNIT_LENGTH), _name(row)))

    def assignments(self) -> Iterator[AssignedCostCodeRow]:
        """This function will read which cost codes are listed for which jobs; none where there is no such file."""
        if self._path(ASSIGNMENTS) is None:
            return iter(())

        def made(row: Row) -> AssignedCostCodeRow:
            job, code = _code(row, "job", LIMITS.job), _code(row, "cost_code", LIMITS.cost_code)
            return AssignedCostCodeRow(job, code, _flag(row, "active"))

        return self._rows(ASSIGNMENTS, made)

    def budget(self) -> Iterator[BudgetCodeRow]:
        """This function will read what is budgeted, as it was exported."""

        def made(row: Row) -> BudgetCodeRow:
            return BudgetCodeRow(
                key=ErpKey(
                    _code(row, "job", LIMITS.job),
                    _code(row, "cost_code", LIMITS.cost_code),
                    _code(row, "cost_type", LIMITS.cost_type),
                ),
                name=_name(row),
                original=row.read("original", amount_of),
                current=row.read("current", amount_of),
                active=_flag(row, "active"),
                unit=_code(row, "unit", UNIT_LENGTH, empty=True),
            )

        return self._rows(BUDGET, made)

    def exported_at(self) -> datetime:
        """This function will say when the budget was exported. Raises ErpUnavailable."""
        path = self._path(BUDGET)
        if path is None:
            raise ErpUnavailable(f"{self._named(BUDGET)} is missing: {BUDGET.wanted}.")
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)

    # -- files -------------------------------------------------------------------------------------------------

    def _rows(self, kind: Kind, made: Callable[[Row], RowT]) -> Iterator[RowT]:
        path = self._path(kind)
        data = None if path is None else content(path)
        if path is None or data is None:
            raise ErpUnavailable(f"{self._named(kind)} is missing: {kind.wanted}.")
        if 0 <= time.time() - path.stat().st_mtime < self._settle:  # a share's clock may be ahead of ours
            raise ErpUnavailable(
                f"{self._places.said(path)} is being written just now.", retry_after=self._settle
            )
        try:
            rows = rows_of(data, needed=kind.needed)
            return iter(_once([(row.number, made(row)) for row in rows]))
        except (Unreadable, Wrong) as problem:
            raise ErpMisconfigured(
                f"{self._places.said(path)}: {problem} It must be {kind.wanted}."
            ) from None

    def _path(self, kind: Kind) -> Path | None:
        folder = self._places.root if kind is COMPANY else self._places.home / REFERENCE
        there = [path for suffix in SUFFIXES if content(path := folder / f"{kind.name}{suffix}") is not None]
        if len(there) > 1:
            raise ErpMisconfigured(
                f"There is {self._places.said(there[0])} and {there[1].name}. Keep one of them."
            )
        return there[0] if there else None

    def _named(self, kind: Kind) -> str:
        folder = self._places.root if kind is COMPANY else self._places.home / REFERENCE
        return self._places.said(folder / f"{kind.name}.csv")


def _once(rows: Iterable[tuple[int, RowT]]) -> list[RowT]:
    """Refuse two rows of one code, naming both."""
    seen: dict[object, int] = {}
    kept = []
    for number, row in rows:
        key = getattr(row, "key", None) or (getattr(row, "job", ""), getattr(row, "code", ""))
        if key in seen:
            raise Wrong(f"Rows {seen[key]} and {number} have the same code. Keep one.")
        seen[key] = number
        kept.append(row)
    return kept


def _code(row: Row, column: str, longest: int, *, empty: bool = False) -> str:
    def how(cell: Cell) -> str:
        code = text_of(cell)
        if not code and not empty:
            raise Wrong("the code is missing")
        if len(code) > longest or not (code.isascii() and (code.isprintable() or not code)):
            raise Wrong(f"{code!r} has more than {longest} characters, or others than plain ones")
        return code

    return row.read(column, how)


def _name(row: Row) -> str:
    """A name only stands beside its code, so it may be cut, and a number is no harm."""
    cell = row.cells.get("name")
    return (text_of(cell) if cell is None or isinstance(cell, str) else str(cell))[:NAME_LENGTH]


def _flag(row: Row, column: str) -> bool:
    return True if row.cells.get(column) in (None, "") else row.read(column, yes_of)


def _status(cell: Cell) -> JobStatus:
    try:
        return JobStatus(str(cell or "").strip().casefold())
    except ValueError:
        raise Wrong(f"{cell!r} is none of {', '.join(JobStatus)}") from None
