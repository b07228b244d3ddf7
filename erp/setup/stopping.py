"""Stopping a connection, starting it again, and asking an ERP that is silent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from erp.backends import outside_transactions
from erp.delivery import circuit
from erp.mail import notifications
from erp.models import Connection
from erp.port import (
    CheckItem,
    CheckState,
    ErpBackend,
    ErpError,
    ErpMisconfigured,
    ErpUnavailable,
    ErpUnconfirmed,
)
from erp.setup import checkup
from workflow import events


def stop(connection: Connection, *, because: str, now: datetime) -> None:
    """This function will stop everything sent over a connection until an administrator looks, and tell them once."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.stopped_at:
            return
        row.stopped_at, row.stopped_because = now, because
        row.save(update_fields=["stopped_at", "stopped_because"])
        notifications.tell_admins_of_stop(row)
        events.record(
            chain=row.company_id,
            at=now,
            actor=None,
            action="stop_connection",
            about=[row],
            sentence="Stopped the ERP connection",
            note=because,
        )


def verify(connection: Connection, *, user: Any, now: datetime) -> list[str]:
    """This function will check the ERP's own names and rights, and start the connection when nothing is missing.

    Returns what is missing, one sentence each. An ERP that gives no answer is said too, and changes nothing: what was
    verified stays so, what was stopped stays so. Talks to the ERP: call it outside a transaction.
    """
    outside_transactions()
    answered, choices = True, {}
    try:
        with circuit.through(connection, now=now, probing=True) as erp:
            found = erp.report(connection.erp)
            choices = _choices(erp, connection)
        missing = checkup.missing(found)
    except (ErpUnavailable, ErpUnconfirmed) as problem:
        answered, found, missing = False, [], [str(problem)]
    except (ErpMisconfigured, ErpError) as problem:
        found = [CheckItem("Set-up", CheckState.MISSING, str(problem))]
        missing = checkup.missing(found)
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if not missing:
            row.verified_at, row.stopped_at, row.stopped_because, row.last_contact_at = now, None, "", now
        elif answered:
            row.verified_at = None
        if answered:
            row.report = checkup.rows(found)
            row.setting_choices = choices or row.setting_choices
        row.save()
        events.record(
            chain=row.company_id,
            at=now,
            actor=user,
            action="verify_connection",
            about=[row],
            sentence="Checked the ERP connection",
            note=" ".join(missing),
        )
    return missing


def _choices(erp: ErpBackend, connection: Connection) -> dict[str, Any]:
    """What the ERP has to choose from for the adapter's settings; wrong options are the report's to tell."""
    try:
        return {
            name: [list(pair) for pair in rows] for name, rows in erp.setting_choices(connection.erp).items()
        }
    except ErpMisconfigured:
        return {}


def probe(connection: Connection, *, now: datetime) -> bool:
    """This function will ask a silent ERP whether it is back, if a probe is due. Returns whether it answered.

    It reads the cost types: a short list that every connection reads anyway.
    """
    outside_transactions()
    if connection.stopped_at or not connection.enabled or not circuit.take_probe(connection):
        return False
    try:
        with circuit.through(connection, now=now, probing=True) as erp:
            next(iter(erp.cost_types(connection.erp)), None)
    except ErpMisconfigured as problem:
        stop(connection, because=str(problem), now=now)
        return False
    except ErpError:
        return False  # noted by the circuit, which says when to ask again
    return True
