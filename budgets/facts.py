"""What upper floors know about the lines of a budget, for its grid, export and API.

The Budget tool does not know any ERP; whoever does registers one provider when the application starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


UNKNOWN = LineFacts()
Provider = Callable[[Budget], Mapping[int, LineFacts]]


@dataclass
class Source:
    """Who provides facts: `lines` for the lines of a budget by id, `erp` for what people call the ERP."""

    lines: Provider
    erp: Callable[[Budget], str]


def _nothing(budget: Budget) -> Mapping[int, LineFacts]:
    return {}


_source = Source(lines=_nothing, erp=lambda budget: "the ERP")


def register(*, lines: Provider, erp: Callable[[Budget], str]) -> None:
    """This function will make these the facts that pages show; an app calls it once, when it starts."""
    _source.lines, _source.erp = lines, erp


def of_lines(budget: Budget) -> Mapping[int, LineFacts]:
    """This function will read what is known about a budget's lines, by line id; a missing one is `UNKNOWN`."""
    return _source.lines(budget)


def erp_name(budget: Budget) -> str:
    """This function will name the ERP of a budget as people call it."""
    return _source.erp(budget)
