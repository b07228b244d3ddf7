"""Events (append-only, hash-chained) and submissions (the same form sent twice is one effect)."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class ChainHead(models.Model):
    """The newest event of a chain. Locked while one is appended, so that a chain never forks."""

    chain = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"chain {self.chain} at {self.seq}"


class Event(models.Model):
    """Who did what to what and when. Rows are never changed; each carries the hash of the one before.

    `about` holds "label:pk" of everything it concerns, without foreign keys, so that this app knows none of the others.
    """

    chain = models.BigIntegerField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=310, help_text="name of the person, or 'Tieback'")
    actor_pk = models.BigIntegerField(null=True)
    action = models.CharField(max_length=40)
    about = ArrayField(models.CharField(max_length=60))
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    sentence = models.TextField(blank=True)
    note = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="event_once_per_place_in_chain")]
        indexes = [GinIndex(fields=["about"], name="event_about")]
        ordering = ["chain", "seq"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action}"


class Submission(models.Model):
    """A form's own id with the answer it got, so that a second click or a browser's retry gets the same answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    location = models.CharField(max_length=500, blank=True)
    messages = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.id)
