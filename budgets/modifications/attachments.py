"""Attaching files to a modification and taking them off again, and handing them out."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Sum

from budgets.changing import change
from budgets.errors import Conflict, InvalidInput
from budgets.models import Attachment, AttachmentContent, Budget, Modification
from budgets.modifications import attachment_files as files
from budgets.modifications.services import locked_modification, named, touch
from workflow.actions import ensure


def attach(modification: Modification, *, user: Any, now: datetime, name: str, data: bytes) -> Attachment:
    """This function will keep a file beside a modification that may still be changed. Raises InvalidInput."""
    try:
        file = files.checked(name=name, data=data)
    except files.Refused as refused:
        raise InvalidInput({"file": str(refused)}) from None
    with change(modification.budget, user=user, now=now) as (locked, event):
        row = locked_modification(modification, locked)
        ensure(row, "attach", user)
        _refuse_too_much(row, file.name, len(data))
        kept = Attachment.objects.create(
            modification=row,
            name=_free_name(row, file.name),
            kind=file.kind,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            added_by=user,
            added_at=now,
        )
        AttachmentContent.objects.create(attachment=kept, data=data)
        touch(row, user=user, now=now)
        row.save(update_fields=["changed_by", "changed_at", "version"])
        event |= {
            "action": "attach",
            "about": [*event["about"], row],
            "sentence": f"Attached {kept.name} to {named(row)}",
            "data": {"name": kept.name, "size": kept.size, "sha256": kept.sha256},
        }
    return kept


def _refuse_too_much(row: Modification, name: str, size: int) -> None:
    before = row.attachments.aggregate(total=Sum("size"))["total"] or 0
    if before + size > files.LARGEST_TOGETHER:
        raise InvalidInput(
            {
                "file": f"With {name} the attachments of this modification have more than "
                f"{files.LARGEST_TOGETHER // files.MEGABYTE} MB. Take one off, or attach the pages that matter."
            }
        )


def _free_name(row: Modification, name: str) -> str:
    """A second `quote.pdf` becomes `quote (2).pdf`, so that people can tell them apart."""
    taken = set(row.attachments.values_list("name", flat=True))
    stem, dot, ending = name.rpartition(".")
    place, found = 1, name
    while found in taken:
        place += 1
        more = f" ({place})"
        found = f"{stem[: files.LONGEST_NAME - len(ending) - 1 - len(more)]}{more}{dot}{ending}"
    return found


def detach(attachment: Attachment, *, user: Any, now: datetime) -> None:
    """This function will take a file off a modification; one that accounting was sent stays."""
    with change(attachment.modification.budget, user=user, now=now) as (locked, event):
        modification = locked_modification(attachment.modification, locked)
        row = modification.attachments.select_for_update().filter(pk=attachment.pk).first()
        if row is None:
            raise Conflict("Somebody took this attachment off.", current=None)
        row.modification = modification
        ensure(row, "detach", user)
        event |= {
            "action": "detach",
            "about": [*event["about"], modification],
            "sentence": f"Took {row.name} off {named(modification)}",
            "data": {"name": row.name, "size": row.size, "sha256": row.sha256},
        }
        row.delete()
        touch(modification, user=user, now=now)
        modification.save(update_fields=["changed_by", "changed_at", "version"])


def of_budget(budget: Budget) -> QuerySet[Attachment]:
    """This function will find the attachments of a budget's modifications, ready to be asked what may be done."""
    rows = Attachment.objects.filter(modification__budget=budget)
    return rows.select_related("modification__budget__project__company", "added_by")


def content(attachment: Attachment) -> bytes:
    """This function will read a file's bytes."""
    return bytes(AttachmentContent.objects.get(pk=attachment.pk).data)
