"""What the project manager expects a line still to cost: an estimate of hers, which never goes to the ERP."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from budgets.fields import AMOUNT, history
from budgets.money import LARGEST


@history
class Forecast(models.Model):
    """The forecast to complete of one line where somebody set it by hand; without an amount it is automatic again.

    The row stays when a forecast becomes automatic, so that its version goes on and the trail is of one row.
    """

    line = models.OneToOneField("budgets.BudgetLine", on_delete=models.CASCADE, related_name="forecast")
    amount = models.DecimalField(**AMOUNT, null=True, blank=True)
    note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount=None) | ~Q(note=""), name="forecast_by_hand_has_a_note"
            ),
            # PostgreSQL keeps NaN in a numeric column, and holds it to be larger than any number.
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__lte=LARGEST), name="forecast_is_a_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {'automatic' if self.amount is None else self.amount}"
