"""The rounds of a budget: which batch the next one answers, and what sent it back."""

from __future__ import annotations

from django.db.models import QuerySet

from budgets.models import Budget
from erp.models import Batch, BatchState
from erp.snapshots import latest_batch

SENT_BACK = {BatchState.REJECTED: "rejected", BatchState.RETURNED: "returned"}  # by accounting, in its words


def next_numbers(budget: Budget) -> tuple[int, int, Batch | None]:
    """This function will number the next batch: (number, round, the batch that came back before or None)."""
    last = latest_batch(budget)
    if last is None:
        return 1, 1, None
    if last.state == BatchState.RETRIEVED:  # pulled back by the project manager: nobody answered it
        return last.number + 1, last.round, last
    if last.state in SENT_BACK:
        return last.number + 1, last.round + 1, last
    return last.number + 1, 1, None


def before(batch: Batch) -> QuerySet[Batch]:
    """This function will find the batches of the budget that were sent before this one, the newest first."""
    rows = batch.budget.batches.filter(number__lt=batch.number).order_by("-number")
    return rows.select_related("sent_by", "sent_back_by", "accepted_by")


def sent_again_as(batch: Batch) -> Batch | None:
    """This function will find the batch that came after one which accounting sent back, past what was pulled back."""
    if batch.state not in SENT_BACK:
        return None
    later = batch.budget.batches.filter(number__gt=batch.number).exclude(state=BatchState.RETRIEVED)
    return later.order_by("number").first()


def sent_back_before(batch: Batch) -> Batch | None:
    """This function will find the rejection or the return that a batch answers, also past what was pulled back."""
    if batch.answers_id is None:
        return None
    last = before(batch).exclude(state=BatchState.RETRIEVED).first()
    return last if last is not None and last.state in SENT_BACK else None
