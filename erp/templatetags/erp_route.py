"""The route of a batch on pages: its steps, and naming somebody where one has lost its people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.auth import get_user_model

from erp.approval import route_words
from erp.approval.blockers import could_be_named, step_to_name_for
from erp.models import Batch, BatchStep
from workflow.actions import available

register = template.Library()


@register.simple_tag
def route_of(batch: Batch) -> list[route_words.ShownStep]:
    """This function will show the steps of a batch: done, due, to come."""
    return route_words.shown(batch)


@dataclass(frozen=True)
class Naming:
    """The step that needs a name, and who could take it."""

    step: BatchStep
    people: list[Any]


@register.simple_tag
def naming(batch: Batch, user: Any) -> Naming | None:
    """This function will find what an ERP admin can name somebody for; None where there is nothing to name."""
    step = step_to_name_for(batch) if available(batch, "name_for_step", user) else None
    if step is None:
        return None
    people = get_user_model().objects.filter(pk__in=could_be_named(batch, step, by=user))
    return Naming(step, list(people.order_by("first_name", "last_name", "username")))
