"""What was spent on jobs to date, as the ERP last told. Only the sync writes it."""

from __future__ import annotations

from django.db import models

from erp.sync.mirror_models import Connection


class ErpCost(models.Model):
    """The costs to date of one budget code, in the ERP's codes. When a job was read stands on its `ErpJob`."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    job_code = models.CharField(max_length=10)
    cost_code = models.CharField(max_length=16)
    cost_type = models.CharField(max_length=16)
    amount = models.DecimalField(max_digits=20, decimal_places=2)
    posted_to = models.DateField(null=True, blank=True, help_text="the day of the last posting that counts")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "job_code", "cost_code", "cost_type"], name="erp_cost_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_code} {self.cost_code} {self.cost_type}: {self.amount}"
