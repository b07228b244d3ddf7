"""Where events go, what was sent there, and how each try ended."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from projects.models import Company


class Format(models.TextChoices):
    """What the body looks like."""

    STANDARD = "standard", "Standard Webhooks: JSON with type, timestamp and data"
    SLACK = "slack", "Slack: a message"
    TEAMS = "teams", "Microsoft Teams: a card"


class Endpoint(models.Model):
    """An address that is told of a company's events. Its secret is not here: see `webhooks.signing`; neither is the
    address, in plain: see `webhooks.sealing`.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    description = models.CharField(max_length=100)
    sealed = models.TextField(help_text="its address, encrypted")
    mark = models.CharField(max_length=64, help_text="of the address: the same one is not added twice")
    place = models.CharField(max_length=520, help_text="the address as pages show it, without its path")
    format = models.CharField(max_length=10, choices=Format.choices, default=Format.STANDARD)
    kinds = ArrayField(models.CharField(max_length=40), help_text="what it is told of")
    active = models.BooleanField(default=True)
    off_because = models.TextField(blank=True, help_text="why Tieback switched it off")
    nonce = models.CharField(max_length=64)
    fingerprint = models.CharField(
        max_length=16, help_text="of the secret, to see that it still comes out the same"
    )
    old_nonce = models.CharField(max_length=64, blank=True)
    old_until = models.DateTimeField(null=True, blank=True, help_text="both secrets sign until then")
    followed = models.BigIntegerField(default=0, help_text="number of the last event looked at")
    failing_since = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="a worker is sending")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["description", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["company", "mark"], name="webhook_address_once_per_company"),
            models.CheckConstraint(
                condition=Q(active=False) | Q(off_because=""), name="webhook_off_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(old_nonce="", old_until=None) | ~Q(old_nonce="") & Q(old_until__isnull=False),
                name="webhook_old_secret_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class DeliveryState(models.TextChoices):
    """How far a delivery is."""

    PENDING = "pending", "on its way"
    DELIVERED = "delivered", "delivered"
    GIVEN_UP = "given_up", "given up"


class Delivery(models.Model):
    """One event for one endpoint. The same id and body each time it is tried."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    seq = models.BigIntegerField(null=True, help_text="number of the event; none for a test")
    kind = models.CharField(max_length=40)
    message_id = models.CharField(max_length=60, unique=True)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["endpoint", "id"], condition=Q(state="pending"), name="webhook_pending"),
            models.Index(fields=["ended_at"], name="webhook_ended"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "seq"], name="webhook_event_once_per_endpoint"),
            models.CheckConstraint(
                condition=Q(state="pending", ended_at=None) | ~Q(state="pending") & Q(ended_at__isnull=False),
                name="webhook_ended_exactly_when_not_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class Attempt(models.Model):
    """One try of a delivery."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()
    answer = models.CharField(max_length=500, blank=True, help_text="the beginning of what was answered")
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.status or self.error}"
