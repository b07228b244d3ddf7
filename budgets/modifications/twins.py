"""Which modifications that are to be written are here already: loading a file again must not double money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from budgets.models import Budget, Modification, ModificationState


class Described(Protocol):
    """What a modification says: amounts by line id, or by the codes of a line that the budget lacks."""

    @property
    def title(self) -> str: ...
    @property
    def date(self) -> date: ...
    @property
    def amounts(self) -> Sequence[tuple[Any, Decimal]]: ...


def looking_alike(budget: Budget, many: Sequence[Described]) -> list[Modification | None]:
    """This function will find for each the one of the same title, date, lines and amounts that is not void."""
    rows = budget.modifications.exclude(state=ModificationState.VOID)
    rows = rows.filter(title__in={one.title for one in many})
    known = {  # where several look alike the lowest number wins, and a draft loses
        (row.title, row.date, frozenset((change.line_id, change.amount) for change in row.lines.all())): row
        for row in rows.order_by("-number", "-pk").prefetch_related("lines")
    }
    return [known.get((one.title, one.date, frozenset(one.amounts))) for one in many]
