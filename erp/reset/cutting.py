"""A confirmed reset of a link, as a worker goes on with it: what is not posted is taken out, then the link is cut.

It is taken out by the way every return takes. Only when the ERP side is clear, and somebody has said of each posted
document what becomes of it, the link is cut, in one transaction.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from budgets.models import Budget
from budgets.services import lock_row
from erp import bell, holds
from erp.delivery import aftercare
from erp.delivery.left_there import left_ones
from erp.models import OPEN as OPEN_BATCHES
from erp.models import Batch, Document, DocumentState, ErpReading, JobLink, ReadingState
from erp.reset import answer_blockers as reversal
from erp.reset import blockers as rules
from erp.reset import counter_blockers as counter
from erp.reset.models import Fate, LinkReset, ResetState
from workflow import events
from workflow.actions import ActionBlocked


def lock(reset: LinkReset) -> LinkReset:
    """This function will fetch a reset under its row's lock."""
    rows = LinkReset.objects.select_for_update(of=("self",)).select_related(
        "project__company", "confirmed_by"
    )
    return rows.get(pk=reset.pk)


def go_on(reset: LinkReset, *, now: datetime) -> LinkReset:
    """This function will do the next step of a confirmed reset, as often as it is called: take out, wait, or cut."""
    budget = rules.budget_of(reset)
    batch = Batch.objects.filter(budget=budget, state__in=OPEN_BATCHES).first()
    said = _waits(batch) if batch is not None else ""
    if batch is not None and not said:
        with suppress(
            ActionBlocked
        ):  # cancelled, or done by another worker: what is so by then is read below
            aftercare.clear_for_reset(
                batch, by=reset.confirmed_by, now=now, note=f"The link is reset: {reset.reason}"
            )
        batch = Batch.objects.filter(budget=budget, state__in=OPEN_BATCHES).first()
        said = _waits(batch) if batch is not None else ""
    with transaction.atomic():
        locked = lock_row(budget)
        row = lock(reset)
        if row.state != ResetState.CLEARING:
            return row
        if not said and Batch.objects.filter(budget=locked, state__in=OPEN_BATCHES).exists():
            said = "What was sent is being taken out."
        number = 0 if said else len(rules.unspoken(row))
        if number:
            said = f"Posted meanwhile: {number}. Say of each whether it stays or was reversed."
            reversal.ask(locked, now=now, but_watched=True)
            counter.ask(row, locked, now=now)
        said = said or _stands_otherwise(row, locked, now=now)
        if said:
            LinkReset.objects.filter(pk=row.pk).exclude(waits_for=said).update(waits_for=said)
            return row
        return _cut(row, locked, now=now)


def _stands_otherwise(row: LinkReset, budget: Budget, *, now: datetime) -> str:
    """Why what was said of posted documents does not hold in the ERP, in words; empty where it does."""
    if reversal.declared(row, Fate.OFFSET):
        counter.ask(row, budget, now=now)
    rows = (
        *(reversal.still_stands_there, reversal.counts_by_word),
        *(counter.counter_entry_not_read, counter.no_counter_entry),
    )
    found = [told for rule in rows if (told := rule(row, None))]
    return found[0].sentence if found else ""


def _waits(batch: Batch) -> str:
    """Why a batch cannot be taken out yet, in words; empty where the next step may be done."""
    documents = list(batch.documents.all())
    by_state = {state: [d.number for d in documents if d.state == state] for state in DocumentState}
    if by_state[DocumentState.SENDING]:
        return (
            f"{', '.join(by_state[DocumentState.SENDING])} is being sent; it is taken out when that is over."
        )
    if by_state[DocumentState.UNCONFIRMED]:
        lost = ", ".join(by_state[DocumentState.UNCONFIRMED])
        return f"It is not known whether {lost} arrived. The ERP is asked; the batch's page says what a person may do."
    if by_state[DocumentState.WITHDRAWING]:
        over = len(by_state[DocumentState.WITHDRAWN]) + len(by_state[DocumentState.POSTED])
        left = [document.number for document in left_ones(documents)]
        aside = f", {', '.join(left)} left there by an approver" if left else ""
        return f"Taken out or posted so far: {over - len(left)} of {len(documents)} documents{aside}."
    changed = [document.number for document in documents if document.changed_there]
    if changed:
        return f"Somebody changed {', '.join(changed)} in the ERP. A person decides that on the batch's page."
    return ""


def _cut(row: LinkReset, budget: Budget, *, now: datetime) -> LinkReset:
    """Free the job, begin a new epoch, and leave everything that happened as it is."""
    links = JobLink.objects.filter(job__project=row.project_id)
    freed = list(links.order_by("job__code").values_list("erp_job__code", flat=True))
    links.delete()
    posted = Document.objects.filter(batch__budget=budget, state=DocumentState.POSTED)
    posted.filter(poll_at__isnull=False).update(poll_at=None)
    asked = ErpReading.objects.filter(budget=budget, state=ReadingState.ASKED)
    asked.update(state=ReadingState.FAILED, error="the link to the job was reset meanwhile.")
    row.state, row.finished_at, row.waits_for = ResetState.DONE, now, ""
    row.after_batch = budget.batches.aggregate(last=Max("number"))["last"] or 0
    row.save()
    holds.refresh(budget, now=now)
    fates = dict(row.documents.values_list("document__number", "fate"))
    events.record(
        chain=row.project.company_id,
        at=now,
        actor=row.confirmed_by,
        action="reset_link",
        about=[budget, row.project],
        from_state=ResetState.CLEARING.value,
        to_state=row.state,
        sentence=f"Reset the link to job {row.job_code}",
        note=row.reason,
        data={
            "freed": freed,
            "posted": fates,
            "after_batch": row.after_batch,
            "reopen_import": row.reopen_import,
            "confirmed_by": row.confirmed_by_id,
        },
    )
    return row


def sweep() -> None:
    """This function will ring for the resets that are being cleared."""
    rows = LinkReset.objects.filter(state=ResetState.CLEARING, confirmed_at__lte=Now())
    for key in rows.values_list("pk", flat=True):
        bell.ring("clear_link", key)
