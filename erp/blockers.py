"""What stops Send and Retrieve: each rule once. What stops an approver: erp/decision_blockers.py."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from django.db.models import F, Q, Sum

from budgets import links
from budgets.models import Budget, BudgetLine, BudgetState, ModificationLine
from erp.approvers import anybody_for_the_next
from erp.backends import backend
from erp.models import Batch, BatchState, Connection, ErpJob, Remark
from erp.port import JobStatus
from erp.readiness import unfit_lines
from erp.snapshots import (
    bases,
    erp_connection,
    latest_batch,
    latest_reading,
    linked_lines,
    main_status,
    posted_targets,
    unsent_modifications,
)
from erp.words import person, when
from projects import permissions
from projects.models import CostCode
from workflow.blockers import Check, Found, Kind, blocker, once_per_object


def erp_name(connection: Connection | None) -> str:
    """This function will name the ERP as people call it."""
    return backend(connection.alias).name if connection else "the ERP"


def _admins(budget: Budget) -> str:
    return permissions.names(
        permissions.who_administers(budget.project.company), nobody="an ERP admin (none yet)"
    )


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


# -- the connection -------------------------------------------------------------------------------------


@blocker("not_linked", Kind.PROBLEM)
def not_linked(budget: Budget, user: Any) -> Found | None:
    """The project's main job is no job of the ERP yet."""
    if erp_connection(budget) and main_status(budget):
        return None
    who = _admins(budget)
    return Found(f"This project is not linked to an ERP job. {who} can link it.", who=who)


@blocker("never_synced", Kind.PROBLEM)
def never_synced(budget: Budget, user: Any) -> Found | None:
    """Nothing is known of the ERP's jobs and codes."""
    connection = erp_connection(budget)
    if connection is None or connection.synced_at:
        return None
    who = _admins(budget)
    return Found(
        f"Jobs and codes of {erp_name(connection)} were never read. {who} can start the sync.", who=who
    )


@blocker("connection_stopped", Kind.PROBLEM)
def connection_stopped(budget: Budget, user: Any) -> Found | None:
    """The connection is disabled, was stopped, or was never verified."""
    connection = erp_connection(budget)
    if connection is None or (connection.enabled and not connection.stopped_at and connection.verified_at):
        return None
    who = _admins(budget)
    why = connection.stopped_because or (
        "it is switched off" if not connection.enabled else "it was never verified"
    )
    return Found(
        f"The connection to {erp_name(connection)} is not in use: {why}. {who} can put that right.", who=who
    )


# -- jobs -----------------------------------------------------------------------------------------------


@once_per_object
def _erp_jobs(budget: Budget) -> list[ErpJob]:
    return list(ErpJob.objects.filter(link__job__project=budget.project_id).order_by("parent_code", "code"))


def _main(jobs: list[ErpJob]) -> ErpJob | None:
    return next((job for job in jobs if not job.parent_code), None)


@blocker("job_unknown", Kind.PROBLEM)
def job_unknown(budget: Budget, user: Any) -> Found | None:
    """Lines on a job the ERP does not have."""
    return _bad_lines(
        budget, "job_not_linked", "on a job that {erp} does not have", "Link the job, or move them."
    )


@blocker("job_closed", Kind.PROBLEM)
def job_closed(budget: Budget, user: Any) -> Found | None:
    """The main job, or a job with lines, takes nothing any more."""
    main = _main(_erp_jobs(budget))
    erp = erp_name(erp_connection(budget))
    if main and (main.gone_at or main.status == JobStatus.CLOSED or not main.writable):
        return Found(
            f"Job {main.code} is closed or not writable in {erp}. Accounting can open it there.",
            who="Accounting",
        )
    return _bad_lines(
        budget, "job_closed", "on a job that is closed in {erp}", "Accounting can open it there."
    )


@blocker("sub_jobs_differ", Kind.PROBLEM)
def sub_jobs_differ(budget: Budget, user: Any) -> Found | None:
    """Sub jobs stand elsewhere than their main job, so one document cannot carry both."""
    jobs = _erp_jobs(budget)
    main = _main(jobs)
    odd = [job.code for job in jobs if main and job.status != main.status]
    if not (main and odd):
        return None
    erp = erp_name(erp_connection(budget))
    return Found(
        f"Sub job {', '.join(odd)} is not {main.status} in {erp} as its main job {main.code} is. "
        "Accounting can bring them to the same status.",
        who="Accounting",
    )


@blocker("sub_jobs_not_taken", Kind.PROBLEM)
def sub_jobs_not_taken(budget: Budget, user: Any) -> Found | None:
    """The connection does not take lines on sub jobs."""
    connection = erp_connection(budget)
    if connection is None or backend(connection.alias).limits.takes_sub_jobs:
        return None
    lines = list(budget.lines.exclude(job__parent=None).select_related("job", "cost_code", "cost_type")[:50])
    if not lines:
        return None
    return Found(
        f"{_lines(len(lines))} on sub jobs, which {erp_name(connection)} does not take. Move them to the main job.",
        lines=links.places(lines, budget.project_id),
    )


# -- lines ----------------------------------------------------------------------------------------------


def _bad_lines(budget: Budget, which: str, what: str, fix: str) -> Found | None:
    lines: list[BudgetLine] = getattr(unfit_lines(budget), which)
    if not lines:
        return None
    said = what.format(erp=erp_name(erp_connection(budget)))
    return Found(
        f"{_lines(len(lines))} {said}. {fix}{_unlock_first(budget)}",
        lines=links.places(lines, budget.project_id),
    )


def _unlock_first(budget: Budget) -> str:
    return " To change a line, unlock the budget first." if budget.state == BudgetState.LOCKED else ""


def _line_rule(code: str, what: str, fix: str) -> Check:
    @blocker(code, Kind.PROBLEM)
    def rule(budget: Budget, user: Any) -> Found | None:
        return _bad_lines(budget, code, what, fix)

    return rule


@blocker("cost_code_unknown", Kind.PROBLEM)
def cost_code_unknown(budget: Budget, user: Any) -> Found | None:
    """Lines whose cost code the ERP does not know, with what may have been meant."""
    lines = unfit_lines(budget).cost_code_unknown
    if not lines:
        return None
    hint = _did_you_mean(budget, sorted({line.code for line in lines}))
    return Found(
        f"{_lines(len(lines))} with a cost code that {erp_name(erp_connection(budget))} does not know"
        f"{hint}. Correct the code, or ask {_admins(budget)} to add it.{_unlock_first(budget)}",
        lines=links.places(lines, budget.project_id),
    )


def _did_you_mean(budget: Budget, unknown: list[str]) -> str:
    known = list(CostCode.objects.filter(company=budget.project.company_id).values_list("code", flat=True))
    pairs = [(code, get_close_matches(code, known, n=1, cutoff=0.7)) for code in unknown[:3]]
    said = [f"{code} - did you mean {close[0]}?" if close else code for code, close in pairs]
    return f" ({'; '.join(said)})" if said else ""


cost_code_inactive = _line_rule(
    "cost_code_inactive",
    "with a cost code that is inactive in {erp}",
    "Use another code, or have it activated there.",
)
cost_type_unknown = _line_rule(
    "cost_type_unknown",
    "with a cost type that is not matched with one of {erp}",
    "Correct the type, or ask an ERP admin to confirm the match.",
)
cost_type_inactive = _line_rule(
    "cost_type_inactive",
    "with a cost type that is inactive in {erp}",
    "Use another type, or have it activated there.",
)
not_assigned = _line_rule(
    "not_assigned",
    "with a cost code that {erp} does not allow on their job",
    "Have it assigned there, or use another code.",
)
unit_unknown = _line_rule(
    "unit_unknown", "with a unit that {erp} does not know", "Correct the unit or leave it empty."
)


@blocker("code_not_allowed", Kind.PROBLEM)
def code_not_allowed(budget: Budget, user: Any) -> Found | None:
    """Codes that are too long for the ERP or have characters it refuses."""
    connection = erp_connection(budget)
    if connection is None:
        return None
    limits = backend(connection.alias).limits
    shape = re.compile(limits.code_pattern)
    suspects = budget.lines.filter(
        Q(cost_code_text__regex=rf"^.{{{limits.cost_code + 1},}}$")
        | Q(cost_type_text__regex=rf"^.{{{limits.cost_type + 1},}}$")
        | ~Q(cost_code_text="")
        | ~Q(cost_type_text="")
    ).select_related("job", "cost_code", "cost_type")
    bad = [
        line
        for line in suspects
        if len(line.code) > limits.cost_code
        or len(line.type) > limits.cost_type
        or not all(shape.fullmatch(text) for text in (line.code, line.type) if text)
    ]
    if not bad:
        return None
    return Found(
        f"{_lines(len(bad))} with a code that is too long for {erp_name(connection)} (cost codes {limits.cost_code}, "
        f"cost types {limits.cost_type} characters) or has characters it refuses. Correct the code."
        f"{_unlock_first(budget)}",
        lines=links.places(bad, budget.project_id),
    )


# -- what is new ----------------------------------------------------------------------------------------


@blocker("originals_on_started_off", Kind.PROBLEM)
def originals_on_started_off(budget: Budget, user: Any) -> Found | None:
    """The job is started and the company does not change originals of started jobs."""
    connection = erp_connection(budget)
    if connection is None or connection.originals_on_started_jobs or main_status(budget) != JobStatus.STARTED:
        return None
    if not _originals_change(budget):
        return None
    return Found(
        f"The job is started in {erp_name(connection)}, and {budget.project.company.name} does not send changes of "
        f"original amounts to started jobs. Write a modification instead, or ask {_admins(budget)} to allow it.",
        who=_admins(budget),
    )


@once_per_object
def _originals_change(budget: Budget) -> bool:
    """Whether an original differs from what counts in the ERP already."""
    posted = posted_targets(budget)
    if posted:
        return any(amount != posted.get(key, 0) for key, amount in budget.lines.values_list("pk", "amount"))
    reading = latest_reading(budget)
    if reading is None:
        return budget.lines.exclude(amount=0).exists()
    lines = linked_lines(budget)
    held = bases(budget, lines, reading)
    return any(line.amount != held.get(line.pk, 0) for line in lines)


@blocker("sent_modification_unbalanced", Kind.PROBLEM)
def sent_modification_unbalanced(budget: Budget, user: Any) -> Found | None:
    """An effective modification that does not net to zero though the company wants it so (now)."""
    if budget.project.company.allow_total_change:
        return None
    nets = (
        ModificationLine.objects.filter(modification__in=unsent_modifications(budget))
        .values("modification_id", number=F("modification__number"))
        .annotate(net=Sum("amount"))
        .exclude(net=0)
        .order_by("number")
    )
    bad = list(nets)
    if not bad:
        return None
    said = ", ".join(f"modification {row['number']} by {row['net']:,.2f}" for row in bad)
    return Found(
        f"Out of balance: {said}. In this company a modification nets to zero.",
        link=links.page(budget, "modifications"),
        link_label="Modifications",
    )


@blocker("nothing_new", Kind.WAITING)
def nothing_new(budget: Budget, user: Any) -> Found | None:
    """Everything that counts here was posted in the ERP."""
    if not posted_targets(budget) or unsent_modifications(budget).exists() or _originals_change(budget):
        return None
    return Found(f"Nothing is new since the last posting in {erp_name(erp_connection(budget))}.")


@blocker("remarks_open", Kind.PROBLEM)
def remarks_open(budget: Budget, user: Any) -> Found | None:
    """Remarks of the last rejection on lines that were neither changed nor answered."""
    remarks = open_remarks(budget)
    if not remarks:
        return None
    return Found(
        f"{len(remarks)} {'remark' if len(remarks) == 1 else 'remarks'} of the rejection not answered. "
        f"Change each line, or answer its remark.{_unlock_first(budget)}",
        lines=links.places([remark.line for remark in remarks], budget.project_id),
    )


@blocker("remark_settled", Kind.STATE)
def remark_settled(budget: Budget, user: Any) -> Found | None:
    """Remarks of a rejection that is no longer the last word; a service names the one it answers."""
    last, remark = latest_batch(budget), budget.__dict__.get("answering")
    if remark is None:
        rejections = budget.batches.filter(state=BatchState.REJECTED)
        settled = last is not None and last.state != BatchState.REJECTED and rejections.exists()
    else:
        settled = last is None or remark.batch_id != last.pk
    return Found("The budget was sent again since; this remark is history.") if settled else None


def open_remarks(budget: Budget) -> list[Remark]:
    """This function will find the remarks of the newest batch, if it was rejected, that still want an answer."""
    last = latest_batch(budget)
    if last is None or last.state != BatchState.REJECTED:
        return []
    wanting = last.remarks.filter(answer="", line__version=F("line_version"))
    return list(wanting.select_related("line__job", "line__cost_code", "line__cost_type"))


# -- people ---------------------------------------------------------------------------------------------


@blocker("no_right_to_send", Kind.PERMISSION)
def may_send(budget: Budget, user: Any) -> Found | None:
    """Who may send, re-send and retrieve."""
    if permissions.may(user, budget.project, "send"):
        return None
    who = permissions.names(permissions.who_may(budget.project, "send"))
    return Found(f"You may not send this budget to the ERP or retrieve it. Ask {who}.", who=who)


@blocker("no_approver", Kind.PROBLEM)
def no_approver(budget: Budget, user: Any) -> Found | None:
    """Nobody could accept it: no approver, all of them prepared it, or it moves more than they may accept."""
    if anybody_for_the_next(budget, user):
        return None
    who, company = _admins(budget), budget.project.company
    return Found(
        f"Nobody could accept this batch: {company.name} has no approver with a high enough limit who did not "
        f"prepare it. {who} can name one.",
        who=who,
    )


# -- retrieve -------------------------------------------------------------------------------------------


@blocker("never_sent", Kind.STATE)
def never_sent(budget: Budget, user: Any) -> Found | None:
    """Nothing waits for accounting."""
    if latest_batch(budget):
        return None
    return Found("The budget was never sent, so there is nothing to retrieve.")


@blocker("batch_already_decided", Kind.STATE)
def batch_already_decided(budget: Budget, user: Any) -> Found | None:
    """Somebody was faster."""
    last = latest_batch(budget)
    if last is None or last.state == BatchState.WAITING:
        return None
    return Found(decided_sentence(last))


def decided_sentence(batch: Batch) -> str:
    """This function will say who decided a batch and when: "Retrieved by Dana Reyes at 14:02"."""
    if batch.accepted_by_id:
        return f"Accepted by {person(batch.accepted_by)} {when(batch.accepted_at, batch)}."
    return f"{batch.get_state_display().capitalize()} by {person(batch.sent_back_by)} {when(batch.state_since, batch)}."
