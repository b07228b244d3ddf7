"""A document that was posted with other amounts, line by line: sent, posted, difference, and sums that tie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from erp.documents import ZERO
from erp.models import BatchLine
from erp.port import ErpKey


@dataclass(frozen=True)
class DifferingLine:
    """One budget code of the ERP. Company currency."""

    key: ErpKey
    sent: Decimal
    posted: Decimal

    @property
    def difference(self) -> Decimal:
        """What was posted more."""
        return self.posted - self.sent


@dataclass(frozen=True)
class Differences:
    """The codes that differ, and the others as one sum; together they are the document."""

    lines: tuple[DifferingLine, ...]
    others: int  # budget codes that were posted as sent
    others_sum: Decimal

    @property
    def sent(self) -> Decimal:
        """The document as it was sent."""
        return self.others_sum + sum((line.sent for line in self.lines), ZERO)

    @property
    def posted(self) -> Decimal:
        """The document as it was posted."""
        return self.others_sum + sum((line.posted for line in self.lines), ZERO)

    @property
    def difference(self) -> Decimal:
        """What was posted more, in all."""
        return self.posted - self.sent


def differences_by_item(
    differs: Mapping[int, Sequence[Mapping[str, Any]]],
) -> dict[int, Differences]:
    """This function will lay out many documents' differences in one query.

    `differs` are the stored differences by item id; items without any are left out.
    """
    rows: dict[int, list[BatchLine]] = defaultdict(list)
    wanted = [item for item, stored in differs.items() if stored]
    for row in BatchLine.objects.filter(item__in=wanted) if wanted else ():
        rows[row.item_id].append(row)
    return {item: lay_out(differs[item], rows[item]) for item in wanted}


def posted_more(stored: Sequence[Mapping[str, Any]]) -> dict[ErpKey, Decimal]:
    """This function will say by how much each differing code was posted higher than it was sent."""
    return {line.key: line.difference for line in _differing(stored)}


def lay_out(stored: Sequence[Mapping[str, Any]], rows: Iterable[BatchLine]) -> Differences:
    """This function will put stored differences beside the rest of a document's lines, summed by budget code."""
    lines = _differing(stored)
    sums = _sums(list(rows), lines)
    differing = {line.key for line in lines}
    others = {key: amount for key, amount in sums.items() if key not in differing}
    return Differences(lines, len(others), sum(others.values(), ZERO))


def _differing(stored: Sequence[Mapping[str, Any]]) -> tuple[DifferingLine, ...]:
    return tuple(
        DifferingLine(
            ErpKey(one["job"], one["cost_code"], one["cost_type"]),
            Decimal(one["sent"]),
            Decimal(one["found"]),
        )
        for one in stored
    )


def _sums(rows: Sequence[BatchLine], lines: Sequence[DifferingLine]) -> dict[ErpKey, Decimal]:
    """What was sent by budget code: changes, or the amounts that an original shall be.

    Which of the two the ERP was told depends on the way the document went; the differing lines show which.
    """
    changes: dict[ErpKey, Decimal] = defaultdict(lambda: ZERO)
    targets: dict[ErpKey, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        key = ErpKey(row.erp_job, row.erp_cost_code, row.erp_cost_type)
        changes[key] += row.delta
        targets[key] += row.delta if row.target is None else row.target
    as_changes = all(changes.get(line.key, ZERO) == line.sent for line in lines)
    return {key: amount for key, amount in changes.items() if amount} if as_changes else dict(targets)
