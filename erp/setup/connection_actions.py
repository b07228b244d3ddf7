"""What an ERP admin does to a company's connection: rules, actions and services. Talking to the ERP is a task's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from erp import bell
from erp.delivery import circuit
from erp.delivery.silence import silence_of
from erp.models import Connection, CostTypeLink
from erp.rights import may_administer
from erp.setup import linking
from workflow import events
from workflow.actions import Action, ensure, register
from workflow.blockers import Found, Kind, blocker


@blocker("connection_not_in_use", Kind.STATE)
def not_in_use(connection: Connection, user: Any) -> Found | None:
    """Nothing is read over a connection that is switched off or was stopped."""
    if not connection.enabled:
        return Found(
            "The connection is switched off. Switch it on in the settings.",
            link=reverse("admin:erp_settings", args=[connection.company_id]),
            link_label="Open the settings",
        )
    if connection.stopped_at:
        return Found(
            f"The connection was stopped: {connection.stopped_because} Put that right, then verify it.",
            since=connection.stopped_at,
        )
    return None


@blocker("erp_silent", Kind.WAITING)
def erp_silent(connection: Connection, user: Any) -> Found | None:
    """The ERP does not answer at present, and nobody but a probe asks it."""
    silence = silence_of(connection)
    return Found(silence.sentence, since=silence.since) if silence else None


@blocker("erp_answers", Kind.STATE)
def erp_answers(connection: Connection, user: Any) -> Found | None:
    """An ERP that answers needs no other try."""
    if silence_of(connection):
        return None
    return Found("There is nothing to try: no call has found the ERP silent. Verify it to be sure.")


@blocker("nothing_to_map_to", Kind.STATE)
def nothing_to_map_to(connection: Connection, user: Any) -> Found | None:
    """The ERP's codes were never read."""
    if connection.synced_at:
        return None
    return Found("The ERP's codes were never read, so there is nothing to map to. Sync first.")


@blocker("nothing_to_confirm", Kind.STATE)
def nothing_to_confirm(connection: Connection, user: Any) -> Found | None:
    """Every match of a cost type is confirmed."""
    if CostTypeLink.objects.filter(erp_cost_type__connection=connection, confirmed_at=None).exists():
        return None
    return Found("Every match of a cost type is confirmed already.")


register(
    Action(name="verify", model=Connection, label="Verify now", permission=may_administer),
    Action(
        name="try_now",
        model=Connection,
        label="Try now",
        permission=may_administer,
        problems=(not_in_use, erp_answers),
        tone="primary",
    ),
    Action(
        name="confirm_cost_types",
        model=Connection,
        label="Confirm these matches",
        permission=may_administer,
        problems=(nothing_to_confirm,),
        tone="primary",
    ),
    Action(
        name="edit_mapping",
        model=Connection,
        label="Save",
        permission=may_administer,
        problems=(nothing_to_map_to,),
        tone="primary",
    ),
)


def ask_to_verify(connection: Connection, *, user: Any, now: datetime) -> None:
    """This function will let a worker check the ERP's names and rights; the answer shows on the connection."""
    ensure(connection, "verify", user)
    bell.ring("verify_connection", connection.pk, user.pk)


def ask_to_try(connection: Connection, *, user: Any, now: datetime) -> None:
    """This function will let a worker ask a silent ERP now instead of at the next probe."""
    with transaction.atomic():
        row = (
            Connection.objects.select_for_update(of=("self",)).select_related("company").get(pk=connection.pk)
        )
        ensure(row, "try_now", user)
        circuit.ask_soon(row)
        events.record(
            chain=row.company_id,
            at=now,
            actor=user,
            action="try_now",
            about=[row],
            sentence="Had the ERP asked again now",
        )
        bell.ring("probe_connection", row.pk)


def confirm_cost_types(connection: Connection, *, user: Any, now: datetime, shown: Collection[int]) -> int:
    """This function will confirm the matches of cost types the person was shown (ids of links). Returns how many."""
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",)).select_related("company")
        row = rows.get(pk=connection.pk)
        ensure(row, "confirm_cost_types", user)
        return linking.confirm_cost_types(row, user=user, now=now, only=shown)
