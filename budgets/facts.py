"""What upper floors know about the lines of a budget, for its grid, export and API.

The Budget tool does not know any ERP; whoever does registers one provider when the application starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

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
Provider = Callable[[Budget], Mapping[int, LineFacts]]


@dataclass
class Source:
    """Who provides facts: `lines` for the lines of a budget by id, `erp` for what people call the ERP, `costs` for what
    was spent beside the lines."""

    lines: Provider
    erp: Callable[[Budget], str]
    costs: Callable[[Budget], CostFacts]


def _nothing(budget: Budget) -> Mapping[int, LineFacts]:
    return {}


_source = Source(lines=_nothing, erp=lambda budget: "the ERP", costs=lambda budget: CostFacts())


def register(*, lines: Provider, erp: Callable[[Budget], str], costs: Callable[[Budget], CostFacts]) -> None:
    """This function will make these the facts that pages show; an app calls it once, when it starts."""
    _source.lines, _source.erp, _source.costs = lines, erp, costs


def of_lines(budget: Budget) -> Mapping[int, LineFacts]:
    """This function will read what is known about a budget's lines, by line id; a missing one is `UNKNOWN`."""
    return _source.lines(budget)


def erp_name(budget: Budget) -> str:
    """This function will name the ERP of a budget as people call it."""
    return _source.erp(budget)


def costs(budget: Budget) -> CostFacts:
    """This function will read what is known about a budget's costs to date beside its lines."""
    return _source.costs(budget)
