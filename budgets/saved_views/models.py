"""Views: which columns of the Cost Code Detail a person wants to see, and how; their own or their company's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.models import Company

MOST_NAME = 60


class Density(models.TextChoices):
    """How close together rows stand."""

    USUAL = "", "as usual"
    COMPACT = "compact"


class SavedView(models.Model):
    """Columns in their order, calculated ones among them, with grouping, filter and density; saved under a name.

    A view is its owner's own, or `shared` with everybody who sees a project of the company. `columns` are keys of
    `budgets.grid.columns` and of `calculated`; a key that is gone is passed over. `calculated` holds what
    `budgets.saved_views.calculated` reads: key, label, expression and kind of each.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    shared = models.BooleanField(default=False)
    name = models.CharField(max_length=MOST_NAME)
    columns: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    calculated: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True
    )
    by = models.CharField(max_length=20, blank=True, help_text="outer grouping, as the page's address has it")
    only = models.CharField(max_length=20, blank=True, help_text="filter, as the page's address has it")
    density = models.CharField(max_length=10, choices=Density.choices, default=Density.USUAL, blank=True)
    version = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-shared", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name"], condition=Q(shared=True), name="shared_view_once_per_company"
            ),
            models.UniqueConstraint(
                fields=["company", "owner", "name"],
                condition=Q(shared=False),
                name="own_view_once_per_person_and_company",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view that opens for a person in a company when an address names none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="default_of")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "company"], name="one_default_view_per_person_and_company"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.view}"
