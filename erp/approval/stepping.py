"""Taking the step of a route that is due, and naming somebody for a step that has lost its people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from budgets.errors import InvalidInput
from erp.approval import reaching, routes
from erp.approval.approvers import able_to_accept
from erp.approval.blockers import could_be_named, step_to_name_for
from erp.locking import lock_batch, on_budget, told_by_rules
from erp.mail import notifications
from erp.models import Batch, BatchStep, BatchStepPerson, ErpReading
from workflow.actions import ensure
from workflow.blockers import forget_facts
from workflow.people import name_of


@dataclass(frozen=True)
class Taken:
    """The step that was taken, and how far that brings the batch."""

    step: BatchStep
    place: int
    of: int

    @property
    def last(self) -> bool:
        """Whether the batch may go now."""
        return self.place == self.of

    @property
    def for_whom(self) -> str:
        """On whose behalf, as the end of a sentence."""
        return reaching.for_whom(self.step.on_behalf_of)

    @property
    def told(self) -> dict[str, Any]:
        """What the event keeps of it."""
        kept: dict[str, Any] = {"step": self.step.name, "place": self.place, "steps": self.of}
        if self.step.on_behalf_of_id:
            kept |= {"on_behalf_of": name_of(self.step.on_behalf_of)}
        return kept


def take(batch: Batch, *, user: Any, now: datetime, reading: ErpReading) -> Taken:
    """This function will take the due step of a batch that the caller has locked, after `ensure` let it through."""
    step, way = routes.due(batch), routes.way_of(batch, user)
    if step is None or way is None:
        raise RuntimeError("whoever may accept has a way to take the step that is due")  # blockers said so
    total = len(routes.steps_of(batch))
    place = total - len(routes.open_steps(batch)) + 1
    step.taken_by, step.on_behalf_of_id, step.taken_at, step.reading = user, way.lender, now, reading
    with told_by_rules(batch, "accept", user):
        step.save(update_fields=["taken_by", "on_behalf_of", "taken_at", "reading"])
    forget_facts(batch)
    return Taken(step, place, total)


def pass_on(batch: Batch, taken: Taken, *, reading: ErpReading) -> dict[str, Any]:
    """This function will tell the people of the next step, and write the event of a step that was not the last."""
    notifications.tell_step_due(batch, able_to_accept(batch))
    return {
        "action": "approve",
        "sentence": f"Approved batch {batch.number} as {taken.step.name} "
        f"({taken.place} of {taken.of}){taken.for_whom}",
        "data": {"reading": reading.hash, "moved": batch.moved, "net": batch.net, **taken.told},
    }


def name_for_step(batch: Batch, *, user: Any, now: datetime, person_id: int) -> Batch:
    """This function will let another person take the step that nobody can take any more."""
    with on_budget(batch.budget, user=user, now=now) as (locked, event):
        row = lock_batch(batch, locked)
        row.__dict__["deciding_at"] = now
        ensure(row, "name_for_step", user)
        step = step_to_name_for(row)
        if step is None:
            raise RuntimeError("the action is blocked where no step needs a name")  # `step_has_people`
        if person_id not in could_be_named(row, step, by=user):
            raise InvalidInput({"person": "Choose somebody who could take this step."})
        named = BatchStepPerson.objects.create(step=step, user_id=person_id, named_by=user)
        forget_facts(row)
        due = routes.due(row)
        if due is not None and due.pk == step.pk:
            notifications.tell_step_due(row, able_to_accept(row))
        event |= {
            "action": "name_for_step",
            "about": [*event["about"], row],
            "sentence": f"Named {name_of(named.user)} for the step {step.name} of batch {row.number}",
            "data": {"step": step.name, "person": named.user_id},
        }
    return row
