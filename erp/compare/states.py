"""Two states of a budget line by line: only here, only there, changed, the same, with sums that tie to the cent.

Lines pair by their id, so a code that was renamed since does not tear them apart. Beside the ERP they pair by the ERP's
budget code: lines that are one there are summed, and all of their codes are named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from budgets.models import Budget
from budgets.selectors import UNKNOWN
from erp.compare import sides
from erp.compare.sides import ERP, NOW, Cell, Code, Key, Side
from erp.documents import ZERO
from erp.models import Batch
from erp.port import ErpKey
from projects.models import CostCode
from workflow.templatetags.figures import plain_quantity

ONLY_A, ONLY_B, CHANGED, SAME = "only_a", "only_b", "changed", "same"
STATUSES = (CHANGED, ONLY_B, ONLY_A, SAME)


@dataclass(frozen=True, slots=True)
class Row:
    """One line, or what is one budget code in the ERP. Company currency; None where a side does not have it."""

    status: str
    a: Cell | None
    b: Cell | None
    notes: tuple[str, ...] = ()  # what else is not the same

    @property
    def shown(self) -> Cell:
        """The side whose codes and words stand for the line: B, or the one that is not the ERP."""
        if self.b is None or (self.a is not None and not self.b.lines):
            return self.a  # type: ignore[return-value]  # a row has at least one side
        return self.b

    @property
    def in_erp(self) -> Code | None:
        """The ERP's budget code of a line of ours, where it is written otherwise."""
        if self.a is None or self.b is None or (self.a.lines and self.b.lines):
            return None
        code = (self.b if self.a.lines else self.a).code
        return None if code == self.shown.code else code

    @property
    def amount_a(self) -> Decimal | None:
        """What A holds."""
        return self.a.amount if self.a else None

    @property
    def amount_b(self) -> Decimal | None:
        """What B holds."""
        return self.b.amount if self.b else None

    @property
    def difference(self) -> Decimal:
        """B less A."""
        return (self.amount_b or ZERO) - (self.amount_a or ZERO)

    @property
    def line_id(self) -> int | None:
        """The budget line to link to; None for what only the ERP has."""
        lines = (self.a.lines if self.a else ()) or (self.b.lines if self.b else ())
        return lines[0] if lines else None


@dataclass
class Sums:
    """How many rows, and what they come to on both sides."""

    count: int = 0
    a: Decimal = ZERO
    b: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """B less A."""
        return self.b - self.a

    def add(self, row: Row) -> None:
        """Count a row."""
        self.count += 1
        self.a += row.amount_a or ZERO
        self.b += row.amount_b or ZERO


@dataclass
class Group:
    """The rows of one division, in the order of their codes."""

    code: str
    name: str
    rows: list[Row] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)
    by_status: dict[str, Sums] = field(default_factory=lambda: {status: Sums() for status in STATUSES})

    @property
    def differing(self) -> int:
        """How many rows are not the same."""
        return self.sums.count - self.by_status[SAME].count


@dataclass(frozen=True)
class Comparison:
    """Side A, side B, and every line of both."""

    a: Side
    b: Side
    groups: list[Group]
    by_status: dict[str, Sums]

    @property
    def rows(self) -> Iterable[Row]:
        """Every row, division by division."""
        return (row for group in self.groups for row in group.rows)

    @property
    def difference(self) -> Decimal:
        """The differences of all rows, summed."""
        return sum((sums.difference for sums in self.by_status.values()), ZERO)

    @property
    def ties(self) -> bool:
        """Whether A and the differences make B. Both totals are summed before any line was paired."""
        return self.a.total + self.difference == self.b.total

    @property
    def differing(self) -> int:
        """How many rows are not the same."""
        return sum(self.by_status[status].count for status in STATUSES if status != SAME)


class NoSuchSide(ValueError):
    """There is no batch of that number, and it is neither `now` nor `erp`."""


def compare(budget: Budget, a: str, b: str) -> Comparison:
    """This function will compare two states of a budget, each a batch's number, `now` or `erp`. Raises NoSuchSide."""
    numbers = {int(key) for key in (a, b) if key.isdecimal() and len(key) < 10}
    batches = budget.batches.filter(number__in=numbers).select_related(
        "sent_by", "sent_back_by", "accepted_by"
    )
    sent = sides.as_sent(budget, batches) if numbers else {}
    return between(budget, *(_side(budget, key, sent) for key in (a, b)))


def _side(budget: Budget, key: str, sent: dict[int, Side]) -> Side:
    if key == NOW:
        return sides.as_it_is(budget)
    if key == ERP:
        return sides.as_erp_holds(budget)
    if key.isdecimal() and len(key) < 10 and int(key) in sent:
        return sent[int(key)]
    raise NoSuchSide(key)


def of_batches(a: Batch, b: Batch) -> Comparison:
    """This function will compare the budget as of two sends."""
    sent = sides.as_sent(a.budget, [a, b])
    return between(a.budget, sent[a.number], sent[b.number])


def between(budget: Budget, a: Side, b: Side) -> Comparison:
    """This function will pair the lines of two sides and group them by division."""
    there: dict[str, str] = {}
    if a.in_erp or b.in_erp:
        mapped = sides.mapped_now(budget)
        a, b = (side if side.in_erp else sides.in_erp_codes(side, mapped) for side in (a, b))
        only_there = [key for key in a.cells.keys() ^ b.cells.keys() if isinstance(key, ErpKey)]
        there = sides.divisions_in_erp(budget, only_there) if only_there else {}
    rows = [_row(a, b, key) for key in (*a.cells, *(key for key in b.cells if key not in a.cells))]
    return Comparison(a, b, *_grouped(budget, rows, there))


def _row(a: Side, b: Side, key: Key) -> Row:
    one, other = a.cells.get(key), b.cells.get(key)
    beside_erp = a.in_erp or b.in_erp
    if one is None or other is None:
        there = one or other
        nothing = (
            beside_erp and there is not None and not there.amount
        )  # 0.00 and nothing are the same to an ERP
        status = SAME if nothing else ONLY_B if one is None else ONLY_A
        return Row(status, one, other, _alone(key, a, b))
    notes = _summed(one, other) if beside_erp else _changed(one, other)
    same = one.amount == other.amount and (beside_erp or not notes)
    return Row(SAME if same else CHANGED, one, other, notes)


def _alone(key: Key, a: Side, b: Side) -> tuple[str, ...]:
    erp = next((side for side in (a, b) if side.in_erp), None)
    if erp is None or not isinstance(key, int):
        return ()
    return (f"not mapped to a code of {erp.title.removesuffix(' now')}",)


def _summed(one: Cell, other: Cell) -> tuple[str, ...]:
    """Which lines of ours are one budget code in the ERP."""
    several = next((cell.codes for cell in (one, other) if len(cell.codes) > 1), ())
    return (f"{len(several)} lines summed: {', '.join(str(code) for code in several)}",) if several else ()


def _changed(one: Cell, other: Cell) -> tuple[str, ...]:
    """What besides the amount is not the same."""
    notes = []
    if one.code != other.code:
        notes.append(f"code was {one.code}")
    if one.quantity != other.quantity or one.unit != other.unit:
        notes.append(f"quantity was {_quantity(one)}, is {_quantity(other)}")
    if one.description != other.description:
        notes.append(f"description was “{one.description}”")
    return tuple(notes)


def _quantity(cell: Cell) -> str:
    return "none" if cell.quantity is None else f"{plain_quantity(cell.quantity)} {cell.unit}".rstrip()


def _grouped(
    budget: Budget, rows: Sequence[Row], there: dict[str, str]
) -> tuple[list[Group], dict[str, Sums]]:
    by_division: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        division = row.shown.division or there.get(row.shown.code.cost_code, "")
        by_division[division or UNKNOWN].append(row)
    names = _names(budget)
    by_status = {status: Sums() for status in STATUSES}
    groups = []
    for code in sorted(by_division, key=lambda code: (code == UNKNOWN, code)):
        group = Group(code, names.get(code, ""))
        group.rows = sorted(by_division[code], key=lambda row: _order(row.shown))
        for row in group.rows:
            for sums in (group.sums, group.by_status[row.status], by_status[row.status]):
                sums.add(row)
        groups.append(group)
    return groups, by_status


def _order(cell: Cell) -> tuple[str, str, str]:
    return cell.code.cost_code, cell.code.job, cell.code.cost_type


def _names(budget: Budget) -> dict[str, str]:
    roots = CostCode.objects.filter(company=budget.project.company_id, parent=None)
    return {UNKNOWN: "Codes without a division here", **dict(roots.values_list("code", "name"))}
