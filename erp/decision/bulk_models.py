"""One decision over several batches, and what became of each."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

MOST_AT_ONCE = 500


class BulkKind(models.TextChoices):
    """What is done to each."""

    ACCEPT = "accept", "Accept"
    REJECT = "reject", "Reject"


class BulkOutcome(models.TextChoices):
    """What became of one batch."""

    OPEN = "", "not decided yet"
    DONE = "done"
    PASSED = "passed", "approved; it waits for its next step"
    REFUSED = "refused"  # something stands in its way: `said` has every sentence
    FAILED = "failed"  # a fault of ours: nothing was changed


class BulkDecision(models.Model):
    """One press of Accept or Reject over several batches by one person, who alone sees it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submission = models.UUIDField(help_text="the form that was sent: sent twice it is one decision")
    kind = models.CharField(max_length=10, choices=BulkKind.choices)
    reason_code = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "submission"], name="bulk_decision_once_per_form"),
            models.CheckConstraint(
                condition=Q(kind="accept", reason="", reason_code="")
                | (Q(kind="reject") & ~Q(reason="") & ~Q(reason_code="")),
                name="bulk_rejection_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.user}"


class BulkItem(models.Model):
    """One batch of it: the reading the person saw, and the outcome, written with the decision's own transaction."""

    decision = models.ForeignKey(BulkDecision, on_delete=models.CASCADE, related_name="items")
    batch = models.ForeignKey("erp.Batch", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    reading_hash = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=10, choices=BulkOutcome.choices, blank=True)
    said: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True, help_text="what stood in the way: code and sentence"
    )

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["decision", "batch"], name="batch_once_per_decision")]

    def __str__(self) -> str:
        return f"{self.batch}: {self.get_outcome_display()}"
