"""Saved filters of the queue: a person's own, or shared with everybody who works on a company's queue."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from budgets.models import AMOUNT
from projects.models import Company

MOST_NAME = 40
SHELVES = ("mine", "waiting", "exporting", "attention", "in_erp", "posted", "back", "all")


class QueueFilter(models.Model):
    """What `narrowing.Narrowing` asks for, under a name. A shared one is always of one company."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=MOST_NAME)
    shared = models.BooleanField(default=False)
    shelf = models.CharField(max_length=20)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    low: models.DecimalField[Decimal | None, Decimal | None] = models.DecimalField(
        **AMOUNT, null=True, blank=True
    )
    high: models.DecimalField[Decimal | None, Decimal | None] = models.DecimalField(
        **AMOUNT, null=True, blank=True
    )
    words = models.CharField(max_length=100, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-shared", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name"], condition=Q(shared=True), name="shared_filter_once_per_company"
            ),
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(shared=False), name="own_filter_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(shared=False) | Q(company__isnull=False), name="shared_filter_has_a_company"
            ),
            models.CheckConstraint(
                condition=Q(low=None) | Q(high=None) | Q(low__lte=F("high")), name="filter_amounts_in_order"
            ),
            models.CheckConstraint(condition=Q(shelf__in=SHELVES), name="filter_of_a_known_shelf"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultQueueFilter(models.Model):
    """The filter that opens for a person when the address asks for nothing."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filter = models.ForeignKey(QueueFilter, on_delete=models.CASCADE, related_name="default_of")

    def __str__(self) -> str:
        return f"{self.user}: {self.filter}"
