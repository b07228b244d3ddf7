"""What was sent of budgets, by the ERP's codes: what counts as posted, what is on its way, and from which base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from erp.documents import ZERO
from erp.models import OPEN, BatchLine, BatchState, DocumentState
from erp.port import DocumentKind, ErpKey
from erp.reconciliation.balance_facts import Cause, Held, Key
from erp.reset.link_epochs import past_ones, past_rows

SENT = (
    *("item__batch__budget_id", "line_id", "item__kind", "item__batch__state", "item__document__state"),
    *("target", "base", "delta", "erp_job", "erp_cost_code", "erp_cost_type"),
)
NOWHERE = (DocumentState.WITHDRAWN,)  # taken out again, or left there as the ERP's own: as if not sent


@dataclass
class Sent:
    """What was sent of one budget, in the making."""

    originals: dict[int, tuple[Key, Decimal]] = field(default_factory=dict)  # the newest posted, by line
    changes: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    any_posted: bool = False
    bases: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    way: dict[tuple[Key, Cause], Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    homes: dict[int, ErpKey] = field(default_factory=dict)  # where a line was last fixed to be, by line
    seen: set[Key] = field(default_factory=set)

    @property
    def measures(self) -> bool:
        """Whether modifications count and no original does: the next send measures originals against the ERP's own.

        So it is after a reset of the link to the same job, and where the first original was returned.
        """
        return self.any_posted and not self.originals

    def posted(
        self, decided: Mapping[Key, Decimal], held: Mapping[ErpKey, Held], ours: Iterable[Key]
    ) -> dict[Key, Decimal] | None:
        """What was posted by code, and what was decided to count as posted; None before the first posting.

        Where originals are measured, each code that is `ours` counts with the original that the ERP holds.
        """
        if not self.any_posted:
            return None
        sums: dict[Key, Decimal] = defaultdict(lambda: ZERO, self.changes)
        for key, target in self.originals.values():
            sums[key] += target
        for key, moved in decided.items():
            sums[key] += moved
        if self.measures:
            for key in {*sums, *ours}:
                sums[key] += self.bases.get(key, _original(held, key))
        return dict(sums)


def _original(held: Mapping[ErpKey, Held], key: Key) -> Decimal:
    there = held.get(key) if isinstance(key, ErpKey) else None
    return there.original if there else ZERO


def sent_of(ids: Collection[int], mapped: Mapping[int, Key], only: Any = None) -> dict[int, Sent]:
    """What was sent of each budget, and what became of it."""
    found = {budget: Sent() for budget in ids}
    rows = BatchLine.objects.all() if only is None else only
    rows = rows.filter(item__batch__budget__in=ids).order_by("item__batch__number", "item__position", "pk")
    epochs = past_ones(ids)
    if epochs:
        rows = rows.exclude(past_rows(epochs, batch="item__batch", document="item__document"))
    for budget, epoch in epochs.items():
        found[budget].any_posted = bool(epoch.kept)  # something of the past stays in this very job
    for budget, line, kind, batch, document, target, base, delta, *theirs in rows.values_list(*SENT):
        key: Key = ErpKey(*theirs) if theirs[1] else mapped.get(line, line)
        _take(found[budget], line, key, kind, batch, document, target, base, delta)
    return found


def _take(
    was: Sent,
    line: int,
    key: Key,
    kind: str,
    batch: str,
    document: str | None,
    target: Decimal | None,
    base: Decimal | None,
    delta: Decimal,
) -> None:
    """Count one row that was sent; the rows come in the order of their batches."""
    was.seen.add(key)
    if document == DocumentState.POSTED:
        was.any_posted = True
        if kind == DocumentKind.ORIGINAL:
            was.originals[line] = (key, target or ZERO)
        else:
            was.changes[key] += delta
    elif batch not in OPEN or document in NOWHERE:
        return
    else:
        was.way[key, _cause(batch, document)] += delta
        if base is not None and batch != BatchState.WAITING:
            was.bases[key] += base
    if isinstance(key, ErpKey):
        was.homes[line] = key


def _cause(batch: str, document: str | None) -> Cause:
    if batch == BatchState.WAITING:
        return Cause.WAITING
    if document == DocumentState.REFUSED:
        return Cause.REFUSED
    return Cause.NOT_POSTED if document == DocumentState.DELIVERED else Cause.EXPORTING
