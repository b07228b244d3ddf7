"""Deciding which value holds where somebody changed the job straight in the ERP.

*Take* writes a modification that says what the ERP did; it counts as posted, so nothing of it is sent. *Keep* writes
the same and a second one that takes it back; that one goes with the next send, through the normal approval. *Accept*
changes no amount: the difference is remembered and stays silent as long as it is the same. See decision record 0026.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets.changing import change
from budgets.errors import InvalidInput, refuse_long
from budgets.models import Budget, Modification
from budgets.modifications.settling import settled
from erp.approval import reaching
from erp.locking import told_by_rules
from erp.mail import notifications
from erp.models import DriftDecision, DriftKind, ErpReading
from erp.port import ErpKey
from erp.reconciliation import comparing as reconciliation
from erp.reconciliation.balance import Row
from erp.reconciliation.balance_reads import balance_of
from erp.reconciliation.drift_blockers import CHOSEN, KIND, MOVES, READ_HASH, chosen_rows, way_to_settle
from erp.snapshots import erp_connection
from erp.words import erp_name
from workflow.actions import ensure
from workflow.people import name_of

DONE = {
    DriftKind.TAKE: "Took the ERP’s amount",
    DriftKind.KEEP: "Kept ours, to be sent,",
    DriftKind.ACCEPT: "Accepted the difference",
}


def settle(
    budget: Budget,
    *,
    user: Any,
    now: datetime,
    kind: str,
    reading_hash: str,
    codes: Collection[ErpKey] | None = None,
    seen: Mapping[ErpKey, Decimal] | None = None,
    note: str = "",
) -> list[DriftDecision]:
    """This function will decide which value holds on these budget codes, or on all that wait for a decision.

    `reading_hash` is of the reading the person looked at, `seen` what the ERP held there, to say what moved since.
    """
    _refuse_bad(kind, note, codes)
    with change(budget, user=user, now=now) as (locked, event):
        locked.__dict__[READ_HASH] = (reading_hash, dict(seen or {}))
        locked.__dict__ |= {KIND: kind, "deciding_at": now}
        if codes is not None:
            locked.__dict__[CHOSEN] = set(codes)
        ensure(locked, "settle_drift", user)
        reading, balance = balance_of(locked)
        rows = chosen_rows(balance, codes)
        if not rows or reading is None:
            raise InvalidInput({"codes": "Choose at least one line that differs."})
        way = way_to_settle(locked, user) if kind in MOVES else None
        with told_by_rules(locked, "settle_drift", user):
            decisions = _decide(
                locked,
                rows,
                reading,
                user=user,
                now=now,
                kind=kind,
                note=note.strip(),
                lender=way.lender if way else None,
            )
        reconciliation.keep(locked, reconciliation.compare(locked, reading), now=now)
        if kind == DriftKind.KEEP:
            notifications.tell_sender_of_kept(locked, decisions, by=user)
        for_whom = decisions[0].on_behalf_of
        number = "1 line" if len(rows) == 1 else f"{len(rows)} lines"
        event |= {
            "action": "settle_drift",
            "about": [*event["about"], *(m for m in _written(decisions))],
            "sentence": f"{DONE[DriftKind(kind)]} on {number}{reaching.for_whom(for_whom)}",
            "note": note.strip(),
            "data": {
                "kind": kind,
                "reading": reading.hash,
                **({"on_behalf_of": name_of(for_whom)} if for_whom else {}),
                "lines": [
                    [d.erp_job, d.erp_cost_code, d.erp_cost_type, d.posted, d.found] for d in decisions[:200]
                ],
            },
        }
    return decisions


def _refuse_bad(kind: str, note: str, codes: Collection[ErpKey] | None) -> None:
    refuse_long(note=note)
    errors = {}
    if kind not in DriftKind.values:
        errors["kind"] = "Choose which value holds."
    if kind == DriftKind.ACCEPT and len(note.strip()) < 5:
        errors["note"] = "Say in a sentence why the difference stays."
    if codes is not None and not codes:
        errors["codes"] = "Choose at least one line that differs."
    if errors:
        raise InvalidInput(errors)


def _decide(
    budget: Budget,
    rows: Sequence[Row],
    reading: ErpReading,
    *,
    user: Any,
    now: datetime,
    kind: str,
    note: str,
    lender: int | None,
) -> list[DriftDecision]:
    taken = correction = None
    if kind != DriftKind.ACCEPT:
        taken = _write(budget, rows, user=user, now=now, note=note, keeps=False)
    if kind == DriftKind.KEEP:
        correction = _write(budget, rows, user=user, now=now, note=note, keeps=True)
    return DriftDecision.objects.bulk_create(
        DriftDecision(
            budget=budget,
            erp_job=row.key.job,
            erp_cost_code=row.key.cost_code,
            erp_cost_type=row.key.cost_type,
            kind=kind,
            posted=row.in_erp - row.moved,
            found=row.in_erp,
            note=note,
            by=user,
            on_behalf_of_id=lender,
            at=now,
            reading_hash=reading.hash,
            line_id=row.lines[0].id,
            taken=taken,
            correction=correction,
        )
        for row in rows
        if isinstance(row.key, ErpKey)
    )


def _write(
    budget: Budget, rows: Sequence[Row], *, user: Any, now: datetime, note: str, keeps: bool
) -> Modification:
    """Say what the ERP did, or take it back. Where several lines are one code there, the first of them carries it."""
    erp = erp_name(erp_connection(budget))
    return settled(
        budget,
        user=user,
        now=now,
        title=f"Back from what was changed in {erp}" if keeps else f"Changed in {erp}",
        note=note,
        amounts={row.lines[0].id: -row.moved if keeps else row.moved for row in rows},
        counts_there=not keeps,
    )


def _written(decisions: Sequence[DriftDecision]) -> list[Modification]:
    first = decisions[0]
    return [row for row in (first.taken, first.correction) if row is not None]
