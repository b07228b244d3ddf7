"""Saving, renaming, sharing and deleting filters of the queue. What concerns a company is told in its trail.

Nobody finds another person's own filter, nor one of a company whose queue they do not (any more) see.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from budgets.errors import InvalidInput
from erp.models import DefaultQueueFilter, QueueFilter
from erp.queue.filter_models import MOST_NAME, SHELVES
from erp.queue.listing import desk_memberships
from erp.queue.narrowing import Narrowing
from projects.models import ErpLevel, Membership
from workflow import events

MOST_FILTERS = 20  # of one person; as many are shared in one company
CHOOSE_COMPANY = "A shared filter is of one company: choose the company first, then save it."


def visible(user: Any, memberships: Sequence[Membership]) -> QuerySet[QueueFilter]:
    """This function will find the filters a person may use: their own, and what is shared in their companies."""
    companies = [row.company_id for row in memberships]
    own = Q(owner=user, shared=False) & (Q(company=None) | Q(company__in=companies))
    return QueueFilter.objects.filter(own | Q(shared=True, company__in=companies)).select_related("company")


def changes(row: QueueFilter, memberships: Sequence[Membership]) -> bool:
    """This function will tell whether a person may rename and delete a filter they see: their own, a shared one as ERP
    admin of its company.
    """
    admin_of = [member.company_id for member in memberships if member.erp_level >= ErpLevel.ADMIN]
    return not row.shared or row.company_id in admin_of


def narrowing_of(row: QueueFilter) -> Narrowing:
    """This function will tell what a saved filter asks for."""
    return Narrowing(row.shelf, row.company_id, row.sender_id, row.low, row.high, row.words)


def listed(user: Any, memberships: Sequence[Membership]) -> list[Any]:
    """This function will read the filters a person may use, each with whether it `opens` the queue for them.

    One that is theirs no more is not among them, so it opens nothing either.
    """
    opens = DefaultQueueFilter.objects.filter(user=user, filter=OuterRef("pk"))
    return list(visible(user, memberships).annotate(opens=Exists(opens)))


def save(
    name: str,
    narrowing: Narrowing,
    *,
    user: Any,
    now: datetime,
    memberships: Sequence[Membership],
    shared: bool = False,
) -> QueueFilter:
    """This function will save what the queue is narrowed to under a name. Raises InvalidInput."""
    mine = {row.company_id: row for row in memberships}
    company = narrowing.company
    if shared and company is None and len(mine) == 1:
        company = next(iter(mine))
    errors = _name_errors(name)
    if narrowing.shelf not in SHELVES:
        errors["filter"] = "There is no such shelf."
    if company is not None and company not in mine:
        errors["filter"] = "You do not see the queue of that company."
    if narrowing.sender is not None and not get_user_model().objects.filter(pk=narrowing.sender).exists():
        errors["filter"] = "The person in this filter is not there any more."
    if shared and company is None:
        errors["shared"] = CHOOSE_COMPANY
    elif shared and (company not in mine or mine[company].erp_level < ErpLevel.ADMIN):
        errors["shared"] = "Only an ERP admin of the company shares a filter."
    taken = QueueFilter.objects.filter(
        **({"shared": True, "company": company} if shared else {"shared": False, "owner": user})
    )
    if taken.count() >= MOST_FILTERS:
        errors["name"] = f"There are {MOST_FILTERS} filters already. Delete one that nobody uses."
    if errors:
        raise InvalidInput(errors)
    row = QueueFilter(
        owner=user,
        name=name.strip(),
        shared=shared,
        shelf=narrowing.shelf,
        company_id=company,
        sender_id=narrowing.sender,
        low=narrowing.low,
        high=narrowing.high,
        words=narrowing.words,
        changed_at=now,
    )
    with transaction.atomic():
        _keep(row)
        _tell(row, "share_filter", f"Shared the filter {row.name} of the queue", user=user, now=now)
    return row


def rename(row: QueueFilter, name: str, *, user: Any, now: datetime) -> QueueFilter:
    """This function will give a filter another name. Raises InvalidInput."""
    if errors := _name_errors(name):
        raise InvalidInput(errors)
    with transaction.atomic():
        locked = _locked(row, user)
        before, locked.name, locked.changed_at = locked.name, name.strip(), now
        _keep(locked)
        words = f"Renamed the shared filter {before} of the queue to {locked.name}"
        _tell(locked, "rename_filter", words, user=user, now=now)
    return locked


def delete(row: QueueFilter, *, user: Any, now: datetime) -> None:
    """This function will delete a filter; for whom it opened by itself, the queue opens as usual again. Raises
    InvalidInput.
    """
    with transaction.atomic():
        locked = _locked(row, user)
        words = f"Deleted the shared filter {locked.name} of the queue"
        _tell(locked, "delete_filter", words, user=user, now=now)
        locked.delete()


def _locked(row: QueueFilter, user: Any) -> QueueFilter:
    """A filter that is there still, and that the person may change."""
    memberships = desk_memberships(user)
    found = visible(user, memberships).select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None or not changes(found, memberships):
        raise InvalidInput({"filter": "There is no such filter of yours any more."})
    return found


def set_default(row: QueueFilter | None, *, user: Any) -> None:
    """This function will let a filter open by itself for a person; None: none any more."""
    if row is None:
        DefaultQueueFilter.objects.filter(user=user).delete()
    else:
        DefaultQueueFilter.objects.update_or_create(user=user, defaults={"filter": row})


def _name_errors(name: str) -> dict[str, str]:
    if not name.strip() or "\x00" in name:
        return {"name": "Give the filter a name."}
    if len(name.strip()) > MOST_NAME:
        return {"name": f"At most {MOST_NAME} characters."}
    return {}


def _keep(row: QueueFilter) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as problem:
        if "once_per" in str(problem):
            raise InvalidInput({"name": f"There is a filter named {row.name} already."}) from None
        raise InvalidInput(
            {"filter": "Somebody or something in this filter is not there any more."}
        ) from None


def _tell(row: QueueFilter, action: str, sentence: str, *, user: Any, now: datetime) -> None:
    if row.shared and row.company is not None:
        events.record(
            chain=row.company.pk, at=now, actor=user, action=action, about=[row.company], sentence=sentence
        )
