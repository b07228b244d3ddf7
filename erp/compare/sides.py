"""The states of a budget that can be laid beside each other: as of a send, as it is now, and as the ERP holds it.

As of send n a line's amount is its original as last sent up to n, plus the modifications sent up to n. Earlier sends
count as far as they were posted: what was rejected, retrieved or returned was not. Send n itself counts whole, whatever
became of it. Both are settled before the next send, so a state of the past never changes. Codes, descriptions and
quantities are the ones frozen with the line's last row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from budgets.models import Budget, ModificationLine
from budgets.selectors import modified
from erp.documents import ZERO
from erp.models import Batch, BatchLine, CostCodeLink, DocumentState, DriftDecision, ErpReading
from erp.port import ErpKey
from erp.reset.link_epochs import epoch_of
from erp.snapshots import erp_connection, latest_reading
from erp.words import erp_name

NOW, ERP = "now", "erp"
Key = int | ErpKey  # a line's id; in the ERP a budget code


@dataclass(frozen=True, slots=True)
class Code:
    """A budget code as people write it."""

    job: str
    cost_code: str
    cost_type: str

    def __str__(self) -> str:
        return f"{self.job} {self.cost_code} {self.cost_type}".strip()


@dataclass(frozen=True, slots=True)
class Cell:
    """What one side holds of a line, company currency. `codes` are more than one where lines were summed."""

    amount: Decimal
    code: Code
    codes: tuple[Code, ...]
    lines: tuple[int, ...] = ()
    division: str = ""
    description: str = ""
    quantity: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True)
class Side:
    """One state of a budget. `key` is what an address calls it: a batch's number, `now` or `erp`."""

    key: str
    title: str
    at: datetime | None
    cells: dict[Key, Cell]
    erp_keys: dict[int, ErpKey] = field(default_factory=dict)  # where a line is in the ERP, by line id
    batch: Batch | None = None
    reading: ErpReading | None = None

    @property
    def total(self) -> Decimal:
        """What all of it sums to."""
        return sum((cell.amount for cell in self.cells.values()), ZERO)

    @property
    def in_erp(self) -> bool:
        """Whether this is what the ERP holds."""
        return self.key == ERP


def as_sent(
    budget: Budget, batches: Iterable[Batch], *, lines: Iterable[int] | None = None
) -> dict[int, Side]:
    """This function will work out the budget as of some of its sends, by number, in one query.

    With `lines` (ids) of these alone.
    """
    wanted = {batch.number: batch for batch in batches}
    rows = BatchLine.objects.filter(
        item__batch__budget=budget, item__batch__number__lte=max(wanted, default=0)
    ).order_by("item__batch__number", "item__position", "position")
    if lines is not None:
        rows = rows.filter(line__in=lines)
    states = {number: _State() for number in wanted}
    columns = (
        "item__batch__number",
        "item__document__state",
        "item__document",
        "line_id",
        "target",
        "delta",
        *_FROZEN,
        *_IN_ERP,
    )
    epoch = epoch_of(budget)
    for number, document, key, line, target, delta, *frozen in rows.values_list(*columns):
        for upto, state in states.items():
            past = number <= epoch.floor < upto and key not in epoch.kept
            if number == upto or (number < upto and document == DocumentState.POSTED and not past):
                state.take(line, target, delta, frozen)
    for line, amount, at in _taken(budget, lines):
        for upto, state in states.items():
            if at <= wanted[upto].sent_at and line in state.frozen:
                state.modifications[line] += amount
    return {number: state.side(wanted[number]) for number, state in states.items()}


def _taken(budget: Budget, lines: Iterable[int] | None) -> Iterable[tuple[int, Decimal, datetime]]:
    """What was decided to count as being in the ERP already: line, amount, when."""
    rows = ModificationLine.objects.filter(
        modification__in=DriftDecision.objects.filter(budget=budget).values("taken")
    )
    if lines is not None:
        rows = rows.filter(line__in=lines)
    # Written in the moment of the decision, and never changed: what counts as posted is frozen.
    return rows.order_by().values_list("line_id", "amount", "modification__changed_at")


_FROZEN = ("job", "cost_code", "cost_type", "division", "description", "quantity", "unit")
_IN_ERP = ("erp_job", "erp_cost_code", "erp_cost_type")


@dataclass
class _State:
    """A send's state in the making."""

    originals: dict[int, Decimal] = field(default_factory=dict)
    modifications: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    frozen: dict[int, list[Any]] = field(default_factory=dict)
    erp_keys: dict[int, ErpKey] = field(default_factory=dict)

    def take(self, line: int, target: Decimal | None, delta: Decimal, frozen: list[Any]) -> None:
        """Count one frozen row; a later one of the same line has the last word on its codes."""
        if target is None:
            self.modifications[line] += delta
        else:
            self.originals[line] = target
        self.frozen[line] = frozen
        if frozen[-2]:
            self.erp_keys[line] = ErpKey(*frozen[-3:])

    def side(self, batch: Batch) -> Side:
        """The finished state."""
        cells: dict[Key, Cell] = {}
        for line, (
            job,
            cost_code,
            cost_type,
            division,
            description,
            quantity,
            unit,
            *_,
        ) in self.frozen.items():
            amount = self.originals.get(line, ZERO) + self.modifications.get(line, ZERO)
            code = Code(job, cost_code, cost_type)
            cells[line] = Cell(amount, code, (code,), (line,), division, description, quantity, unit)
        title = f"Batch {batch.number}"
        return Side(str(batch.number), title, batch.sent_at, cells, self.erp_keys, batch=batch)


def as_it_is(budget: Budget) -> Side:
    """This function will read the budget as it is now: originals plus effective modifications."""
    changes, cells = modified(budget), dict[Key, Cell]()
    columns = (
        *(
            "pk",
            "amount",
            "job__code",
            "cost_code__code",
            "cost_code_text",
            "cost_type__code",
            "cost_type_text",
        ),
        *("cost_code__division", "description", "quantity", "unit__code", "unit_text"),
    )
    rows = budget.lines.order_by("job__code", "cost_code__code", "cost_type__position", "pk")
    for (
        pk,
        amount,
        job,
        code,
        code_text,
        kind,
        kind_text,
        division,
        words,
        quantity,
        unit,
        unit_text,
    ) in rows.values_list(*columns):
        written = Code(job, code or code_text, kind or kind_text)
        cells[pk] = Cell(
            amount + changes.get(pk, ZERO),
            written,
            (written,),
            (pk,),
            division or "",
            words,
            quantity,
            unit or unit_text,
        )
    return Side(NOW, "The budget now", None, cells)


def as_erp_holds(budget: Budget) -> Side:
    """This function will take the ERP's current budget out of the newest stored reading; empty where there is none."""
    reading, cells = latest_reading(budget), dict[Key, Cell]()
    for job, cost_code, cost_type, name, _, current, _ in reading.rows if reading else ():
        code = Code(job, cost_code, cost_type)
        cells[ErpKey(job, cost_code, cost_type)] = Cell(Decimal(current), code, (code,), description=name)
    title = f"{erp_name(erp_connection(budget))} now"
    title = title[:1].upper() + title[1:]
    return Side(ERP, title, reading.made_at if reading else None, cells, reading=reading)


def mapped_now(budget: Budget) -> dict[int, ErpKey]:
    """This function will find where the budget's lines are in the ERP as codes are mapped now, by line id."""
    columns = (
        "job__erp_link__erp_job__code",
        "cost_code__erp_link__erp_cost_code__code",
        "cost_type__erp_link__erp_cost_type__code",
    )
    found = budget.lines.values_list("pk", *columns)
    return {pk: ErpKey(*codes) for pk, *codes in found if all(codes)}


def in_erp_codes(side: Side, mapped: dict[int, ErpKey]) -> Side:
    """This function will sum a side's lines by the ERP's budget codes: as Accept fixed them, else as mapped now.

    A line that leads nowhere keeps its own id, and so is on this side alone.
    """
    cells: dict[Key, Cell] = {}
    for line, cell in side.cells.items():
        key: Key = line
        if isinstance(line, int):
            key = side.erp_keys.get(line) or mapped.get(line) or line
        cells[key] = _summed(cells[key], cell) if key in cells else cell
    return replace(side, cells=cells)


def _summed(one: Cell, other: Cell) -> Cell:
    return replace(
        one,
        amount=one.amount + other.amount,
        codes=(*one.codes, *other.codes),
        lines=(*one.lines, *other.lines),
        quantity=None,
        unit="",
    )


def divisions_in_erp(budget: Budget, keys: Iterable[ErpKey]) -> dict[str, str]:
    """This function will find our division of cost codes of the ERP, by their code."""
    connection = erp_connection(budget)
    links = CostCodeLink.objects.filter(
        erp_cost_code__connection=connection, erp_cost_code__code__in={key.cost_code for key in keys}
    )
    return dict(links.values_list("erp_cost_code__code", "cost_code__division"))
