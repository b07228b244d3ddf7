"""A modification drawn: the lines that give, the lines that take, and what is left over."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from erp.decision.beside_erp import DecisionItem, DecisionRow
from erp.documents import ZERO
from erp.port import DocumentKind

MOST_LEGS = 8  # on either side; the table below has all of them


@dataclass(frozen=True)
class Side:
    """One side of the arrow, largest first."""

    legs: list[DecisionRow]
    more: int
    total: Decimal

    @property
    def rest(self) -> Decimal:
        """What the legs that are not drawn come to."""
        return self.total - sum((leg.change for leg in self.legs), ZERO)


@dataclass(frozen=True)
class Transfer:
    """From these lines to those; `net` is what the total changes by, 0.00 where it is a transfer."""

    sources: Side
    targets: Side
    net: Decimal


def drawn(shown: DecisionItem) -> Transfer | None:
    """This function will draw a modification that takes and gives; None for what only adds or only takes away."""
    if shown.item.kind != DocumentKind.MODIFICATION:
        return None
    sources = sorted((row for row in shown.rows if row.change < 0), key=lambda row: row.change)
    targets = sorted((row for row in shown.rows if row.change > 0), key=lambda row: -row.change)
    if not sources or not targets:
        return None
    return Transfer(_side(sources), _side(targets), shown.net)


def _side(rows: list[DecisionRow]) -> Side:
    total = sum((row.change for row in rows), ZERO)
    return Side(rows[:MOST_LEGS], max(0, len(rows) - MOST_LEGS), total)
