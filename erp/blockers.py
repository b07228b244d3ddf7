"""What stops Send and Retrieve: each rule once. What stops an approver: `blockers` in `decision/` and `delivery/`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import F, Sum
from django.urls import reverse

from budgets import links
from budgets.models import Budget, ModificationLine
from erp.approval.approvers import gap_for_the_next
from erp.approval.routes import rules_of
from erp.decision import remarks
from erp.line_codes import amounts_and_keys
from erp.models import Batch, BatchState, Remark
from erp.port import JobStatus
from erp.reconciliation import drift_reads as drift
from erp.reset.link_epochs import epoch_of
from erp.snapshots import (
    bases,
    erp_connection,
    latest_batch,
    latest_reading,
    main_status,
    posted_targets,
    unsent_modifications,
)
from erp.words import erp_admins, erp_name, unlock_first, when
from projects import permissions
from projects.models import ErpLevel
from workflow.blockers import Found, Kind, blocker, once_per_object
from workflow.people import name_of

# -- the connection -------------------------------------------------------------------------------------


def _led_to_connection(found: Found, budget: Budget, user: Any) -> Found:
    """Add the way to the connection's page, for those who may do something there."""
    connection = erp_connection(budget)
    if connection is None or not permissions.may_administer(user, connection.company):
        return found
    address = reverse("admin:erp_connection_change", args=[connection.pk])
    return replace(found, link=address, link_label="Open the connection")


@blocker("not_linked", Kind.PROBLEM)
def not_linked(budget: Budget, user: Any) -> Found | None:
    """The project's main job is no job of the ERP yet."""
    if erp_connection(budget) and main_status(budget):
        return None
    who = erp_admins(budget)
    found = Found(f"This project is not linked to an ERP job. {who} can link it.", who=who)
    led, connection = _led_to_connection(found, budget, user), erp_connection(budget)
    if not led.link or connection is None or epoch_of(budget).since is None:
        return led
    address = reverse("admin:erp_reset_link", args=[connection.pk, budget.project_id])
    return replace(led, link=address, link_label="Link it again")  # its link was reset


@blocker("never_synced", Kind.PROBLEM)
def never_synced(budget: Budget, user: Any) -> Found | None:
    """Nothing is known of the ERP's jobs and codes."""
    connection = erp_connection(budget)
    if connection is None or connection.synced_at:
        return None
    who = erp_admins(budget)
    found = Found(
        f"Jobs and codes of {erp_name(connection)} were never read. {who} can start the sync.", who=who
    )
    return _led_to_connection(found, budget, user)


@blocker("connection_stopped", Kind.PROBLEM)
def connection_stopped(budget: Budget, user: Any) -> Found | None:
    """The connection is disabled, was stopped, or was never verified."""
    connection = erp_connection(budget)
    if connection is None or (connection.enabled and not connection.stopped_at and connection.verified_at):
        return None
    who = erp_admins(budget)
    why = connection.stopped_because or (
        "it is switched off" if not connection.enabled else "it was never verified"
    )
    found = Found(
        f"The connection to {erp_name(connection)} is not in use: {why}. {who} can put that right.", who=who
    )
    return _led_to_connection(found, budget, user)


# -- what is new ----------------------------------------------------------------------------------------


@blocker("originals_on_started_off", Kind.PROBLEM)
def originals_on_started_off(budget: Budget, user: Any) -> Found | None:
    """The job is started and the company does not change originals of started jobs."""
    connection = erp_connection(budget)
    if connection is None or connection.originals_on_started_jobs or main_status(budget) != JobStatus.STARTED:
        return None
    if not _originals_change(budget):
        return None
    found = Found(
        f"The job is started in {erp_name(connection)}, and {budget.project.company.name} does not send changes of "
        f"original amounts to started jobs. Write a modification instead, or ask {erp_admins(budget)} to allow it.",
        who=erp_admins(budget),
    )
    return _led_to_connection(found, budget, user)


@once_per_object
def _originals_change(budget: Budget) -> bool:
    """Whether an original differs from what counts in the ERP already."""
    posted = posted_targets(budget)
    if posted:
        return any(amount != posted.get(key, 0) for key, amount in budget.lines.values_list("pk", "amount"))
    reading = latest_reading(budget)
    if reading is None:
        return budget.lines.exclude(amount=0).exists()
    amounts, keys = amounts_and_keys(budget)
    held = bases(budget, keys, reading)
    return any(amount != held.get(key, 0) for key, amount in amounts)


@blocker("sent_modification_unbalanced", Kind.PROBLEM)
def sent_modification_unbalanced(budget: Budget, user: Any) -> Found | None:
    """An effective modification that does not net to zero though the company wants it so (now)."""
    if budget.project.company.allow_total_change:
        return None
    nets = (
        ModificationLine.objects.filter(modification__in=unsent_modifications(budget))
        .exclude(modification__in=drift.corrections(budget))  # they bring the ERP back to what balanced here
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
    wanting = open_remarks(budget)
    if not wanting:
        return None
    return Found(
        f"{len(wanting)} {'remark' if len(wanting) == 1 else 'remarks'} of the rejection not answered. "
        f"Change each line, or answer its remark.{unlock_first(budget)}",
        lines=links.places([remark.line for remark in wanting], budget.project_id),
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
    return remarks.open_on(budget)


# -- people ---------------------------------------------------------------------------------------------


@blocker("no_right_to_send", Kind.PERMISSION)
def may_send(budget: Budget, user: Any) -> Found | None:
    """Who may send, re-send and retrieve."""
    if permissions.may(user, budget.project, "send"):
        return None
    who = permissions.names(permissions.who_may(budget.project, "send"))
    return Found(f"You may not send this budget to the ERP or retrieve it. Ask {who}.", who=who)


@blocker("no_right_to_read_erp", Kind.PERMISSION)
def may_read_erp(budget: Budget, user: Any) -> Found | None:
    """Who may have the ERP read again: whoever sends this budget, and whoever sees the company's queue."""
    member = permissions.membership(user, budget.project.company)
    if permissions.may(user, budget.project, "send") or (member and member.erp_level >= ErpLevel.STANDARD):
        return None
    who = permissions.names(permissions.who_may(budget.project, "send"))
    return Found(f"You may not have {erp_name(erp_connection(budget))} read again. Ask {who}.", who=who)


@blocker("no_approver", Kind.PROBLEM)
def no_approver(budget: Budget, user: Any) -> Found | None:
    """A step of its route could be taken by nobody: no approver, all prepared it, took another, or may accept less."""
    left = gap_for_the_next(budget, user)
    if left is None:
        return None
    who, company = erp_admins(budget), budget.project.company
    if not rules_of(company):
        return Found(
            f"Nobody could accept this batch: {company.name} has no approver with a high enough limit who did not "
            f"prepare it. {who} can name one.",
            who=who,
        )
    return Found(
        f"Nobody could take the step “{left.name}” of this batch: whoever it is for prepared it, takes another step, "
        f"has too low a limit or lost the right. {who} can change the approval rules or name another approver.",
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
        return f"Accepted by {name_of(batch.accepted_by)} {when(batch.accepted_at, batch)}."
    fate = batch.get_state_display().capitalize()
    return f"{fate} by {name_of(batch.sent_back_by)} {when(batch.state_since, batch)}."
