"""Saving, sharing and deleting views. What concerns everybody in a company is told in its trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.db import IntegrityError, transaction

from budgets.errors import Conflict, InvalidInput
from budgets.grid import columns, look
from budgets.models import DefaultView, SavedView
from budgets.saved_views import calculated
from budgets.saved_views.calculated import Formula
from budgets.saved_views.models import MOST_NAME, Density
from projects import permissions
from projects.models import Company
from workflow import events
from workflow.actions import ensure

MOST_VIEWS = 50  # of one person in one company


@dataclass(frozen=True)
class ViewValues:
    """What a view is to hold. `columns` are keys of the grid's and the calculated columns, in their order."""

    name: str
    columns: Sequence[str]
    calculated: Sequence[Formula] = ()
    by: str = ""
    only: str = ""
    density: str = ""


def create(company: Company, values: ViewValues, *, user: Any, now: datetime) -> SavedView:
    """This function will save a view of the person's own. Raises InvalidInput."""
    if SavedView.objects.filter(company=company, owner=user, shared=False).count() >= MOST_VIEWS:
        raise InvalidInput({"name": f"You have {MOST_VIEWS} views. Delete one you no longer use."})
    view = SavedView(company=company, owner=user)
    _fill(view, values, user=user, now=now)
    _save(view)
    return view


def update(view: SavedView, values: ViewValues, *, user: Any, now: datetime, version: int) -> SavedView:
    """This function will change a view that is still as the person saw it. Raises InvalidInput and Conflict."""
    with transaction.atomic():
        row = _locked(view)
        ensure(row, "change_view", user)
        _refuse_stale(row, version)
        before = row.name
        _fill(row, values, user=user, now=now)
        row.version += 1
        _save(row)
        renamed = "" if before == row.name else f", named {before} before"
        _tell(row, "change_view", f"Changed the shared view {row.name}{renamed}", user=user, now=now)
    return row


def share(view: SavedView, *, user: Any, now: datetime) -> SavedView:
    """This function will show a view to everybody in its company. Raises InvalidInput where the name is taken."""
    with transaction.atomic():
        row = _locked(view)
        ensure(row, "share_view", user)
        row.shared, row.version, row.changed_by, row.changed_at = True, row.version + 1, user, now
        _save(row)
        _tell(row, "share_view", f"Shared the view {row.name} with the company", user=user, now=now)
    return row


def delete(view: SavedView, *, user: Any, now: datetime, version: int | None = None) -> None:
    """This function will delete a view; for whom it was the default, the standard view opens again."""
    with transaction.atomic():
        row = _locked(view)
        ensure(row, "delete_view", user)
        if version is not None:
            _refuse_stale(row, version)
        _tell(row, "delete_view", f"Deleted the shared view {row.name}", user=user, now=now)
        row.delete()


def set_default(company: Company, view: SavedView | None, *, user: Any) -> None:
    """This function will let a view open by itself for a person; None: the standard one again."""
    if view is None:
        DefaultView.objects.filter(user=user, company=company).delete()
    else:
        DefaultView.objects.update_or_create(user=user, company=company, defaults={"view": view})


def _locked(view: SavedView) -> SavedView:
    rows = SavedView.objects.select_for_update(of=("self",)).select_related("company", "changed_by")
    row = rows.filter(pk=view.pk).first()
    if row is None:
        raise Conflict("Somebody deleted this view.", current=None)
    return row


def _refuse_stale(row: SavedView, version: int) -> None:
    if row.version != version:
        who = permissions.names([row.changed_by])
        raise Conflict(f"{who} changed this view before you saved it.", current=row)


def _fill(view: SavedView, values: ViewValues, *, user: Any, now: datetime) -> None:
    if errors := _problems(values):
        raise InvalidInput(errors)
    view.name, view.by, view.only, view.density = values.name.strip(), values.by, values.only, values.density
    view.columns = [key for key in dict.fromkeys(values.columns) if key != columns.HEAD]
    view.calculated = [formula.kept() for formula in values.calculated]
    view.changed_by, view.changed_at = user, now


def _problems(values: ViewValues) -> dict[str, str]:
    errors = {f"calculated.{place}": said for place, said in calculated.problems(values.calculated).items()}
    if not values.name.strip():
        errors["name"] = "Give the view a name."
    elif len(values.name.strip()) > MOST_NAME:
        errors["name"] = f"At most {MOST_NAME} characters."
    known = [*columns.REGISTRY, *(formula.key for formula in values.calculated)]
    for key in values.columns:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            errors["columns"] = (
                f"There is no column {key[:40]!r}{f'; did you mean {near[0]}?' if near else '.'}"
            )
    if not any(key != columns.HEAD for key in values.columns):
        errors.setdefault("columns", "Choose at least one column beside the cost code.")
    if values.by not in ("", *look.GROUPINGS):
        errors["by"] = f"Choose one of {', '.join(look.GROUPINGS)}, or nothing."
    if values.only not in ("", *look.CHIPS):
        errors["only"] = f"Choose one of {', '.join(look.CHIPS)}, or nothing."
    if values.density not in Density.values:
        errors["density"] = f"Choose one of {', '.join(filter(None, Density.values))}, or nothing."
    return errors


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        if "view_once_per" not in str(error):
            raise
        whose = "The company has" if view.shared else "You have"
        raise InvalidInput(
            {"name": f"{whose} a view named {view.name} already. Choose another name."}
        ) from None


def _tell(view: SavedView, action: str, sentence: str, *, user: Any, now: datetime) -> None:
    """A person's own views are nobody's business."""
    if view.shared:
        events.record(
            chain=view.company_id, at=now, actor=user, action=action, about=[view], sentence=sentence
        )
