"""Refusals in plain words, on any page that shows a document or a budget."""

from __future__ import annotations

from django import template

from budgets.models import Budget
from erp.models import Batch, Document
from erp.refusals import explaining

register = template.Library()


@register.simple_tag
def findings_of(document: Document) -> list[explaining.Explained]:
    """This function will explain what a document was refused for, what is put right in one way in one piece."""
    return explaining.together(explaining.explained(document))


@register.simple_tag
def findings_on(budget: Budget) -> list[explaining.Explained]:
    """This function will explain what keeps a budget's last batch from going on; nothing when it goes."""
    batch = Batch.objects.filter(budget=budget).order_by("-number").first()
    if batch is None:
        return []
    batch.budget = budget
    return explaining.together(explaining.explained_of(batch))
