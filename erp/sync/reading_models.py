"""What the ERP held for a project's jobs at one moment: readings, asked for and made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from budgets.models import Budget
from workflow import guards


class ReadingState(models.TextChoices):
    """A reading is asked for by a person or a service and made by a task."""

    ASKED = "asked"
    MADE = "made"
    FAILED = "failed"


class ErpReading(models.Model):
    """What the ERP held for a project's jobs at one moment, as a stored and hashed row.

    `rows` is a list of [job, cost code, cost type, name, original, current, active], amounts as strings with 2 places;
    `statuses` maps a job's code to pending, started or closed; `codes` holds the ERP's code of each cost code and cost
    type on the budget's lines, by our id, as they were mapped then (null: not kept).
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="readings")
    state = models.CharField(max_length=6, choices=ReadingState.choices, default=ReadingState.ASKED)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    statuses = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    codes = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="made") | (Q(made_at__isnull=False) & ~Q(hash="")),
                name="made_reading_is_hashed",
            )
        ]
        triggers = [
            guards.frozen(
                "made",
                *("budget_id", "state", "made_at", "hash", "statuses", "rows", "codes"),
                when="OLD.state = 'made'",
            )
        ]

    def __str__(self) -> str:
        return f"reading {self.pk} of {self.budget}"
