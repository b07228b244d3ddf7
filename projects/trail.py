"""What is changed of companies, projects and of people's levels stands in the trail, with old and new values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from projects.models import Company, Membership, Project, ProjectRole
from workflow import events

WATCHED = (Company, Project, Membership, ProjectRole)
Rows = dict[tuple[type[models.Model], Any], models.Model]


def stored(rows: Iterable[models.Model]) -> Rows:
    """This function will read the watched ones of these rows as the database has them."""
    found: Rows = {}
    for row in rows:
        if isinstance(row, WATCHED):
            kept = type(row)._default_manager.filter(pk=row.pk).first()
            if kept is not None:
                found[type(row), row.pk] = kept
    return found


def tell(before: Rows, after: Rows, *, actor: Any, at: datetime) -> int:
    """This function will write an event for each row that differs, with old and new values. Returns how many."""
    number = 0
    for key in {**before, **after}:
        old, new = _values(before.get(key)), _values(after.get(key))
        changed = {
            name: {"old": old.get(name), "new": new.get(name)}
            for name in {**old, **new}
            if old.get(name) != new.get(name)
        }
        if changed:
            number += 1
            _write(after.get(key) or before[key], old, new, changed, actor=actor, at=at)
    return number


def _write(row: Any, old: Any, new: Any, changed: Any, *, actor: Any, at: datetime) -> None:
    verb = "change" if old and new else "add" if new else "delete"
    done = {"change": "Changed", "add": "Added", "delete": "Deleted"}[verb]
    words = f": {in_words(type(row), changed)}" if verb == "change" else ""
    events.record(
        chain=_company_of(row),
        at=at,
        actor=actor,
        action=f"{verb}_{row._meta.model_name}",
        about=[row],
        sentence=f"{done} {row._meta.verbose_name} {row}{words}",
        data=changed,
    )


def in_words(model: type[models.Model], changed: Mapping[str, Mapping[str, Any]]) -> str:
    """This function will say what changed, field by field: "erp level: standard → admin, lock: no → yes"."""
    parts = []
    for name, values in changed.items():
        field = model._meta.get_field(name.removesuffix("_id"))
        old, new = (_said(field, values[side]) for side in ("old", "new"))
        parts.append(f"{getattr(field, 'verbose_name', name)}: {old} → {new}")
    return ", ".join(parts)


def _said(field: Any, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "none"
    return str(dict(field.flatchoices).get(value, value))


def _values(row: models.Model | None) -> dict[str, Any]:
    return {f.name: getattr(row, f.attname) for f in row._meta.concrete_fields} if row is not None else {}


def _company_of(row: models.Model) -> int:
    if isinstance(row, Company):
        return row.pk
    return row.company_id if isinstance(row, (Project, Membership)) else row.project.company_id  # type: ignore[attr-defined]
