"""What is kept beside a modification: files that say why, and files of many modifications that wait to be confirmed."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from workflow import guards


class Attachment(models.Model):
    """A file of a modification. `was_sent` is told by the ERP Integrations tool; nothing here sets it."""

    modification = models.ForeignKey(
        "budgets.Modification", on_delete=models.CASCADE, related_name="attachments"
    )
    name = models.CharField(max_length=120, help_text="cleaned: no path, no control characters")
    kind = models.CharField(max_length=100, help_text="media type, from the file's first bytes")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    was_sent = models.BooleanField(default=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        triggers = [
            guards.frozen(
                "file_as_it_is",
                *("modification_id", "name", "kind", "size", "sha256", "added_by_id", "added_at"),
                when="TRUE",
            ),
            guards.frozen("sent_once", "was_sent", when="OLD.was_sent"),
            guards.kept("sent_attachment", when="OLD.was_sent"),
            guards.refuse(
                "frozen_with_modification",
                operation=pgtrigger.Delete | pgtrigger.Insert,
                when="EXISTS (SELECT 1 FROM budgets_modification m WHERE m.id IN"
                " (OLD.modification_id, NEW.modification_id)"
                " AND (m.was_posted OR m.in_batch OR m.state = 'void'))",
                because="a modification that was sent is frozen with its attachments",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AttachmentContent(models.Model):
    """The bytes, in a table of their own so that no list reads them."""

    attachment = models.OneToOneField(
        Attachment, on_delete=models.CASCADE, primary_key=True, related_name="content"
    )
    data = models.BinaryField()

    class Meta:
        triggers = [pgtrigger.Protect(name="content_as_it_is", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"Content of {self.attachment_id}"


class ModificationFile(models.Model):
    """A file of many modifications between its preview and the confirmation; thrown away after a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    budget = models.ForeignKey("budgets.Budget", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    data = models.BinaryField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
