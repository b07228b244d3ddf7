"""Large batches take the password again: an unlocked screen accepts nothing above the company's amount."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache

from budgets.errors import InvalidInput
from erp.models import Batch, BatchState
from projects import tries
from workflow.blockers import Found, Kind, blocker

TRIES = 5
PROVEN = (
    "proven"  # kept on the instance a service decides on, and on those of a list that asks for no password
)


def wanted(batch: Batch) -> bool:
    """This function will tell whether accepting a batch takes the password."""
    above = batch.budget.project.company.reauthenticate_above
    return batch.state == BatchState.WAITING and above is not None and batch.moved > above


@blocker("reauthentication_needed", Kind.STATE)
def reauthentication_needed(batch: Batch, user: Any) -> Found | None:
    """The password was not given. While somebody only looks there is nothing to say: the page has a field for it."""
    if batch.__dict__.get(PROVEN, True) or not wanted(batch):
        return None
    above = batch.budget.project.company.reauthenticate_above
    return Found(
        f"This batch moves {batch.moved:,.2f}; above {above:,.2f} accepting takes your password. "
        "Open the batch and type it there."
    )


def prove(user: Any, password: str) -> bool:
    """This function will check a person's own password, a few tries at a time. Raises InvalidInput where it is wrong.

    Nothing is kept of what was typed. The try is counted before it is looked at, so that many at once are no way round,
    and with those at the log-in, so that those are none either.
    """
    key, all_doors = f"reauthentication:{user.pk}", tries.of_person(user.pk)
    try:
        tried, everywhere = tries.count(key), tries.count(all_doors)
    except tries.Unknown:
        raise InvalidInput(
            {"password": "Passwords cannot be checked just now. Try again in a minute."}
        ) from None
    if tried > TRIES or everywhere > tries.IN_ALL:
        raise InvalidInput(
            {
                "password": f"Too many wrong passwords. Try again in {tries.MINUTES} minutes, or ask another approver."
            }
        )
    if not user.check_password(password):
        left = TRIES - tried
        raise InvalidInput(
            {"password": f"This is not your password. {left} {'try' if left == 1 else 'tries'} left."}
        )
    cache.delete_many([key, all_doors])
    return True
