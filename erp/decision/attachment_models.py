"""Which attachments an approver was shown with a batch."""

from __future__ import annotations

import pgtrigger
from django.db import models

from budgets.models import Attachment


class BatchAttachment(models.Model):
    """An attachment of a modification as it went along with a batch; frozen at send like the item it belongs to."""

    item = models.ForeignKey("erp.BatchItem", on_delete=models.CASCADE, related_name="attachments")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["attachment"]
        constraints = [
            models.UniqueConstraint(fields=["item", "attachment"], name="attachment_once_per_item")
        ]
        triggers = [pgtrigger.Protect(name="frozen", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return str(self.attachment)
