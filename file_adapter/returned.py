"""Forms that accountants return: read whole or not at all, every mistake with its row and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from erp.port import ErpKey
from file_adapter.cells import Wrong, amount_of, day_of, text_of
from file_adapter.tables import Row, Unreadable, rows_of

NEEDED = ("number", "job", "cost_code", "cost_type", "posted", "status", "posted_on")
POSTED, REJECTED = "posted", "rejected"
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Form:
    """What a returned form says: its verdict, the day, and the amounts as posted by budget code."""

    verdict: str
    posted_on: date | None
    amounts: Mapping[ErpKey, Decimal]


class NotUnderstood(Exception):
    """A form that decides nothing: one sentence a problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems[:MOST_PROBLEMS]))
        self.problems = tuple(problems[:MOST_PROBLEMS])


def read_form(data: bytes, *, number: str, wanted: Mapping[ErpKey, Decimal]) -> Form:
    """This function will read a returned form of a document with these budget codes. Raises NotUnderstood."""
    try:
        rows = rows_of(data, needed=NEEDED)
    except Unreadable as problem:
        raise NotUnderstood([str(problem)]) from None
    rows = [
        row for row in rows if row.cells.get("job") or row.cells.get("number")
    ]  # not a total below the table
    problems: list[str] = []
    verdict, day = _verdict(rows, problems), None
    if verdict == POSTED:
        day = _day(rows, problems)
    amounts = _amounts(rows, number, wanted, problems, posted=verdict == POSTED)
    if problems:
        raise NotUnderstood(problems)
    return Form(verdict, day, amounts)


def _verdict(rows: list[Row], problems: list[str]) -> str:
    said: dict[str, int] = {}
    for row in rows:
        status = str(row.cells.get("status") or "").strip().casefold()
        if status and status not in (POSTED, REJECTED):
            problems.append(f"Row {row.number}, status: {status!r} is neither posted nor rejected.")
        elif status:
            said.setdefault(status, row.number)
    if len(said) > 1:
        problems.append(
            f"Row {said[POSTED]} says posted and row {said[REJECTED]} says rejected. A document is one or the other."
        )
    if not said and not problems:
        problems.append(
            "No row has a status. Write posted or rejected into the column Status of the first row."
        )
    return next(iter(said), "")


def _day(rows: list[Row], problems: list[str]) -> date | None:
    days: dict[date, int] = {}
    for row in rows:
        if row.cells.get("posted_on") in (None, ""):
            continue
        try:
            days.setdefault(row.read("posted_on", day_of), row.number)
        except Wrong as wrong:
            problems.append(str(wrong))
            return None
    if not days:
        problems.append(
            "No row has a day. Write the day of posting into Posted on of the first row, like 2026-11-23."
        )
    elif len(days) > 1:
        (first, above), (other, below), *_ = days.items()
        problems.append(f"Row {above} says posted on {first} and row {below} says {other}. Keep one day.")
    return next(iter(days), None)


def _amounts(
    rows: list[Row], number: str, wanted: Mapping[ErpKey, Decimal], problems: list[str], *, posted: bool
) -> dict[ErpKey, Decimal]:
    found: dict[ErpKey, Decimal] = {}
    places: dict[ErpKey, int] = {}
    for row in rows:
        try:
            key = _key(row, number, wanted)
            if key in places:
                raise Wrong(
                    f"Rows {places[key]} and {row.number} are the same budget code {_said(key)}. Keep one."
                )
            places[key] = row.number
            if posted:
                found[key] = row.read("posted", amount_of)
        except Wrong as wrong:
            problems.append(str(wrong))
    missing = [key for key in wanted if key not in places]
    if missing and not problems:
        names = ", ".join(_said(key) for key in missing[:5])
        problems.append(
            f"{len(missing)} of {len(wanted)} budget codes are missing, e.g. {names}. Add their rows."
        )
    return found


def _key(row: Row, number: str, wanted: Mapping[ErpKey, Decimal]) -> ErpKey:
    told = row.read("number", text_of)
    if told.strip().casefold() != number.casefold():
        raise Wrong(
            f"Row {row.number}, number: {told or 'nothing'} is in the form of {number}. Return each by itself."
        )
    key = ErpKey(*(row.read(column, text_of) for column in ("job", "cost_code", "cost_type")))
    if key in wanted:
        return key
    near = next((one for one in wanted if _bare(one) == _bare(key)), None)
    hint = (
        f"; did you mean {_said(near)}? A spreadsheet that opens a CSV takes leading zeros off: use the XLSX form"
        if near
        else ""
    )
    raise Wrong(f"Row {row.number}: {_said(key)} is no budget code of {number}{hint}.")


def _bare(key: ErpKey) -> tuple[str, ...]:
    return tuple(code.strip().lstrip("0").casefold() for code in (key.job, key.cost_code, key.cost_type))


def _said(key: ErpKey) -> str:
    return f"{key.job} {key.cost_code} {key.cost_type}"
