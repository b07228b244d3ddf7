"""A batch that is over lets go of its modifications, and its budget goes back to the project manager."""

from __future__ import annotations

from datetime import datetime

from budgets.models import Budget, Modification
from erp.models import Batch
from workflow.actions import SYSTEM, ensure


def modifications_of(batch: Batch) -> list[int]:
    """This function will find the modifications a batch carries, by id."""
    return list(batch.items.exclude(modification=None).values_list("modification", flat=True))


def free_modifications(batch: Batch) -> None:
    """This function will tell the Budget tool that a batch holds its modifications no more.

    Lines stay marked as having been in a batch: a snapshot names them.
    """
    Modification.objects.filter(pk__in=modifications_of(batch)).update(in_batch=False)


def give_back(budget: Budget, *, now: datetime) -> None:
    """This function will give a budget that was sent back to the project manager; raises ActionBlocked elsewhere."""
    ensure(budget, "give_back", SYSTEM)
    budget.give_back(now=now)
    budget.save(update_fields=["state", "state_since"])
