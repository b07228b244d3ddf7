"""What the ERP Integrations tool knows of modifications: the batch that carries each, and the files that went along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from budgets.models import Budget, Modification
from erp.delivery import left_there
from erp.models import Batch, BatchAttachment, BatchItem
from erp.reset.link_epochs import epoch_of
from erp.snapshots import unsent_modifications

register = template.Library()


@register.simple_tag
def carriers(budget: Budget, only: Modification | None = None) -> Mapping[int, BatchItem]:
    """This function will find the last batch item that carries each modification of a budget, by modification id.

    After a reset of the link each knows whether its modification `goes_again`: what was posted counts no more.
    """
    rows = BatchItem.objects.filter(batch__budget=budget, modification__isnull=False)
    if only is not None:
        rows = rows.filter(modification=only)
    rows = rows.select_related("batch", "document__by_hand").order_by("modification_id", "-batch__number")
    found = {item.modification_id: item for item in rows.distinct("modification_id") if item.modification_id}
    left_there.look_up(item.document for item in found.values() if hasattr(item, "document"))
    if epoch_of(budget).floor:
        again = set(unsent_modifications(budget).filter(was_posted=True).values_list("pk", flat=True))
        for item in found.values():
            item.__dict__["goes_again"] = item.modification_id in again
    return found


@register.simple_tag
def sent_files(batch: Batch) -> Mapping[int, list[Any]]:
    """This function will find the sender's attachments of a batch, by item id."""
    rows = BatchAttachment.objects.filter(item__batch=batch)
    found: dict[int, list[Any]] = {}
    for row in rows.select_related("attachment__added_by").order_by("attachment"):
        found.setdefault(row.item_id, []).append(row.attachment)
    return found
