"""What upper floors know about the lines of a budget, for its grid, export and API.

The Budget tool does not know any ERP; whoever does registers a source when the application starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets import large_reads
from budgets.models import Budget


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What is known about one line besides the budget itself; company currency, None where nothing is known."""

    sent: Decimal | None = None  # what was sent to accounting and not taken back
    in_erp: Decimal | None = None  # the ERP's current budget at the last reading
    cost: Decimal | None = None  # job-to-date cost as the ERP last told
    changed_since_send: bool = False
    remark: bool = False  # whether the last rejection has a remark on it
    warnings: tuple[str, ...] = ()  # why accounting or the ERP would refuse it, a few words each


@dataclass(frozen=True, slots=True)
class CostFacts:
    """What is known about a budget's job-to-date costs beside its lines; company currency.

    `read_at` is how old the oldest of it is, None while nothing is known. `elsewhere` was spent on codes of the ERP
    that are no line here, or several lines: it is on none of them, and part of the total. `places` names those codes.
    """

    read_at: datetime | None = None
    elsewhere: Decimal = Decimal("0.00")
    places: tuple[str, ...] = ()


UNKNOWN = LineFacts()
COLUMNS = "sent, in_erp, cost, changed, remark"


def made(values: Sequence[Any], warned: tuple[str, ...]) -> LineFacts:
    """This function will make facts of what a relation says in its `COLUMNS`."""
    sent, in_erp, cost, changed, remark = values
    return LineFacts(sent, in_erp, cost, changed, remark, warned)


@dataclass(frozen=True)
class Relation:
    """A query of one row a line: line_id and `COLUMNS`. Its parameters have names, `budget` among them."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)


NOTHING = Relation(
    "SELECT 0::bigint AS line_id, NULL::numeric AS sent, NULL::numeric AS in_erp, NULL::numeric AS cost,"
    " FALSE AS changed, FALSE AS remark WHERE FALSE"
)


@dataclass(frozen=True)
class Source:
    """Who knows: `relation` and `warnings` about the lines of a budget, `costs` what was spent beside its lines, `erp`
    what people call its ERP."""

    relation: Callable[[Budget], Relation] = lambda budget: NOTHING
    warnings: Callable[[Budget], Mapping[int, tuple[str, ...]]] = lambda budget: {}
    costs: Callable[[Budget], CostFacts] = lambda budget: CostFacts()
    erp: Callable[[Budget], str] = lambda budget: "the ERP"


_sources = [Source()]


def register(source: Source) -> None:
    """This function will make this the source of what pages show; an app calls it once, when it starts."""
    _sources[:] = [source]


def relation(budget: Budget) -> Relation:
    """This function will give the query of what is known about the lines of a budget, to be joined and summed."""
    return _sources[0].relation(budget)


def of_lines(
    budget: Budget, *, only: Collection[int] | None = None, with_warnings: bool = True
) -> Mapping[int, LineFacts]:
    """This function will read what is known about a budget's lines, or some of them, by line id."""
    known, warned = relation(budget), warnings(budget) if with_warnings else {}
    sql = f"SELECT line_id, {COLUMNS} FROM ({known.sql}) facts"  # noqa: S608  no value is in it
    if only is not None:
        sql += " WHERE line_id = ANY(%(only)s)"
    with large_reads.cursor() as cursor:
        cursor.execute(sql, {**known.params, "only": list(only or ())})
        return {pk: made(values, warned.get(pk, ())) for pk, *values in cursor.fetchall()}


def warnings(budget: Budget) -> Mapping[int, tuple[str, ...]]:
    """This function will say in a few words why lines would be refused, by line id."""
    return _sources[0].warnings(budget)


def erp_name(budget: Budget) -> str:
    """This function will name the ERP of a budget as people call it."""
    return _sources[0].erp(budget)


def costs(budget: Budget) -> CostFacts:
    """This function will read what is known about a budget's costs to date beside its lines."""
    return _sources[0].costs(budget)
