"""Several batches decided by one press: kept first, then done one by one, each in a transaction of its own.

A request does as many as fit into a few seconds and says how many are left, so that 200 large batches time nobody out.
What a batch became is written in the very transaction that decided it: going on never decides one twice.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from budgets.errors import InvalidInput
from erp.decision import deciding
from erp.decision.bulk_models import MOST_AT_ONCE
from erp.models import Batch, BatchState, BulkDecision, BulkItem, BulkKind, BulkOutcome
from workflow.actions import ActionBlocked

FAULT = "Something went wrong here and nothing of this batch was changed. Open it and decide it there."
logger = logging.getLogger(__name__)


def keep(
    kind: BulkKind,
    batches: Sequence[tuple[Batch, str]],
    *,
    user: Any,
    now: datetime,
    submission: uuid.UUID,
    reason_code: str = "",
    reason: str = "",
) -> BulkDecision:
    """This function will keep what is to be decided, (batch, hash of the reading seen) each; nothing is decided yet.

    The same form sent again finds what the first one kept. Raises InvalidInput.
    """
    if kind == BulkKind.REJECT:
        deciding.refuse_incomplete(reason_code=reason_code, reason=reason)
    if not batches:
        raise InvalidInput({"batches": "Select at least one batch."})
    if len(batches) > MOST_AT_ONCE:
        raise InvalidInput({"batches": f"At most {MOST_AT_ONCE} batches at once."})
    with transaction.atomic():
        made, new = BulkDecision.objects.get_or_create(
            user=user,
            submission=submission,
            defaults={"kind": kind, "reason_code": reason_code, "reason": reason.strip(), "at": now},
        )
        if new:
            BulkItem.objects.bulk_create(
                BulkItem(decision=made, batch=batch, position=place, reading_hash=seen[:64])
                for place, (batch, seen) in enumerate(batches)
            )
    return made


def go_on(
    decision: BulkDecision,
    *,
    now: Callable[[], datetime],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """This function will decide one batch after the other for some seconds, at least one. Returns how many are left."""
    end = clock() + seconds
    while _next(decision, now()):
        if clock() >= end:
            break
    return decision.items.filter(outcome=BulkOutcome.OPEN).count()


def _next(decision: BulkDecision, now: datetime) -> bool:
    """Decide the first batch that nobody decides right now; False where there is none."""
    with transaction.atomic():
        open_ones = decision.items.filter(outcome=BulkOutcome.OPEN)
        item = open_ones.select_for_update(of=("self",), skip_locked=True).first()
        if item is None:
            return False
        batch = Batch.objects.select_related("budget__project__company").get(pk=item.batch_id)
        item.outcome, item.said = _outcome(decision, item, batch, now)
        item.save(update_fields=["outcome", "said"])
    return True


def _outcome(
    decision: BulkDecision, item: BulkItem, batch: Batch, now: datetime
) -> tuple[BulkOutcome, list[dict[str, Any]]]:
    try:
        with transaction.atomic():
            decided = _decide(decision, item, batch, now)
    except ActionBlocked as blocked:
        return BulkOutcome.REFUSED, [{"code": b.code, "sentence": b.sentence} for b in blocked.blockers]
    except Exception:
        # One batch's fault must not keep the others from being decided; its transaction is undone, and it is told.
        logger.exception("bulk decision failed", extra={"batch": batch.pk, "bulk_decision": decision.pk})
        return BulkOutcome.FAILED, [{"code": "", "sentence": FAULT}]
    return BulkOutcome.PASSED if decided.state == BatchState.WAITING else BulkOutcome.DONE, []


def _decide(decision: BulkDecision, item: BulkItem, batch: Batch, now: datetime) -> Batch:
    if decision.kind == BulkKind.ACCEPT:
        return deciding.accept(batch, user=decision.user, now=now, reading_hash=item.reading_hash)
    return deciding.reject(
        batch, user=decision.user, now=now, reason_code=decision.reason_code, reason=decision.reason
    )
