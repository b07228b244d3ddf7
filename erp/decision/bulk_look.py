"""What an approver is shown of many batches before one press decides them: facts of many are read in few questions.

They are looked at some at a time and forgotten again: two hundred batches with all their lines are no page's memory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone

from erp.approval.reauthentication import PROVEN
from erp.approval.route_queue import know_routes
from erp.documents import ZERO
from erp.models import Batch, ErpReading, ReadingState
from erp.reset import link_epochs
from erp.snapshots import erp_connection, latest_reading
from workflow import actions
from workflow.blockers import Blocker, forget_facts, know

AT_A_TIME = 20


@dataclass(frozen=True)
class Seen:
    """The reading that an approver is shown."""

    hash: str
    made_at: datetime | None


@dataclass(frozen=True)
class Candidate:
    """One selected batch, the reading an approver is shown for it, and what stands in the way.

    `blockers` is None where a request had no time to look: what stands in the way shows when its turn comes.
    """

    batch: Batch
    reading: Seen | None
    blockers: list[Blocker] | None


@dataclass
class Sum:
    """What the batches that may be decided come to, in one currency."""

    currency: str
    batches: int = 0
    lines: int = 0
    moved: Decimal = ZERO
    net: Decimal = ZERO


def candidates(batches: Sequence[Batch], action: str, user: Any, *, seconds: float) -> list[Candidate]:
    """This function will look at one batch after the other, for some seconds."""
    end, found, read = time.monotonic() + seconds, list[Candidate](), _readings(batches)
    for start in range(0, len(batches), AT_A_TIME):
        some = batches[start : start + AT_A_TIME]
        if time.monotonic() <= end:
            _know(some)
        for batch in some:
            batch.__dict__[PROVEN] = False  # a list asks for no password, so large batches are left out
            stops = None if time.monotonic() > end else actions.blockers(batch, action, user)
            found.append(Candidate(batch, read.get(batch.budget_id), stops))
            forget_facts(batch)
            forget_facts(batch.budget)
    return found


@dataclass(frozen=True)
class Readings:
    """How far the newest readings of many budgets are."""

    total: int
    open: int  # asked for, and not made yet
    failed: list[tuple[Batch, str]]  # and why

    @property
    def made(self) -> int:
        """How many need no more waiting."""
        return self.total - self.open


def readings_of(batches: Sequence[Batch]) -> Readings:
    """This function will say how far the newest reading of each batch's budget is."""
    rows = ErpReading.objects.filter(budget__in=[batch.budget_id for batch in batches])
    newest = rows.order_by("budget", "-pk").distinct("budget").values_list("budget", "state", "error")
    stands = {budget: (state, error) for budget, state, error in newest}
    told = [(batch, *stands.get(batch.budget_id, ("", ""))) for batch in batches]
    return Readings(
        total=len(batches),
        open=sum(state == ReadingState.ASKED for _, state, _ in told),
        failed=[(batch, error) for batch, state, error in told if state == ReadingState.FAILED],
    )


def sums(found: Sequence[Candidate]) -> list[Sum]:
    """This function will add up what was selected, by currency."""
    by_currency: dict[str, Sum] = {}
    for one in found:
        currency = one.batch.budget.project.company.currency
        added = by_currency.setdefault(currency, Sum(currency))
        added.batches += 1
        added.lines += one.batch.lines_changed
        added.moved += one.batch.moved
        added.net += one.batch.net
    return list(by_currency.values())


def _know(batches: Sequence[Batch]) -> None:
    """Read who prepared, which steps there are and who could take them, for all of these at once."""
    prefetch_related_objects(batches, "preparers", "items")
    know_routes(batches, now=timezone.now())
    past = _past(batches)
    for batch in batches:
        know(link_epochs.epoch_of, batch.budget, past.get(batch.budget_id, link_epochs.Epoch()))


def _past(batches: Sequence[Batch]) -> dict[int, link_epochs.Epoch]:
    return link_epochs.past_ones([batch.budget_id for batch in batches])


def _readings(batches: Sequence[Batch]) -> dict[int, Seen]:
    """The newest reading of each budget, but for what it holds; where link or ERP were changed, each by itself."""
    past = _past(batches)
    rows = ErpReading.objects.filter(
        budget__in=[batch.budget_id for batch in batches], state=ReadingState.MADE
    )
    newest = rows.order_by("budget", "-pk").distinct("budget").values_list("budget", "hash", "made_at")
    found = {budget: Seen(hash_, made_at) for budget, hash_, made_at in newest}
    for batch in batches:
        connection = erp_connection(batch.budget)
        if batch.budget_id in past or (connection is not None and connection.moved_at is not None):
            reading = latest_reading(batch.budget)
            found.pop(batch.budget_id, None)
            if reading is not None:
                found[batch.budget_id] = Seen(reading.hash, reading.made_at)
            forget_facts(batch.budget)
    return found
