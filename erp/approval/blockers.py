"""What stops somebody from taking the step of a route that is due. Each rule once."""

from __future__ import annotations

from typing import Any

from erp.approval import route_rules, route_words, routes
from erp.models import Batch, BatchState, BatchStep
from erp.words import erp_admins
from projects import permissions
from workflow.blockers import Found, Kind, blocker


def who_can(batch: Batch, *, but: Any = None) -> str:
    """This function will name who can take the step that is due."""
    found = [way for way in routes.due_ways(batch) if but is None or way.taker != but.pk]
    return route_words.said(found)


def _others(batch: Batch, user: Any) -> str:
    return who_can(batch, but=user) or "another approver (there is none yet)"


@blocker("step_taken_for_you", Kind.PERMISSION)
def step_taken_for_you(batch: Batch, user: Any) -> Found | None:
    """Each step takes other eyes: nobody takes two, nor has one taken for them beside their own."""
    if user is None or batch.state != BatchState.WAITING:
        return None
    for step in routes.steps_of(batch):
        if step.taken_by_id is None or user.pk not in (step.taken_by_id, step.on_behalf_of_id):
            continue
        who = _others(batch, user)
        mine = "You approved" if step.taken_by_id == user.pk else f"{_name(step.taken_by)} approved for you"
        return Found(f"{mine} the step “{step.name}”, so other eyes take the next: ask {who}.", who=who)
    return None


@blocker("not_your_step", Kind.PERMISSION)
def not_your_step(batch: Batch, user: Any) -> Found | None:
    """The step that is due is for others, and nobody among them lent it to this person for such a batch."""
    step = routes.due(batch)
    if user is None or step is None or step.anybody or user.pk in routes.used(batch):
        return None
    named = {one.user_id for one in step.people.all()}
    if user.pk in named or routes.way_of(batch, user) is not None:
        return None
    who = who_can(batch) or f"nobody who can take it; {erp_admins(batch.budget)} can name somebody"
    why = _why_not_for_them(batch, named, user)
    return Found(f"It waits for the step “{step.name}”: {who}.{why}", who=who)


def _why_not_for_them(batch: Batch, named: set[int], user: Any) -> str:
    """Why a delegation does not reach the step, where there is one."""
    circle = routes.circle(batch)
    lent = [one for one in circle.lent if one.taker == user.pk and one.lender in named]
    if not lent:
        return ""
    most = max(lent, key=lambda one: one.limit)
    if not route_rules.within(most.limit, batch.moved):
        return f" You act for one of them up to {most.limit:,.2f}; this batch moves {batch.moved:,.2f}."
    return " You act for one of them, who prepared this batch, took a step of it or may not take this one."


@blocker("would_leave_nobody", Kind.PERMISSION)
def would_leave_nobody(batch: Batch, user: Any) -> Found | None:
    """Whoever is the only one for a later step leaves this one to others."""
    seats = routes.open_seats(batch)
    if user is None or len(seats) < 2:
        return None
    way = routes.way_of(batch, user)
    if way is None or routes.gap_of(batch) is not None:
        return None
    left = routes.left_without(batch, way)
    if left is None:
        return None
    who = _others(batch, user)
    return Found(
        f"If you took “{seats[0].name}”, nobody would be left for “{left.name}”. Leave this step to {who}.",
        who=who,
    )


@blocker("step_without_people", Kind.PROBLEM)
def step_without_people(batch: Batch, user: Any) -> Found | None:
    """A step of a frozen route finds nobody any more."""
    left = routes.gap_of(batch)
    if left is None:
        return None
    who = erp_admins(batch.budget)
    return Found(
        f"Nobody can take the step “{left.name}” any more: whoever could has lost the right, has too low a limit, "
        f"prepared the batch or took another step. {who} can name somebody, or the project manager retrieves it.",
        who=who,
    )


# -- naming somebody -------------------------------------------------------------------------------------------


@blocker("step_has_people", Kind.STATE)
def step_has_people(batch: Batch, user: Any) -> Found | None:
    """Nobody is named where somebody can take the step: a route is no suggestion."""
    if step_to_name_for(batch) is not None:
        return None
    if routes.gap_of(batch) is not None:
        return Found(
            "The step is for anybody who may push to accounting: give somebody the right or the limit instead."
        )
    return Found("Every step of this batch has somebody who can take it.")


def step_to_name_for(batch: Batch) -> BatchStep | None:
    """This function will find the step that needs a name: the first that finds nobody, where people are named."""
    left = routes.gap_of(batch)
    if left is None or left.named is None:
        return None
    pairs = zip(routes.open_seats(batch), routes.open_steps(batch), strict=True)
    return next(step for seat, step in pairs if seat == left)


def could_be_named(batch: Batch, step: BatchStep, *, by: Any) -> list[int]:
    """This function will find who could take a step if they were named, but for whoever names."""
    steps = routes.open_steps(batch)
    last = step.pk == steps[-1].pk
    seat = route_rules.Seat(step.name, None, last)
    found = route_rules.ways(routes.circle(batch), seat, moved=batch.moved, used=routes.used(batch))
    return [way.taker for way in found if way.lender is None and way.taker != by.pk]


def _name(person: Any) -> str:
    return permissions.names([person] if person else [], nobody="Somebody")
