"""What somebody asks of those who may: to unlock a budget, or to take it back out of the ERP."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from budgets.models import Budget
from workflow import guards


class RequestKind(models.TextChoices):
    """What is asked for."""

    UNLOCK = "unlock", "to unlock"
    RETURN = "return", "to return it"


class RequestState(models.TextChoices):
    """What became of it."""

    OPEN = "open", "open"
    GRANTED = "granted", "done"
    DECLINED = "declined", "declined"
    WITHDRAWN = "withdrawn", "withdrawn"
    OVER = "over", "over"  # what was asked for cannot happen any more


class BudgetRequest(models.Model):
    """One person's request with its note; open until it is answered. At most one of a kind is open on a budget."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="requests")
    kind = models.CharField(max_length=6, choices=RequestKind.choices)
    state = models.CharField(max_length=9, choices=RequestState.choices, default=RequestState.OPEN)
    note = models.TextField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "kind"], condition=Q(state="open"), name="one_open_request_of_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at=None)
                | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="request_answered_exactly_when_not_open",
            ),
        ]
        triggers = [
            guards.frozen("answered", "state", "note", "answer", "asked_by_id", when="OLD.state <> 'open'")
        ]

    def __str__(self) -> str:
        return f"{self.asked_by} asks {self.get_kind_display()}"
