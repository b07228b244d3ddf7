"""The documents of a batch against those of an earlier one: added, gone, changed, and what each moves.

The lines' totals alone would miss it: what was taken out of one document and put into another leaves them as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from erp.decision.beside_erp import Decision
from erp.documents import ZERO
from erp.models import Batch, BatchItem
from erp.port import DocumentKind

ADDED, GONE, CHANGED = "added", "gone", "changed"


@dataclass(frozen=True)
class Content:
    """What a document holds. `amount` of an original is what it shall be, of a modification what it moves."""

    title: str
    lines: int
    amount: Decimal
    net: Decimal | None  # of a modification


@dataclass(frozen=True)
class DocumentChange:
    """One document that is not the same in both batches."""

    status: str  # added, gone or changed
    before: Content | None
    now: Content | None

    @property
    def title(self) -> str:
        """What it is called now, or was."""
        return (self.now or self.before).title  # type: ignore[union-attr]  # one of them is there


@dataclass(frozen=True)
class Totals:
    """How many documents a batch has and what they move; None while nobody read the ERP."""

    documents: int
    moved: Decimal | None


@dataclass(frozen=True)
class DocumentsBeside:
    """The documents that differ, and both batches in all."""

    changes: list[DocumentChange]
    before: Totals
    now: Totals

    @property
    def differ(self) -> bool:
        """Whether anything is not the same."""
        return bool(self.changes) or self.before != self.now


def beside(earlier: Sequence[Batch], decision: Decision) -> dict[int, DocumentsBeside]:
    """This function will lay a batch's documents beside those of earlier ones, by their id, in one query."""
    batch, read = decision.batch, decision.reading is not None
    found = _contents([*(one.pk for one in earlier), batch.pk])
    mine = found[batch.pk]
    now = Totals(len(mine), decision.moved if read else None)
    return {
        one.pk: DocumentsBeside(
            _changes(found[one.pk], mine), Totals(len(found[one.pk]), one.moved if read else None), now
        )
        for one in earlier
    }


def _contents(batches: list[int]) -> dict[int, dict[int | None, Content]]:
    """What the documents of some batches hold, by batch and modification; the original's is None."""
    found: dict[int, dict[int | None, Content]] = {batch: {} for batch in batches}
    summed: Any = (
        BatchItem.objects.filter(batch__in=batches)
        .order_by("position")
        .annotate(
            number=Count("lines"),
            target=Sum("lines__target"),
            up=Sum("lines__delta", filter=Q(lines__delta__gt=0)),
            net=Sum("lines__delta"),
        )
    )
    for item in summed:
        up, net = item.up or ZERO, item.net or ZERO
        found[item.batch_id][item.modification_id] = (
            Content(item.title, item.number, item.target or ZERO, None)
            if item.kind == DocumentKind.ORIGINAL
            else Content(item.title, item.number, max(up, up - net), net)
        )
    return found


def _changes(before: dict[int | None, Content], now: dict[int | None, Content]) -> list[DocumentChange]:
    told = [
        DocumentChange(CHANGED if key in before else ADDED, before.get(key), content)
        for key, content in now.items()
        if before.get(key) != content
    ]
    return told + [DocumentChange(GONE, content, None) for key, content in before.items() if key not in now]
