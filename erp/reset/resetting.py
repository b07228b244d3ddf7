"""The reset of a project's link to its ERP job: asked for, confirmed a second time, given up; and the link after it.

Until the second confirmation nothing happens; what a worker does then is in `cutting`. The history stays: batches,
documents, calls, readings, events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from budgets.errors import InvalidInput, refuse_long
from budgets.models import Budget
from erp import bell
from erp.locking import on_budget
from erp.models import Document, DocumentState, ErpJob, JobLink
from erp.reset import answer_blockers as reversal
from erp.reset import blockers as rules
from erp.reset import counter_blockers as counter
from erp.reset.cutting import lock
from erp.reset.models import Fate, LinkReset, ResetDocument, ResetState
from erp.setup.linking import CannotLink, give_sub_jobs
from projects.models import Job
from workflow.actions import ensure

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
    known = {document.pk: document.number for document in rules.posted_documents(rules.budget_of(reset))}
    numbers = {key: known.get(key, "A document that is none of these") for key in words}
    errors = {
        f"note-{key}": f"{numbers[key]}: say who in accounting knows, or where it is written, "
        f"in at least {LEAST} characters."
        for key, (_, note) in words.items()
        if len(note.strip()) < LEAST
    }
    errors |= {
        f"fate-{key}": f"{numbers[key]}: choose what becomes of it."
        for key, (fate, _) in words.items()
        if fate not in Fate.values
    }
    errors |= {
        f"note-{key}": f"{numbers[key]}: give the number of the other entry, so that it is found again."
        for key, (fate, note) in words.items()
        if fate == Fate.OFFSET and not any(letter.isdigit() for letter in note)
    }
    if errors or not words:
        raise InvalidInput(errors or {"words": "Say of at least one document what becomes of it."})
    with on_budget(rules.budget_of(reset), user=user, now=now) as (locked, event):
        row = lock(reset)
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
        row = lock(reset)
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
        row = lock(reset)
        ensure(row, "cancel_reset", user)
        before = row.state
        row.state, row.cancelled_by, row.finished_at, row.waits_for = ResetState.CANCELLED, user, now, ""
        row.save()
        event |= _told(event, "cancel_reset", f"Cancelled the reset of the link to job {row.job_code}")
        event |= {"from_state": before, "to_state": row.state}
    return row


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
