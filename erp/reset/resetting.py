"""The reset of a project's link to its ERP job: asked for, confirmed a second time, cleared in the ERP, then cut.

Until the second confirmation nothing happens. Then a worker takes out of the ERP what is not posted, by the way every
return takes. Only when the ERP side is clear, and somebody has said of each posted document what becomes of it, the
link is cut in one transaction. The history stays: batches, documents, calls, readings, events.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from budgets.errors import InvalidInput, refuse_long
from budgets.models import Budget
from budgets.services import lock_row
from erp import bell, holds
from erp.delivery import aftercare
from erp.delivery.left_there import left_ones
from erp.locking import on_budget
from erp.models import OPEN as OPEN_BATCHES
from erp.models import Batch, Document, DocumentState, ErpJob, ErpReading, JobLink, ReadingState
from erp.reset import answer_blockers as reversal
from erp.reset import blockers as rules
from erp.reset import counter_blockers as counter
from erp.reset.models import Fate, LinkReset, ResetDocument, ResetState
from erp.setup.linking import CannotLink, give_sub_jobs
from projects.models import Job
from workflow import events
from workflow.actions import ActionBlocked, ensure

LEAST = 5  # letters of a reason


def ask_reset(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    reason: str,
    reopen_import: bool = False,
    reopen_reason: str = "",
) -> LinkReset:
    """This function will note that an ERP admin wants a link reset; nothing else happens before it is confirmed."""
    errors = {}
    if len(reason.strip()) < LEAST:
        errors["reason"] = "Say in a sentence why the link is reset; it is kept for good."
    if reopen_import and len(reopen_reason.strip()) < LEAST:
        errors["reopen_reason"] = "Say why a budget may be imported from the ERP again."
    if errors:
        raise InvalidInput(errors)
    refuse_long(reason=reason, reopen_reason=reopen_reason)
    with on_budget(budget, user=user, now=now) as (locked, event):
        ensure(locked, "reset_link", user)
        job = (
            JobLink.objects.select_related("erp_job")
            .get(job__project=locked.project_id, job__parent=None)
            .erp_job
        )
        reset = LinkReset.objects.create(
            project=locked.project,
            connection_id=job.connection_id,
            job_code=job.code,
            job_name=job.name,
            asked_by=user,
            asked_at=now,
            reason=reason.strip(),
            reopen_import=reopen_import,
            reopen_reason=reopen_reason.strip() if reopen_import else "",
        )
        event |= _told(event, "ask_reset", f"Asked for a reset of the link to job {job.code}", reset.reason)
        event["data"] = {
            "reopen_import": reopen_import,
            "reopen_reason": reset.reopen_reason,
            "documents": _listed(locked),
        }
        if reversal.ask(locked, now=now):
            counter.ask(reset, locked, now=now)
    return reset


def _told(event: dict[str, Any], action: str, sentence: str, note: str = "") -> dict[str, Any]:
    return {**event, "action": action, "sentence": sentence, "note": note}


def _listed(budget: Budget) -> dict[str, list[str]]:
    """The numbers of a budget's documents that are or may be in the ERP, by state."""
    found: dict[str, list[str]] = {}
    rows = Document.objects.filter(batch__budget=budget).exclude(state=DocumentState.WITHDRAWN)
    for number, state in rows.order_by("pk").values_list("number", "state"):
        found.setdefault(state, []).append(number)
    return found


def speak_of(
    reset: LinkReset, *, user: Any, now: datetime, words: Mapping[int, tuple[str, str]]
) -> list[ResetDocument]:
    """This function will keep what becomes of posted documents (by id: a fate and a note); each is said once."""
    errors = {
        f"note-{key}": "Say who in accounting knows, or where it is written."
        for key, (_, note) in words.items()
        if len(note.strip()) < LEAST
    }
    errors |= {
        f"fate-{key}": "Choose what becomes of it."
        for key, (fate, _) in words.items()
        if fate not in Fate.values
    }
    errors |= {
        f"note-{key}": "Give the number of the other entry, so that it is found again."
        for key, (fate, note) in words.items()
        if fate == Fate.OFFSET and not any(letter.isdigit() for letter in note)
    }
    if errors or not words:
        raise InvalidInput(errors or {"words": "Say of at least one document what becomes of it."})
    with on_budget(rules.budget_of(reset), user=user, now=now) as (locked, event):
        row = _lock(reset)
        open_ones = {document.pk: document for document in rules.unspoken(row)}
        said = {key: words[key][0] for key in sorted(open_ones) if key in words}
        reversal.declare(
            row, {fate: [open_ones[key] for key in said if said[key] == fate] for fate in Fate.values}
        )
        ensure(row, "speak_of_posted", user)
        if not set(words) <= set(open_ones):
            raise InvalidInput({"words": "Something was said of one of them meanwhile. Read the page again."})
        made = [
            ResetDocument.objects.create(
                reset=row, document=open_ones[key], fate=fate, note=note.strip(), by=user, at=now
            )
            for key, (fate, note) in sorted(words.items())
        ]
        event |= _told(
            event, "speak_of_posted", f"Said what becomes of {len(made)} posted documents in the ERP"
        )
        event["data"] = {
            word.document.number: [word.fate, word.note, reversal.answer_of(row, word.document)]
            for word in made
        }
        if row.state == ResetState.CLEARING:
            bell.ring("clear_link", row.pk)
    return made


def confirm_reset(reset: LinkReset, *, user: Any, now: datetime, typed: str, note: str) -> LinkReset:
    """This function will confirm a reset a second time, by the job's code; a worker then clears the ERP and cuts."""
    errors = {}
    if typed.strip() != reset.job_code:
        errors["typed"] = f"Type the job's code, {reset.job_code}, exactly."
    if len(note.strip()) < LEAST:
        errors["note"] = "Say in a sentence that you looked at what will happen."
    if errors:
        raise InvalidInput(errors)
    refuse_long(note=note)
    with on_budget(rules.budget_of(reset), user=user, now=now) as (locked, event):
        row = _lock(reset)
        ensure(row, "confirm_reset", user)
        row.state, row.confirmed_by, row.confirmed_at, row.confirm_note = (
            ResetState.CLEARING,
            user,
            now,
            note.strip(),
        )
        row.save()
        event |= _told(
            event, "confirm_reset", f"Confirmed the reset of the link to job {row.job_code}", row.confirm_note
        )
        event |= {
            "from_state": ResetState.ASKED.value,
            "to_state": row.state,
            "data": {"documents": _listed(locked)},
        }
        bell.ring("clear_link", row.pk)
    return row


def cancel_reset(reset: LinkReset, *, user: Any, now: datetime) -> LinkReset:
    """This function will give a reset up: the link stays. What was taken out of the ERP by then stays out."""
    with on_budget(rules.budget_of(reset), user=user, now=now) as (_, event):
        row = _lock(reset)
        ensure(row, "cancel_reset", user)
        before = row.state
        row.state, row.cancelled_by, row.finished_at, row.waits_for = ResetState.CANCELLED, user, now, ""
        row.save()
        event |= _told(event, "cancel_reset", f"Cancelled the reset of the link to job {row.job_code}")
        event |= {"from_state": before, "to_state": row.state}
    return row


def _lock(reset: LinkReset) -> LinkReset:
    rows = LinkReset.objects.select_for_update(of=("self",)).select_related(
        "project__company", "confirmed_by"
    )
    return rows.get(pk=reset.pk)


# -- clearing and cutting: a worker's -------------------------------------------------------------------------


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
        row = _lock(reset)
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
    rows = (reversal.still_stands_there, counter.counter_entry_not_read, counter.no_counter_entry)
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
    Document.objects.filter(batch__budget=budget, state=DocumentState.POSTED, poll_at__isnull=False).update(
        poll_at=None, unanswered="The link to the job was reset; nobody asks about it."
    )
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


# -- a new link -------------------------------------------------------------------------------------------------


def link_again(budget: Budget, *, user: Any, now: datetime, job_code: str) -> Budget:
    """This function will link a project whose link was reset to the same or another main job of its company.

    Its own jobs follow by their codes; sub jobs that the ERP has and we lack are made. Raises InvalidInput.
    """
    with on_budget(budget, user=user, now=now) as (locked, event):
        ensure(locked, "link_again", user)
        try:
            main = _main(locked, job_code.strip())
        except CannotLink as why:
            raise InvalidInput({"job_code": str(why)}) from None
        ours = Job.objects.select_for_update().get(project=locked.project_id, parent=None)
        before = ours.code
        ours.code, ours.name = main.code, main.name
        ours.save(update_fields=["code", "name"])
        JobLink.objects.create(job=ours, erp_job=main)
        give_sub_jobs(ours, main)
        event |= _told(event, "link_project", f"Linked {locked.project} to job {main.code}")
        event["data"] = {"old": before, "new": main.code}
    return locked


def _main(budget: Budget, code: str) -> ErpJob:
    company = budget.project.company_id
    rows = ErpJob.objects.select_for_update(of=("self",))
    row = rows.filter(connection__company=company, code=code, gone_at=None).first()
    if row is None:
        raise CannotLink(f"{code or 'Nothing'} is no job as last synced. Check the code, or sync first.")
    if row.parent_code:
        raise CannotLink(f"{code} is a sub job of {row.parent_code}. Link the main job; its sub jobs follow.")
    other = (
        Job.objects.filter(company=company, code=code).exclude(project=budget.project_id, parent=None).first()
    )
    if other is not None and other.project_id == budget.project_id:
        raise CannotLink(f"{code} is a sub job of this project here, so it cannot become its main job.")
    if other is not None:
        raise CannotLink(f"{code} is a job of the project {other.project} already.")
    return row
