"""Making a change of the mapping: links, rules, the change's own row and its event, inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from budgets.errors import InvalidInput
from erp.mapping import state as mapping_state
from erp.mapping.models import MappingChange, MappingKind, MappingRule
from erp.mapping.outcome import Outcome, outcome_of
from erp.mapping.resolving import Means, Rule, wrong_with_all
from erp.mapping.state import Difference, Edit, Standing
from erp.sync.mirror_models import Connection
from workflow import events

MOST_RULES = 100
TOLD = 200  # changed codes in an event's data; the change's own row holds all


def settle(
    connection: Connection,
    edits: Sequence[Edit],
    *,
    user: Any,
    now: datetime,
    sentence: str,
    made: Collection[int] = (),
    restores: MappingChange | None = None,
) -> Outcome:
    """This function will change rules and table and let every link follow, inside the caller's transaction.

    The caller has locked the connection. `made` are ids of cost codes from which nothing led anywhere before: they are
    no change of the mapping. Raises InvalidInput.
    """
    found: list[Difference] = []
    table: list[list[str]] = []
    rules: dict[str, list[list[str]]] = {}
    ruled = False
    for kind in MappingKind.values:
        standing = mapping_state.read(connection, kind)
        edit = merged(standing, edits)
        table += mapping_state.table_changes(standing, [edit] if edit else [])
        after = standing.rules if edit is None or edit.rules is None else edit.rules
        if after != standing.rules:
            ruled = True
            _write_rules(connection, kind, after)
        rules[kind] = [[rule.pattern, rule.gives] for rule in after]
        different = mapping_state.differences(standing, mapping_state.resolved(standing, edit))
        _write_links(standing, different, edit, user=user, now=now)
        found += different
    outcome = outcome_of(connection, found)
    told = [
        [one.kind, one.code, one.old, one.new]
        for one in outcome.moved
        if not (one.kind == MappingKind.COST_CODE and one.pk in made)
    ]
    if told or table or ruled:
        _record(connection, told, table, rules, user=user, now=now, sentence=sentence, restores=restores)
    return outcome


def merged(standing: Standing, edits: Sequence[Edit]) -> Edit | None:
    """This function will put all edits of a kind into one; None where there is none.

    Raises InvalidInput for rules that cannot be kept and for codes that nobody has.
    """
    mine = [edit for edit in edits if edit.kind == standing.side.kind]
    if not mine:
        return None
    rules = next((edit.rules for edit in reversed(mine) if edit.rules is not None), None)
    table = {code: target for edit in mine for code, target in edit.table.items()}
    if rules is not None:
        _refuse_bad_rules(rules)
    for code, target in table.items():
        if code not in standing.ids:
            raise InvalidInput({"code": f"{code} is none of our codes."})
        if target and target not in standing.theirs:
            hint = did_you_mean(target, standing)
            said = f"The ERP has no {standing.side.kind.label} {target} as last read{hint}."
            raise InvalidInput({"target": said})
    return Edit(standing.side.kind, rules, table)


def did_you_mean(target: str, standing: Standing) -> str:
    """This function will add what code of the ERP may be meant by one that it lacks, or nothing."""
    close = get_close_matches(target, standing.theirs, n=1, cutoff=0.7)
    return f" - did you mean {close[0]}?" if close else ""


def _refuse_bad_rules(rules: Sequence[Rule]) -> None:
    wrong = wrong_with_all(rules)
    if wrong:
        raise InvalidInput({f"rule-{place}": said for place, said in wrong.items()})
    if len(rules) > MOST_RULES:
        raise InvalidInput({"rules": f"At most {MOST_RULES} rules are kept. Use the table for single codes."})


def _write_rules(connection: Connection, kind: str, rules: Sequence[Rule]) -> None:
    MappingRule.objects.filter(connection=connection, kind=kind).delete()
    MappingRule.objects.bulk_create(
        MappingRule(connection=connection, kind=kind, position=place, pattern=rule.pattern, gives=rule.gives)
        for place, rule in enumerate(rules, start=1)
    )


def _write_links(
    standing: Standing, found: Sequence[Difference], edit: Edit | None, *, user: Any, now: datetime
) -> None:
    """Put a new link in the place of each that differs: what somebody saw under the old one's id is not this one."""
    links, chosen = standing.links, edit.table if edit else {}
    manager: Any = standing.side.link_model._default_manager
    manager.filter(pk__in=[links[one.pk].pk for one in found if one.pk in links]).delete()
    new = [_link(standing, one) for one in found if one.new]
    if standing.side.kind == MappingKind.COST_TYPE:
        for link, one in zip(new, (one for one in found if one.new), strict=True):
            _confirm(link, one, links.get(one.pk), by=user if one.code in chosen else None, now=now)
    manager.bulk_create(new, batch_size=2000)


def _link(standing: Standing, one: Difference) -> Any:
    side = standing.side
    ends = {f"{side.ours}_id": one.pk, f"{side.theirs}_id": standing.theirs[one.new]}
    return side.link_model(**ends, means=one.new_means)


def _confirm(link: Any, one: Difference, before: Any, *, by: Any, now: datetime) -> None:
    """A cost type's match counts at once where a person set it by name; it stays confirmed where it leads as before."""
    if by is not None and one.new_means == Means.TABLE:
        link.confirmed_by, link.confirmed_at = by, now
    elif before is not None and not one.moves:
        link.confirmed_by_id, link.confirmed_at = before.confirmed_by_id, before.confirmed_at


def _record(
    connection: Connection,
    links: list[list[str]],
    table: list[list[str]],
    rules: dict[str, list[list[str]]],
    *,
    user: Any,
    now: datetime,
    sentence: str,
    restores: MappingChange | None,
) -> None:
    if links:
        connection.mapping_version += 1
        Connection.objects.filter(pk=connection.pk).update(mapping_version=connection.mapping_version)
    MappingChange.objects.create(
        connection=connection,
        version=connection.mapping_version,
        raised=bool(links),
        at=now,
        by=user,
        sentence=sentence[:200],
        links=links,
        table=table,
        rules=rules,
        restores=restores,
    )
    events.record(
        chain=connection.company_id,
        at=now,
        actor=user,
        action="edit_mapping",
        about=[connection],
        sentence=f"Mapping of codes, version {connection.mapping_version}: {sentence}",
        data={"version": connection.mapping_version, "codes": len(links), "links": links[:TOLD]},
    )
