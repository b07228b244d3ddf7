"""Whether an ERP answers: the circuit breaker's row for a connection, shared by all workers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from erp.sync.mirror_models import Connection


class Circuit(models.Model):
    """One row a connection, from its first failure on. It is open, and nobody calls, while `opened_at` is set.

    `ask_at` and `asked_at` are the database's time, for workers' clocks may differ; the others are business times.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="circuit")
    failures = models.PositiveIntegerField(default=0, help_text="calls in a row that found it unavailable")
    silent_since = models.DateTimeField(null=True, blank=True, help_text="the first of them")
    because = models.TextField(blank=True, help_text="what the last of them found")
    opened_at = models.DateTimeField(null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True, help_text="when one probe may ask")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="when the last probe asked")
    told_at = models.DateTimeField(null=True, blank=True, help_text="when the ERP admins were mailed")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opened_at=None, ask_at=None, told_at=None)
                | Q(opened_at__isnull=False, ask_at__isnull=False),
                name="a_probe_is_due_exactly_while_open",
            ),
            models.CheckConstraint(
                condition=Q(failures=0, silent_since=None) | Q(failures__gt=0, silent_since__isnull=False),
                name="silent_since_the_first_failure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {'open' if self.opened_at else 'closed'}"
