"""Ringing the workers of this app: `workflow.bell` with its tasks' names shortened."""

from __future__ import annotations

from workflow import bell


def ring(task: str, *args: object) -> None:
    """This function will start `erp.tasks.<task>` once the transaction is committed."""
    bell.ring(f"erp.tasks.{task}", *args)
