"""Celery tasks of the Budget tool: load, one call. Every task may come twice, late or never."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from budgets.importing import working


@shared_task
def work_on_import(pk: str, **later: object) -> None:
    """Read or load a file that somebody uploaded."""
    working.work_on(pk, now=timezone.now())


@shared_task
def sweep_imports(**later: object) -> None:
    """Find files whose bell was not heard."""
    working.sweep(now=timezone.now())


@shared_task
def forget_old_imports(**later: object) -> None:
    """Delete files nobody came back to."""
    working.forget_old(now=timezone.now())
