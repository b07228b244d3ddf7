"""A file on its way into a budget: kept while somebody looks at what it would do, seen by nobody else."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from budgets.files.workbooks import LARGEST_FILE
from projects.models import Company

KEPT = timedelta(days=2)  # from the last thing the person did with it
HEAVY = ("content", "preview")  # columns that a page of progress does not need
REMEMBERED = timedelta(days=400)  # a choice of columns, from its last use


class ImportKind(models.TextChoices):
    """Where the rows come from."""

    FILE = "file", "file"
    PASTED = "pasted", "pasted rows"
    COPY = "copy", "copy of another project's budget"


class ImportState(models.TextChoices):
    """How far it is. The two that wait for a worker are found by the sweep when nobody heard the bell."""

    COLUMNS = "columns", "its columns are to be chosen"
    READING = "reading", "being read"
    PREVIEW = "preview", "read: the person decides"
    LOADING = "loading", "being loaded"
    DONE = "done", "loaded"
    REFUSED = "refused", "of no use"


class StagedImport(models.Model):
    """What one person uploaded for one budget. `content` is the file as it came; `preview` compressed JSON.

    `layout` says how to read it, `choices` what to load of it. `budget_version` is the one the preview was made of; a
    copy keeps its source's among the choices, as `source_version`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    budget = models.ForeignKey("budgets.Budget", on_delete=models.CASCADE, related_name="staged_imports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=ImportKind.choices)
    source = models.CharField(max_length=200, help_text="the file's name")
    content = models.BinaryField(max_length=LARGEST_FILE)
    layout = models.JSONField(default=dict)
    choices = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ImportState.choices)
    sentence = models.TextField(blank=True, help_text="why it is of no use, or what came in between")
    done = models.PositiveIntegerField(default=0, help_text="rows read so far")
    total = models.PositiveIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="workers that began with this step")
    budget_version = models.PositiveIntegerField(default=0)
    preview = models.BinaryField(default=b"")
    result = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["reading", "loading"]),
                name="staged_imports_at_work",
            ),
            models.Index(fields=["expires_at"], name="staged_imports_expiry"),
        ]

    def __str__(self) -> str:
        return self.source


class RememberedColumns(models.Model):
    """Which column is which field, as a person last chose for files with these column names."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    columns = models.JSONField(default=dict)
    decimals = models.CharField(max_length=1, blank=True)
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "company", "fingerprint"], name="columns_remembered_once")
        ]

    def __str__(self) -> str:
        return f"columns {self.fingerprint[:8]} of {self.user}"
