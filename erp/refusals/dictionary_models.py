"""What a company knows of its ERP's refusals beyond the adapter: its own explanations, and texts nobody explained."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models

from erp.port import Fixer, Place
from erp.sync.mirror_models import Connection
from workflow import guards


class ErrorExplanation(models.Model):
    """One version of a company's own entry; the newest version of a code counts. Never changed, never deleted."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="explanations")
    code = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    in_use = models.BooleanField(default=True, help_text="the newest version says whether the entry is used")
    matches = models.JSONField(help_text="patterns of the ERP's texts, a list")
    meaning = models.CharField(max_length=300)
    who = models.CharField(max_length=20, choices=[(fixer.value, fixer.value) for fixer in Fixer])
    steps = models.JSONField(default=list, blank=True, help_text="sentences, a list")
    place = models.CharField(max_length=20, choices=[(place.value, place.value) for place in Place])
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "code", "version"], name="explanation_version_once_per_code"
            )
        ]
        triggers = [pgtrigger.Protect(name="frozen", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.code}, version {self.version}"


class UnknownErrorText(models.Model):
    """A refusal that no entry explained when it came, counted without the codes and numbers in it."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="unknown_texts")
    key = models.CharField(max_length=64, help_text="SHA-256 of the text in lower case")
    text = models.CharField(max_length=600, help_text="with placeholders for codes and numbers")
    sample = models.TextField(help_text="the newest one as it came, without secrets")
    count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    document = models.ForeignKey("erp.Document", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-last_seen_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="unknown_text_once")]
        triggers = [
            guards.frozen("seen", "connection_id", "key", "text", "first_seen_at", when="TRUE"),
        ]

    def __str__(self) -> str:
        return self.text
