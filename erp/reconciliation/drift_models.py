"""What people changed straight in the ERP: when it was seen, and what was decided about it. Both are append-only."""

from __future__ import annotations

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from budgets.models import AMOUNT, Budget, BudgetLine, Modification
from erp.approval.limit_guards import letting_go, when_inserted
from erp.port import ErpKey

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class OnACode(models.Model):
    """A row about one budget code of the ERP."""

    erp_job = models.CharField(max_length=10)
    erp_cost_code = models.CharField(max_length=16)
    erp_cost_type = models.CharField(max_length=16)

    class Meta:
        abstract = True

    @property
    def key(self) -> ErpKey:
        """The budget code."""
        return ErpKey(self.erp_job, self.erp_cost_code, self.erp_cost_type)


class DriftSighting(OnACode):
    """A reading showed another amount than was posted; `found` is null where that difference was over.

    The newest row of a code says how it is now, and since when.
    """

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="drift_sightings")
    posted = models.DecimalField(**AMOUNT, help_text="our posted originals and modifications")
    found = models.DecimalField(**AMOUNT, null=True, help_text="what the ERP held")
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["budget", "erp_job", "erp_cost_code", "erp_cost_type", "-id"], name="drift_newest"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(found=None) | ~Q(found=F("posted")), name="drift_sighting_differs"
            )
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.key}: {self.posted} posted, {self.found} found"

    @property
    def difference(self) -> Decimal | None:
        """What the ERP held more; None where nothing differed any more."""
        return None if self.found is None else self.found - self.posted


class DriftKind(models.TextChoices):
    """Which value holds."""

    TAKE = "take", "the ERP’s amount taken"
    KEEP = "keep", "ours kept, to send"
    ACCEPT = "accept", "difference accepted"


def _with_all_of(person: str) -> str:
    """What a row decides on, with all that a person decided on the same reading or had decided for them, as SQL."""
    return (
        "(abs(NEW.found - NEW.posted) + COALESCE((SELECT sum(abs(o.found - o.posted)) FROM erp_driftdecision o"  # noqa: S608
        " WHERE o.budget_id = NEW.budget_id AND o.reading_hash = NEW.reading_hash AND o.kind <> 'accept'"
        f" AND {person} IN (o.by_id, o.on_behalf_of_id)), 0))"
    )


class DriftDecision(OnACode):
    """What an approver decided about one difference. Deciding again is a new row.

    `taken` brings our amount to the ERP's and counts as being there; `correction` takes it back and is to be sent.
    """

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="drift_decisions")
    kind = models.CharField(max_length=6, choices=DriftKind.choices)
    posted = models.DecimalField(**AMOUNT, help_text="what counted as posted")
    found = models.DecimalField(**AMOUNT, help_text="what the ERP held")
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="whose limit it was, where that was lent",
    )
    at = models.DateTimeField()
    reading_hash = models.CharField(max_length=64, help_text="of the reading that was looked at")
    line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, null=True, related_name="drift_decisions")
    taken = models.ForeignKey(Modification, on_delete=models.PROTECT, null=True, related_name="drift_taken")
    correction = models.ForeignKey(
        Modification, on_delete=models.PROTECT, null=True, related_name="drift_corrections"
    )

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["budget", "-id"], name="drift_decided")]
        constraints = [
            models.CheckConstraint(condition=~Q(found=F("posted")), name="drift_decision_on_a_difference"),
            models.CheckConstraint(
                condition=Q(kind="take", taken__isnull=False, line__isnull=False, correction=None)
                | Q(kind="keep", taken__isnull=False, line__isnull=False, correction__isnull=False)
                | (Q(kind="accept", taken=None, correction=None) & ~Q(note="")),
                name="drift_decision_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of=None) | ~Q(on_behalf_of=F("by")) & ~Q(kind="accept"),
                name="drift_decided_for_another",
            ),
        ]
        triggers = [
            APPEND_ONLY,
            *when_inserted(
                letting_go(
                    taker="NEW.by_id",
                    lender="NEW.on_behalf_of_id",
                    company="(SELECT p.company_id FROM projects_project p JOIN budgets_budget g"
                    " ON g.project_id = p.id WHERE g.id = NEW.budget_id)",
                    at="NEW.at",
                    lent=_with_all_of("NEW.by_id"),
                    own=_with_all_of("COALESCE(NEW.on_behalf_of_id, NEW.by_id)"),
                    where="NEW.kind <> 'accept'",
                )
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.get_kind_display()}"

    @property
    def difference(self) -> Decimal:
        """What the ERP held more."""
        return self.found - self.posted
