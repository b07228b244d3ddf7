"""The ERP by the name people call it, in any template that has a connection, a budget or a batch at hand."""

from __future__ import annotations

from django import template

from budgets.models import Budget
from erp import snapshots, words
from erp.delivery import left_there, silence
from erp.models import Batch, Connection, Document

register = template.Library()


@register.filter
def erp_name(thing: Connection | Budget | Batch | None) -> str:
    """This function will name the ERP of a connection, or of the company a budget or a batch belongs to."""
    return words.erp_name(_connection(thing))


@register.filter
def is_left(document: Document) -> bool:
    """This function will tell whether an approver left a document in the ERP, as somebody had changed it there."""
    return left_there.is_left(document)


def _connection(thing: Connection | Budget | Batch | None) -> Connection | None:
    if isinstance(thing, Batch):
        thing = thing.budget
    return snapshots.erp_connection(thing) if isinstance(thing, Budget) else thing


@register.simple_tag
def erp_silence(thing: Connection | Budget | Batch | None) -> silence.Silence | None:
    """This function will say that an ERP does not answer, since when and how it goes on; None while it does."""
    return silence.silence_of(_connection(thing))
