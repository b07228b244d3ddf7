"""Keeping a company's settings: validated whole, refused where somebody else was faster, on record old and new."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from budgets.errors import Conflict, InvalidInput
from erp.backends import backend
from erp.locking import lock_company
from erp.models import Batch, Connection
from erp.port import Setting
from erp.rights import may_administer
from erp.setup.settings_words import (
    ANY,
    COMPANY_FIELDS,
    CONNECTION_FIELDS,
    SETTINGS,
    Told,
    option,
    said,
    value_of,
    with_option,
)
from projects.models import Company
from projects.trail import stored, tell
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker
from workflow.templatetags.figures import plain_moment_in

# From when a setting of the adapter counts.
COUNTS = "At once, for documents written from now on. Verify the connection afterwards."


@blocker("currency_in_use", Kind.STATE)
def currency_in_use(company: Company, user: Any) -> Found | None:
    """Amounts that went out were meant in the currency of then."""
    first = Batch.objects.filter(budget__project__company=company).order_by("sent_at").first()
    if first is None:
        return None
    sent = plain_moment_in(first.sent_at, company.time_zone)
    return Found(
        f"The currency stays {company.currency}: the first batch was sent on {sent}, and its amounts are in it.",
        since=first.sent_at,
    )


register(
    Action(
        name="change_company", model=Company, label="Save settings", permission=may_administer, tone="primary"
    ),
    Action(
        name="change_currency",
        model=Company,
        label="Change the currency",
        permission=may_administer,
        problems=(currency_in_use,),
        tone="danger",
    ),
)


@dataclass(frozen=True)
class Change:
    """One setting that would be another: in words, and whether it is asked about twice."""

    label: str
    old: str
    new: str
    changes: str
    counts: str
    risky: bool


@dataclass
class Wanted:
    """What a form wants: values of the company and the connection, and the adapter's options whole."""

    values: dict[str, Any]
    options: dict[str, Any] | None = None
    changes: list[Change] = field(default_factory=list)


def declared(connection: Connection | None) -> list[Setting]:
    """This function will list the adapter's settings, with what the ERP has to choose from as it was last read."""
    if connection is None:
        return []
    known = connection.setting_choices
    return [
        replace(setting, choices=tuple((code, words) for code, words in known.get(setting.name, ())))
        if not setting.choices
        else setting
        for setting in backend(connection.alias).settings()
    ]


def undeclared(connection: Connection | None) -> list[str]:
    """This function will list the keys among the options that the adapter does not declare (any more)."""
    if connection is None:
        return []
    known = {setting.name.split(".")[0] for setting in backend(connection.alias).settings()}
    return sorted(set(connection.options) - known)


def seen_of(company: Company, connection: Connection | None) -> str:
    """This function will name all settings as they stand; another name is a change."""
    held = [getattr(company, name) for name in COMPANY_FIELDS]
    if connection is not None:
        held += [getattr(connection, name) for name in CONNECTION_FIELDS]
        held.append(sorted(map(repr, connection.options.items())))
    return hashlib.sha256(repr(held).encode()).hexdigest()[:16]


def weigh(
    company: Company,
    connection: Connection | None,
    *,
    values: Mapping[str, Any],
    adapter: Mapping[str, Any],
    drop: Collection[str],
) -> Wanted:
    """This function will validate what is wanted and list what would change. Raises InvalidInput."""
    wanted = Wanted(dict(values))
    trial = copy.copy(company)
    for name in COMPANY_FIELDS:
        setattr(trial, name, values[name])
    try:
        trial.clean_fields(exclude=["id", "code", "name"])
    except ValidationError as problem:
        raise InvalidInput({name: " ".join(texts) for name, texts in problem.message_dict.items()}) from None
    if not (len(trial.currency) == 3 and trial.currency.isascii() and trial.currency.isupper()):
        raise InvalidInput({"currency": "Write the three capital letters of a currency, for example USD."})
    if not 0 <= trial.digest_hour <= 23:
        raise InvalidInput({"digest_hour": "Write an hour from 0 to 23."})
    for told in SETTINGS:
        if told.of_connection and connection is None:
            continue
        old, new = value_of(company, connection, told), values[told.name]
        if old != new:
            wanted.changes.append(_change(told, old, new))
    if connection is not None:
        _weigh_options(connection, adapter, drop, wanted)
    return wanted


def _change(told: Told, old: Any, new: Any) -> Change:
    risky = told.risky is ANY or (told.risky is not None and new == told.risky)
    return Change(told.label, said(old, told), said(new, told), told.changes, told.counts, risky)


def _weigh_options(
    connection: Connection, adapter: Mapping[str, Any], drop: Collection[str], wanted: Wanted
) -> None:
    """The adapter's options with what is wanted in its place; keys that nobody declares stay unless taken out."""
    options = copy.deepcopy(connection.options)
    for name in undeclared(connection):
        if name in drop:
            old, changes = json.dumps(options.pop(name)), "It is no setting of the adapter (any more)."
            wanted.changes.append(Change(name, old, "taken out", changes, COUNTS, risky=True))
    for setting in declared(connection):
        if setting.name not in adapter:
            continue
        old, new = option(connection.options, setting), adapter[setting.name]
        if old != new:
            with_option(options, setting, new)
            wanted.changes.append(
                Change(
                    setting.label, said(old, setting), said(new, setting), setting.help, COUNTS, risky=True
                )
            )
    if options != connection.options:
        company = connection.erp
        faults = backend(connection.alias).setting_faults(
            replace(company, options={**dict(company.options), **options})
        )
        if faults:
            raise InvalidInput({"options": " ".join(faults)})
        wanted.options = options


def keep(
    company: Company,
    *,
    user: Any,
    now: datetime,
    values: Mapping[str, Any],
    adapter: Mapping[str, Any],
    seen: str,
    confirmed: bool,
    drop: Collection[str] = (),
) -> Wanted:
    """This function will keep settings; what is risky only when it was `confirmed`. Returns what changed, or would.

    `drop` names undeclared keys of the adapter's options to take out. Raises InvalidInput, Conflict.
    """
    with transaction.atomic():
        row = lock_company(company)
        ensure(row, "change_company", user)
        connections = Connection.objects.select_for_update(of=("self",)).select_related("company")
        connection = connections.filter(company=row).first()
        if seen != seen_of(row, connection):
            raise Conflict(
                "Somebody changed the settings since you opened the page. Nothing of yours was kept.",
                current=row,
            )
        wanted = weigh(row, connection, values=values, adapter=adapter, drop=drop)
        if values["currency"] != row.currency:
            ensure(row, "change_currency", user)
        if any(change.risky for change in wanted.changes) and not confirmed:
            return wanted
        before = stored([row])
        for name in COMPANY_FIELDS:
            setattr(row, name, values[name])
        row.save(update_fields=list(COMPANY_FIELDS))
        tell(before, stored([row]), actor=user, at=now)
        if connection is not None:
            held = {name: values[name] for name in CONNECTION_FIELDS}
            if wanted.options is not None:
                held["options"] = wanted.options
            _keep_on(connection, held, user=user, now=now)
    return wanted


def _keep_on(connection: Connection, values: Mapping[str, Any], *, user: Any, now: datetime) -> None:
    """Keep what differs on a locked connection, on record old and new."""
    told = {
        name: {"old": getattr(connection, name), "new": new}
        for name, new in values.items()
        if getattr(connection, name) != new
    }
    if not told:
        return
    for name in told:
        setattr(connection, name, values[name])
    connection.save(update_fields=list(told))
    events.record(
        chain=connection.company_id,
        at=now,
        actor=user,
        action="change_connection",
        about=[connection],
        sentence=f"Changed settings of the ERP connection: {', '.join(told)}",
        data=told,
    )
