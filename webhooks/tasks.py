"""Celery tasks: load, one call. Every task may come twice, late or never."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from webhooks import delivery


@shared_task
def follow(**later: object) -> None:
    """Look for new events, and ring for each endpoint that has something to send."""
    delivery.ring(delivery.follow(now=timezone.now()))


@shared_task
def deliver(endpoint_id: int, **later: object) -> None:
    """Post what is due to one endpoint."""
    delivery.deliver(endpoint_id, now=timezone.now())


@shared_task
def forget_old(**later: object) -> None:
    """Clear the log of what is long over."""
    delivery.forget_old(now=timezone.now())
