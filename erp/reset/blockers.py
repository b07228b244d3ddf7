"""What stops the reset of a link, its confirmation, and what a reset stops: each rule once."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from budgets.models import Budget
from erp.models import Batch, BatchState, Document, DocumentState, JobLink
from erp.reset.link_epochs import counts
from erp.reset.models import LinkReset, ResetState
from erp.snapshots import erp_connection
from erp.words import erp_name
from projects import permissions
from workflow.blockers import Found, Kind, blocker
from workflow.people import name_of

OPEN_STATES = (ResetState.ASKED, ResetState.CLEARING)


def budget_of(reset: LinkReset) -> Budget:
    """This function will find the budget of a reset's project."""
    return Budget.objects.select_related("project__company").get(project=reset.project_id)


def open_reset(budget: Budget) -> LinkReset | None:
    """This function will find the reset of a budget's link that is not finished."""
    rows = LinkReset.objects.filter(project=budget.project_id, state__in=OPEN_STATES)
    return rows.select_related("asked_by").first()


def clearing_reset(budget: Budget) -> LinkReset | None:
    """This function will find the confirmed reset for which what was sent is taken out of the ERP."""
    reset = open_reset(budget)
    return reset if reset is not None and reset.state == ResetState.CLEARING else None


def posted_documents(budget: Budget) -> list[Document]:
    """This function will find the documents that count in the ERP and cannot be taken out from here.

    One that changed nothing was never written (`attempts` 0): nothing becomes of it there.
    """
    rows = Document.objects.filter(batch__budget=budget, state=DocumentState.POSTED, attempts__gt=0)
    rows = rows.filter(counts(budget, batch="batch", document="pk"))
    return list(rows.select_related("item", "batch", "by_hand").order_by("batch__number", "item__position"))


def unspoken(reset: LinkReset) -> list[Document]:
    """This function will find the posted documents that nobody has spoken of in this reset."""
    told = set(reset.documents.values_list("document", flat=True))
    return [document for document in posted_documents(budget_of(reset)) if document.pk not in told]


@blocker("nothing_linked", Kind.STATE)
def nothing_linked(budget: Budget, user: Any) -> Found | None:
    """There is no link to reset."""
    if JobLink.objects.filter(job__project=budget.project_id, job__parent=None).exists():
        return None
    return Found("This project is not linked to an ERP job, so there is nothing to reset. Link it first.")


@blocker("linked_already", Kind.STATE)
def linked_already(budget: Budget, user: Any) -> Found | None:
    """A project has one main job; another comes only after a reset."""
    link = (
        JobLink.objects.filter(job__project=budget.project_id, job__parent=None)
        .select_related("erp_job")
        .first()
    )
    if link is None:
        return None
    return Found(f"This project is linked to job {link.erp_job.code}. Reset that link first.")


@blocker("link_reset_open", Kind.WAITING)
def reset_open(budget: Budget, user: Any) -> Found | None:
    """One reset at a time."""
    reset = open_reset(budget)
    if reset is None:
        return None
    said = f"{name_of(reset.asked_by)} asked for a reset of this link; it is not finished."
    return Found(said, since=reset.asked_at, link=page_of(reset), link_label="Open the reset")


@blocker("link_being_reset", Kind.WAITING)
def being_reset(budget: Budget, user: Any) -> Found | None:
    """Nothing new goes to a job while what is there is being taken out."""
    reset = clearing_reset(budget)
    if reset is None:
        return None
    erp = erp_name(erp_connection(budget))
    said = f"The link to job {reset.job_code} in {erp} is being reset, as {name_of(reset.asked_by)} asked."
    return Found(said, since=reset.confirmed_at)


@blocker("reset_not_clearing", Kind.STATE)
def reset_not_clearing(batch: Batch, user: Any) -> Found | None:
    """A batch is taken out for a reset only while that is under way: it may be cancelled at any moment before."""
    if clearing_reset(batch.budget) is not None:
        return None
    return Found("No reset of the link is under way (any more), so nothing is taken out for one.")


@blocker("batch_waits_for_decision", Kind.STATE)
def batch_waits(budget: Budget, user: Any) -> Found | None:
    """A batch that waits for a decision is decided or retrieved before its job is taken away."""
    batch = Batch.objects.filter(budget=budget, state=BatchState.WAITING).first()
    if batch is None:
        return None
    return Found(
        f"Batch {batch.number} waits for a decision. Have it rejected or retrieved first.",
        since=batch.sent_at,
        link=reverse("admin:erp_batch_change", args=[batch.pk]),
        link_label="Open the batch",
    )


@blocker("batch_waits_at_reset", Kind.STATE)
def batch_waits_at_reset(reset: LinkReset, user: Any) -> Found | None:
    """Somebody sent a batch since the reset was asked for."""
    batch = Batch.objects.filter(budget__project=reset.project_id, state=BatchState.WAITING).first()
    if batch is None or reset.state != ResetState.ASKED:
        return None
    return Found(
        f"Batch {batch.number} waits for a decision. Have it rejected or retrieved first.",
        since=batch.sent_at,
        link=reverse("admin:erp_batch_change", args=[batch.pk]),
        link_label="Open the batch",
    )


@blocker("reset_is_over", Kind.STATE)
def is_over(reset: LinkReset, user: Any) -> Found | None:
    """What is done or cancelled stays so."""
    return None if reset.is_open else Found(f"This reset is over: {reset.get_state_display().lower()}.")


@blocker("reset_confirmed_already", Kind.STATE)
def confirmed_already(reset: LinkReset, user: Any) -> Found | None:
    """The second confirmation was given."""
    if reset.state != ResetState.CLEARING:
        return None
    return Found(f"{name_of(reset.confirmed_by)} confirmed this reset already.", since=reset.confirmed_at)


@blocker("reset_needs_another", Kind.PERMISSION)
def needs_another(reset: LinkReset, user: Any) -> Found | None:
    """Four eyes: where the company wants them and has another ERP admin, whoever asked does not confirm."""
    company = reset.project.company
    if user is None or user.pk != reset.asked_by_id or not company.four_eyes:
        return None
    others = permissions.who_administers(company).exclude(pk=user.pk)
    if not others:
        return None
    who = permissions.names(others)
    return Found(f"You asked for this reset, so another ERP admin confirms it. Ask {who}.", who=who)


@blocker("posted_not_spoken_of", Kind.PROBLEM)
def posted_not_spoken_of(reset: LinkReset, user: Any) -> Found | None:
    """Posted documents stay in the ERP: somebody says of each what becomes of it there."""
    if not reset.is_open:
        return None
    number = len(unspoken(reset))
    if not number:
        return None
    said = "1 posted document" if number == 1 else f"{number} posted documents"
    return Found(
        f"{said} cannot be taken out from here. Say of each whether it stays in the ERP or was taken back there.",
        link=f"{page_of(reset)}#posted",
        link_label="Go to them",
    )


@blocker("nothing_to_speak_of", Kind.STATE)
def nothing_to_speak_of(reset: LinkReset, user: Any) -> Found | None:
    """There is no posted document without a word."""
    if not reset.is_open or unspoken(reset):
        return None
    return Found("Of every posted document it was said what becomes of it.")


def page_of(reset: LinkReset) -> str:
    """This function will link to the page of a project's reset."""
    return reverse("admin:erp_reset_link", args=[reset.connection_id, reset.project_id])
