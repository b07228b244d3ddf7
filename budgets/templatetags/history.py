"""What an entry of the change history links to."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from budgets.history.entries import Entry

register = template.Library()


@register.filter
def batch_of(entry: Entry, numbers: Mapping[int, int]) -> int | None:
    """This function will find the number of the batch an event is about, among `numbers` by id."""
    pk = entry.about_pk("erp.batch")
    return None if pk is None else numbers.get(pk)


@register.filter
def modification_of(entry: Entry) -> int | None:
    """This function will find the modification an event is about."""
    return entry.about_pk("budgets.modification")
