"""A company's mapping as it stands in the database: read whole, resolved whole, and what an edit changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from erp.mapping.models import MappingKind, MappingRule
from erp.mapping.resolving import Means, Resolved, Rule, resolve
from erp.sync.mirror_models import Connection, CostCodeLink, CostTypeLink, ErpCostCode, ErpCostType
from projects.models import CostCode, CostType


@dataclass(frozen=True)
class Side:
    """The models of one kind; `ours` and `theirs` are also the names of the link's two ends."""

    kind: MappingKind
    our_model: type[CostCode] | type[CostType]
    their_model: type[ErpCostCode] | type[ErpCostType]
    link_model: type[CostCodeLink] | type[CostTypeLink]
    ours: str
    theirs: str


SIDES: dict[str, Side] = {
    side.kind: side
    for side in (
        Side(MappingKind.COST_CODE, CostCode, ErpCostCode, CostCodeLink, "cost_code", "erp_cost_code"),
        Side(MappingKind.COST_TYPE, CostType, ErpCostType, CostTypeLink, "cost_type", "erp_cost_type"),
    )
}


@dataclass
class Standing:
    """All of one kind: our codes by id, the ERP's codes to their ids, the links by our id, rules in order."""

    side: Side
    ours: dict[int, tuple[str, str]]  # id -> (code, name)
    theirs: dict[str, int]  # the ERP's code -> id of its mirror row, also inactive and gone ones
    names: dict[str, str]  # name without case -> the ERP's code, of those that are not gone
    links: dict[int, Any]  # our id -> link, with the ERP's code as `target`
    rules: tuple[Rule, ...]

    @cached_property
    def ids(self) -> dict[str, int]:
        """Our code -> its id."""
        return {code: pk for pk, (code, _) in self.ours.items()}

    @property
    def table(self) -> dict[str, str]:
        """Our code -> the ERP's code, of the rows of the table."""
        return {
            self.ours[key][0]: link.target for key, link in self.links.items() if link.means == Means.TABLE
        }


@dataclass(frozen=True)
class Edit:
    """What somebody wants different. `rules` None leaves them; `table` names rows to set (empty: to take out)."""

    kind: str
    rules: tuple[Rule, ...] | None = None
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One code of ours that leads elsewhere, or there by other means. Codes are empty where it is unmapped."""

    kind: str
    pk: int
    code: str
    name: str
    old: str
    new: str
    old_means: str
    new_means: str
    why: str = ""

    @property
    def moves(self) -> bool:
        """Whether another code of the ERP is meant, not only other means."""
        return self.old != self.new


def read(connection: Connection, kind: str) -> Standing:
    """This function will read everything of one kind in four queries."""
    side = SIDES[kind]
    ours = side.our_model._default_manager.filter(company=connection.company_id)
    theirs = side.their_model._default_manager.filter(connection=connection).order_by("code")
    links = side.link_model._default_manager.filter(**{f"{side.theirs}__connection": connection})
    rules = MappingRule.objects.filter(connection=connection, kind=kind).order_by("position")
    mirrored = list(theirs.values_list("code", "pk", "name", "gone_at"))
    codes = {pk: code for code, pk, _, _ in mirrored}
    linked = {}
    for link in links:
        link.target = codes[getattr(link, f"{side.theirs}_id")]  # type: ignore[union-attr]
        linked[getattr(link, f"{side.ours}_id")] = link
    return Standing(
        side,
        ours={pk: (code, name) for pk, code, name in ours.values_list("pk", "code", "name")},
        theirs={code: pk for code, pk, _, _ in mirrored},
        names={name.casefold(): code for code, _, name, gone in mirrored if not gone},
        links=linked,
        rules=tuple(Rule(row.pattern, row.gives) for row in rules),
    )


def resolved(standing: Standing, edit: Edit | None = None) -> dict[int, Resolved]:
    """This function will resolve every code of ours as it stands, or as it would stand after an edit."""
    rules, table = standing.rules, standing.table
    if edit is not None:
        rules = standing.rules if edit.rules is None else edit.rules
        table = {code: target for code, target in {**table, **edit.table}.items() if target}
    identity = _identity(standing)
    return {
        pk: resolve(code, table=table, rules=rules, identity=identity, known=standing.theirs)
        for pk, (code, _) in standing.ours.items()
    }


def _identity(standing: Standing) -> dict[str, str]:
    """Our code to the ERP's: the same code, or of cost types the same name.

    A cost type that was matched by name stays matched: the ERP's people may rename theirs.
    """
    if standing.side.kind == MappingKind.COST_CODE:
        return {code: code for code in standing.theirs}
    found = {
        code: standing.names[name.casefold()]
        for code, name in standing.ours.values()
        if name.casefold() in standing.names
    }
    kept = {
        standing.ours[pk][0]: link.target
        for pk, link in standing.links.items()
        if link.means == Means.IDENTITY
    }
    return {**found, **kept}


def differences(standing: Standing, results: Mapping[int, Resolved]) -> list[Difference]:
    """This function will compare what was resolved with the links there are, in the order of our codes."""
    found = []
    for pk, (code, name) in standing.ours.items():
        link, result = standing.links.get(pk), results[pk]
        old, old_means = (link.target, str(link.means)) if link else ("", "")
        new_means = str(result.means or "")
        if (old, old_means) != (result.target, new_means):
            found.append(
                Difference(
                    standing.side.kind, pk, code, name, old, result.target, old_means, new_means, result.why
                )
            )
    return sorted(found, key=lambda one: one.code)


def table_changes(standing: Standing, edits: Sequence[Edit]) -> list[list[str]]:
    """This function will list the rows of the table that edits change: [kind, our code, before, after]."""
    table = standing.table
    return [
        [standing.side.kind, code, table.get(code, ""), target]
        for edit in edits
        if edit.kind == standing.side.kind
        for code, target in sorted(edit.table.items())
        if table.get(code, "") != target
    ]
