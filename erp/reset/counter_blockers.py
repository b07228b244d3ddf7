"""What stops somebody from saying that another entry in the ERP took a posted document back: its sums say so too.

The document still stands there, so what the ERP says of it tells nothing. What a reading holds on its codes does:
entry and counter-entry net to zero, so it is less than was posted by exactly what the document moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from budgets.models import Budget
from erp.documents import ZERO
from erp.models import BatchLine, Document, ErpReading
from erp.port import DocumentKind, ErpKey
from erp.reconciliation.balance_reads import balance_of
from erp.reset.answer_blockers import declared, speaks
from erp.reset.blockers import budget_of
from erp.reset.models import Fate, LinkReset
from erp.snapshots import latest_reading
from erp.sync import readings
from erp.words import erp_name
from workflow.blockers import Found, Kind, blocker
from workflow.templatetags.figures import plain_moment_in

MOST = 3  # codes named in the sentence
PATIENCE = timedelta(minutes=1)  # between two readings that are asked for because one failed


def ask(reset: LinkReset, budget: Budget, *, now: datetime) -> None:
    """This function will have the ERP read, unless it was read since the reset came to where it is."""
    newest = budget.readings.first()
    waits = newest is not None and now - newest.asked_at < PATIENCE and newest.asked_at >= _since(reset)
    if not waits and fresh_reading(reset, budget) is None:
        readings.ask(budget, now=now)


def _since(reset: LinkReset) -> datetime:
    return reset.confirmed_at or reset.asked_at


def fresh_reading(reset: LinkReset, budget: Budget) -> ErpReading | None:
    """This function will find what was read since the reset was asked for or confirmed and since the last posting."""
    reading = latest_reading(budget)
    if reading is None or reading.made_at is None or reading.made_at < _since(reset):
        return None
    posted_since = Document.objects.filter(batch__budget=budget, posted_at__gt=reading.made_at)
    return None if posted_since.exists() else reading


@blocker("original_taken_back_by_entry", Kind.PROBLEM)
def original_taken_back_by_entry(reset: LinkReset, user: Any) -> Found | None:
    """An original is measured against the originals of the job, which no other entry moves."""
    originals = [d for d in _named(reset) if d.item.kind == DocumentKind.ORIGINAL]
    if not originals:
        return None
    numbers = ", ".join(document.number for document in originals)
    return Found(
        f"{numbers} is an original budget: the next send measures it against the originals that "
        f"{erp_name(reset.connection)} holds, and another entry leaves those as they are: {_instead(reset)}"
    )


@blocker("counter_entry_not_read", Kind.WAITING)
def counter_entry_not_read(reset: LinkReset, user: Any) -> Found | None:
    """Nobody calls a document taken back by another entry before the ERP's sums were read."""
    if not _named(reset) or fresh_reading(reset, budget_of(reset)) is not None:
        return None
    erp = erp_name(reset.connection)
    return Found(
        f"{erp} is being read: whether the other entry nets to zero with what was posted is told by its sums."
    )


@blocker("no_counter_entry", Kind.PROBLEM)
def no_counter_entry(reset: LinkReset, user: Any) -> Found | None:
    """The ERP does not hold what it would hold if another entry had taken the documents back."""
    named = [d for d in _named(reset) if d.item.kind == DocumentKind.MODIFICATION]
    budget = budget_of(reset)
    reading = fresh_reading(reset, budget) if named else None
    if reading is None:
        return None
    wrong = _otherwise(budget, named, [*named, *declared(reset, Fate.REVERSED)])
    if not wrong:
        return None
    erp, numbers = erp_name(reset.connection), ", ".join(document.number for document in named)
    told = "; ".join(
        f"{key.job} {key.cost_code} {key.cost_type} holds {held:,.2f}, and would hold {right:,.2f}"
        for key, held, right in wrong[:MOST]
    )
    more = f", and {len(wrong) - MOST} codes more" if len(wrong) > MOST else ""
    made = plain_moment_in(reading.made_at, budget.project.company.time_zone) if reading.made_at else ""
    return Found(
        f"{erp}, read {made}, does not hold what it would with another entry that took {numbers} back: {told}{more}. "
        f"An entry made since then shows with the next reading: have {erp} read again. Else: {_instead(reset)}"
    )


def _instead(reset: LinkReset) -> str:
    if speaks(reset):
        return "say that it stays; what differs is found by the reconciliation."
    return "have it put right there, or cancel this reset."


def _named(reset: LinkReset) -> list[Document]:
    return declared(reset, Fate.OFFSET) if reset.is_open else []


def _otherwise(
    budget: Budget, named: Sequence[Document], gone: Sequence[Document]
) -> list[tuple[ErpKey, Decimal, Decimal]]:
    """The codes of documents that hold something else than what was posted less what is gone: (code, held, right)."""
    _, balance = balance_of(budget)
    rows = {row.key: row for row in balance.rows}
    off = _sums(gone)
    found = []
    for key in sorted(_sums(named)):
        held = rows[key].in_erp if key in rows else ZERO
        right = (rows[key].posted if key in rows else ZERO) - off[key]
        if held != right:
            found.append((key, held, right))
    return found


def _sums(documents: Sequence[Document]) -> dict[ErpKey, Decimal]:
    """What documents moved, by the ERP's codes."""
    sums: dict[ErpKey, Decimal] = defaultdict(lambda: ZERO)
    rows = BatchLine.objects.filter(item__document__in=[document.pk for document in documents])
    for job, code, kind, delta in rows.values_list("erp_job", "erp_cost_code", "erp_cost_type", "delta"):
        sums[ErpKey(job, code, kind)] += delta
    return sums
