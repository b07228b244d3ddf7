"""A document as CMiC will hold it: its lines summed per budget code, and what is wrong on paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cmic_adapter import wire
from cmic_adapter.options import options_of
from erp.port import DocumentKind, ErpDocument, ErpKey, ErpLine, Finding


@dataclass(frozen=True)
class Wanted:
    """One budget code of a document: the sums of its lines, and whose lines they are."""

    key: ErpKey
    refs: tuple[str, ...]
    delta: Decimal
    target: Decimal
    before: Decimal
    quantity: Decimal | None
    unit: str

    @property
    def label(self) -> str:
        """The budget code as people and step keys write it."""
        return f"{self.key.cost_code}/{self.key.cost_type}@{self.key.job}"


def wanted_of(document: ErpDocument) -> dict[ErpKey, Wanted]:
    """This function will sum a document's lines per budget code; a missing `before` is 0."""
    grouped: dict[ErpKey, list[ErpLine]] = {}
    for line in document.lines:
        grouped.setdefault(line.key, []).append(line)
    return {key: _sum(key=key, lines=lines) for key, lines in grouped.items()}


def _sum(*, key: ErpKey, lines: list[ErpLine]) -> Wanted:
    units = {line.unit for line in lines}
    quantities = [line.quantity for line in lines if line.quantity is not None]
    together = len(quantities) == len(lines) and len(units) == 1
    return Wanted(
        key=key,
        refs=tuple(line.ref for line in lines),
        delta=sum((line.delta for line in lines), Decimal(0)),
        target=sum((line.target or Decimal(0) for line in lines), Decimal(0)),
        before=sum((line.before or Decimal(0) for line in lines), Decimal(0)),
        quantity=sum(quantities, Decimal(0)) if together else None,
        unit=units.pop() if together else "",
    )


def moved(document: ErpDocument) -> dict[ErpKey, Wanted]:
    """This function will return the budget codes whose sum is not 0: only these become lines."""
    return {key: wanted for key, wanted in wanted_of(document).items() if wanted.delta}


def jobs_of(document: ErpDocument) -> set[str]:
    """This function will return the main job and the jobs of the lines."""
    return {document.job, *(line.key.job for line in document.lines)}


def problems_of(document: ErpDocument) -> list[Finding]:
    """This function will return what is wrong with a document before the network is asked."""
    options_of(document.company)
    found = _of_head(document)
    for line in document.lines:
        found += _of_codes(line) + _of_amounts(document, line)
    return found + _of_sums(wanted_of(document).values())


def _of_head(document: ErpDocument) -> list[Finding]:
    found = []
    if not 0 < len(document.number) <= wire.NUMBER_LENGTH or not re.fullmatch(
        wire.LIMITS.code_pattern, document.number
    ):
        said = f"The number {document.number!r} must have 1 to {wire.NUMBER_LENGTH} plain characters."
        found.append(Finding(code="number_unfit", message=said, field="number"))
    if not moved(document) and (document.kind is DocumentKind.MODIFICATION or not document.lines):
        found.append(
            Finding(code="empty_document", message="The document changes nothing; there is nothing to send.")
        )
    return found


def _of_codes(line: ErpLine) -> list[Finding]:
    limits = wire.LIMITS
    codes = (
        ("job", line.key.job, limits.job),
        ("cost_code", line.key.cost_code, limits.cost_code),
        ("cost_type", line.key.cost_type, limits.cost_type),
        ("unit", line.unit or "-", wire.UNIT_LENGTH),
    )
    return [
        Finding(
            code=f"{field}_unfit",
            message=f"{code!r} must have 1 to {longest} plain characters to be a {field} in CMiC.",
            refs=(line.ref,),
            field=field,
        )
        for field, code, longest in codes
        if not 0 < len(code) <= longest or not re.fullmatch(limits.code_pattern, code)
    ]


def _of_amounts(document: ErpDocument, line: ErpLine) -> list[Finding]:
    found = []
    for amount in (line.delta, line.target, line.before):
        if amount is not None and not _fits(amount, limit=wire.AMOUNT_LIMIT, step=wire.AMOUNT_STEP):
            said = f"{amount} is no amount CMiC can hold: at most 2 decimals and 16 digits before them."
            found.append(Finding(code="amount_unfit", message=said, refs=(line.ref,), field="amount"))
    if line.quantity is not None and not _fits(line.quantity, limit=wire.UNITS_LIMIT, step=wire.UNITS_STEP):
        said = f"{line.quantity} is no quantity CMiC can hold: at most 4 decimals and 14 digits before them."
        found.append(Finding(code="quantity_unfit", message=said, refs=(line.ref,), field="quantity"))
    if document.kind is DocumentKind.ORIGINAL and line.target is None:
        said = "A line of an original budget needs the amount it shall have."
        found.append(Finding(code="target_missing", message=said, refs=(line.ref,), field="amount"))
    return found


def _of_sums(sums: Iterable[Wanted]) -> list[Finding]:
    return [
        Finding(
            code="amount_unfit",
            message=f"The sum for {wanted.label} is larger than CMiC can hold.",
            refs=wanted.refs,
            field="amount",
        )
        for wanted in sums
        if len(wanted.refs) > 1 and max(abs(wanted.delta), abs(wanted.target)) >= wire.AMOUNT_LIMIT
    ]


def _fits(value: Decimal, *, limit: Decimal, step: Decimal) -> bool:
    try:
        return value.is_finite() and abs(value) < limit and value == value.quantize(step)
    except InvalidOperation:
        return False


def refs_named(text: str, *, wanted: Mapping[ErpKey, Wanted]) -> tuple[str, ...]:
    """This function will return the refs of the lines whose cost code, or else job, a text names."""
    lines = list(wanted.values())
    by_code = [w for w in lines if _names(text, w.key.cost_code)]
    narrower = [w for w in by_code if _names(text, w.key.cost_type)]
    named = narrower or by_code or [w for w in lines if _names(text, w.key.job)]
    return tuple(ref for w in named for ref in w.refs)


def _names(text: str, code: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(code)}(?![\w-])", text) is not None
