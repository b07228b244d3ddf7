"""What became of several drafts, said to the person who pressed."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest

from budgets.modifications.many import Outcome

MOST_SAID = 10


def tell(request: HttpRequest, outcomes: Sequence[Outcome]) -> None:
    """This function will say how many count now, under which numbers, and of each other one why not."""
    done = [one.modification for one in outcomes if one.done]
    if len(done) == 1:
        messages.success(request, f"{done[0]} is effective. Send the budget to bring it to accounting.")
    elif done:
        said = f"{len(done):,} modifications are effective, numbers {done[0].number} to {done[-1].number}."
        messages.success(request, f"{said} Send the budget to bring them to accounting.")
    left = [one for one in outcomes if not one.done]
    for one in left[:MOST_SAID]:
        messages.warning(request, f"“{one.modification.title}” stays a draft: {_why(one)}")
    if len(left) > MOST_SAID:
        messages.warning(request, f"{len(left) - MOST_SAID:,} more stay drafts; each says why on its page.")


def _why(one: Outcome) -> str:
    if one.changed_by:
        return f"{one.changed_by} changed it since you looked."
    if one.looks_like:
        return f"It looks like “{one.looks_like}”. Delete it, or make it effective on its own page."
    return " ".join(blocker.sentence for blocker in one.blockers)
