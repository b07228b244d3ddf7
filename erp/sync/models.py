"""Each reading of an ERP's jobs and codes as a row: who asked, how far it is, what it brought, what it changed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from erp.sync.mirror_models import Connection

PERSON: dict[str, Any] = {"on_delete": models.PROTECT, "null": True, "blank": True, "related_name": "+"}


class SyncKind(models.TextChoices):
    """What a run reads, in this order."""

    JOBS = "jobs", "Jobs and sub jobs"
    COST_CODES = "cost_codes", "Cost codes"
    COST_TYPES = "cost_types", "Cost types"
    UNITS = "units", "Units"
    ASSIGNMENTS = "assignments", "Codes assigned to jobs"
    COSTS = "costs", "Costs to date"
    BUDGETS = "budgets", "Budgets in the ERP"


class SyncState(models.TextChoices):
    """How far a run is; partly: it broke off after some kinds, which are kept."""

    ASKED = "asked", "Asked for"
    RUNNING = "running", "Reading"
    DONE = "done", "Read"
    PARTLY = "partly", "Broke off"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNDER_WAY = (SyncState.ASKED, SyncState.RUNNING)


class SyncRun(models.Model):
    """One run. `claim` and `lease_until` (database time) say which worker has it, and until when it must be heard of.

    `read` and `made` count rows by what people call them; `changes` counts what changed, by kind and change.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_runs")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON, help_text="nobody: on schedule")
    asked_at = models.DateTimeField()
    because = models.CharField(max_length=120, blank=True, help_text="why, where no person pressed a button")
    whole = models.BooleanField(default=False, help_text="all was read, not only what changed")
    only = models.CharField(max_length=12, blank=True, choices=SyncKind.choices)
    state = models.CharField(max_length=9, choices=SyncState.choices, default=SyncState.ASKED)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    at = models.CharField(
        max_length=12, blank=True, choices=SyncKind.choices, help_text="the kind being read"
    )
    at_rows = models.PositiveIntegerField(default=0, help_text="rows of it that came so far")
    at_known = models.PositiveIntegerField(default=0, help_text="rows of it that were known before")
    read = models.JSONField(default=dict, blank=True)
    made = models.JSONField(default=dict, blank=True)
    changes = models.JSONField(default=dict, blank=True)
    changed = models.PositiveIntegerField(default=0, help_text="rows that changed, of all kinds")
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, **PERSON)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="why it did not come to its end, in plain words")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["connection", "-asked_at"], name="sync_runs_of_connection")]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["asked", "running"]),
                name="one_sync_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="running", claim__isnull=False, lease_until__isnull=False)
                | (~Q(state="running") & Q(claim=None, lease_until=None)),
                name="a_running_sync_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "running"], finished_at=None)
                | (~Q(state__in=["asked", "running"]) & Q(finished_at__isnull=False)),
                name="a_sync_is_finished_or_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"sync {self.pk} of {self.connection}"

    @property
    def under_way(self) -> bool:
        """Whether it may still bring something."""
        return self.state in UNDER_WAY

    @property
    def took(self) -> float | None:
        """Seconds from its begin to its end; None while it has not both."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class Change(models.TextChoices):
    """What became of a row of the ERP."""

    ADDED = "added", "New"
    CHANGED = "changed", "Changed"
    INACTIVE = "inactive", "Made inactive there"
    GONE = "gone", "No longer there"
    BACK = "back", "Back again"


class SyncChange(models.Model):
    """One row that a run found otherwise than it was; `fields` maps a field to its old and new value."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=12, choices=SyncKind.choices)
    change = models.CharField(max_length=8, choices=Change.choices)
    code = models.CharField(max_length=60)
    fields = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "kind", "change"], name="sync_changes_of_run")]

    def __str__(self) -> str:
        return f"{self.code} {self.change}"


class Heartbeat(models.Model):
    """When a part of the installation was last heard of, in the database's time."""

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
