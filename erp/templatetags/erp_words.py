"""The ERP by the name people call it, in any template that has a connection, a budget or a batch at hand."""

from __future__ import annotations

from django import template

from budgets.models import Budget
from erp import snapshots, words
from erp.models import Batch, Connection

register = template.Library()


@register.filter
def erp_name(thing: Connection | Budget | Batch | None) -> str:
    """This function will name the ERP of a connection, or of the company a budget or a batch belongs to."""
    if isinstance(thing, Batch):
        thing = thing.budget
    if isinstance(thing, Budget):
        thing = snapshots.erp_connection(thing)
    return words.erp_name(thing)
