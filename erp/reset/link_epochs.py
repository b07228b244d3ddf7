"""What of the past counts for the job a project is linked to now: an epoch begins when a link is reset.

Posted documents of an earlier epoch count no more in what an original is measured against: the next send reads what the
job holds and sends the difference, so what stayed there counts once, and what was reversed or lies in another job is
sent. A modification of an earlier epoch counts, and is not sent again, only where somebody said that it stays and the
project is linked to the very same job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from budgets.models import Budget
from erp.models import Batch, BatchState, JobLink
from erp.port import DocumentKind
from erp.reset.models import Fate, LinkReset, ResetDocument, ResetState
from workflow.blockers import once_per_object

SENT_ON = (BatchState.ACCEPTED, BatchState.EXPORTED, BatchState.POSTED, BatchState.RETURNED)


@dataclass(frozen=True)
class Epoch:
    """`floor`: batches up to this number belong to the past. `since`: when the link was cut. `kept`: ids of documents
    of the past whose modifications count. `reopened`: the import from the ERP was opened again and not used up."""

    floor: int = 0
    since: datetime | None = None
    kept: frozenset[int] = frozenset()
    reopened: bool = False


@once_per_object
def epoch_of(budget: Budget) -> Epoch:
    """This function will find the epoch a budget is in; the first one, in which everything counts, before any reset."""
    resets = {row.pk: row for row in resets_of([budget.project_id])}
    if not resets:
        return Epoch()
    last = max(resets.values(), key=lambda reset: reset.pk)
    floor = last.after_batch or 0
    job = JobLink.objects.filter(job__project=budget.project_id, job__parent=None)
    now_at = job.values_list("erp_job__connection", "erp_job__code").first()
    words = ResetDocument.objects.filter(reset__in=resets).order_by("pk")
    fates = {word.document_id: word for word in words}  # what was said of a document last
    kept = {
        key
        for key, word in fates.items()
        if word.fate == Fate.STAYS
        and (resets[word.reset_id].connection_id, resets[word.reset_id].job_code) == now_at
    }
    used = Batch.objects.filter(budget=budget, number__gt=floor, state__in=SENT_ON).exists()
    return Epoch(floor, last.finished_at, frozenset(kept), last.reopen_import and not used)


def past_ones(budgets: Collection[int]) -> dict[int, Epoch]:
    """This function will find the epochs of those budgets whose link was reset at some time, by budget id."""
    reset = Budget.objects.filter(pk__in=budgets, project__link_resets__state=ResetState.DONE)
    return {budget.pk: epoch_of(budget) for budget in reset.select_related("project").distinct()}


def past_rows(epochs: Mapping[int, Epoch], *, batch: str, document: str, item: str = "item") -> Q:
    """This function will make the condition that something was sent for a link of the past and counts no more."""
    gone = Q(pk__in=[])
    for budget, epoch in epochs.items():
        old = Q(**{f"{batch}__budget": budget, f"{batch}__number__lte": epoch.floor})
        gone |= old & ~Q(**{f"{document}__in": epoch.kept, f"{item}__kind": DocumentKind.MODIFICATION})
    return gone


def jobs_now(budget: int) -> set[str]:
    """This function will find the ERP's codes of the jobs that a budget's project is linked to."""
    links = JobLink.objects.filter(job__project__budget=budget)
    return set(links.values_list("erp_job__code", flat=True))


def resets_of(projects: Collection[int]) -> QuerySet[LinkReset]:
    """This function will find the resets of projects that came to their end, the first one first."""
    return LinkReset.objects.filter(project__in=projects, state=ResetState.DONE).order_by("pk")


def counts(budget: Budget, *, batch: str, document: str) -> Q:
    """This function will make the condition that something posted counts now; the names lead to batch and document."""
    epoch = epoch_of(budget)
    return Q(**{f"{batch}__number__gt": epoch.floor}) | Q(**{f"{document}__in": epoch.kept})
