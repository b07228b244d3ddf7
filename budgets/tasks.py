"""Celery tasks of the Budget tool: load, one call. Every task may come twice, late or never."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from budgets.importing import staging as import_staging


@shared_task
def work_on_import(pk: str, **later: object) -> None:
    """Read or load a file that somebody uploaded."""
    import_staging.work_on(pk, now=timezone.now())


@shared_task
def sweep_imports(**later: object) -> None:
    """Find files whose bell was not heard."""
    import_staging.sweep(now=timezone.now())


@shared_task
def forget_old_imports(**later: object) -> None:
    """Delete files nobody came back to."""
    import_staging.forget_old(now=timezone.now())
