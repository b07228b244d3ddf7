"""What the page of a company's codes reads: one page of rows, with counts, suggestions and who uses a code.

A fixed number of queries, however many codes there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from budgets.adoption import typed_lines
from budgets.models import BudgetLine
from erp.mapping.links import anchor
from erp.mapping.models import MappingKind
from erp.mapping.resolving import Means, Resolved, Rule, resolve
from erp.mapping.state import SIDES, Side
from erp.mapping.suggestions import Candidate, Suggester, Suggestion
from erp.sync.mirror_models import Connection
from projects.permissions import visible_projects

PAGE = 50
TYPED = "typed"
SHELVES = (
    ("unmapped", "Unmapped"),
    (TYPED, "Typed, not ours"),
    ("table", "By table"),
    ("pattern", "By rule"),
    ("identity", "By identity"),
    ("stale", "Inactive or gone there"),
    ("all", "All"),
)


@dataclass(frozen=True)
class Use:
    """A project whose budget has lines with a code. `link` is empty for people who may not see it."""

    project: str
    lines: int
    project_id: int
    visible: bool


@dataclass
class Row:
    """One code of ours, or one typed on lines. `target` is None where it is unmapped."""

    code: str
    name: str
    pk: int | None = None
    target: Any = None
    means: str = ""
    link: Any = None
    rule: str = ""
    why: str = ""
    suggestions: list[Suggestion] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """The id of its row on the page."""
        return anchor(self.code)


@dataclass
class CodesPage:
    """One page of a shelf; `count` of them match in all."""

    kind: str
    shelf: str
    query: str
    rows: list[Row]
    shelves: list[tuple[str, str, int]]
    number: int
    count: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, ceil(self.count / PAGE))

    @property
    def previous(self) -> int:
        """The number of the page before."""
        return self.number - 1

    @property
    def next(self) -> int:
        """The number of the page after."""
        return self.number + 1


def codes_page(
    connection: Connection,
    *,
    kind: str,
    shelf: str,
    query: str,
    page_number: int,
    rules: Sequence[Rule],
    user: Any,
) -> CodesPage:
    """This function will read one page of codes, unmapped ones first. An unknown or no shelf is the first with work.

    `rules` are those of the kind, in order: the last change of the mapping holds them.
    """
    side = SIDES[kind]
    codes = _found(_ours(connection, side), query, ("code", "name"))
    typed = _found(_typed(connection), query, ("code",)) if kind == MappingKind.COST_CODE else None
    counts = codes.aggregate(
        **{name: Count("pk", filter=which) for name, which in _which().items()}, all=Count("pk")
    )
    counts[TYPED] = typed.count() if typed is not None else 0
    shelves = [(key, label, counts[key]) for key, label in SHELVES if key != TYPED or typed is not None]
    if shelf not in counts or (shelf == TYPED and typed is None):
        shelf = next((key for key in ("unmapped", TYPED) if counts[key]), "all")
    number = max(1, min(page_number, ceil(counts[shelf] / PAGE)))
    start = (number - 1) * PAGE
    if shelf == TYPED and typed is not None:
        rows = [Row(one["code"], "") for one in typed[start : start + PAGE]]
    else:
        rows = [_row(one, side) for one in codes.filter(_which().get(shelf, Q()))[start : start + PAGE]]
    _explain(connection, side, rows, rules)
    _use(connection, side, rows, user=user, typed=shelf == TYPED)
    return CodesPage(kind, shelf, query, rows, shelves, number, counts[shelf])


def _which() -> dict[str, Q]:
    return {
        "unmapped": Q(means=None),
        **{means.value: Q(means=means.value) for means in Means},
        "stale": Q(target_active=False) | Q(target_gone__isnull=False),
    }


def _ours(connection: Connection, side: Side) -> QuerySet[Any]:
    target = f"erp_link__{side.theirs}"
    return (
        side.our_model._default_manager.filter(company=connection.company_id)
        .select_related(target)
        .annotate(
            mapped=ExpressionWrapper(Q(erp_link__isnull=False), output_field=BooleanField()),
            means=F("erp_link__means"),
            target_active=F(f"{target}__active"),
            target_gone=F(f"{target}__gone_at"),
        )
        .order_by("mapped", "code")
    )


def _typed(connection: Connection) -> QuerySet[Any]:
    lines = typed_lines(connection.company).order_by("cost_code_text")
    return lines.values(code=F("cost_code_text")).distinct()


def _found(rows: QuerySet[Any], query: str, fields: Iterable[str]) -> QuerySet[Any]:
    if not query:
        return rows
    found = Q()
    for name in fields:
        found |= Q(**{f"{name}__icontains": query})
    return rows.filter(found)


def _row(one: Any, side: Side) -> Row:
    link = getattr(one, "erp_link", None)
    target = getattr(link, side.theirs) if link else None
    return Row(one.code, one.name, one.pk, target, one.means or "", link)


# -- why, and what else -------------------------------------------------------------------------------------


def _explain(connection: Connection, side: Side, rows: Collection[Row], rules: Sequence[Rule]) -> None:
    """Name the rule that decided, and suggest codes where none did."""
    suggester, known = None, set[str]()
    if any(row.target is None for row in rows):
        theirs = side.their_model._default_manager.filter(connection=connection, gone_at=None, active=True)
        candidates = [Candidate(*pair) for pair in theirs.order_by("code").values_list("code", "name")]
        suggester, known = Suggester(candidates), {one.code for one in candidates}
    for row in rows:
        known_here = known if row.target is None else {row.target.code}
        result = _by_rule(row.code, rules, known_here)
        if row.target is not None:
            row.rule = (
                f"{result.rule}: {rules[result.rule - 1]}"
                if row.means == Means.PATTERN and result.rule
                else ""
            )
        elif suggester is not None:
            row.why = result.why
            row.suggestions = _suggested(row, result, suggester, rules)


def _by_rule(code: str, rules: Sequence[Rule], known: set[str]) -> Resolved:
    return resolve(code, table={}, rules=rules, identity={}, known=known)


def _suggested(row: Row, by_rule: Resolved, suggester: Suggester, rules: Sequence[Rule]) -> list[Suggestion]:
    """A code that is typed on lines is no code of ours yet; a rule that fits it is the best suggestion."""
    found = suggester.suggest(row.code, row.name)
    if not by_rule.target:
        return found
    names = {one.code: one.name for one in suggester.candidates}
    first = Suggestion(
        by_rule.target, names[by_rule.target], f"rule {by_rule.rule}: {rules[by_rule.rule - 1]}"
    )
    return [first, *(one for one in found if one.code != first.code)][:3]


def _use(connection: Connection, side: Side, rows: Collection[Row], *, user: Any, typed: bool) -> None:
    """Find the projects whose lines have the unmapped codes of the page."""
    unmapped = [row for row in rows if row.target is None]
    if not unmapped:
        return
    if typed:
        lines, key = (
            typed_lines(connection.company).filter(cost_code_text__in=[r.code for r in unmapped]),
            "cost_code_text",
        )
    else:
        lines, key = (
            BudgetLine.objects.filter(**{f"{side.ours}__in": [r.pk for r in unmapped]}),
            f"{side.ours}__code",
        )
    seen = visible_projects(user).filter(pk=OuterRef("budget__project"))
    counted = (
        lines.order_by("budget__project__name")
        .values(key, "budget__project", "budget__project__name", visible=Exists(seen))
        .annotate(number=Count("pk"))
    )
    uses: dict[str, list[Use]] = defaultdict(list)
    for one in counted:
        uses[one[key]].append(
            Use(one["budget__project__name"], one["number"], one["budget__project"], one["visible"])
        )
    for row in unmapped:
        row.uses = uses[row.code]
