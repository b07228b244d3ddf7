"""Changing a company's mapping: preview, apply, restore, and following the sync.

The connection's row is locked first and the chain of events last. Budgets are counted again and readings asked for
afterwards, by a task: their rows are locked before the connection's everywhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from budgets import adoption
from budgets.errors import Conflict, InvalidInput
from erp import bell
from erp.mapping import state as mapping_state
from erp.mapping.models import MappingChange, MappingKind
from erp.mapping.outcome import Outcome, outcome_of
from erp.mapping.resolving import Rule
from erp.mapping.settling import merged, settle
from erp.mapping.state import Difference, Edit
from erp.sync.mirror_models import Connection
from projects.models import CostCode
from workflow.actions import ensure
from workflow.people import name_of
from workflow.templatetags.figures import plain_moment_in

LONGEST_CODE = 16


def latest(connection: Connection) -> MappingChange | None:
    """This function will find the last change of a mapping."""
    return connection.mapping_changes.select_related("by").first()


def rules_after(change: MappingChange | None, kind: str) -> tuple[Rule, ...]:
    """This function will take the rules of a kind, in order, as they were after a change (None: before any)."""
    return tuple(Rule(pattern, gives) for pattern, gives in (change.rules if change else {}).get(kind, []))


def preview(connection: Connection, edits: Sequence[Edit], *, adds: Collection[str] = ()) -> Outcome:
    """This function will say what edits would change, without changing anything. Raises InvalidInput.

    Codes of `adds`, which are not ours yet, change nothing that is sent today and are left out.
    """
    edits = [
        replace(edit, table={code: to for code, to in edit.table.items() if code not in adds})
        for edit in edits
    ]
    found: list[Difference] = []
    for kind in MappingKind.values:
        standing = mapping_state.read(connection, kind)
        edit = merged(standing, edits)
        if edit is not None:
            found += mapping_state.differences(standing, mapping_state.resolved(standing, edit))
    return outcome_of(connection, found)


def apply(
    connection: Connection,
    edits: Sequence[Edit],
    *,
    user: Any,
    now: datetime,
    sentence: str,
    seen: int | None = None,
    restores: MappingChange | None = None,
    adds: Mapping[str, str] | None = None,
) -> Outcome:
    """This function will change rules and table, and let every link follow, in one version.

    `adds` are cost codes that become ours (code -> name); lines that were typed with one get it. `seen` is the id of
    the last change the person saw (0: none); None asks for no such care. Raises ActionBlocked, InvalidInput, and
    Conflict when somebody changed the mapping meanwhile.
    """
    adds = adds or {}
    if wrong := {code: said for code in adds if (said := _unfit(code))}:
        raise InvalidInput(wrong)
    with transaction.atomic():
        adoption.lock_budgets(connection.company, adds)
        row = lock(connection)
        ensure(row, "edit_mapping", user)
        last = latest(row)
        if seen is not None and seen != (last.pk if last else 0):
            raise Conflict(_meanwhile(last), current=last)
        made = _add_codes(row, adds, edits)
        outcome = settle(row, edits, user=user, now=now, sentence=sentence, restores=restores)
        adoption.adopt(made, user=user, now=now)
        if outcome.moved:
            bell.ring("follow_mapping", row.pk)
    connection.mapping_version = row.mapping_version
    return outcome


def _add_codes(connection: Connection, adds: Mapping[str, str], edits: Sequence[Edit]) -> list[CostCode]:
    """Make cost codes ours; each belongs to the division of the code it leads to."""
    if not adds:
        return []
    targets = {
        code: to for edit in edits if edit.kind == MappingKind.COST_CODE for code, to in edit.table.items()
    }
    codes = CostCode.objects.filter(company=connection.company_id)
    divisions = dict(codes.filter(code__in=set(targets.values())).values_list("code", "division"))
    CostCode.objects.bulk_create(
        (
            CostCode(
                company_id=connection.company_id,
                code=code,
                name=name[:60],
                division=divisions.get(targets.get(code, ""), targets.get(code) or code),
            )
            for code, name in adds.items()
        ),
        ignore_conflicts=True,  # the sync may have been faster: the code is ours either way
    )
    return list(codes.filter(code__in=adds))


def _unfit(code: str) -> str:
    if not 0 < len(code) <= LONGEST_CODE:
        return f"A cost code has 1 to {LONGEST_CODE} characters; {code!r} has {len(code)}. Correct it on its lines."
    if not code.isprintable() or code != code.strip():
        return f"{code!r} begins or ends with a space, or has a character that cannot be seen. Correct it on its lines."
    return ""


def _meanwhile(last: MappingChange | None) -> str:
    who = name_of(last and last.by)
    what = f": {last.sentence}" if last else ""
    return f"{who} changed the mapping since you looked{what}. Look at it as it is now, then decide again."


def lock(connection: Connection) -> Connection:
    """This function will re-fetch a connection under its row lock, which a mapping is changed and accepted under."""
    rows = Connection.objects.select_for_update(of=("self",), no_key=True).select_related("company")
    return rows.get(pk=connection.pk)


def follow_sync(connection: Connection, *, now: datetime, made: Collection[int]) -> int:
    """This function will let the links follow what the sync read. Returns how many cost types were matched.

    `connection` is locked by the caller; `made` are the ids of cost codes that the same sync made: nothing led anywhere
    from them before, so they are no change of the mapping.
    """
    outcome = settle(
        connection, (), user=None, now=now, sentence="Followed what was read from the ERP", made=made
    )
    types = [one for one in outcome.differences if one.kind == MappingKind.COST_TYPE]
    return sum(1 for one in types if one.new and not one.old)


# -- going back ---------------------------------------------------------------------------------------------


def back_to(connection: Connection, change: MappingChange | None) -> list[Edit]:
    """This function will work out the edits that restore the mapping as it was after a change (None: before any)."""
    later = connection.mapping_changes.filter(pk__gt=change.pk if change else 0).order_by("-pk")
    tables: dict[str, dict[str, str]] = {kind: {} for kind in MappingKind.values}
    for one in later:
        for kind, code, before, _ in one.table:
            tables[kind][code] = before
    return [Edit(kind, rules_after(change, kind), tables[kind]) for kind in MappingKind.values]


def restore(
    connection: Connection, change: MappingChange | None, *, user: Any, now: datetime, seen: int
) -> Outcome:
    """This function will make an earlier state of rules and table the newest version. Raises as `apply` does."""
    words = (
        f"Restored the mapping as after {plain_moment_in(change.at, connection.company.time_zone)}: {change.sentence}"
        if change
        else ("Restored the mapping as before the first change")
    )
    edits = back_to(connection, change)
    return apply(connection, edits, user=user, now=now, sentence=words, seen=seen, restores=change)
